// The published suites find what is wrong with a policy, a store and a serializer: the case that says so fails, others pass.
import { AssertionError } from 'node:assert'
import { describe, expect, test } from 'vitest'
import { type AbstractPolicy, type EvictionOrder, LruTPolicy, MemoryStore } from '../../src/index.ts'
import type { KeySpace, NewEntry, PutReport, Store } from '../../src/store.ts'
import {
  type ConformanceCase,
  policyConformance,
  serializerConformance,
  storeConformance,
} from '../../src/testing.ts'

/** The names of the cases that fail, each by an assertion. */
async function failuresOf(cases: readonly ConformanceCase[]): Promise<string[]> {
  const failed: string[] = []
  for (const { name, run } of cases) {
    await run().catch((error: unknown) => {
      if (!(error instanceof AssertionError)) throw error
      failed.push(name)
    })
  }
  return failed
}

/** Expects that these cases are there and fail. The others are not run: whether they fail, too, is left open, and they take long. */
async function expectFailing(cases: readonly ConformanceCase[], ...names: readonly string[]): Promise<void> {
  const failed = await failuresOf(cases.filter(({ name }) => names.includes(name)))
  expect(failed.toSorted()).toEqual(names.toSorted())
}

describe('a policy', () => {
  const brokenBy = (change: (order: EvictionOrder) => Partial<EvictionOrder>) => () => {
    class Broken extends LruTPolicy {
      override createOrder(): EvictionOrder {
        const order = super.createOrder()
        const all = {
          touch: order.touch.bind(order),
          insert: order.insert.bind(order),
          evict: order.evict.bind(order),
          remove: order.remove.bind(order),
          size: order.size.bind(order),
        }
        return { ...all, ...change(order) }
      }
    }
    return new Broken()
  }
  const evictions = { abcad: 'acd' }

  test('that is right fails nowhere', async () => {
    expect(
      await failuresOf(
        policyConformance(
          brokenBy(() => ({})),
          { evictions },
        ),
      ),
    ).toEqual([])
  })

  test('that gets no reports of reads', async () => {
    const failed = await failuresOf(
      policyConformance(
        brokenBy(() => ({ touch: () => {} })),
        { evictions },
      ),
    )
    expect(failed).toEqual(['after abcad, acd are left of three entries'])
  })

  test('that evicts two where one was asked for', async () => {
    const greedy = brokenBy((order) => ({ evict: (count) => order.evict(count + 1) }))
    await expectFailing(
      policyConformance(greedy),
      'no more than maxSize entries stay, and the newest one is among them',
    )
  })

  test('that forgets to remove', async () => {
    await expectFailing(
      policyConformance(brokenBy(() => ({ remove: () => {} }))),
      'the order in process evicts each entry once, and passes over what it does not know',
    )
  })

  test('whose call hashes collide', async () => {
    class Colliding extends LruTPolicy {
      override calcHash(): string {
        return 'one for all'
      }
    }
    await expectFailing(
      policyConformance(() => new Colliding()),
      'calls with different arguments have different call hashes, and equal calls the same',
    )
  })

  test('that is one for all caches', async () => {
    const one: AbstractPolicy = new LruTPolicy()
    await expectFailing(
      policyConformance(() => one),
      'each cache gets a policy of its own',
    )
  })
})

describe('a store', () => {
  const casesOf = (newStore: () => MemoryStore, passTime?: (ms: number) => unknown) =>
    // The policies are what the suite of policies is for.
    storeConformance(newStore, { passTime }).filter(({ name }) => !name.includes('Policy,'))

  test('that is right fails nowhere', async () => {
    let nowMs = 0
    const cases = casesOf(
      () => new MemoryStore({ clock: () => nowMs }),
      (ms) => (nowMs += ms),
    )
    expect(await failuresOf(cases)).toEqual([])
  })

  test('whose entries do not end', async () => {
    const cases = casesOf(
      () => new MemoryStore({ clock: () => 0 }),
      () => {},
    )
    await expectFailing(cases, 'a result ends when its ttl is over')
  })

  test('that stores what was invalidated while it was computed', async () => {
    class Unfenced extends MemoryStore {
      override put(place: KeySpace, entries: readonly NewEntry[]): Promise<PutReport> {
        return super.put(
          place,
          entries.map((entry) => ({ ...entry, token: undefined })),
        )
      }
    }
    await expectFailing(
      casesOf(() => new Unfenced()),
      'an invalidation of the call keeps a result out that was being computed, ttl undefined',
      'a purge keeps a result out that was being computed, ttl 1h',
    )
  })

  test('that records no changes', async () => {
    class Mute extends MemoryStore {
      override async listen(...args: Parameters<MemoryStore['listen']>) {
        return { ...(await super.listen(...args)), messages: [] }
      }
    }
    await expectFailing(
      casesOf(() => new Mute()),
      ...['a put over an entry', 'an eviction', 'a purge'].map((what) => `a change is recorded: ${what}`),
      'watchers are called with every change',
    )
  })

  test('that has no log of changes, and does not say so', async () => {
    const without = (): Store => Object.assign(new MemoryStore(), { listen: undefined }) as never
    const cases = storeConformance(without).filter(({ name }) => name.includes('without a listener'))
    await expect((cases[0] as ConformanceCase).run()).rejects.toThrow(/no log of changes.*changes: false/)
    const fewer = storeConformance(without, { changes: false })
    expect(fewer.map(({ name }) => name)).not.toContain((cases[0] as ConformanceCase).name)
  })
})

describe('a serializer', () => {
  const json = [
    (value: unknown) => JSON.stringify(value),
    (stored: Buffer) => JSON.parse(String(stored)) as unknown,
  ] as const

  test('is asked for every value that it does not name', async () => {
    const cases = serializerConformance([...json])
    await expectFailing(cases, 'brings back a Date', 'brings back a Map')
    const nested = cases.filter(({ name }) => name === 'brings back nested objects and arrays')
    expect(nested).toHaveLength(1)
    expect(await failuresOf(nested)).toEqual([])
  })

  test('has to do what it says of the others', async () => {
    const shortcomings = { 'a Date': { reason: 'none of that', becomes: 1 }, zero: { reason: 'no zero' } }
    await expectFailing(
      serializerConformance([...json], { shortcomings }),
      'brings back a Date changed: none of that',
      'refuses zero: no zero',
    )
  })

  test('may not give two callers one object', async () => {
    const known = new Map<string, unknown>()
    await expectFailing(
      serializerConformance([
        (value) => {
          const id = String(known.size)
          known.set(id, value)
          return id
        },
        (stored) => known.get(String(stored)),
      ]),
      'gives each result memory of its own',
      'is not changed by what happens to a result after it was stored',
    )
  })

  test('may throw whatever it likes for what it refuses', async () => {
    const refusing = serializerConformance(
      [
        (value) => {
          if (value === 0) throw new RangeError('no zero')
          return JSON.stringify(value)
        },
        (stored) => JSON.parse(String(stored)) as unknown,
      ],
      { shortcomings: { zero: { reason: 'no zero' } } },
    )
    const [zero] = refusing.filter(({ name }) => name.startsWith('refuses zero'))
    await expect(zero?.run()).resolves.toBeUndefined()
  })
})

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

/** The names of the cases that fail, each by an assertion or an error of the library. */
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
    const failed = await failuresOf(policyConformance(greedy))
    expect(failed).toContain('no more than maxSize entries stay, and the newest one is among them')
  })

  test('that forgets to remove', async () => {
    const failed = await failuresOf(policyConformance(brokenBy(() => ({ remove: () => {} }))))
    expect(failed).toContain(
      'the order in process evicts each entry once, and passes over what it does not know',
    )
  })

  test('whose call hashes collide', async () => {
    class Colliding extends LruTPolicy {
      override calcHash(): string {
        return 'one for all'
      }
    }
    const failed = await failuresOf(policyConformance(() => new Colliding()))
    expect(failed).toContain(
      'calls with different arguments have different call hashes, and equal calls the same',
    )
  })

  test('that is one for all caches', async () => {
    const one: AbstractPolicy = new LruTPolicy()
    const [each] = policyConformance(() => one).filter(
      ({ name }) => name === 'each cache gets a policy of its own',
    )
    await expect(each?.run()).rejects.toThrow(AssertionError)
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
    const failed = await failuresOf(
      casesOf(
        () => new MemoryStore({ clock: () => 0 }),
        () => {},
      ),
    )
    expect(failed).toContain('a result ends when its ttl is over')
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
    const failed = await failuresOf(
      casesOf(
        () => new Unfenced(),
        () => {},
      ),
    )
    expect(failed).toContain(
      'an invalidation of the call keeps a result out that was being computed, ttl undefined',
    )
    expect(failed).toContain('a purge keeps a result out that was being computed, ttl 1h')
  })

  test('that records no changes', async () => {
    class Mute extends MemoryStore {
      override async listen(...args: Parameters<MemoryStore['listen']>) {
        return { ...(await super.listen(...args)), messages: [] }
      }
    }
    const failed = await failuresOf(
      casesOf(
        () => new Mute(),
        () => {},
      ),
    )
    for (const what of ['a put over an entry', 'an eviction', 'a purge'])
      expect(failed).toContain(`a change is recorded: ${what}`)
    expect(failed).toContain('watchers are called with every change')
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
    const failed = await failuresOf(serializerConformance([...json]))
    expect(failed).toContain('brings back a Date')
    expect(failed).toContain('brings back a Map')
    expect(failed).not.toContain('brings back nested objects and arrays')
  })

  test('has to do what it says of the others', async () => {
    const shortcomings = { 'a Date': { reason: 'none of that', becomes: 1 }, zero: { reason: 'no zero' } }
    const failed = await failuresOf(serializerConformance([...json], { shortcomings }))
    expect(failed).toContain('brings back a Date changed: none of that')
    expect(failed).toContain('refuses zero: no zero')
  })

  test('may not give two callers one object', async () => {
    const known = new Map<string, unknown>()
    const failed = await failuresOf(
      serializerConformance([
        (value) => {
          const id = String(known.size)
          known.set(id, value)
          return id
        },
        (stored) => known.get(String(stored)),
      ]),
    )
    expect(failed).toContain('gives each result memory of its own')
    expect(failed).toContain('is not changed by what happens to a result after it was stored')
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

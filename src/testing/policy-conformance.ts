import assert from 'node:assert/strict'
import { type AbstractPolicy, MemoryStore, PolicyError, type RedisFuncCache } from '../index.ts'
import type { Store } from '../store.ts'
import {
  caseOf,
  type ConformanceCase,
  type Counted,
  counted,
  lettersIn,
  uniqueName,
} from './conformance-case.ts'

/** Options of {@link policyConformance}. */
export interface PolicyConformanceOptions {
  /**
   * Opens the store that the policy is tried on.
   * @default `() => new MemoryStore()`
   */
  readonly newStore?: (() => Store) | undefined
  /**
   * Whether chance takes part in the choice of what is evicted: then nothing is asked about the choice.
   * @default false
   */
  readonly isRandom?: boolean | undefined
  /**
   * What is left in a cache of three entries after calls in turn. One letter is one call; a capital letter is a refresh of its
   * entry.
   * @example { abcd: 'bcd', abcad: 'acd' }
   */
  readonly evictions?: Readonly<Record<string, string>> | undefined
}

/**
 * Returns the cases that every policy has to pass.
 *
 * With a `newStore` that opens a `RedisStore`, they try the Lua file of the policy and compare it with `createOrder`.
 * @param create Makes a new policy; called at least once a case.
 * @example
 * for (const { name, run } of policyConformance(() => new MyPolicy())) test(name, run)
 */
export function policyConformance(
  create: () => AbstractPolicy,
  options: PolicyConformanceOptions = {},
): readonly ConformanceCase[] {
  const { newStore = () => new MemoryStore(), isRandom = false, evictions = {} } = options
  return [
    ...entries(create, newStore),
    ...bounds(create, newStore),
    ...names(create, newStore),
    ...(runsInProcess(create) ? [orderInProcess(create)] : []),
    ...(isRandom ? [] : choices(create, newStore, evictions)),
  ]
}

function entries(create: () => AbstractPolicy, newStore: () => Store): ConformanceCase[] {
  return [
    caseOf('a result is computed once, and served to later calls', async (caches) => {
      const { ask, runs } = counted(caches.open(create(), newStore()))
      for (const key of ['a', 'b', 'a', 'b']) assert.equal((await ask(key)).key, key)
      assert.deepEqual(runs, ['a', 'b'])
    }),
    caseOf('a refresh replaces the entry, and evicts none', async (caches) => {
      const cache = caches.open(create(), newStore(), { maxSize: 3 })
      const evictions = evictionsOf(cache)
      const { ask } = counted(cache)
      for (const key of 'abcabc') await ask.refresh(key)
      assert.deepEqual(await ask.peek('a'), { key: 'a', run: 4 })
      assert.equal(await cache.getSize(), 3)
      assert.deepEqual(evictions, [])
    }),
    caseOf('an invalidated entry is gone, and makes room for another one', async (caches) => {
      const cache = caches.open(create(), newStore(), { maxSize: 3 })
      const evictions = evictionsOf(cache)
      const it = counted(cache)
      for (const key of 'abc') await it.ask(key)
      assert.equal(await it.ask.invalidate('b'), true)
      assert.equal(await it.ask.invalidate('b'), false)
      await it.ask('d')
      assert.equal(await lettersIn(it, 'abcd'), 'acd')
      assert.deepEqual(evictions, [])
    }),
    caseOf('a purge removes all entries, and the bound holds after it', async (caches) => {
      const cache = caches.open(create(), newStore(), { maxSize: 3 })
      const { ask, runs } = counted(cache)
      for (const key of 'abcd') await ask(key)
      assert.equal(await cache.purge(), 3)
      assert.equal(await cache.getSize(), 0)
      for (const key of 'abcd') await ask(key)
      assert.equal(await cache.getSize(), 3)
      assert.equal(runs.length, 8)
    }),
  ]
}

function bounds(create: () => AbstractPolicy, newStore: () => Store): ConformanceCase[] {
  return [
    caseOf('no more than maxSize entries stay, and the newest one is among them', async (caches) => {
      const cache = caches.open(create(), newStore(), { maxSize: 4 })
      const evictions = evictionsOf(cache)
      const { ask } = counted(cache)
      for (const [i, key] of 'abcdefghij'.split('').entries()) {
        await ask(key)
        assert.notEqual(await ask.peek(key), undefined)
        assert.equal(await cache.getSize(), Math.min(i + 1, 4))
      }
      assert.deepEqual(evictions, [1, 1, 1, 1, 1, 1])
    }),
    caseOf('no more than maxSize entries stay of many calls at once', async (caches) => {
      const cache = caches.open(create(), newStore(), { maxSize: 10 })
      const { ask, runs } = counted(cache)
      const keys = Array.from({ length: 200 }, (_, i) => `key ${i}`)
      const results = await Promise.all(keys.map((key) => ask(key)))
      assert.deepEqual(
        results.map(({ key }) => key),
        keys,
      )
      assert.equal(runs.length, 200)
      assert.equal(await cache.getSize(), 10)
      const there = await Promise.all(keys.map(async (key) => (await ask.peek(key)) !== undefined))
      assert.equal(there.filter(Boolean).length, 10, 'entries that can be read')
    }),
    caseOf('without a bound nothing is evicted', async (caches) => {
      const cache = caches.open(create(), newStore(), { maxSize: Number.POSITIVE_INFINITY })
      const { ask } = counted(cache)
      await Promise.all(Array.from({ length: 1_100 }, (_, i) => ask(String(i)))) // the default is 1024
      assert.equal(await cache.getSize(), 1_100)
    }),
    caseOf(
      'functions share the bound in the scope of a cache, and have one each in that of a function',
      async (caches) => {
        const cache = caches.open(create(), newStore(), { maxSize: 3 })
        const [f, g] = [counted(cache, 'f'), counted(cache, 'g')]
        for (const key of 'abcde') await f.ask(key)
        for (const key of 'ab') await g.ask(key)
        const isShared = cache.policy.scope === 'cache'
        assert.deepEqual(
          [await cache.getSize(f.ask), await cache.getSize(g.ask), await cache.getSize()],
          isShared ? [3, 3, 3] : [3, 2, 5],
        )
        assert.equal(await cache.purge(g.ask), isShared ? 3 : 2)
        assert.equal(await cache.getSize(), isShared ? 0 : 3)
      },
    ),
  ]
}

function names(create: () => AbstractPolicy, newStore: () => Store): ConformanceCase[] {
  return [
    caseOf(
      'calls with different arguments have different call hashes, and equal calls the same',
      async (caches) => {
        const cache = caches.open(create(), newStore())
        const ask = cache.wrap(async (...args: unknown[]) => args.length, { name: 'ask' })
        const other = cache.wrap(async (...args: unknown[]) => args.length, { name: 'other' })
        const calls: unknown[][] = [
          [],
          [1],
          ['1'],
          [1, 2],
          [[1, 2]],
          [null],
          [{ a: 1 }],
          [{ a: 1, b: 2 }],
          ['a', 1],
        ]
        const hashes = calls.map((args) => String(ask.keyOf(...args).hash))
        assert.equal(new Set(hashes).size, calls.length)
        assert.equal(ask.keyOf({ a: 1, b: 2 }).hash, ask.keyOf({ b: 2, a: 1 }).hash)
        assert.notDeepEqual(ask.keyOf(1), other.keyOf(1))
      },
    ),
    caseOf('a cache has two keys, of which no cache of another name or prefix has one', async (caches) => {
      const [name, store] = [uniqueName(), newStore()]
      const keys = [{ name }, { name: `${name}2` }, { name, prefix: 'conformance:' }].flatMap((options) => {
        const { index, values } = counted(caches.open(create(), store, options)).ask.keyOf('a')
        return [index, values]
      })
      assert.equal(new Set(keys).size, 6)
    }),
    {
      name: 'each cache gets a policy of its own',
      run: async () => assert.notEqual(create(), create()),
    },
  ]
}

/** What a policy is asked that chooses without chance. */
function choices(
  create: () => AbstractPolicy,
  newStore: () => Store,
  evictions: Readonly<Record<string, string>>,
): ConformanceCase[] {
  const hasTwin = runsInProcess(create) && !(newStore() instanceof MemoryStore)
  return [
    ...Object.entries(evictions).map(([calls, left]) =>
      caseOf(`after ${calls}, ${left} are left of three entries`, async (caches) => {
        const it = counted(caches.open(create(), newStore(), { maxSize: 3 }))
        await play(it, calls)
        assert.equal(await lettersIn(it, lettersOf(calls)), left)
      }),
    ),
    caseOf('a peek is no access', async (caches) => {
      const left = await Promise.all(
        [false, true].map(async (peeks) => {
          const it = counted(caches.open(create(), newStore(), { maxSize: 3 }))
          await play(it, 'abc')
          if (peeks) for (const key of 'aabaab') await it.ask.peek(key)
          await play(it, 'de')
          return lettersIn(it, 'abcde')
        }),
      )
      assert.equal(left[1], left[0])
    }),
    caseOf(
      hasTwin
        ? 'the same calls leave the same entries on the server and in process'
        : 'the same calls leave the same entries every time',
      async (caches) => {
        const stores = [newStore(), hasTwin ? new MemoryStore() : newStore()]
        for (const calls of sequences(10, 40)) {
          const left = await Promise.all(
            stores.map(async (store) => {
              const it = counted(caches.open(create(), store, { maxSize: 4 }))
              await play(it, calls)
              return lettersIn(it, ALPHABET)
            }),
          )
          assert.equal(left[0], left[1], `what is left after ${calls}`)
        }
      },
    ),
  ]
}

function orderInProcess(create: () => AbstractPolicy): ConformanceCase {
  return {
    name: 'the order in process evicts each entry once, and passes over what it does not know',
    async run() {
      const order = create().createOrder()
      const all = Array.from({ length: 100 }, (_, i) => `hash ${i}`)
      for (const hash of all) order.insert(hash, { costMs: 1, bytes: 100 })
      order.touch(['hash 7', 'unknown', 'hash 7', 'hash 3'])
      order.remove(['hash 0', 'unknown', 'hash 50'])
      assert.equal(order.size(), 98)
      const evicted = order.evict(10)
      assert.equal(evicted.length, 10)
      assert.equal(order.size(), 88)
      evicted.push(...order.evict(1_000))
      assert.deepEqual(
        evicted.toSorted(),
        all.filter((hash) => !['hash 0', 'hash 50'].includes(hash)).toSorted(),
      )
      assert.equal(order.size(), 0)
    },
  }
}

/** Whether the policy has an order for a store in process. */
function runsInProcess(create: () => AbstractPolicy): boolean {
  try {
    create().createOrder()
    return true
  } catch (error) {
    if (error instanceof PolicyError) return false
    throw error
  }
}

function evictionsOf(cache: RedisFuncCache): number[] {
  const counts: number[] = []
  cache.on('evict', ({ count }) => counts.push(count))
  return counts
}

/** Calls in turn; a capital letter is a refresh. */
async function play({ ask }: Counted, calls: string): Promise<void> {
  for (const letter of calls) {
    const key = letter.toLowerCase()
    await (letter === key ? ask(key) : ask.refresh(key))
  }
}

const ALPHABET = 'abcdefgh'

const lettersOf = (calls: string): string => [...new Set(calls.toLowerCase())].toSorted().join('')

/** Sequences of calls that look random and are always the same (Lehmer's generator). */
function* sequences(count: number, length: number): Generator<string> {
  let state = 1
  const next = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  for (let i = 0; i < count; i++) {
    const letters = Array.from({ length }, () => ALPHABET[next(ALPHABET.length)] ?? '')
    yield letters.map((letter) => (next(8) === 0 ? letter.toUpperCase() : letter)).join('')
  }
}

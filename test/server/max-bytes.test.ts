// The bound of bytes: it holds after every write, and what is counted is what is stored.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  CostPolicy,
  LruPolicy,
  LruTPolicy,
  MemoryStore,
  MruPolicy,
  OptionError,
  RedisFuncCache,
  type KeySpace,
  type NewEntry,
  type Store,
} from './library.ts'
import { entry, fill, hashesOf, newPlace, placeOf, valuesOf, withLimits } from './places.ts'
import { hasServer, ONE_COMBINATION_OF_EACH, openTarget, POLICIES, type Target, unique } from './target.ts'
import { runs } from '../random.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const SUM = `local sum = 0
  for _, value in ipairs(redis.call('HVALS', KEYS[1])) do sum = sum + #value end
  return sum`

/** The bytes of all values, added up without the library. */
async function sumOf(store: Store, place: KeySpace): Promise<number> {
  if (!hasServer) {
    return [...(store as MemoryStore).entriesOf(place)].length === 0 ? 0 : ((await store.bytes?.(place)) ?? 0)
  }
  const [, values] = place.keys
  return (await target.raw(values, 'EVAL', SUM, '1', values)) as number
}

const kept = async (place: KeySpace): Promise<string> => {
  const [, values] = place.keys
  return String(await target.raw(values, 'GET', `${values}:bytes`))
}

const sized = (hash: string, length: number, more: Partial<NewEntry> = {}): NewEntry =>
  entry(hash, { value: hash.repeat(Math.ceil(length / hash.length)).slice(0, length), ...more })

const left = async (store: Store, place: KeySpace, hashes: string): Promise<string> => {
  const values = await valuesOf(store, place, hashes.split(''))
  return hashes
    .split('')
    .filter((_, i) => values[i] !== undefined)
    .join('')
}

type Step =
  | {
      readonly do: 'put'
      readonly entries: readonly { hash: string; size: number; ends: boolean; tagged: boolean }[]
    }
  | { readonly do: 'invalidate'; readonly hash: string; readonly soft: boolean }
  | { readonly do: 'tags' | 'function' | 'purge' }
  | { readonly do: 'touch'; readonly hash: string }
  | { readonly do: 'bound'; readonly maxBytes: number }
  | { readonly do: 'lose'; readonly key: 'bytes' | 'index' | 'values' | 'expiry' }

const hash = fc.constantFrom(...'abcdefghij')
// Thousands, so that the digits of a trailer do not decide.
const entries = fc.array(
  fc.record({ hash, size: fc.integer({ min: 0, max: 12 }), ends: fc.boolean(), tagged: fc.boolean() }),
  { minLength: 1, maxLength: 4 },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('put' as const), entries }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('touch' as const), hash }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('invalidate' as const), hash, soft: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('tags' as const, 'function' as const, 'purge' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('bound' as const),
      maxBytes: fc.constantFrom(4_500, 12_500, 30_500),
    }),
  },
)
const losing: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('lose' as const),
  key: fc.constantFrom('bytes' as const, 'index' as const, 'values' as const, 'expiry' as const),
})

/** Does a step; returns what can be compared. */
async function take(store: Store, place: KeySpace, each: Step): Promise<unknown> {
  if (each.do === 'put') {
    const { evicted, stored, tooLarge } = await store.put(
      place,
      each.entries.map(({ hash: name, size, ends, tagged }) =>
        sized(name, size * 1_000, {
          ttlMs: ends ? 600_000 : undefined,
          metadata: { ...(ends && { freshMs: 300_000 }), ...(tagged && { tags: ['t'] }) },
        }),
      ),
    )
    return { evicted, stored, tooLarge: [...(tooLarge ?? [])] }
  }
  if (each.do === 'touch') return store.touch(place, [each.hash])
  if (each.do === 'invalidate') return (await store.invalidate(place, [each.hash], each.soft)).count
  if (each.do === 'tags') return (await store.invalidateTags(place, ['t'], true)).count
  if (each.do === 'function') return (await store.invalidateFunction(place, 'a')).count
  if (each.do === 'purge') return (await store.purge(place)).count
  return undefined
}

const bounded = (place: KeySpace) => {
  const limits = { ...place.limits, maxBytes: 12_500 }
  return { limits, place: { ...place, limits } }
}

describe.each(ONE_COMBINATION_OF_EACH)('maxBytes, $policy', ({ policy, create }) => {
  test.runIf(hasServer)(
    'holds after every step, and the count is what is stored; the twin has the same',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
          const { place, limits } = bounded(newPlace(create()))
          const [store, twin] = [target.newStore(), new MemoryStore()]
          for (const each of steps) {
            if (each.do === 'bound') {
              limits.maxBytes = each.maxBytes
              continue
            }
            const outcome = await take(store, place, each)
            const sum = await sumOf(store, place)
            if (each.do === 'put') expect(sum).toBeLessThanOrEqual(limits.maxBytes)
            if (sum > 0) expect(await kept(place)).toBe(String(sum))
            expect(await store.bytes?.(place)).toBe(sum)
            if (policy === 'rr') continue
            expect(outcome).toEqual(await take(twin, place, each))
            expect(await left(store, place, 'abcdefghij')).toBe(await left(twin, place, 'abcdefghij'))
          }
        }),
        { numRuns: runs(30) },
      )
    },
  )
})

describe('maxBytes', () => {
  test.runIf(hasServer)(
    'holds whatever keys are lost, and the count is right again after the next write',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.oneof(step, losing), { minLength: 5, maxLength: 30 }), async (steps) => {
          const { place, limits } = bounded(newPlace(new LruPolicy()))
          const store = target.newStore()
          for (const each of steps) {
            if (each.do === 'bound') limits.maxBytes = each.maxBytes
            else if (each.do === 'lose') {
              const [index, values] = place.keys
              const key = { index, values, bytes: `${values}:bytes`, expiry: `${values}:expiry` }[each.key]
              await target.raw(values, 'DEL', key)
            } else {
              await take(store, place, each)
              if (each.do !== 'put') continue
              const sum = await sumOf(store, place)
              expect(sum).toBeLessThanOrEqual(limits.maxBytes)
              expect(await kept(place)).toBe(String(sum))
            }
          }
        }),
        { numRuns: runs(60) },
      )
    },
  )

  test('evicts until a value fits, and no more', async () => {
    const store = target.newStore()
    const { place } = bounded(newPlace(new LruPolicy()))
    await store.put(place, [sized('a', 5_000), sized('b', 1_000), sized('c', 5_000)])
    expect((await store.put(place, [sized('d', 2_000)])).evicted).toBe(1)
    expect(await left(store, place, 'abcd')).toBe('bcd')
    expect((await store.put(place, [sized('e', 9_000)])).evicted).toBe(2)
    expect(await left(store, place, 'abcde')).toBe('de')
  })

  test('makes room for a larger value of an entry, and never evicts that entry for it', async () => {
    for (const create of [() => new LruPolicy(), () => new MruPolicy()]) {
      const store = target.newStore()
      const { place } = bounded(newPlace(create()))
      await store.put(place, [sized('a', 4_000), sized('b', 4_000), sized('c', 4_000)])
      const { evicted, stored } = await store.put(place, [sized('b', 7_000)])
      expect([evicted, stored]).toEqual([1, [true]])
      expect(await left(store, place, 'abc')).toHaveLength(2)
      expect(await left(store, place, 'b')).toBe('b')
    }
  })

  test('refuses a value that is larger, and removes the older one', async () => {
    const store = target.newStore()
    const { place } = bounded(newPlace(new LruPolicy()))
    await store.put(place, [sized('a', 1_000), sized('b', 1_000)])
    const { stored, tooLarge, evicted } = await store.put(place, [sized('a', 12_500), sized('c', 100)])
    expect([stored, [...(tooLarge ?? [])], evicted]).toEqual([[false, true], ['a'], 0])
    expect(await left(store, place, 'abc')).toBe('bc')
  })

  test('holds for a value that replaces another one in the same batch, and for a batch that does not fit', async () => {
    const store = target.newStore()
    const { place } = bounded(newPlace(new LruPolicy()))
    await store.put(place, [sized('a', 9_000), sized('a', 2_000), sized('b', 9_000), sized('c', 9_000)])
    expect(await left(store, place, 'abc')).toBe('c')
    expect(await store.bytes?.(place)).toBe(await sumOf(store, place))
  })

  test('leaves no room for a new entry that is not to evict any, if another one has become larger in the same batch', async () => {
    const store = target.newStore()
    const { place } = bounded(newPlace(new LruPolicy()))
    await store.put(place, [sized('a', 1_000)])
    const ifRoom = { metadata: { ifRoom: true } }
    const { stored, declined } = await store.put(place, [
      sized('a', 9_000),
      sized('b', 5_000, ifRoom),
      sized('c', 3_000, ifRoom),
    ])
    expect([stored, [...(declined ?? [])]]).toEqual([[true, false, true], ['b']])
    expect(await left(store, place, 'abc')).toBe('ac')
  })

  test('counts an entry once that an invalidation names twice', async () => {
    const store = target.newStore()
    const { place } = bounded(newPlace(new LruPolicy()))
    const ends = { ttlMs: 60_000, metadata: { freshMs: 30_000 } }
    await store.put(place, [sized('a', 3_000, ends), sized('b', 3_000), sized('c', 3_000)])
    expect((await store.invalidate(place, ['a', 'a', 'b', 'b'], true)).count).toBe(2)
    expect(await store.bytes?.(place)).toBe(await sumOf(store, place))
    expect((await store.invalidate(place, ['a', 'c', 'a', 'c'])).count).toBe(2)
    expect(await store.bytes?.(place)).toBe(0)
  })

  test.runIf(hasServer).each([
    {
      what: 'a function',
      invalidate: (store: Store, space: KeySpace, onPortion: () => void) =>
        store.invalidateFunction(space, 'none', false, onPortion),
    },
    {
      what: 'a tag',
      invalidate: (store: Store, space: KeySpace, onPortion: () => void) =>
        store.invalidateTags(space, ['tag'], false, onPortion),
    },
  ])(
    'is right although values are lost between two portions of an invalidation of $what',
    async ({ invalidate }) => {
      const store = target.newStore()
      const { place } = bounded(newPlace(new LruPolicy(), { maxSize: 10_000 }))
      const wide = withLimits(place, { maxBytes: 10_000_000 })
      const hashes = hashesOf(1_200)
      await fill(store, wide, hashes.slice(0, 1_000))
      await store.put(
        wide,
        hashes.slice(1_000).map((hash) => sized(hash, 100, { metadata: { tags: ['tag'] } })),
      )
      const [, values] = place.keys
      const lost = hashes[900] as string
      const losing: Promise<unknown>[] = []
      await invalidate(store, wide, () => {
        losing.push(
          target.raw(values, 'ZADD', `${values}:expiry`, '1', lost),
          target.raw(values, 'HDEL', values, lost),
        )
      })
      await Promise.all(losing)
      expect(losing.length).toBeGreaterThan(0)
      await store.put(wide, [sized('last', 100)])
      expect(await store.bytes?.(place)).toBe(await sumOf(store, place))
    },
  )

  test.runIf(hasServer)('is 0 when all values were lost', async () => {
    const store = target.newStore()
    const { place } = bounded(newPlace(new LruPolicy()))
    await store.put(place, [sized('a', 3_000)])
    await target.raw(place.keys[1], 'DEL', place.keys[1])
    expect(await store.bytes?.(place)).toBe(0)
  })

  test('may be lowered', async () => {
    const store = target.newStore()
    const { place } = bounded(newPlace(new LruPolicy()))
    await store.put(
      place,
      [...'abcdef'].map((name) => sized(name, 1_000)),
    )
    const { evicted } = await store.put(withLimits(place, { maxBytes: 3_600 }), [sized('g', 1_000)])
    expect(evicted).toBe(4)
    expect(await left(store, place, 'abcdefg')).toBe('efg')
  })

  test('of a cache: a skip event, getBytes, and its parts of shards', async () => {
    const open = (shards: number) =>
      new RedisFuncCache(unique('bytes'), new LruTPolicy({ shards }), {
        store: target.newStore(),
        maxBytes: 40_000,
      })
    const cache = open(1)
    const skipped: string[] = []
    cache.on('skip', ({ reason }) => skipped.push(reason))
    const text = cache.wrap(async (length: number) => 'x'.repeat(length), { name: 'text' })
    expect(await text(50_000)).toHaveLength(50_000)
    expect(await text(20_000)).toHaveLength(20_000)
    await cache.set('key', 'y'.repeat(50_000))
    expect(skipped).toEqual(['too-large', 'too-large'])
    expect(await cache.peek('key')).toBeUndefined()
    expect(await cache.getBytes()).toBeGreaterThan(20_000)
    expect(await cache.getBytes(text)).toBeLessThan(20_200)
    expect([cache.maxSize, cache.maxBytes]).toEqual([Number.POSITIVE_INFINITY, 40_000])
    const sharded = open(4)
    const small = sharded.wrap(async (n: number) => 'x'.repeat(1_000 + n), { name: 'small' })
    await Promise.all(Array.from({ length: 100 }, (_, i) => small(i)))
    expect(await sharded.getBytes()).toBeLessThanOrEqual(40_000)
    expect(await sharded.getSize()).toBeGreaterThan(20)
    sharded.on('skip', ({ reason }) => skipped.push(reason))
    await small(11_000)
    expect(skipped).toHaveLength(3)
  })

  test('is one sum among processes with and without the bound', async () => {
    const store = target.newStore()
    const { place } = bounded(newPlace(new LruPolicy()))
    const without = withLimits(place, { maxBytes: undefined })
    await store.put(without, [sized('a', 1_000)])
    await store.put(place, [sized('b', 1_000)])
    await store.put(without, [sized('c', 20_000)])
    await store.put(without, [sized('b', 2_000)])
    expect(await store.bytes?.(place)).toBe(await sumOf(store, place))
    await store.put(place, [sized('d', 1_000)])
    expect(await left(store, place, 'bcd')).toBe('bd')
  })

  test('is added up without a bound, too', async () => {
    const cache = new RedisFuncCache(unique('bytes'), new LruTPolicy(), {
      store: target.newStore(),
      maxSize: 3_000,
    })
    const text = cache.wrap(async (n: number) => `value ${n}`, { name: 'text' })
    await Promise.all(Array.from({ length: 2_500 }, (_, i) => text(i)))
    const place = placeOf(cache, text.keyOf(0))
    if (hasServer) expect(await cache.getBytes()).toBe(await sumOf(target.newStore(), place))
    expect(await cache.getBytes()).toBeGreaterThan(2_500 * 50)
    expect(cache.maxBytes).toBe(Number.POSITIVE_INFINITY)
  })

  test('lets CostPolicy weigh sizes, unless it is told otherwise', () => {
    const keyOf = (policy: CostPolicy, maxBytes?: number) => {
      new RedisFuncCache(unique('bytes'), policy, { store: target.newStore(), maxBytes })
      return policy.key
    }
    expect(keyOf(new CostPolicy())).toBe('cost')
    expect(keyOf(new CostPolicy(), 1_000)).toBe('cost_size')
    expect(keyOf(new CostPolicy({ weigh: 'cost' }), 1_000)).toBe('cost')
  })

  test.each([0, -1, 1.5, Number.NaN, '64mb'])('of %j is refused', (maxBytes) => {
    const open = () =>
      new RedisFuncCache('refused', new POLICIES.lru(), {
        store: target.newStore(),
        maxBytes: maxBytes as number,
      })
    expect(open).toThrow(OptionError)
    expect(open).toThrow(/maxBytes/)
  })
})

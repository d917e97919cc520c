// One bounded cache over several partitions: what holds of one partition holds of all of them together.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type CacheOptions,
  type CallKey,
  type FunctionIdentity,
  hasNear,
  LruTPolicy,
  OptionError,
  PolicyError,
  type PolicyOptions,
  RedisFuncCache,
  type Store,
} from './library.ts'
import { FailingStore } from './failing-store.ts'
import { gated } from './gated.ts'
import { leftMs } from './places.ts'
import { hasServer, openTarget, SCOPES, type Target, unique } from './target.ts'

const SHARDS = 4
const IDS: readonly number[] = Array.from({ length: 64 }, (_, i) => i)

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

interface Given {
  readonly name?: string
  readonly store?: Store
  readonly policy?: PolicyOptions
  readonly options?: Partial<CacheOptions>
}

function newCache({ name = unique('shards'), store = target.newStore(), policy, options }: Given = {}) {
  const cache = new RedisFuncCache(name, new LruTPolicy({ shards: SHARDS, ...policy }), {
    store,
    putWait: '10s',
    storeTimeout: '10s',
    ...options,
  })
  const runs: number[] = []
  const load = (id: number) => {
    runs.push(id)
    return { id }
  }
  const tags = (row: unknown) => ['all', `half ${(row as { id: number }).id % 2}`]
  const ask = cache.wrap(load, { name: 'ask', source: false, tags, ttl: '1h' })
  const other = cache.wrap((id: number) => -id, { name: 'other', source: false })
  const lists: number[][] = []
  const many = cache.wrapMany(
    async (ids: readonly number[]) => {
      lists.push([...ids])
      return ids.map((id) => ({ id }))
    },
    { name: 'many', source: false, tags },
  )
  return { name, cache, ask, other, many, runs, lists, fill: () => Promise.all(IDS.map((id) => ask(id))) }
}

const indexesOf = (keys: readonly CallKey[]): Set<string> => new Set(keys.map(({ index }) => index))

/** Two processes over one server; in process, two caches can only share the store. */
function twoStores(): [Store, Store] {
  const store = target.newStore()
  return [store, hasServer ? target.newStore() : store]
}

describe.each(SCOPES)('the shards of a cache, scope %s', (scope) => {
  const policy = { scope }

  test('have the entries of a function, each some of them', async () => {
    const { ask, fill, cache, runs } = newCache({ policy })
    await fill()
    expect(indexesOf(IDS.map((id) => ask.keyOf(id))).size).toBe(SHARDS)
    expect(await cache.getSize()).toBe(IDS.length)
    expect(await cache.getSize(ask)).toBe(IDS.length)
    await fill()
    expect(runs).toHaveLength(IDS.length)
  })

  test('hold no more than maxSize entries together, and that many if there are enough', async () => {
    const maxSize = 4 * SHARDS + 3
    const { ask, cache } = newCache({ policy, options: { maxSize } })
    await Promise.all(Array.from({ length: 400 }, (_, id) => ask(id)))
    expect(await cache.getSize(ask)).toBe(maxSize)
  })

  test('are all invalidated by invalidateAll, and none of another function', async () => {
    const { ask, other, fill, cache, runs } = newCache({ policy })
    await fill()
    await Promise.all(IDS.map((id) => other(id)))
    expect(await ask.invalidateAll()).toBe(IDS.length)
    expect(await cache.getSize()).toBe(IDS.length)
    await fill()
    expect(runs).toHaveLength(2 * IDS.length)
    expect(await other.invalidateAll()).toBe(IDS.length)
    expect(await ask.peek(1)).toEqual({ id: 1 })
  })

  test('are all invalidated by tags, as far as they have them', async () => {
    const { ask, fill, cache } = newCache({ policy })
    await fill()
    expect(await cache.invalidateTags('half 1', 'none')).toBe(IDS.length / 2)
    expect([await ask.peek(3), await ask.peek(4)]).toEqual([undefined, { id: 4 }])
    expect(await cache.invalidateTags('all')).toBe(IDS.length / 2)
    expect(await cache.getSize()).toBe(0)
  })

  test('are all purged, also by a cache that has not used them', async () => {
    const [here, there] = twoStores()
    const one = newCache({ policy, store: here })
    await one.fill()
    const another = newCache({ policy, store: there, name: one.name })
    expect(await another.cache.getSize()).toBe(IDS.length)
    expect(await another.cache.purge()).toBe(IDS.length)
    expect(await one.cache.getSize()).toBe(0)
    await one.fill()
    expect(await another.cache.purge(another.ask)).toBe(IDS.length)
  })

  test('tell of an invalidation once', async () => {
    const { fill, cache } = newCache({ policy })
    await fill()
    const told: unknown[] = []
    cache.on('invalidate', ({ tags, count }) => told.push({ tags, count }))
    await cache.invalidateTags('all')
    await cache.purge()
    expect(told).toEqual([
      { tags: ['all'], count: IDS.length },
      { tags: undefined, count: 0 },
    ])
  })

  test('serve nothing of a pending invalidation, in no shard', async () => {
    const store = new FailingStore(target.newStore())
    const { ask, fill, cache, runs } = newCache({ policy, store, options: { breaker: false } })
    await fill()
    for (const invalidate of [
      () => ask.invalidateAll({ retryFor: '10s' }),
      () => cache.invalidateTags('all', { retryFor: '10s' }),
      () => cache.purge({ retryFor: '10s' }),
      () => cache.purge(ask, { retryFor: '10s' }),
    ]) {
      for (const method of ['invalidateFunction', 'invalidateTags', 'purge', 'registered'] as const) {
        store.failing.add(method)
      }
      const before = runs.length
      const pending = invalidate()
      await fill()
      expect(runs.length - before).toBe(IDS.length)
      store.failing.clear()
      await pending
      await fill()
      await fill()
      expect(runs.length - before).toBe(2 * IDS.length)
    }
  })

  test.skipIf(hasNear)('load the rows of a list together, and look them up by one command each', async () => {
    const store = target.newStore()
    const { many, lists } = newCache({ policy, store })
    expect(await many(IDS)).toEqual(IDS.map((id) => ({ id })))
    expect(lists.map((list) => list.toSorted((a, b) => a - b))).toEqual([IDS])
    const gets: number[] = []
    const { get } = store
    store.get = (space, hashes, options) => {
      gets.push(hashes.length)
      return get.call(store, space, hashes, options)
    }
    await many(IDS)
    expect(lists).toHaveLength(1)
    expect(gets).toHaveLength(SHARDS)
    expect(gets.reduce((sum, count) => sum + count)).toBe(IDS.length)
    expect(await many.invalidate(...IDS)).toBe(IDS.length)
  })

  test('give leases: one process loads, the others wait', async () => {
    const [here, there] = twoStores()
    const name = unique('shards')
    const create = () => new LruTPolicy({ scope, shards: SHARDS })
    const options = { singleFlight: 'global' } as const
    const one = gated({ name, store: here, create, options })
    const other = gated({ name, store: there, create, options })
    const keys = IDS.slice(0, 16).map(String)
    const first = keys.map((key) => one.load(key))
    await one.running(keys.length)
    const second = keys.map((key) => other.load(key))
    await other.untilEmitted('wait', keys.length)
    for (const { key, resolve } of one.runs) resolve(key)
    expect(await Promise.all([...first, ...second])).toEqual([...keys, ...keys])
    expect(other.runs).toHaveLength(0)
    await one.cache.close()
    await other.cache.close()
  })

  test.runIf(hasServer)('end when they were not used for so long as the cache says', async () => {
    const { ask, fill } = newCache({ policy, options: { idleTtl: '2h' } })
    await fill()
    const keys = IDS.map((id) => ask.keyOf(id)).flatMap(({ index, values }) => [index, values])
    for (const left of await leftMs(target, keys)) {
      expect(left).toBeGreaterThan(7_190_000)
      expect(left).toBeLessThanOrEqual(7_200_000)
    }
  })

  test('report the reads of each, so that what was read stays', async () => {
    const { ask, fill, cache } = newCache({ policy, options: { maxSize: 128 * SHARDS } })
    await fill()
    await ask(7)
    await cache.drain()
    const mates = Array.from({ length: 4_000 }, (_, i) => 1_000 + i).filter(
      (id) => ask.keyOf(id).index === ask.keyOf(7).index,
    )
    const before = IDS.filter((id) => ask.keyOf(id).index === ask.keyOf(7).index).length
    for (const id of mates.slice(0, 128 - 1)) await ask(id)
    expect(before).toBeGreaterThan(1)
    expect(await ask.peek(7)).toEqual({ id: 7 })
    expect(await cache.getSize(ask)).toBe(IDS.length - before + 128)
  })

  test('are those of their number alone: a cache with another number begins empty', async () => {
    const store = target.newStore()
    const four = newCache({ policy, store })
    await four.fill()
    for (const shards of [1, 2, 5]) {
      const { cache, ask } = newCache({ policy: { scope, shards }, store, name: four.name })
      expect(await cache.getSize()).toBe(0)
      expect(await ask.peek(1)).toBeUndefined()
      await ask(1)
      expect(await cache.purge()).toBe(1)
    }
    expect(await four.cache.getSize()).toBe(IDS.length)
  })
})

describe('the option shards', () => {
  test.each([0, -1, 1.5, 1_025, Number.NaN, Number.POSITIVE_INFINITY, '4'])('cannot be %s', (shards) => {
    expect(() => new LruTPolicy({ shards: shards as number })).toThrow(OptionError)
    expect(() => new LruTPolicy({ shards: shards as number })).toThrow('a whole number from 1 to 1024')
  })

  test('is refused where a shard would hold no entry', () => {
    const policy = new LruTPolicy({ shards: 16 })
    const options = { store: target.newStore(), maxSize: 15 }
    expect(() => new RedisFuncCache('few', policy, options)).toThrow(OptionError)
    expect(() => new RedisFuncCache('few', policy, options)).toThrow('larger maxSize')
    expect(new RedisFuncCache('few', policy, { ...options, maxSize: 16 }).policy).toBe(policy)
  })

  test('is refused for a policy that names key pairs itself', () => {
    class OfTenants extends LruTPolicy {
      override calcKeys(): readonly [string, string] {
        return ['{a}:0', '{a}:1']
      }
    }
    const options = { store: target.newStore() }
    expect(() => new RedisFuncCache('own', new OfTenants({ shards: 2 }), options)).toThrow(PolicyError)
    expect(() => new RedisFuncCache('own', new OfTenants({ shards: 2 }), options)).toThrow('calcKeys')
    expect(new RedisFuncCache('own', new OfTenants(), options)).toBeDefined()
  })

  test('divides by whatever call hashes a policy makes', async () => {
    class Readable extends LruTPolicy {
      override calcHash(fn?: FunctionIdentity, args: readonly unknown[] = []): string {
        return `${fn?.name} für ${JSON.stringify(args)}`
      }
    }
    const cache = new RedisFuncCache(unique('readable'), new Readable({ shards: SHARDS }), {
      store: target.newStore(),
    })
    const ask = cache.wrap(async (id: number) => id, { name: 'ask' })
    await Promise.all(IDS.map((id) => ask(id)))
    expect(indexesOf(IDS.map((id) => ask.keyOf(id))).size).toBe(SHARDS)
    expect(await cache.getSize()).toBe(IDS.length)
    await expect(ask.invalidateAll()).rejects.toThrow(PolicyError)
  })

  test('shows in calcKeys', () => {
    const { cache, ask } = newCache()
    for (const id of IDS) {
      const { index, values } = ask.keyOf(id)
      expect(cache.policy.calcKeys(ask.identity, [id])).toEqual([index, values])
    }
    expect(cache.policy.shards).toBe(SHARDS)
  })
})

// What every policy, scope and key style promises, through the public API, over every server and in process.
import { inspect as shown } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type CachedFunction,
  CacheMissError,
  type CacheOptions,
  type CallKey,
  FuncCacheError,
  hasNear,
  type Mode,
  RedisFuncCache,
  type Stats,
  type Store,
  StoreError,
} from './library.ts'
import { FailingStore } from './failing-store.ts'
import { placeOf, textBeforeTrailer } from './places.ts'
import { COMBINATIONS_WITH_SHARDS, hasServer, openTarget, type Target, unique } from './target.ts'

const NO_STATS: Stats = {
  calls: 0,
  read: 0,
  write: 0,
  execute: 0,
  hit: 0,
  near: 0,
  stale: 0,
  miss: 0,
  wait: 0,
  refresh: 0,
  joined: 0,
  evicted: 0,
  error: 0,
}

/** What results can be. */
const RESULTS: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['false', false],
  ['zero', 0],
  ['an empty text', ''],
  ['an object', { a: [1, { b: 'c' }] }],
  ['a list', [1, 'two', null]],
]

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

/** Two processes that share a server; in process, two caches can only share the store. */
function twoStores(): [Store, Store] {
  const store = target.newStore()
  return [store, hasServer ? target.newStore() : store]
}

const keysOf = ({ keyOf }: CachedFunction<(key: string) => Promise<unknown>>, keys: string): CallKey[] =>
  keys.split('').map((key) => keyOf(key))

interface Whose {
  readonly cache: RedisFuncCache
  readonly ask: CachedFunction<() => Promise<string>>
}

describe.each(COMBINATIONS_WITH_SHARDS)('$policy, $scope, $keys, $shards', (combination) => {
  const { policy, scope, keys, shards, create } = combination
  const newCache = (
    options: Partial<CacheOptions> = {},
    name = unique('conformance'),
    store = target.newStore(),
  ) => new RedisFuncCache(name, create(), { store, putWait: '10s', ...options })

  /** A function that notes its runs, and returns another object at each of them. */
  function counted(cache: RedisFuncCache, name = 'counted') {
    const runs: string[] = []
    const fn = async (key: string): Promise<{ key: string; run: number }> => {
      runs.push(key)
      return { key, run: runs.length }
    }
    return { ask: cache.wrap(fn, { name }), runs }
  }

  /** Fails if the structures of a function disagree, or hold too much. */
  const inspect = (cache: RedisFuncCache, key: CallKey, store: Store) =>
    target.inspect(store, placeOf(cache, key))

  /** The hashes that are stored where these calls are. */
  async function hashesAt(cache: RedisFuncCache, keys: readonly CallKey[], store: Store): Promise<string[]> {
    const places = new Map(keys.map((key) => [key.index, key])).values()
    const contents = await Promise.all(Array.from(places, (key) => inspect(cache, key, store)))
    return contents.flatMap(({ hashes }) => hashes)
  }

  /** How many of the entries of these calls stay, if each shard holds so many. */
  function staying(keys: readonly CallKey[], each: number): number {
    const counts = new Map<string, number>()
    for (const { index } of keys) counts.set(index, (counts.get(index) ?? 0) + 1)
    return [...counts.values()].reduce((sum, count) => sum + Math.min(count, each), 0)
  }

  describe('results', () => {
    test('are computed once, then served', async () => {
      const { ask, runs } = counted(newCache())
      expect(await ask('a')).toEqual({ key: 'a', run: 1 })
      expect(await ask('b')).toEqual({ key: 'b', run: 2 })
      expect(await ask('a')).toEqual({ key: 'a', run: 1 })
      expect(await ask('b')).toEqual({ key: 'b', run: 2 })
      expect(runs).toEqual(['a', 'b'])
    })

    test.each(RESULTS)('%s is stored, and comes back as it was', async (_, result) => {
      let runs = 0
      const give = newCache().wrap(
        async () => {
          runs++
          return result
        },
        { name: 'give' },
      )
      expect(await give()).toEqual(result)
      expect(await give()).toEqual(result)
      expect(await give()).toEqual(result)
      expect(runs).toBe(1)
    })

    test('of a synchronous function are promised', async () => {
      const double = newCache().wrap(function double(n: number) {
        return 2 * n
      })
      expect(await double(21)).toBe(42)
      expect(await double(21)).toBe(42)
    })

    test('belong to their caller: changing one changes no other', async () => {
      const { ask } = counted(newCache())
      const [first, joined] = await Promise.all([ask('a'), ask('a')])
      first.key = joined.key = 'changed'
      const second = await ask('a')
      expect(second.key).toBe('a')
      second.key = 'changed'
      expect((await ask('a')).key).toBe('a')
    })

    test('are shared by two caches of the same name', async () => {
      const name = unique('conformance-shared')
      const [here, there] = twoStores()
      const one = counted(newCache({}, name, here))
      const other = counted(newCache({}, name, there))
      await one.ask('a')
      expect(await other.ask('a')).toEqual({ key: 'a', run: 1 })
      expect(other.runs).toEqual([])
      await other.ask.invalidate('a')
      await one.ask('a')
      expect(one.runs).toEqual(['a', 'a'])
    })

    test('are not shared by caches of other names or prefixes, nor by other functions or versions', async () => {
      const name = unique('conformance-apart')
      const store = target.newStore()
      const cache = newCache({}, name, store)
      const { ask } = counted(cache)
      await ask('a')
      const others = [
        counted(newCache({}, `${name}-other`, store)),
        counted(newCache({ prefix: 'other:' }, name, store)),
        counted(cache, 'another'),
      ]
      expect(await Promise.all(others.map((other) => other.ask.peek('a')))).toEqual([
        undefined,
        undefined,
        undefined,
      ])
      const next = cache.wrap(async (key: string) => ({ key }), { name: 'counted', version: 2 })
      expect(await next.peek('a')).toBeUndefined()
    })

    test.each([
      ['prefix and name are the same together', ['t1', '2'], ['t12', '']],
      ['a part of the name could be one of the prefix', [':', 't1:'], [':t1:', '']],
      ['names differ in half a character', [':', '\ud800'], [':', '\udfff']],
      ['prefixes differ in half a character', ['\ud800:', ''], ['\udfff:', '']],
    ] as const)('are not shared where %s', async (_, ...parts) => {
      const [name, store] = [unique('conformance-border'), target.newStore()]
      const [one, other] = parts.map(([prefix, beginning]) => {
        const cache = newCache({ prefix: `fcache:${prefix}` }, `${beginning}${name}`, store)
        return { cache, ask: cache.wrap(async () => `${prefix} ${beginning}`, { name: 'whose', ttl: '1h' }) }
      }) as [Whose, Whose]
      expect(await one.ask()).not.toBe(await other.ask())
      expect(await other.ask.peek()).toBe(await other.ask())
      expect([await one.cache.purge(), await other.cache.getSize()]).toEqual([1, 1])
      expect(await other.cache.purge()).toBe(1)
    })
  })

  describe('evicted entries', () => {
    test('no more than maxSize stay', async () => {
      const store = target.newStore()
      const cache = newCache({ maxSize: 4 * shards }, undefined, store)
      const { ask } = counted(cache)
      const evictions: number[] = []
      cache.on('evict', ({ count }) => evictions.push(count))
      const names = Array.from({ length: 10 * shards }, (_, i) => `key ${i}`)
      for (const name of names) {
        await ask(name)
        const { hashes } = await inspect(cache, ask.keyOf(name), store)
        expect(hashes).toContain(ask.keyOf(name).hash)
      }
      const held = staying(
        names.map((name) => ask.keyOf(name)),
        4,
      )
      expect(await cache.getSize()).toBe(held)
      expect(evictions).toEqual(Array.from({ length: names.length - held }, () => 1))
    })

    test('no more than maxSize stay of many calls at the same time', async () => {
      const store = target.newStore()
      const cache = newCache({ maxSize: 10 * shards }, undefined, store)
      const { ask, runs } = counted(cache)
      const names = Array.from({ length: 200 }, (_, i) => `key ${i}`)
      const results = await Promise.all(names.map((name) => ask(name)))
      expect(results.map(({ key }) => key)).toEqual(names)
      expect(runs).toHaveLength(200)
      const stored = names.map((name) => ask.keyOf(name))
      expect(await hashesAt(cache, stored, store)).toHaveLength(staying(stored, 10))
    })
  })

  describe('the functions of a cache', () => {
    async function filled() {
      const cache = newCache({ maxSize: 3 * shards })
      const f = counted(cache, 'f')
      const g = counted(cache, 'g')
      for (const key of 'abcde') await f.ask(key)
      for (const key of 'ab') await g.ask(key)
      const [ofF, ofG] = [keysOf(f.ask, 'abcde'), keysOf(g.ask, 'ab')]
      return { cache, f, g, heldOfF: staying(ofF, 3), heldOfAll: staying([...ofF, ...ofG], 3) }
    }

    test.runIf(scope === 'function')('have a bound, a size and a purge each', async () => {
      const { cache, f, g, heldOfF } = await filled()
      expect(await cache.getSize(f.ask)).toBe(heldOfF)
      expect(await cache.getSize(g.ask)).toBe(2)
      expect(await cache.getSize()).toBe(heldOfF + 2)
      expect(await cache.purge(f.ask)).toBe(heldOfF)
      expect(await cache.getSize(f.ask)).toBe(0)
      expect(await cache.getSize(g.ask)).toBe(2)
      await f.ask('a')
      expect(await cache.purge()).toBe(3)
      expect(await cache.getSize()).toBe(0)
      expect(await cache.purge()).toBe(0)
    })

    test.runIf(scope === 'function')('are found by a cache that has not used them before', async () => {
      const name = unique('conformance-functions')
      const [here, there] = twoStores()
      const one = newCache({}, name, here)
      const f = counted(one, 'f')
      for (const key of 'ab') await f.ask(key)
      await counted(one, 'g').ask.prime(['a'], { key: 'a', run: 0 })
      const other = newCache({}, name, there)
      expect(await other.getSize()).toBe(3)
      expect(await other.purge()).toBe(3)
      expect(await one.getSize()).toBe(0)
    })

    test.runIf(scope === 'cache')('share the bound, the size and the purge', async () => {
      const { cache, f, g, heldOfAll } = await filled()
      expect(await cache.getSize(f.ask)).toBe(heldOfAll)
      expect(await cache.getSize(g.ask)).toBe(heldOfAll)
      expect(await cache.getSize()).toBe(heldOfAll)
      expect(await cache.purge(g.ask)).toBe(heldOfAll)
      expect(await cache.getSize()).toBe(0)
      expect(await cache.purge()).toBe(0)
    })

    test('are computed anew after a purge', async () => {
      const { cache, f } = await filled()
      await cache.purge()
      f.runs.length = 0
      await f.ask('e')
      await f.ask('e')
      expect(f.runs).toEqual(['e'])
    })
  })

  describe('handles', () => {
    test('invalidate removes one entry, and returns whether there was one', async () => {
      const store = target.newStore()
      const cache = newCache({}, undefined, store)
      const { ask, runs } = counted(cache)
      await Promise.all([ask('a'), ask('b')])
      expect(await ask.invalidate('a')).toBe(true)
      expect(await ask.invalidate('a')).toBe(false)
      expect(await hashesAt(cache, [ask.keyOf('a'), ask.keyOf('b')], store)).toEqual([ask.keyOf('b').hash])
      await ask('a')
      await ask('b')
      expect([...runs].sort()).toEqual(['a', 'a', 'b']) // two nodes answer in any order
    })

    test('refresh computes now, and replaces', async () => {
      const { ask } = counted(newCache())
      expect(await ask.refresh('a')).toEqual({ key: 'a', run: 1 })
      expect(await ask.refresh('a')).toEqual({ key: 'a', run: 2 })
      expect(await ask('a')).toEqual({ key: 'a', run: 2 })
    })

    test('peek shows what is stored, and computes nothing', async () => {
      const { ask, runs } = counted(newCache())
      expect(await ask.peek('a')).toBeUndefined()
      expect(runs).toEqual([])
      await ask('a')
      expect(await ask.peek('a')).toEqual({ key: 'a', run: 1 })
      expect(runs).toEqual(['a'])
    })

    test('prime stores a known value', async () => {
      const { ask, runs } = counted(newCache())
      await ask.prime(['a'], { key: 'a', run: 77 })
      expect(await ask('a')).toEqual({ key: 'a', run: 77 })
      await ask.prime(['a'], { key: 'a', run: 78 })
      expect(await ask('a')).toEqual({ key: 'a', run: 78 })
      expect(runs).toEqual([])
    })

    test('original and identity belong to the function', async () => {
      const original = async (key: string): Promise<string> => key
      const wrapped = newCache().wrap(original, { name: 'told', version: 3 })
      expect(wrapped.original).toBe(original)
      expect(wrapped.identity).toMatchObject({ name: 'told', version: '3' })
      expect(wrapped.name).toBe('told')
      expect(shown(wrapped)).toBe('[Function: told]')
      expect(wrapped).toHaveLength(1)
    })
  })

  describe('key names', () => {
    const prefix = 'conformance:'
    function wanted(name: string, checksum: string): string {
      const names = {
        'cache plain': `${prefix}${name}:${policy}`,
        'function plain': `${prefix}${name}:${policy}-m:f#${checksum}`,
        'cache cluster': `${prefix}{${name}:${policy}-c}`,
        'function cluster': `${prefix}${name}:${policy}-cm:f#{${checksum}}`,
        'cache plain, shards': `${prefix}${name}:${policy}-s4#SHARD`,
        'function plain, shards': `${prefix}${name}:${policy}-ms4:f#${checksum}#SHARD`,
        'cache cluster, shards': `${prefix}{${name}:${policy}-cs4#SHARD.SPREAD}`,
        'function cluster, shards': `${prefix}${name}:${policy}-cms4:f#{${checksum}#SHARD.SPREAD}`,
      }
      return names[`${scope} ${keys}${shards > 1 ? ', shards' : ''}`]
    }

    test('are those of the Python package, or tell the shard', async () => {
      const name = unique('names')
      const { ask } = counted(newCache({ prefix }, name), 'f')
      const told = keysOf(ask, 'abcdefghijklmnopqrstuvwxyz')
      const bases = told.map(({ index, values, hash }) => {
        expect(String(hash)).toMatch(/^[\w+/]{8}[\w+/]{22}$/)
        expect([index.slice(-2), values]).toEqual([':0', `${index.slice(0, -2)}:1`])
        return index.slice(0, -2)
      })
      expect(new Set(told.map(({ hash }) => hash)).size).toBe(26)
      expect(new Set(bases).size).toBe(shards)
      const general = bases.map((base) =>
        base.replace(/#[0-3](\.\d+)?(?=}?$)/, (_, spread) => (spread ? '#SHARD.SPREAD' : '#SHARD')),
      )
      expect(new Set(general)).toEqual(new Set([wanted(name, ask.identity.checksum)]))
    })

    test.runIf(hasServer)('are those that lie in the server', async () => {
      const { ask } = counted(newCache({ prefix }), 'f')
      await ask('a')
      const { index, values, hash } = ask.keyOf('a')
      expect(await target.raw(index, 'EXISTS', index, values)).toBe(2)
      expect(String(await target.raw(index, 'TYPE', index))).toBe('zset')
      const stored = await target.raw(values, 'HGET', values, hash)
      expect(JSON.parse(textBeforeTrailer(stored))).toEqual({ key: 'a', run: 1 })
    })
  })

  describe('modes', () => {
    test('readOnly serves what is stored, and never executes', async () => {
      const cache = newCache()
      const { ask, runs } = counted(cache)
      const miss = await cache.readOnly(() => ask('a').catch((error: unknown) => error))
      expect(miss).toBeInstanceOf(CacheMissError)
      expect(miss).toMatchObject({ code: 'ERR_MISS' })
      expect((miss as Error).message).toContain('counted')
      await ask('a')
      expect(await cache.readOnly(() => ask('a'))).toEqual({ key: 'a', run: 1 })
      expect(runs).toEqual(['a'])
    })

    test('writeOnly computes and replaces', async () => {
      const cache = newCache()
      const { ask } = counted(cache)
      await ask('a')
      expect(await cache.writeOnly(() => ask('a'))).toEqual({ key: 'a', run: 2 })
      expect(await ask('a')).toEqual({ key: 'a', run: 2 })
    })

    test('bypass computes, and leaves the store alone', async () => {
      const cache = newCache()
      const { ask } = counted(cache)
      await cache.bypass(() => ask('a'))
      expect(await cache.getSize()).toBe(0)
      await ask('a')
      expect(await cache.bypass(() => ask('a'))).toEqual({ key: 'a', run: 3 })
      expect(await ask('a')).toEqual({ key: 'a', run: 2 })
    })

    test.each<{ mode: Partial<Mode>; stored: boolean; result: number | 'miss'; after: number | undefined }>([
      { mode: { read: false }, stored: true, result: 2, after: 2 },
      { mode: { write: false }, stored: true, result: 1, after: 1 },
      { mode: { write: false }, stored: false, result: 1, after: undefined },
      { mode: { execute: false }, stored: true, result: 1, after: 1 },
      { mode: { execute: false }, stored: false, result: 'miss', after: undefined },
      { mode: { read: false, execute: false }, stored: true, result: 'miss', after: 1 },
      {
        mode: { read: false, write: false, execute: false },
        stored: true,
        result: 'miss',
        after: 1,
      },
    ])('$mode, stored: $stored, gives $result', async ({ mode, stored, result, after }) => {
      const cache = newCache()
      const { ask } = counted(cache)
      if (stored) await ask('a')
      const outcome = await cache.withMode(mode, () =>
        ask('a').then(
          ({ run }) => run,
          (error: unknown) => (error instanceof CacheMissError ? 'miss' : error),
        ),
      )
      expect(outcome).toBe(result)
      expect((await ask.peek('a'))?.run).toBe(after)
    })

    test('nest: what an inner one does not say stays as it is around, and ends with its callback', async () => {
      const cache = newCache()
      const { ask } = counted(cache)
      await ask('a')
      await cache.withMode({ write: false }, async () => {
        expect((await cache.withMode({ read: false }, () => ask('a'))).run).toBe(2) // and not stored
        expect((await ask('a')).run).toBe(1)
        expect((await cache.withMode({ write: true, read: false }, () => ask('a'))).run).toBe(3)
        await ask('b')
      })
      expect((await ask('a')).run).toBe(3)
      expect(await ask.peek('b')).toBeUndefined()
    })

    test('hold in their own async context alone', async () => {
      const cache = newCache()
      const { ask } = counted(cache)
      const [inside, outside] = await Promise.all([
        cache.readOnly(async () => {
          await Promise.resolve()
          return ask('a').catch((error: unknown) => error)
        }),
        ask('b'),
      ])
      expect(inside).toBeInstanceOf(CacheMissError)
      expect(outside).toEqual({ key: 'b', run: 1 })
    })
  })

  describe('statistics', () => {
    test.skipIf(hasNear)('count what the calls of a context did', async () => {
      const cache = newCache({ maxSize: 2 * shards })
      const { ask } = counted(cache)
      const { result, stats } = await cache.withStats(async () => {
        await ask('a')
        await ask('a')
        await ask('b')
        await Promise.all([ask('c'), ask('c'), ask('c')])
        return 'done'
      })
      expect(result).toBe('done')
      expect(stats).toEqual({
        ...NO_STATS,
        calls: 6,
        read: 4,
        hit: 1,
        miss: 3,
        execute: 3,
        write: 3,
        joined: 2,
        evicted: 3 - staying(keysOf(ask, 'abc'), 2),
      })
    })

    test.skipIf(hasNear)('nest, and do not count the calls of other contexts', async () => {
      const cache = newCache()
      const { ask } = counted(cache)
      const outer = await cache.withStats(async () => {
        await ask('a')
        return cache.withStats(() => ask('a'))
      })
      await ask('a')
      expect(outer.result.stats).toEqual({ ...NO_STATS, calls: 1, read: 1, hit: 1 })
      expect(outer.stats).toEqual({ ...NO_STATS, calls: 2, read: 2, hit: 1, miss: 1, execute: 1, write: 1 })
    })

    test.each<{ mode: Partial<Mode>; stats: Partial<Stats> }>([
      { mode: { read: false }, stats: { calls: 1, execute: 1, write: 1 } },
      { mode: { read: false, write: false }, stats: { calls: 1, execute: 1 } },
      { mode: { write: false }, stats: { calls: 1, read: 1, miss: 1, execute: 1 } },
    ])('of $mode', async ({ mode, stats }) => {
      const cache = newCache()
      const { ask } = counted(cache)
      const told = await cache.withStats(() => cache.withMode(mode, () => ask('a')))
      expect(told.stats).toEqual({ ...NO_STATS, ...stats })
    })
  })

  describe('errors of the function', () => {
    test('pass through untouched, and are not stored', async () => {
      const cache = newCache()
      const error = new RangeError('of the function')
      let runs = 0
      const fail = cache.wrap(
        async (_key: string): Promise<never> => {
          runs++
          throw error
        },
        { name: 'fail' },
      )
      const caught = await Promise.all([1, 2].map(() => fail('a').catch((thrown: unknown) => thrown)))
      expect(caught[0]).toBe(error)
      expect(caught[1]).not.toBe(error) // who joined may change his own
      expect(caught[1]).toEqual(error)
      expect(caught[1]).toBeInstanceOf(RangeError)
      expect(runs).toBe(1)
      expect(await fail('a').catch((thrown: unknown) => thrown)).toBe(error)
      expect(await fail.refresh('a').catch((thrown: unknown) => thrown)).toBe(error)
      expect(runs).toBe(3)
      expect(await cache.getSize()).toBe(0)
    })

    test('leave the result that a refresh was to replace', async () => {
      const cache = newCache()
      let works = true
      const flaky = cache.wrap(
        () => {
          if (!works) throw new Error('not now')
          return 'result'
        },
        { name: 'flaky' },
      )
      await flaky()
      works = false
      await expect(flaky.refresh()).rejects.toThrow('not now')
      expect(await flaky()).toBe('result')
    })
  })

  describe('equal calls at the same time', () => {
    test('run once, and get objects of their own', async () => {
      const { ask, runs } = counted(newCache())
      const results = await Promise.all([ask('a'), ask('a'), ask('a'), ask('b')])
      expect(results.map(({ key }) => key)).toEqual(['a', 'a', 'a', 'b'])
      expect([...runs].sort()).toEqual(['a', 'b']) // two nodes answer in any order
      expect(new Set(results).size).toBe(4)
      const hits = await Promise.all([ask('a'), ask('a')])
      expect(hits[0]).toEqual(hits[1])
      expect(hits[0]).not.toBe(hits[1])
    })

    test('get one and the same object if that is wished', async () => {
      const ask = newCache().wrap(async (key: string) => ({ key }), { name: 'ask', share: true })
      const [first, second] = await Promise.all([ask('a'), ask('a')])
      expect(first).toBe(second)
    })
  })

  describe('trouble with the store', () => {
    const broken = (
      onError: 'execute' | 'throw',
      ...methods: ConstructorParameters<typeof FailingStore> extends [Store, ...infer M] ? M : never
    ) => {
      const store = new FailingStore(target.newStore(), ...methods)
      const cache = newCache({ onError, breaker: false }, undefined, store)
      const errors: unknown[] = []
      cache.on('error', ({ error }) => errors.push(error))
      return { cache, store, errors }
    }

    test('does not reach the caller, and is reported by an event', async () => {
      const { cache, store, errors } = broken('execute', 'get', 'put', 'now', 'register')
      const { ask, runs } = counted(cache)
      const { result, stats } = await cache.withStats(async () => [await ask('a'), await ask('a')])
      expect(result.map(({ run }) => run)).toEqual([1, 2])
      expect(await ask.refresh('a')).toEqual({ key: 'a', run: 3 })
      expect(runs).toHaveLength(3)
      expect(new Set(errors)).toEqual(new Set([store.error]))
      expect(stats.error).toBeGreaterThanOrEqual(2)
      expect(stats).toMatchObject({ calls: 2, execute: 2, hit: 0, write: 0 })
    })

    test('ends with it', async () => {
      const { cache, store } = broken('execute', 'get', 'put')
      const { ask, runs } = counted(cache)
      await ask('a')
      store.failing.clear()
      await ask('a')
      await ask('a')
      expect(runs).toEqual(['a', 'a'])
    })

    test('of a lookup reaches the caller if onError says so', async () => {
      const { cache, store } = broken('throw', 'get')
      const { ask } = counted(cache)
      const error = await ask('a').catch((thrown: unknown) => thrown)
      expect(error).toBe(store.error)
      expect(error).toBeInstanceOf(FuncCacheError)
    })

    test('of an invalidation or purge always reaches the caller', async () => {
      const { cache } = broken('execute', 'invalidate', 'purge', 'registered')
      const { ask } = counted(cache)
      await ask('a')
      await expect(ask.invalidate('a')).rejects.toBeInstanceOf(StoreError)
      await expect(cache.purge(ask)).rejects.toBeInstanceOf(StoreError)
      await expect(cache.purge()).rejects.toBeInstanceOf(StoreError)
    })
  })
})

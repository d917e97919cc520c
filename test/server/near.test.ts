// Results that processes hold in front of the store: what is served from there, when it is not any more, and to whom.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type AbstractPolicy,
  CacheMissError,
  type CacheOptions,
  FifoPolicy,
  LruTPolicy,
  MemoryStore,
  OptionError,
  type WrapOptions,
} from '../../src/index.ts'
import type { Store } from '../../src/store.ts'
import { FailingStore } from './failing-store.ts'
import { RedisFuncCache } from './library.ts'
import { placeOf } from './places.ts'
import { quiet, slowed } from './slow-store.ts'
import { COMBINATIONS_WITH_SHARDS, hasServer, isNight, openTarget, type Target, unique } from './target.ts'

const MAX_STALENESS_MS = 1_000

/** What does not depend on the policy is tried with one in all combinations, and in process with each policy in one of them, at night in all. */
const COMBINATIONS = COMBINATIONS_WITH_SHARDS.filter(
  ({ policy, scope, keys, shards }) =>
    policy === 'lru_t' ||
    (!hasServer && (isNight || (scope === 'cache' && keys === 'cluster' && shards === 1))),
)

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

interface User {
  readonly id: number
  readonly version: number
  readonly tags: string[]
}

/** Two processes that share a store. What their functions return changes with each version. */
function newWorld(
  create: () => AbstractPolicy = () => new LruTPolicy(),
  options: Partial<CacheOptions> = {},
) {
  const name = unique('near')
  const store = target.newStore()
  const state = { version: 1 }
  const newProcess = (near: CacheOptions['near'], own: Store = hasServer ? target.newStore() : store) => {
    const cache = new RedisFuncCache(name, create(), { store: own, ttl: '1h', near, ...options })
    const load = async (id: number): Promise<User> => ({ id, version: state.version, tags: ['a', 'b'] })
    const user = cache.wrap(load, {
      name: 'user',
      source: false,
      tags: (_user, id) => [`user:${id}`],
      staleIfError: '1h',
    })
    const users = cache.wrapMany(
      async (ids: readonly number[]) => ids.map((id) => ({ id, version: state.version, tags: ['a', 'b'] })),
      { entriesOf: user, name: undefined },
    )
    return { cache, user, users, other: cache.wrap((id: number) => id, { name: 'other', source: false }) }
  }
  const here = newProcess(true)
  const there = newProcess(false)
  return { name, store, state, here, there, newProcess }
}

type World = ReturnType<typeof newWorld>
type Process = World['here']

const nearHits = ({ cache }: Process): number => cache.stats().near

/** Calls until the result is held near. */
async function hold(process: Process, ...ids: readonly number[]): Promise<void> {
  await vi.waitFor(
    async () => {
      const before = nearHits(process)
      for (const id of ids) await process.user(id)
      expect(nearHits(process) - before).toBe(ids.length)
    },
    { interval: 1, timeout: 5_000 },
  )
}

/** Every way to change what is stored for `user(1)`. */
const CHANGES: Readonly<Record<string, (process: Process, state: World['state']) => Promise<unknown>>> = {
  invalidate: ({ user }) => user.invalidate(1),
  'invalidate a list': ({ users }) => users.invalidate(1, 2),
  'invalidate softly': ({ user }) => user.with({ soft: true }).invalidate(1),
  invalidateAll: ({ user }) => user.invalidateAll(),
  invalidateTags: ({ cache }) => cache.invalidateTags('user:1'),
  purge: ({ cache }) => cache.purge(),
  refresh: ({ user }) => user.refresh(1),
  prime: ({ user }, { version }) => user.prime([1], { id: 1, version, tags: ['a', 'b'] }),
  'a newer result': ({ cache, user }) => cache.writeOnly(() => user(1)),
}

/** Those of them that store nothing. */
const INVALIDATIONS = ['invalidate', 'invalidate a list', 'invalidateAll', 'invalidateTags', 'purge']

describe.each(COMBINATIONS)('$policy, $scope, $keys, $shards shards', ({ create }) => {
  test('a result is held from the first time on, stored or found, and asks nothing of the store', async () => {
    const { here, there } = newWorld(create)
    await there.user(1)
    await hold(here, 1, 2)
    const { read, near } = here.cache.stats()
    expect(await here.user(1)).toEqual({ id: 1, version: 1, tags: ['a', 'b'] })
    expect(await here.users([2, 1])).toMatchObject([{ id: 2 }, { id: 1 }])
    expect(here.cache.stats()).toMatchObject({ read, near: near + 3 })
  })

  test.each(Object.keys(CHANGES))('%s: this process serves no near hit of before', async (change) => {
    const { here, state } = newWorld(create)
    await hold(here, 1, 2)
    state.version = 2
    await CHANGES[change]?.(here, state)
    expect(await here.user(1)).toMatchObject({ version: 2 })
    await hold(here, 1)
    expect(await here.user(1)).toMatchObject({ version: 2 })
  })

  test.each(Object.keys(CHANGES))(
    '%s: nor does another process, after maxStaleness at the latest',
    async (change) => {
      const { here, there, state } = newWorld(create)
      await hold(here, 1, 2)
      state.version = 2
      await CHANGES[change]?.(there, state)
      const changedMs = performance.now()
      for (;;) {
        const beganMs = performance.now()
        const { version } = await here.user(1)
        if (version === 2) break
        expect(beganMs - changedMs).toBeLessThanOrEqual(MAX_STALENESS_MS)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await hold(here, 1)
      expect(await here.user(1)).toMatchObject({ version: 2 })
    },
  )

  test('what was evicted in the store is not served near either', async () => {
    const { here, there } = newWorld(create, { maxSize: 8 })
    const ids = [1, 2, 3]
    await Promise.all(ids.map((id) => here.user(id)))
    for (let id = 10; id < 60; id++) await there.user(id)
    const stored = await there.users.peek(ids)
    const isThere = (i: number) => stored[i] !== undefined
    await vi.waitFor(
      async () => {
        const served = await here.cache.readOnly(() => Promise.allSettled(ids.map((id) => here.user(id))))
        expect(served.map(({ status }) => status === 'fulfilled')).toEqual(ids.map((_, i) => isThere(i)))
      },
      { interval: 1, timeout: MAX_STALENESS_MS },
    )
  })

  test('what the put that has stored it has evicted again is not held', async () => {
    const { here } = newWorld(create, { maxSize: 4 })
    await here.user(1) // the store is listened to
    const ids = Array.from({ length: 40 }, (_, i) => i + 10)
    await Promise.all(ids.map((id) => here.user(id)))
    await here.cache.drain()
    const stored = await here.users.peek(ids)
    const isThere = (i: number) => stored[i] !== undefined
    expect(ids.filter((_, i) => !isThere(i)).length).toBeGreaterThan(20)
    const served = await here.cache.readOnly(() => Promise.allSettled(ids.map((id) => here.user(id))))
    expect(served.map(({ status }) => status === 'fulfilled')).toEqual(ids.map((_, i) => isThere(i)))
  })

  test('near hits are reported to the policy, so that the store keeps what is used here', async () => {
    const store = new FailingStore(target.newStore())
    const touched: string[] = []
    vi.spyOn(store, 'touch').mockImplementation(async (_place, hashes) => void touched.push(...hashes))
    const cache = new RedisFuncCache(unique('near'), create(), {
      store,
      near: { touch: { every: '20ms' } },
    })
    const load = cache.wrap(async (id: number) => id, { name: 'load' })
    for (let i = 0; i < 50; i++) await load(i % 2)
    await vi.waitFor(() =>
      expect(new Set(touched)).toEqual(new Set([load.keyOf(0).hash, load.keyOf(1).hash])),
    )
    expect(touched.length).toBeLessThan(20)
  })
})

describe('A near hit', () => {
  test('gives each caller an object of its own, whichever the result is', async () => {
    const cache = new RedisFuncCache(unique('near'), new LruTPolicy(), {
      store: target.newStore(),
      near: true,
    })
    const results: readonly unknown[] = [
      { a: [1, { b: 'c' }], at: new Date(5) },
      new Map([['a', { b: 1 }]]),
      [[1], [2]],
      Buffer.from('bytes'),
      'text',
      undefined,
      null,
      7n,
    ]
    const load = cache.wrap((i: number) => results[i], { name: 'load' })
    for (const [i, result] of results.entries()) {
      await load(i)
      const [one, other] = [await load(i), await load(i)]
      expect(one).toStrictEqual(result)
      expect(other).toStrictEqual(result)
      if (Object(one) === one) expect(other).not.toBe(one)
    }
    const changed = (await load(0)) as { a: unknown[] }
    changed.a.push('changed')
    expect(await load(0)).toStrictEqual(results[0])
    expect(cache.stats().near).toBeGreaterThanOrEqual(2 * results.length)
  })

  test("gives all callers one object with 'frozen', in which nothing can be changed; copies of what cannot be frozen", async () => {
    const cache = new RedisFuncCache(unique('near'), new LruTPolicy(), {
      store: target.newStore(),
      near: { values: 'frozen' },
    })
    const original = { list: [{ a: 1 }] }
    const load = cache.wrap(() => original, { name: 'load' })
    const date = cache.wrap(() => ({ at: new Date(5) }), { name: 'date' })
    expect(await load()).toBe(original)
    const [one, other] = [await load(), await load()]
    expect(other).toBe(one)
    expect(one).not.toBe(original)
    expect(() => one.list[0] && (one.list[0].a = 2)).toThrow(TypeError)
    expect(Object.isFrozen(original.list)).toBe(false)
    await date()
    const [early, late] = [await date(), await date()]
    early.at.setTime(0)
    expect(late.at.getTime()).toBe(5)
  })

  test('is told of: by events, figures, statistics of the context, health and detailed()', async () => {
    const { here } = newWorld()
    await hold(here, 1)
    const events: unknown[] = []
    here.cache.on('hit', (event) => events.push(event))
    const before = Date.now() - MAX_STALENESS_MS
    const { result, stats } = await here.cache.withStats(() => here.user.detailed(1))
    expect(result).toMatchObject({ value: { id: 1 }, status: 'near' })
    expect(result.provenAt?.getTime()).toBeGreaterThanOrEqual(before)
    expect(result.freshUntil).toBeInstanceOf(Date)
    expect(stats).toMatchObject({ calls: 1, hit: 1, near: 1, read: 0 })
    expect(events).toEqual([
      expect.objectContaining({ near: true, function: 'user', hash: here.user.keyOf(1).hash }),
    ])
    const { proofAgeMs } = events[0] as { proofAgeMs: number }
    expect(proofAgeMs).toBeLessThanOrEqual(MAX_STALENESS_MS)
    const { nearTier } = here.cache.stats()
    expect(nearTier).toMatchObject({ size: 1, evicted: 0 })
    expect(nearTier.bytes).toBeGreaterThan(100)
    expect(here.cache.health().near).toMatchObject({ partitions: 1, missing: 0 })
  })

  test('there is none where the mode forbids to read, and where it does not forbid it there is', async () => {
    const { here } = newWorld()
    await hold(here, 1)
    const before = nearHits(here)
    await here.cache.writeOnly(() => here.user(1))
    await here.cache.bypass(() => here.user(1))
    expect(nearHits(here)).toBe(before)
    await hold(here, 1)
    expect(await here.cache.readOnly(() => here.user(1))).toMatchObject({ id: 1 })
    await expect(here.cache.readOnly(() => here.user(99))).rejects.toThrow(CacheMissError)
  })

  test('has an aborted signal, and rejects', async () => {
    const { here } = newWorld()
    await hold(here, 1)
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(here.user.with({ signal })(1)).rejects.toThrow('gone')
  })

  test('serves lists, keys and methods', async () => {
    const store = target.newStore()
    const cache = new RedisFuncCache(unique('near'), new LruTPolicy(), { store, near: true })
    const many = cache.wrapMany(async (ids: readonly number[]) => ids.map((id) => ({ id })), { name: 'many' })
    class Shop {
      async price(id: number): Promise<{ id: number }> {
        return { id }
      }
    }
    const cached = cache.cached({ this: 'shared', name: 'Shop.price' }) as unknown as (
      method: unknown,
      context: unknown,
    ) => Shop['price']
    const price = cached(Shop.prototype.price, { kind: 'method', name: 'price', addInitializer: () => {} })
    const calls = {
      many: () => many([1, 2, 3]),
      key: () => cache.getOrSet('key', () => ({ a: 1 }), { ttl: '5m', tags: () => ['a'] }),
      detailed: () => cache.getOrSetDetailed('key', () => ({ a: 1 }), { ttl: '5m', tags: () => ['a'] }),
      method: () => price.call(new Shop(), 5),
    }
    for (const [name, call] of Object.entries(calls)) {
      await call()
      const { read, near } = cache.stats()
      await call()
      expect(cache.stats().read, name).toBe(read)
      expect(cache.stats().near, name).toBeGreaterThan(near)
    }
    await cache.set('key', { a: 2 }, { ttl: '5m', tags: () => ['a'] })
    expect(await calls.key()).toEqual({ a: 2 })
    await cache.invalidate('key')
    expect(await calls.key()).toEqual({ a: 1 })
  })

  test('of results that a schema has to see, shows what the schema makes of them', async () => {
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) => ({ value: { ...(value as object), seen: true } }),
      },
    } as never
    const cache = new RedisFuncCache(unique('near'), new LruTPolicy(), {
      store: target.newStore(),
      near: true,
    })
    const load = cache.wrap(async () => ({ a: [1] }) as object, { name: 'load', schema })
    await load()
    const one = await load()
    expect(one).toEqual({ a: [1], seen: true })
    const other = await load()
    expect(other).toEqual(one)
    expect(other).not.toBe(one)
    expect(cache.stats().near).toBe(2)
  })

  test('there is none of errors that are stored, nor of what is withheld', async () => {
    const store = new FailingStore(new MemoryStore())
    const cache = new RedisFuncCache(unique('near'), new LruTPolicy(), { store, near: true, breaker: false })
    cache.on('error', () => {})
    const failing = cache.wrap(() => Promise.reject(new Error('no')), {
      name: 'failing',
      cacheErrors: { ttl: '1m' },
    })
    for (let i = 0; i < 3; i++) await expect(failing()).rejects.toThrow('no')
    expect(cache.stats()).toMatchObject({ execute: 1, near: 0 })
    let version = 1
    const load = cache.wrap(async () => version, { name: 'load', ttl: '10s' })
    await load()
    await load()
    expect(cache.stats().near).toBe(1)
    store.failing.add('invalidate')
    version = 2
    const invalidated = load.with({ retryFor: '10s' }).invalidate()
    expect(await load()).toBe(2)
    store.failing.clear()
    await invalidated
    expect(await load()).toBe(2)
  })

  test('there is none past the ttl, by the clock of the store or of this process', async () => {
    let nowMs = Date.now()
    const store = new MemoryStore({ clock: () => nowMs })
    const cache = new RedisFuncCache(unique('near'), new LruTPolicy(), { store, near: true })
    let version = 1
    const load = cache.wrap(async () => version, { name: 'load', ttl: '10s' })
    for (let i = 0; i < 3; i++) await load()
    expect(cache.stats().near).toBe(2)
    version = 2
    nowMs += 9_900
    expect(await load()).toBe(1)
    nowMs += 100
    expect(await load()).toBe(2)
  })

  test('there is none for functions that do not want it', async () => {
    const cache = new RedisFuncCache(unique('near'), new LruTPolicy(), {
      store: target.newStore(),
      near: true,
    })
    const load = cache.wrap(async () => 1, { name: 'load', near: false })
    for (let i = 0; i < 3; i++) await load()
    expect(cache.stats()).toMatchObject({ hit: 2, near: 0, nearTier: { size: 0, catchUps: 0 } })
  })
})

describe('A process that receives no messages', () => {
  const newDeafProcess = ({ newProcess, store }: World): Process =>
    newProcess(true, new FailingStore(hasServer ? target.newStore() : store, 'watchChanges'))

  test.each(Object.keys(CHANGES))('%s: serves no near hit of before it', async (change) => {
    const world = newWorld()
    const here = newDeafProcess(world)
    await hold(here, 1, 2)
    world.state.version = 2
    await CHANGES[change]?.(here, world.state)
    expect(await here.user(1)).toMatchObject({ version: 2 })
  })

  test.each(INVALIDATIONS)('%s: serves nothing that it looked up meanwhile', async (change) => {
    const world = newWorld()
    const line = slowed(new FailingStore(hasServer ? target.newStore() : world.store, 'watchChanges'))
    const here = world.newProcess(true, line.store)
    await hold(here, 2)
    await world.there.user(1)
    world.state.version = 2
    line.hold('back')
    const lookup = here.user(1)
    await quiet([line])
    line.hold('there')
    const invalidation = CHANGES[change]?.(here, world.state)
    await quiet([line])
    line.free() // the answer to the lookup is here before the invalidation is there
    expect(await lookup).toMatchObject({ version: 1 }) // it began before
    await invalidation
    expect(await here.user(1)).toMatchObject({ version: 2 })
  })

  test('sees within since what another process had changed before its stamp', async () => {
    const world = newWorld()
    const { there, state } = world
    const here = newDeafProcess(world)
    for (const change of Object.values(CHANGES)) {
      await hold(here, 1)
      const before = state.version++
      await change(there, state)
      expect(await here.user(1)).toMatchObject({ version: before }) // the promise is one second
      expect(await here.cache.since(there.cache.stamp(), () => here.user(1))).toMatchObject({
        version: state.version,
      })
    }
  })
})

describe('A stamp', () => {
  test('lets another process see what was written, at once', async () => {
    const { here, there, state } = newWorld()
    await hold(here, 1)
    for (const change of Object.values(CHANGES)) {
      state.version++
      await change(there, state)
      const stamp = there.cache.stamp()
      expect(stamp).toMatch(/^[\w.~-]+$/)
      expect(await here.cache.since(stamp, () => here.user(1))).toMatchObject({ version: state.version })
    }
  })

  test('does so if nothing was recorded when it was made', async () => {
    const { there, state, newProcess } = newWorld()
    await there.user(1)
    state.version = 2
    await there.user.refresh(1)
    const stamp = there.cache.stamp()
    const late = newProcess(true)
    await hold(late, 1)
    expect(await late.cache.since(stamp, () => late.user(1))).toMatchObject({ version: 2 })
  })

  test('of a process that has changed nothing asks for nothing', async () => {
    const { here, there } = newWorld()
    await hold(here, 1)
    const before = nearHits(here)
    await here.cache.since(there.cache.stamp(), () => here.user(1))
    expect(nearHits(here)).toBe(before + 1)
    expect(() => here.cache.since('nonsense', () => 1)).toThrow(OptionError)
  })

  test('lets no call join a run that began before', async () => {
    const cache = new RedisFuncCache(unique('near'), new LruTPolicy(), {
      store: target.newStore(),
      near: true,
    })
    const ends: ((value: string) => void)[] = []
    const load = cache.wrap(() => new Promise<string>((resolve) => ends.push(resolve)), {
      name: 'load',
      cacheIf: () => false,
    })
    const old = load()
    await vi.waitFor(() => expect(ends).toHaveLength(1), { interval: 1 })
    const young = cache.since(cache.stamp(), () => load())
    await vi.waitFor(() => expect(ends).toHaveLength(2), { interval: 1 })
    ends[0]?.('old')
    ends[1]?.('new')
    expect(await Promise.all([old, young])).toEqual(['old', 'new'])
  })
})

describe('While the store fails', () => {
  test('what is held is a fallback within staleIfError, and only if the function fails', async () => {
    const store = new FailingStore(target.newStore())
    const cache = new RedisFuncCache(unique('near'), new LruTPolicy(), {
      store,
      near: { maxStaleness: '20ms' },
      breaker: false,
    })
    cache.on('error', () => {})
    let fails = false
    const load = async (): Promise<string> => {
      if (fails) throw new Error('the source is gone')
      return 'result'
    }
    const kept = cache.wrap(load, { name: 'kept', ttl: '1h', staleIfError: '1h' })
    const none = cache.wrap(load, { name: 'none', ttl: '1h' })
    for (const fn of [kept, none, kept, none]) await fn()
    for (const method of ['get', 'changes', 'listen', 'put'] as const) store.failing.add(method)
    await new Promise((resolve) => setTimeout(resolve, 30)) // the proof is too old
    expect(await kept()).toBe('result')
    fails = true
    expect(await kept.detailed()).toMatchObject({ value: 'result', status: 'stale' })
    await expect(none()).rejects.toThrow('the source is gone')
  })
})

describe('What is held is bounded', () => {
  test('by maxSize and maxBytes, and nothing is left of what has gone', async () => {
    const cache = new RedisFuncCache(unique('near'), new FifoPolicy(), {
      store: new MemoryStore(),
      maxSize: 100_000,
      near: { maxSize: 50, maxBytes: 40_000 },
    })
    const load = cache.wrap(async (id: number) => 'x'.repeat(id % 500), { name: 'load' })
    const big = cache.wrap(async () => 'x'.repeat(6_000), { name: 'big' })
    for (let id = 0; id < 2_000; id++) for (let i = 0; i < 2; i++) await load(id)
    const { nearTier } = cache.stats()
    expect(nearTier.size).toBeLessThanOrEqual(50)
    expect(nearTier.size).toBeGreaterThan(20)
    expect(nearTier.bytes).toBeLessThanOrEqual(40_000)
    expect(nearTier.evicted).toBeGreaterThan(1_900)
    const before = cache.stats().near
    for (let i = 0; i < 3; i++) await big()
    expect(cache.stats().near).toBe(before)
  })
})

describe.skipIf(!hasServer)('In the server', () => {
  test('nothing is recorded or told while nobody listens, and a log while somebody does', async () => {
    const { there, here, name } = newWorld()
    const place = placeOf(there.cache, there.user.keyOf(1))
    const log = `${place.keys[1]}:changes`
    await there.user(1)
    await there.user.invalidate(1)
    expect(await target.raw(log, 'EXISTS', log)).toBe(0)
    await hold(here, 1)
    expect(await target.raw(log, 'EXISTS', log)).toBe(1)
    expect(await target.raw(log, 'PTTL', log)).toBeGreaterThan(1_000)
    expect(name).not.toBe('')
  })

  test.each([
    ['the log', (values: string) => [`${values}:changes`]],
    ['the values', (values: string) => [values]],
    ['all keys', (values: string) => [values, `${values}:changes`, values.replace(/1$/, '0')]],
  ])('%s may be lost: no near hit is older than promised, and near hits go on', async (_what, keysOf) => {
    const { here, there, state } = newWorld()
    await hold(here, 1, 2)
    const [, values] = placeOf(here.cache, here.user.keyOf(1)).keys
    for (const key of keysOf(values)) await target.raw(values, 'DEL', key)
    state.version = 2
    await there.user.refresh(1)
    const changedMs = performance.now()
    while ((await here.user(1)).version === 1) {
      expect(performance.now() - changedMs).toBeLessThan(MAX_STALENESS_MS + 500)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await hold(here, 1)
  })
})

describe('Options', () => {
  const refused = (near: unknown, policy: AbstractPolicy = new LruTPolicy()) => {
    try {
      return new RedisFuncCache('near', policy, { store: new MemoryStore(), near: near as true })
    } catch (error) {
      return error
    }
  }

  test.each<[unknown, string]>([
    [{ maxStalenes: '1s' }, 'Did you mean maxStaleness?'],
    [{ maxStaleness: '5ms' }, 'out of range'],
    [{ maxStaleness: '2h' }, 'out of range'],
    [{ maxSize: 0 }, 'near.maxSize'],
    [{ maxBytes: 1.5 }, 'near.maxBytes'],
    [{ values: 'shared' }, 'near.values'],
    [{ touch: { every: '1h' } }, 'idleTtl'],
    [null, 'near'],
    ['yes', 'near'],
  ])('%j is refused', (near, message) => {
    expect(refused(near)).toMatchObject({
      name: 'OptionError',
      message: expect.stringContaining(message) as string,
    })
  })

  test('of a function are those of its results: bounds are those of the cache', () => {
    const cache = refused(false) as RedisFuncCache
    const wrap = (near: unknown) => () =>
      cache.wrap(async () => 1, { name: unique('f'), near } as WrapOptions<() => Promise<number>>)
    expect(wrap({ maxSize: 5 })).toThrow('new RedisFuncCache')
    expect(wrap({ maxStaleness: '250ms', values: 'frozen' })).not.toThrow()
    expect(wrap(true)).not.toThrow()
  })

  test('are refused where nothing would tell what has changed', () => {
    class Bare extends LruTPolicy {
      override readonly storesBareValues = true
    }
    const cache = new RedisFuncCache('near', new Bare(), {
      store: new MemoryStore(),
      ttl: Number.POSITIVE_INFINITY,
    })
    const near = { name: 'f', near: true } as const
    expect(() => cache.wrap(async () => 1, near)).toThrow('other programs')
    const { changes: _, ...without } = Object.fromEntries(
      (['accept', 'get', 'put', 'changes', 'listen'] as const).map((method) => [method, () => {}]),
    )
    const other = new RedisFuncCache('near', new LruTPolicy(), { store: without as unknown as Store })
    expect(() => other.wrap(async () => 1, near)).toThrow('does not record changes')
  })
})

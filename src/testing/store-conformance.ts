import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CostPolicy,
  FifoPolicy,
  FifoTPolicy,
  HyperbolicPolicy,
  type LfuOptions,
  LfuPolicy,
  LruPolicy,
  LruTPolicy,
  MruPolicy,
  type RedisFuncCache,
  type PolicyOptions,
  RrPolicy,
  S3FifoPolicy,
  SievePolicy,
} from '../index.ts'
import type { Store } from '../store.ts'
import { changeLogConformance } from './change-log-conformance.ts'
import { type Caches, caseOf, type ConformanceCase, counted, uniqueName } from './conformance-case.ts'
import { policyConformance } from './policy-conformance.ts'

/** Options of {@link storeConformance}. */
export interface StoreConformanceOptions {
  /**
   * Lets time pass by the clock of the store, by so many milliseconds.
   * @default waiting for so long
   */
  readonly passTime?: ((ms: number) => unknown) | undefined
  /**
   * Whether the store has a log of changes, so that near tiers can be in front of it.
   * @default true
   */
  readonly changes?: boolean | undefined
}

/**
 * Returns the cases that every store has to pass.
 *
 * @param newStore Opens a store. Stores that are opened by two calls need not share their entries; one store is used by
 *   several caches at once.
 * @example
 * for (const { name, run } of storeConformance(() => new MyStore())) test(name, run)
 */
export function storeConformance(
  newStore: () => Store,
  options: StoreConformanceOptions = {},
): readonly ConformanceCase[] {
  const { passTime = sleep, changes = true } = options
  return [
    ...policiesOn(newStore),
    ...values(newStore),
    ...invalidations(newStore),
    ...lifetimes(newStore, passTime),
    ...processes(newStore),
    ...(changes ? changeLogConformance(newStore, passTime) : []),
  ]
}

class LfuWithAging extends LfuPolicy {
  constructor(options: LfuOptions) {
    super({ ...options, aging: true })
  }
}

/** Runs of a test differ in time and in the digits of their times: neither must decide what is evicted. */
class EqualCostPolicy extends CostPolicy {
  constructor(options: PolicyOptions) {
    super({ ...options, cost: () => 1 })
  }
}

/** All cases of all policies: a store has to run each of them. */
function policiesOn(newStore: () => Store): ConformanceCase[] {
  const policies = [
    FifoPolicy,
    FifoTPolicy,
    LruPolicy,
    LruTPolicy,
    MruPolicy,
    LfuPolicy,
    RrPolicy,
    SievePolicy,
    S3FifoPolicy,
    LfuWithAging,
    EqualCostPolicy,
    HyperbolicPolicy,
  ]
  return policies.flatMap((Policy) =>
    (['cache', 'function'] as const).flatMap((scope) =>
      policyConformance(() => new Policy({ scope }), { newStore, isRandom: Policy === RrPolicy }).map(
        (each) => ({
          ...each,
          name: `${Policy.name}, scope ${scope}: ${each.name}`,
        }),
      ),
    ),
  )
}

function values(newStore: () => Store): ConformanceCase[] {
  return [
    caseOf('every byte of a value comes back', async (caches) => {
      const cache = caches.open(new LruTPolicy(), newStore(), {
        serializer: [(value) => value as Buffer, (stored) => Buffer.from(stored)],
      })
      const bytes = Buffer.from(Array.from({ length: 1_024 }, (_, i) => i % 256))
      for (const value of [bytes, Buffer.alloc(2 ** 20, 7), Buffer.from([0])]) {
        await cache.set('key', value)
        assert.deepEqual(await cache.peek('key'), value)
      }
    }),
    caseOf(
      'two thousand calls at once get each its own result, in part stored and in part computed',
      async (caches) => {
        const cache = caches.open(new LruTPolicy(), newStore(), { maxSize: 4_000 })
        const { ask, runs } = counted(cache)
        const keys = Array.from({ length: 2_000 }, (_, i) => `key ${i}`)
        await Promise.all(keys.filter((_, i) => i % 3 === 0).map((key) => ask(key)))
        const results = await Promise.all(keys.map((key) => ask(key)))
        assert.deepEqual(
          results.map(({ key }) => key),
          keys,
        )
        assert.equal(runs.length, keys.length)
      },
    ),
    caseOf('caches of one name share their entries, of other names none', async (caches) => {
      const [name, store] = [uniqueName(), newStore()]
      const [one, two] = [name, name].map((each) =>
        counted(caches.open(new LruTPolicy(), store, { name: each })),
      )
      const other = counted(caches.open(new LruTPolicy(), store))
      await one?.ask('a')
      assert.deepEqual(await two?.ask.peek('a'), { key: 'a', run: 1 })
      assert.equal(await other.ask.peek('a'), undefined)
    }),
    caseOf(
      'functions with keys of their own are found by a cache that has not wrapped them',
      async (caches) => {
        const [name, store] = [uniqueName(), newStore()]
        const open = () => caches.open(new LruTPolicy({ scope: 'function' }), store, { name })
        const cache = open()
        await counted(cache, 'f').ask('a')
        await counted(cache, 'g').ask('a')
        assert.equal(await open().getSize(), 2)
        assert.equal(await open().purge(), 2)
        assert.equal(await cache.getSize(), 0)
      },
    ),
    caseOf('a store that was closed can be used again', async (caches) => {
      const store = newStore()
      const { ask } = counted(caches.open(new LruTPolicy(), store))
      await ask('a')
      await store.close()
      await ask('b')
      assert.deepEqual(await ask.peek('b'), { key: 'b', run: 2 })
    }),
  ]
}

/** What every kind of invalidation is to do to a stored result, and to one that is being computed. */
function invalidations(newStore: () => Store): ConformanceCase[] {
  type Load = ReturnType<typeof gated>['load']
  const kinds: Record<string, (cache: RedisFuncCache, load: Load) => Promise<unknown>> = {
    'an invalidation of the call': (_, load) => load.invalidate('a'),
    'an invalidation of the function': (_, load) => load.invalidateAll(),
    'an invalidation of a tag': (cache) => cache.invalidateTags('tag a'),
    'a purge': (cache) => cache.purge(),
  }
  return Object.entries(kinds).flatMap(([kind, invalidate]) =>
    [undefined, '1h'].flatMap((ttl) => [
      caseOf(`${kind} removes what is stored, ttl ${ttl}`, async (caches) => {
        const { cache, load, finish } = gated(caches, newStore(), ttl)
        finish('old')
        await load('a')
        await load('b')
        await invalidate(cache, load)
        assert.equal(await load.peek('a'), undefined)
        assert.equal(await load.peek('b'), /call|tag/.test(kind) ? 'old' : undefined)
      }),
      caseOf(`${kind} keeps a result out that was being computed, ttl ${ttl}`, async (caches) => {
        const { cache, load, finish, begun } = gated(caches, newStore(), ttl)
        const call = load('a')
        await begun()
        await invalidate(cache, load)
        finish('old')
        assert.equal(await call, 'old')
        assert.equal(await load.peek('a'), undefined)
      }),
    ]),
  )
}

/** A function with tags that runs until it is told its result. */
function gated(caches: Caches, store: Store, ttl?: string) {
  const cache = caches.open(new LruTPolicy(), store)
  const { promise: result, resolve: finish } = defer<string>()
  const { promise: begun, resolve: begin } = defer<void>()
  const load = cache.wrap(
    async (_key: string) => {
      begin()
      return result
    },
    { name: 'load', tags: (_, key) => [`tag ${key}`], ...(ttl !== undefined && { ttl: '1h' }) },
  )
  return { cache, load, finish, begun: () => begun }
}

function defer<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

function lifetimes(newStore: () => Store, passTime: (ms: number) => unknown): ConformanceCase[] {
  const counting = (caches: Caches, options: object) => {
    let runs = 0
    const cache = caches.open(new LruTPolicy(), newStore(), { onError: 'execute' })
    cache.on('error', () => {}) // a refresh that fails is told of
    return { cache, load: cache.wrap(async () => ++runs, { name: 'load', ...options }) }
  }
  return [
    caseOf('a result ends when its ttl is over', async (caches) => {
      const { cache, load } = counting(caches, { ttl: '100ms' })
      assert.equal(await load(), 1)
      await passTime(150)
      assert.equal(await load.peek(), undefined)
      assert.equal(await cache.getSize(), 0)
      assert.equal(await load(), 2)
    }),
    caseOf('a result without a ttl does not end', async (caches) => {
      const { load } = counting(caches, {})
      assert.equal(await load(), 1)
      await passTime(150)
      assert.equal(await load(), 1)
    }),
    caseOf('a stale result is served, and refreshed behind it', async (caches) => {
      const { cache, load } = counting(caches, { ttl: '100ms', staleWhileRevalidate: '1h' })
      assert.equal(await load(), 1)
      await passTime(150)
      const { value, status } = await load.detailed()
      assert.deepEqual([value, status], [1, 'stale'])
      await cache.drain()
      assert.equal((await load.detailed()).value, 2)
    }),
    caseOf('a soft invalidation makes a result stale', async (caches) => {
      const { cache, load } = counting(caches, { ttl: '1h', staleWhileRevalidate: '1h' })
      assert.equal(await load(), 1)
      assert.equal(await load.with({ soft: true }).invalidate(), true)
      assert.equal((await load.detailed()).status, 'stale')
      await cache.drain()
      assert.equal((await load.detailed()).status, 'hit')
    }),
    caseOf('entries that have ended make room before others are evicted', async (caches) => {
      const cache = caches.open(new LruTPolicy(), newStore(), { maxSize: 2 })
      const short = cache.wrap(async () => 'short', { name: 'short', ttl: '100ms' })
      const long = cache.wrap(async (n: number) => n, { name: 'long', ttl: '1h' })
      await long(1)
      await short()
      await passTime(150)
      await long(2)
      assert.deepEqual([await long.peek(1), await long.peek(2)], [1, 2])
    }),
  ]
}

function processes(newStore: () => Store): ConformanceCase[] {
  const two = (caches: Caches, load: (key: string) => Promise<string>) => {
    const [name, store] = [uniqueName(), newStore()]
    const open = () =>
      caches
        .open(new LruTPolicy(), store, { name })
        .wrap(load, { name: 'load', source: false, singleFlight: { lease: '30s', wait: '30s' } })
    return [open(), open()] as const
  }
  return [
    caseOf('of two processes one computes, and the other gets its result', async (caches) => {
      let runs = 0
      const { promise: result, resolve: finish } = defer<string>()
      const [here, there] = two(caches, async () => {
        runs += 1
        return result
      })
      const calls = [here('a'), there('a')]
      await sleep(20)
      finish('result')
      assert.deepEqual(await Promise.all(calls), ['result', 'result'])
      assert.equal(runs, 1)
    }),
    caseOf('where the one that computes fails, the other computes', async (caches) => {
      let runs = 0
      const { promise: failure, resolve: fail } = defer<void>()
      const [here, there] = two(caches, async () => {
        runs += 1
        if (runs > 1) return 'result'
        await failure
        throw new Error('of the function')
      })
      const calls = Promise.allSettled([here('a'), there('a')])
      await sleep(20)
      fail()
      const outcomes = await calls
      assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
      assert.equal(runs, 2)
    }),
  ]
}

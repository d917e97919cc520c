// With `singleFlight: 'global'` one process loads what is missing, while the others wait for it.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type LeaseAnswer, LruTPolicy, RedisFuncCache, type Store } from './library.ts'
import { FailingStore } from './failing-store.ts'
import type { GatedCache } from './gated.ts'
import {
  elapsedMs,
  GLOBAL,
  type LeaseOptions,
  leasesOf,
  LONG,
  oneLoadsOneWaits,
  processes,
} from './lease-processes.ts'
import { leaseRequest } from './places.ts'
import { hasServer, openTarget, SCOPES, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

/** Calls of one turn that are read in one batch: results of several batches are used in several turns. */
const BATCH = 64

/** The same store with some of its methods replaced. */
const withMethods = (store: Store, methods: Partial<Store>): Store =>
  new Proxy(store, {
    get(_, name) {
      const method = Reflect.get(methods, name) ?? Reflect.get(store, name)
      return typeof method === 'function' ? method.bind(store) : method
    },
  })

/** Takes a lease as a process does that dies right after. */
async function dieHolding(it: GatedCache, key: string, leaseMs: number): Promise<void> {
  const [answer] = await it.store.lease(it.place(), [leaseRequest(it.load.keyOf(key).hash)], leaseMs)
  expect(answer).toMatchObject({ state: 'taken' })
}

describe.each(SCOPES)('scope %s', (scope) => {
  test('the function runs once, and calls that wait get its result', async () => {
    const { here, there, elsewhere } = processes(target, { scope, options: LONG })
    const first = here.load('a')
    await here.running(1)
    const others = [there.load('a'), there.load('a'), elsewhere.load('a')]
    await Promise.all([there.untilEmitted('wait'), elsewhere.untilEmitted('wait')])
    here.end(0, 'result')
    expect(await first).toBe('result')
    expect(await Promise.all(others)).toEqual(['result', 'result', 'result'])
    expect([here, there, elsewhere].map(({ runs }) => runs.length)).toEqual([1, 0, 0])
    expect(here.count('lease')).toBe(1)
    expect([there, elsewhere].map((it) => [it.count('lease'), it.count('miss')])).toEqual([
      [0, 1],
      [0, 1],
    ])
    expect([here, there, elsewhere].map(({ count }) => count('error'))).toEqual([0, 0, 0])
  })

  test('the function runs once also if the stored value cannot be read', async () => {
    const { here, there, elsewhere } = processes(target, { scope, options: LONG })
    const { hash } = here.load.keyOf('a')
    await here.store.put(here.place(), [{ hash, value: '{', ttlMs: undefined, token: undefined }])
    const first = here.load('a')
    await here.running(1)
    const others = [there.load('a'), elsewhere.load('a')]
    await Promise.all([there.untilEmitted('wait'), elsewhere.untilEmitted('wait')])
    here.end(0, 'result')
    expect(await Promise.all([first, ...others])).toEqual(['result', 'result', 'result'])
    expect([here, there, elsewhere].map(({ runs }) => runs.length)).toEqual([1, 0, 0])
  })

  test('calls that wait are counted', async () => {
    const { here, there } = processes(target, { scope, options: LONG })
    void here.load('a')
    await here.running(1)
    const waiting = there.cache.withStats(() => there.load('a'))
    await there.untilEmitted('wait')
    here.end(0, 'result')
    expect((await waiting).stats).toMatchObject({ calls: 1, miss: 1, wait: 1, execute: 0, write: 0 })
  })

  test('calls that join a waiting call ask the store for nothing', async () => {
    const { here, there } = processes(target, { scope, options: LONG })
    const { first, second } = await oneLoadsOneWaits(here, there)
    const get = vi.spyOn(there.store, 'get')
    const joined = [there.load('a'), there.load('a')]
    here.end(0, 'result')
    expect(await Promise.all([first, second, ...joined])).toEqual(Array(4).fill('result'))
    expect(get).toHaveBeenCalledOnce()
  })

  test('without leases, each process runs the function', async () => {
    const { here, there } = processes(target, { scope, options: { singleFlight: 'process' } })
    void here.load('a')
    void there.load('a')
    await Promise.all([here.running(1), there.running(1)])
    expect([here.count('lease'), there.count('wait')]).toEqual([0, 0])
    here.end(0, 'result')
    there.end(0, 'result')
  })

  test('different calls do not wait for each other', async () => {
    const { here, there } = processes(target, { scope, options: LONG })
    void here.load('a')
    await here.running(1)
    const other = there.load('b')
    await there.running(1)
    there.end(0, 'b')
    expect(await other).toBe('b')
    here.end(0, 'a')
  })

  test('if the function throws, a waiting call runs it', async () => {
    const { here, there, elsewhere } = processes(target, { scope, options: LONG })
    const { first, second } = await oneLoadsOneWaits(here, there)
    here.fail(0, new Error('no'))
    await expect(first).rejects.toThrow('no')
    await there.running(1)
    const third = elsewhere.load('a')
    await elsewhere.untilEmitted('wait')
    there.end(0, 'result')
    expect(await Promise.all([second, third])).toEqual(['result', 'result'])
    expect(elsewhere.runs).toHaveLength(0)
  })

  test('if it throws an error that is stored, waiting calls throw that error', async () => {
    const options = { ...LONG, cacheErrors: { ttl: '1m' } } as const
    const { here, there } = processes(target, { scope, options })
    const { first, second } = await oneLoadsOneWaits(here, there)
    here.fail(0, new RangeError('no'))
    await expect(first).rejects.toThrow(RangeError)
    await expect(second).rejects.toThrow(RangeError)
    expect(there.runs).toHaveLength(0)
  })

  test.each([
    ['invalidate', (it: GatedCache) => it.load.invalidate('a')],
    ['invalidateAll', (it: GatedCache) => it.load.invalidateAll()],
    ['purge', (it: GatedCache) => it.cache.purge()],
  ] as const)('%s ends the lease: a waiting call runs the function anew', async (_, undo) => {
    const { here, there, elsewhere } = processes(target, { scope, options: LONG })
    const { first, second } = await oneLoadsOneWaits(here, there)
    await undo(elsewhere)
    await there.running(1) // without waiting for the first load, whose put will be refused
    here.end(0, 'old')
    expect(await first).toBe('old')
    expect(here.events('skip')).toMatchObject([{ reason: 'invalidated' }])
    const third = elsewhere.load('a')
    await elsewhere.untilEmitted('wait') // the lease of the second is not that of the first
    there.end(0, 'new')
    expect(await Promise.all([second, third])).toEqual(['new', 'new'])
    expect(await here.load('a')).toBe('new')
    expect([here, there, elsewhere].map(({ runs }) => runs.length)).toEqual([1, 1, 0])
  })

  test('if a tag of the result was invalidated meanwhile, a waiting call runs the function anew', async () => {
    const options = { ...LONG, tags: () => ['tag'] }
    const { here, there, elsewhere } = processes(target, { scope, options })
    const { first, second } = await oneLoadsOneWaits(here, there)
    await elsewhere.cache.invalidateTags('tag')
    here.end(0, 'old')
    expect(await first).toBe('old')
    await there.running(1)
    there.end(0, 'new')
    expect(await second).toBe('new')
    expect(await elsewhere.load('a')).toBe('new')
  })

  test('a load that was invalidated does not end the lease of the next load in its process', async () => {
    const { here, there } = processes(target, { scope, options: LONG })
    const first = here.load('a')
    await here.running(1)
    await here.load.invalidate('a')
    const second = here.load('a')
    await here.running(2)
    here.end(0, 'old')
    expect(await first).toBe('old')
    const third = there.load('a')
    await there.untilEmitted('wait')
    here.end(1, 'new')
    expect(await Promise.all([second, third])).toEqual(['new', 'new'])
    expect(there.runs).toHaveLength(0)
  })

  test('calls that joined a load whose put is refused start over', async () => {
    const { here, there } = processes(target, { scope, options: GLOBAL })
    const first = here.load('a')
    await here.running(1)
    await there.load.invalidate('a')
    const joined = [here.load('a'), here.load('a')]
    here.end(0, 'old')
    expect(await first).toBe('old')
    await here.running(2)
    here.end(1, 'new')
    expect(await Promise.all(joined)).toEqual(['new', 'new'])
    expect(here.runs).toHaveLength(2)
    // One of them joined, started anew, and led: each call is counted once, as what it became.
    const { calls, miss, joined: followers } = here.cache.stats()
    expect({ calls, miss, followers }).toEqual({ calls: 3, miss: 2, followers: 1 })
  })

  test.each([
    ['is not wanted', { cacheIf: () => false }],
    ['is too large', { maxValueBytes: 2 }],
    ['is for no time', { ttl: () => 0 as const }],
    [
      'makes a callback throw',
      {
        cacheIf: () => {
          throw new Error('no')
        },
      },
    ],
  ])('if the result %s, waiting calls run the function one after the other', async (_, more) => {
    const { here, there, elsewhere } = processes(target, { scope, options: { ...LONG, ...more } })
    const { first, second } = await oneLoadsOneWaits(here, there)
    here.end(0, 'unstored')
    expect(await first).toBe('unstored')
    await there.running(1)
    const third = elsewhere.load('a')
    await elsewhere.untilEmitted('wait')
    there.end(0, 'unstored, too')
    expect(await second).toBe('unstored, too')
    await elsewhere.running(1)
    elsewhere.end(0, 'and again')
    expect(await third).toBe('and again')
  })

  test('if the put fails, a waiting call runs the function', async () => {
    let failing: FailingStore | undefined
    const { here, there } = processes(target, { scope, options: LONG }, (store) => {
      failing = new FailingStore(store, 'put')
      return failing
    })
    const { first, second } = await oneLoadsOneWaits(here, there)
    here.end(0, 'result')
    expect(await first).toBe('result')
    await there.running(1)
    there.end(0, 'result')
    expect(await second).toBe('result')
    expect(here.events('error')).toMatchObject([{ during: 'put' }])
  })

  describe('if the answer to the request for a lease is lost on its way', () => {
    const losing = (onError: 'execute' | 'throw', options: LeaseOptions['options'] = LONG) =>
      processes(target, { scope, options: options as typeof LONG, cache: { onError } }, (store) =>
        withMethods(store, {
          lease: async (...args) => {
            await store.lease(...args)
            throw new Error('the answer was lost')
          },
        }),
      )

    test('the lease ends with the load', async () => {
      const { here, there } = losing('execute')
      const { first, second } = await oneLoadsOneWaits(here, there)
      here.end(0, 'result')
      expect(await Promise.all([first, second])).toEqual(['result', 'result'])
      expect(there.runs).toHaveLength(0)
    })

    test('the lease is released if the call fails', async () => {
      const { here, there } = losing('throw')
      await expect(here.load('a')).rejects.toThrow('lost')
      const second = there.load('a')
      await there.running(1)
      there.end(0, 'result')
      expect(await second).toBe('result')
    })

    test('the lease is released if a refresh fails', async () => {
      const { here, there } = losing('execute', { ttl: '1h', staleWhileRevalidate: '1h' })
      await here.load.prime(['a'], 'old')
      await here.load.with({ soft: true }).invalidate('a')
      expect(await here.load('a')).toBe('old')
      await here.untilEmitted('error')
      await here.cache.drain()
      expect(await there.load('a')).toBe('old')
      await there.running(1)
      there.end(0, 'new')
      await there.untilEmitted('store')
    })
  })

  test('no call waits for longer than the option `wait` says', async () => {
    const { here, there } = processes(target, {
      scope,
      options: { singleFlight: { lease: '60s', wait: '100ms' } },
    })
    const { first, second } = await oneLoadsOneWaits(here, there)
    const waitedMs = await elapsedMs(() => there.running(1))
    expect(waitedMs).toBeLessThan(1_000)
    there.end(0, 'there')
    expect(await second).toBe('there')
    expect(await there.load.peek('a')).toBe('there')
    here.end(0, 'here')
    expect(await first).toBe('here')
    expect(await there.load.peek('a')).toBe('there') // its load began later
  })

  test('an invalidation refuses also the put of a call that waited for too long', async () => {
    const { here, there, elsewhere } = processes(target, {
      scope,
      options: { singleFlight: { lease: '60s', wait: '50ms' } },
    })
    void here.load('a')
    await here.running(1)
    const second = there.load('a')
    await there.running(1)
    await elsewhere.load.invalidate('a')
    there.end(0, 'old')
    expect(await second).toBe('old')
    expect(await elsewhere.load.peek('a')).toBeUndefined()
  })

  test('hits ask for no lease', async () => {
    const { here, there } = processes(target, { scope, options: GLOBAL })
    const spies = [here, there].flatMap(({ store }) => [
      vi.spyOn(store, 'lease'),
      vi.spyOn(store, 'renew'),
      vi.spyOn(store, 'release'),
      vi.spyOn(store, 'watch'),
    ])
    await here.load.prime(['a'], 'known')
    for (let i = 0; i < 3; i++) {
      expect(await Promise.all([here.load('a'), there.load('a')])).toEqual(['known', 'known'])
    }
    for (const spy of spies) expect(spy).not.toHaveBeenCalled()
  })

  test('a result that is stored ends its lease in the same write', async () => {
    const { here } = processes(target, { scope, options: LONG })
    const release = vi.spyOn(here.store, 'release')
    const first = here.load('a')
    await here.running(1)
    here.end(0, 'result')
    await first
    expect(release).not.toHaveBeenCalled()
    const { hash } = here.load.keyOf('b')
    expect(await here.store.lease(here.place(), [leaseRequest(hash)], 1_000)).toMatchObject([
      { state: 'taken' },
    ])
  })

  test('leases of the calls of a batch are asked for in one command, and released in one', async () => {
    const { here, there } = processes(target, { scope, options: { ...LONG, cacheIf: () => false } })
    const [lease, release] = [vi.spyOn(here.store, 'lease'), vi.spyOn(here.store, 'release')]
    const keys = Array.from({ length: BATCH }, (_, i) => `key ${i}`)
    const all = keys.map((key) => here.load(key))
    await here.running(BATCH)
    expect(lease).toHaveBeenCalledOnce()
    expect(lease.mock.calls[0]?.[1]).toHaveLength(BATCH)
    const others = keys.map((key) => there.load(key))
    await there.untilEmitted('wait', BATCH)
    for (const [i, key] of keys.entries()) here.end(i, key)
    expect(await Promise.all(all)).toEqual(keys)
    expect(release.mock.calls.flatMap(([, held]) => held)).toHaveLength(BATCH)
    expect(release.mock.calls.length).toBeLessThan(5)
    await there.running(BATCH)
    there.runs.forEach(({ key }, i) => there.end(i, key))
    expect(await Promise.all(others)).toEqual(keys)
  })

  test.each(['process', 'global'] as const)(
    'a stale result is refreshed by one process (%s)',
    async (singleFlight) => {
      const { here, there } = processes(target, {
        scope,
        options: { singleFlight, ttl: '1h', staleWhileRevalidate: '1h' },
      })
      await here.load.prime(['a'], 'old')
      await here.load.with({ soft: true }).invalidate('a')
      const leases = [here, there].map(({ store }) => vi.spyOn(store, 'lease'))
      expect(await Promise.all([here.load('a'), there.load('a')])).toEqual(['old', 'old'])
      await vi.waitFor(() => expect(here.runs.length + there.runs.length).toBe(1), { interval: 1 })
      expect(await Promise.all([here.load('a'), there.load('a'), there.load('a')])).toEqual([
        'old',
        'old',
        'old',
      ])
      await vi.waitFor(async () => {
        const asked = [...new Set(leases)].flatMap(({ mock }) => mock.results.map(({ value }) => value))
        const states = ((await Promise.all(asked)) as LeaseAnswer[][]).flat().map(({ state }) => state)
        expect(states.filter((state) => state === 'taken')).toHaveLength(1)
        expect(states).toContain('held')
      })
      for (const it of [here, there]) it.end(0, 'new')
      await vi.waitFor(async () => {
        expect(await Promise.all([here.load('a'), there.load('a')])).toEqual(['new', 'new'])
      })
      expect(here.runs.length + there.runs.length).toBe(1)
      expect(here.count('refresh') + there.count('refresh')).toBe(1)
      expect(here.count('error') + there.count('error')).toBe(0)
    },
  )

  test('if a refresh throws, its lease is free at once', async () => {
    const { here, there } = processes(target, { scope, options: { ttl: '1h', staleWhileRevalidate: '1h' } })
    await here.load.prime(['a'], 'old')
    await here.load.with({ soft: true }).invalidate('a')
    expect(await here.load('a')).toBe('old')
    await here.running(1)
    here.fail(0, new Error('no'))
    await here.untilEmitted('error')
    expect(await there.load('a')).toBe('old')
    await there.running(1)
    there.end(0, 'new')
    await there.untilEmitted('store')
    expect(await here.load('a')).toBe('new')
  })

  test('a call that has only a fallback waits, too', async () => {
    const { here, there } = processes(target, { scope, options: { ...LONG, ttl: '1h', staleIfError: '1h' } })
    await here.load.prime(['a'], 'old')
    await here.load.with({ soft: true }).invalidate('a')
    const { first, second } = await oneLoadsOneWaits(here, there)
    here.end(0, 'new')
    expect(await Promise.all([first, second])).toEqual(['new', 'new'])
    expect(there.runs).toHaveLength(0)
  })

  describe('where no messages are received', () => {
    test('a waiting call asks again and again', async () => {
      const { here, there } = processes(
        target,
        { scope, options: LONG },
        (store) => new FailingStore(store, 'watch'),
      )
      const { first, second } = await oneLoadsOneWaits(there, here)
      there.end(0, 'result')
      expect(await Promise.all([first, second])).toEqual(['result', 'result'])
      expect([here.runs.length, here.count('error')]).toEqual([0, 0])
    })

    test('because the cache was closed, too; and later calls receive them again', async () => {
      const { here, there } = processes(target, { scope, options: LONG })
      const { first, second } = await oneLoadsOneWaits(there, here)
      await here.cache.close({ timeout: '1ms' })
      there.end(0, 'result')
      expect(await Promise.all([first, second])).toEqual(['result', 'result'])

      const [watch, lease] = [vi.spyOn(here.store, 'watch'), vi.spyOn(here.store, 'lease')]
      const third = there.load('b')
      await there.running(2)
      const fourth = here.load('b')
      await here.untilEmitted('wait', 2)
      there.end(1, 'b')
      expect(await Promise.all([third, fourth])).toEqual(['b', 'b'])
      expect(lease).toHaveBeenCalledTimes(hasServer ? 1 : 2) // in process they share the store
      if (hasServer) expect(watch).toHaveBeenCalledOnce()
    })
  })

  describe('if asking for a lease fails', () => {
    const failing = (onError: 'execute' | 'throw') =>
      processes(
        target,
        { scope, options: LONG, cache: { onError } },
        (store) => new FailingStore(store, 'lease'),
      )

    test('the call goes on without it', async () => {
      const { here, there } = failing('execute')
      const first = here.load('a')
      await here.running(1)
      expect(here.events('error')).toMatchObject([{ during: 'lease' }])
      here.end(0, 'result')
      expect(await first).toBe('result')
      expect(await there.load('a')).toBe('result')
    })

    test('an invalidation refuses its put', async () => {
      const { here, there } = failing('execute')
      const first = here.load('a')
      await here.running(1)
      await there.load.invalidate('a')
      here.end(0, 'old')
      expect(await first).toBe('old')
      expect(await there.load.peek('a')).toBeUndefined()
    })

    test('the call fails with `onError: throw`', async () => {
      const { here } = failing('throw')
      await expect(here.load('a')).rejects.toThrow('refused by the test')
      expect(here.runs).toHaveLength(0)
    })
  })

  test('a call whose function fails releases its lease', async () => {
    const { here, there } = processes(target, { scope: 'function', options: LONG })
    const first = here.load('a')
    await here.running(1)
    here.fail(0, new Error('no result'))
    await expect(first).rejects.toThrow('no result')
    const next = there.load('a')
    await there.running(1)
    there.end(0, 'result')
    expect(await next).toBe('result')
    expect(there.count('wait')).toBe(0)
  })

  test('renewals of many leases are sent together, 500 in a command', async () => {
    const { here } = processes(target, { scope, options: { singleFlight: { lease: '1500ms' } } })
    const renew = vi.spyOn(here.store, 'renew')
    const keys = Array.from({ length: 1_200 }, (_, i) => `key ${i}`)
    const all = keys.map((key) => here.load(key))
    await here.running(1_200)
    const expected = keys.map((key) => String(here.load.keyOf(key).hash)).toSorted()
    const pieces = () => renew.mock.calls.map(([, held]) => held.map(({ hash }) => String(hash)))
    await vi.waitFor(() => expect([...new Set(pieces().flat())].toSorted()).toEqual(expected), 10_000)
    expect(Math.max(...pieces().map((piece) => piece.length))).toBe(500)
    here.runs.forEach(({ key }, i) => here.end(i, key))
    expect(await Promise.all(all)).toEqual(keys)
    expect([here.count('error'), here.count('skip')]).toEqual([0, 0])
  })

  describe.concurrent('over time', () => {
    test('if a holder dies, a waiting call runs the function when the lease has run out', async () => {
      const { here, there, elsewhere } = processes(target, {
        scope,
        options: { singleFlight: { lease: '400ms', wait: '60s' } },
      })
      await dieHolding(elsewhere, 'a', 400)
      let first: Promise<string> | undefined
      let second: Promise<string> | undefined
      const waitedMs = await elapsedMs(async () => {
        first = here.load('a')
        second = there.load('a')
        await Promise.all([here.untilEmitted('wait'), there.untilEmitted('wait')])
        await vi.waitFor(() => expect(here.runs.length + there.runs.length).toBe(1), { interval: 1 })
      })
      expect(waitedMs).toBeGreaterThan(200)
      expect(waitedMs).toBeLessThan(900)
      for (const it of [here, there]) it.end(0, 'result')
      expect(await Promise.all([first, second])).toEqual(['result', 'result'])
      expect(here.runs.length + there.runs.length).toBe(1)
    })

    test('a lease lasts two seconds, and is renewed for as long as the function runs', async () => {
      const { here } = processes(target, { scope, options: GLOBAL })
      const [lease, renew] = [vi.spyOn(here.store, 'lease'), vi.spyOn(here.store, 'renew')]
      const first = here.load('a')
      await here.running(1)
      expect(lease.mock.calls[0]?.[2]).toBe(2_000)
      await vi.waitFor(() => expect(renew).toHaveBeenCalled(), { timeout: 2_000 })
      here.end(0, 'result')
      await first
    })

    test('if the message about its end is lost, a waiting call finds the result within a second', async () => {
      const { here, there } = processes(target, { scope, options: LONG }, (store) =>
        withMethods(store, { watch: async () => ({ close: async () => {} }) }),
      )
      const { first, second } = await oneLoadsOneWaits(there, here)
      there.end(0, 'result')
      await first
      const waitedMs = await elapsedMs(async () => expect(await second).toBe('result'))
      expect(waitedMs).toBeLessThan(1_000)
      expect(here.runs).toHaveLength(0)
    })

    test('the lease is kept while the function runs, also for longer than the lease lasts', async () => {
      const { here, there } = processes(target, {
        scope,
        options: { singleFlight: { lease: '150ms', wait: '60s' } },
      })
      const renew = vi.spyOn(here.store, 'renew')
      const first = here.load('a')
      await here.running(1)
      const second = there.load('a')
      await vi.waitFor(() => expect(renew.mock.calls.length).toBeGreaterThanOrEqual(6), { timeout: 5_000 })
      here.end(0, 'result')
      expect(await Promise.all([first, second])).toEqual(['result', 'result'])
      expect(there.runs).toHaveLength(0)
      const renewals = renew.mock.calls.length
      await dieHolding(there, 'b', 300) // so much later, if there were another renewal
      const other = there.load('b')
      await there.running(1)
      there.end(0, 'b')
      await other
      expect(renew.mock.calls.length).toBe(renewals)
    })
  })
})

describe.runIf(hasServer)('the key of the leases', () => {
  test('does not exist when nothing is loaded', async () => {
    const { here } = processes(target, { options: GLOBAL })
    const keys = Array.from({ length: 50 }, (_, i) => `key ${i}`)
    const all = keys.map((key) => here.load(key))
    await here.running(50)
    const key = leasesOf(here.place())
    expect(await target.raw(key, 'ZCARD', key)).toBe(100) // two members each
    here.runs.forEach((run) => run.resolve('result'))
    await Promise.all(all)
    expect(await target.raw(key, 'EXISTS', key)).toBe(0)
  })

  test('may be lost: a waiting call takes the lease within a second', async () => {
    const { here, there } = processes(target, { options: LONG })
    const key = leasesOf(here.place())
    const { first, second } = await oneLoadsOneWaits(here, there)
    await target.raw(key, 'DEL', key)
    const waitedMs = await elapsedMs(() => there.running(1))
    expect(waitedMs).toBeLessThan(1_000)
    there.end(0, 'there')
    expect(await second).toBe('there')
    here.end(0, 'here')
    expect(await first).toBe('here')
  })
})

test('a cache goes on after another cache has closed the store of both', async () => {
  const store = target.newStore()
  const [one, two] = [unique('leases'), unique('leases')].map(
    (name) => new RedisFuncCache(name, new LruTPolicy(), { store }),
  ) as [RedisFuncCache, RedisFuncCache]
  const load = one.wrap(async (key: string) => key, { name: 'load', ...GLOBAL })
  expect(await load('a')).toBe('a')
  await two.close()
  expect(await load('b')).toBe('b')
  await one.close()
})

// What is missing is computed by one of all processes, while the others wait for it.
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import {
  type Hash,
  type LeaseAnswer,
  LruTPolicy,
  type KeySpace,
  RedisFuncCache,
  RedisStore,
  type Store,
} from './library.ts'
import { FailingStore } from './failing-store.ts'
import { type GatedCache, gated } from './gated.ts'
import { entry, leaseRequest, newPlace, scoresOf } from './places.ts'
import { connectToOne, hasServer, openTarget, SCOPES, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const CLUSTER = { singleFlight: 'global' } as const
/** Long enough that a test which needs it to run out fails. */
const LONG = { singleFlight: { lease: '60s', wait: '60s' } } as const

type Options = Omit<Parameters<typeof gated<string>>[0], 'name' | 'store'>

/** Stores of one and the same server: of two processes, or in this one the store that they share. */
function newStores(): [Store, Store, Store] {
  const store = target.newStore()
  return hasServer ? [store, target.newStore(), target.newStore()] : [store, store, store]
}

/** Caches of one name in several processes. */
function processes(options: Options, wrapStore: (store: Store) => Store = (store) => store) {
  const name = unique('leases')
  const [first, second, third] = newStores()
  return {
    here: gated({ name, store: wrapStore(first), ...options }),
    there: gated({ name, store: second, ...options }),
    elsewhere: gated({ name, store: third, ...options }),
  }
}

/** The same store with some of its methods replaced. */
const withMethods = (store: Store, methods: Partial<Store>): Store =>
  new Proxy(store, {
    get(_, name) {
      const method = Reflect.get(methods, name) ?? Reflect.get(store, name)
      return typeof method === 'function' ? method.bind(store) : method
    },
  })

/** The key of the leases, and the channel on which their ends are told. */
const leasesOf = ({ keys }: KeySpace): string => `${keys[1]}:leases`

/** Takes a lease as a process would that dies right after. */
async function dieHolding(it: GatedCache, key: string, leaseMs: number): Promise<void> {
  const [answer] = await it.store.lease(it.place(), [leaseRequest(it.load.keyOf(key).hash)], leaseMs)
  expect(answer).toMatchObject({ state: 'taken' })
}

const elapsedMs = async (act: () => Promise<unknown>): Promise<number> => {
  const startMs = performance.now()
  await act()
  return performance.now() - startMs
}

describe.each(SCOPES)('scope %s', (scope) => {
  test('the function runs once, and whoever waits gets its result', async () => {
    const { here, there, elsewhere } = processes({ scope, options: LONG })
    const first = here.load('a')
    await here.running(1)
    const others = [there.load('a'), there.load('a'), elsewhere.load('a')]
    await Promise.all([there.heard('wait'), elsewhere.heard('wait')])
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

  test('if what is stored cannot be read, the function runs once too', async () => {
    const { here, there, elsewhere } = processes({ scope, options: LONG })
    const { hash } = here.load.keyOf('a')
    await here.store.put(here.place(), [{ hash, value: '{', ttlMs: undefined, token: undefined }])
    const first = here.load('a')
    await here.running(1)
    const others = [there.load('a'), elsewhere.load('a')]
    await Promise.all([there.heard('wait'), elsewhere.heard('wait')])
    here.end(0, 'result')
    expect(await Promise.all([first, ...others])).toEqual(['result', 'result', 'result'])
    expect([here, there, elsewhere].map(({ runs }) => runs.length)).toEqual([1, 0, 0])
  })

  test('whoever waits is counted', async () => {
    const { here, there } = processes({ scope, options: LONG })
    void here.load('a')
    await here.running(1)
    const waiting = there.cache.withStats(() => there.load('a'))
    await there.heard('wait')
    here.end(0, 'result')
    expect((await waiting).stats).toMatchObject({ calls: 1, miss: 1, wait: 1, execute: 0, write: 0 })
  })

  test('whoever joins one who waits asks for nothing himself', async () => {
    const { here, there } = processes({ scope, options: LONG })
    const first = here.load('a')
    await here.running(1)
    const second = there.load('a')
    await there.heard('wait')
    const get = vi.spyOn(there.store, 'get')
    const joined = [there.load('a'), there.load('a')]
    here.end(0, 'result')
    expect(await Promise.all([first, second, ...joined])).toEqual(Array(4).fill('result'))
    expect(get).toHaveBeenCalledOnce()
  })

  test('without it, each process computes', async () => {
    const { here, there } = processes({ scope, options: { singleFlight: 'process' } })
    void here.load('a')
    void there.load('a')
    await Promise.all([here.running(1), there.running(1)])
    expect([here.count('lease'), there.count('wait')]).toEqual([0, 0])
    here.end(0, 'result')
    there.end(0, 'result')
  })

  test('different calls do not wait for one another', async () => {
    const { here, there } = processes({ scope, options: LONG })
    void here.load('a')
    await here.running(1)
    const other = there.load('b')
    await there.running(1)
    there.end(0, 'b')
    expect(await other).toBe('b')
    here.end(0, 'a')
  })

  test('if the function throws, the next one computes', async () => {
    const { here, there, elsewhere } = processes({ scope, options: LONG })
    const first = here.load('a')
    await here.running(1)
    const second = there.load('a')
    await there.heard('wait')
    here.fail(0, new Error('no'))
    await expect(first).rejects.toThrow('no')
    await there.running(1)
    const third = elsewhere.load('a')
    await elsewhere.heard('wait')
    there.end(0, 'result')
    expect(await Promise.all([second, third])).toEqual(['result', 'result'])
    expect(elsewhere.runs).toHaveLength(0)
  })

  test('if it throws an error that is stored, the others throw it too', async () => {
    const options = { ...LONG, cacheErrors: { ttl: '1m' } } as const
    const { here, there } = processes({ scope, options })
    const first = here.load('a')
    await here.running(1)
    const second = there.load('a')
    await there.heard('wait')
    here.fail(0, new RangeError('no'))
    await expect(first).rejects.toThrow(RangeError)
    await expect(second).rejects.toThrow(RangeError)
    expect(there.runs).toHaveLength(0)
  })

  test.each([
    ['invalidate', (it: GatedCache) => it.load.invalidate('a')],
    ['invalidateAll', (it: GatedCache) => it.load.invalidateAll()],
    ['purge', (it: GatedCache) => it.cache.purge()],
  ] as const)('%s ends the lease: whoever waits computes anew', async (_, undo) => {
    const { here, there, elsewhere } = processes({ scope, options: LONG })
    const first = here.load('a')
    await here.running(1)
    const second = there.load('a')
    await there.heard('wait')
    await undo(elsewhere)
    await there.running(1) // without waiting for the one that is too late
    here.end(0, 'old')
    expect(await first).toBe('old')
    expect(here.events('skip')).toMatchObject([{ reason: 'invalidated' }])
    const third = elsewhere.load('a')
    await elsewhere.heard('wait') // the lease of the second is not that of the first
    there.end(0, 'new')
    expect(await Promise.all([second, third])).toEqual(['new', 'new'])
    expect(await here.load('a')).toBe('new')
    expect([here, there, elsewhere].map(({ runs }) => runs.length)).toEqual([1, 1, 0])
  })

  test('if the result has a tag that was invalidated meanwhile, whoever waits computes anew', async () => {
    const options = { ...LONG, tags: () => ['tag'] }
    const { here, there, elsewhere } = processes({ scope, options })
    const first = here.load('a')
    await here.running(1)
    const second = there.load('a')
    await there.heard('wait')
    await elsewhere.cache.invalidateTags('tag')
    here.end(0, 'old')
    expect(await first).toBe('old')
    await there.running(1)
    there.end(0, 'new')
    expect(await second).toBe('new')
    expect(await elsewhere.load('a')).toBe('new')
  })

  test('whoever was invalidated leaves the lease of the next in the same process alone', async () => {
    const { here, there } = processes({ scope, options: LONG })
    const first = here.load('a')
    await here.running(1)
    await here.load.invalidate('a')
    const second = here.load('a')
    await here.running(2)
    here.end(0, 'old')
    expect(await first).toBe('old')
    const third = there.load('a')
    await there.heard('wait')
    here.end(1, 'new')
    expect(await Promise.all([second, third])).toEqual(['new', 'new'])
    expect(there.runs).toHaveLength(0)
  })

  test('whoever joined a call whose result is refused starts anew', async () => {
    const { here, there } = processes({ scope, options: CLUSTER })
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
  ])('if the result %s, whoever waits computes in turn', async (_, more) => {
    const { here, there, elsewhere } = processes({ scope, options: { ...LONG, ...more } })
    const first = here.load('a')
    await here.running(1)
    const second = there.load('a')
    await there.heard('wait')
    here.end(0, 'unstored')
    expect(await first).toBe('unstored')
    await there.running(1)
    const third = elsewhere.load('a')
    await elsewhere.heard('wait')
    there.end(0, 'unstored, too')
    expect(await second).toBe('unstored, too')
    await elsewhere.running(1)
    elsewhere.end(0, 'and again')
    expect(await third).toBe('and again')
  })

  test('if the result cannot be stored, whoever waits computes soon', async () => {
    let failing: FailingStore | undefined
    const { here, there } = processes({ scope, options: LONG }, (store) => {
      failing = new FailingStore(store, 'put')
      return failing
    })
    const first = here.load('a')
    await here.running(1)
    const second = there.load('a')
    await there.heard('wait')
    here.end(0, 'result')
    expect(await first).toBe('result')
    await there.running(1)
    there.end(0, 'result')
    expect(await second).toBe('result')
    expect(here.events('error')).toMatchObject([{ during: 'put' }])
  })

  test('if a holder dies, the next one computes when the lease has run out', async () => {
    const { here, there, elsewhere } = processes({
      scope,
      options: { singleFlight: { lease: '400ms', wait: '60s' } },
    })
    await dieHolding(elsewhere, 'a', 400)
    let first: Promise<string> | undefined
    let second: Promise<string> | undefined
    const waitedMs = await elapsedMs(async () => {
      first = here.load('a')
      second = there.load('a')
      await Promise.all([here.heard('wait'), there.heard('wait')])
      await vi.waitFor(() => expect(here.runs.length + there.runs.length).toBe(1), { interval: 1 })
    })
    expect(waitedMs).toBeGreaterThan(200)
    expect(waitedMs).toBeLessThan(900)
    for (const it of [here, there]) it.end(0, 'result')
    expect(await Promise.all([first, second])).toEqual(['result', 'result'])
    expect(here.runs.length + there.runs.length).toBe(1)
  })

  test('a lease lasts two seconds, and is renewed for as long as the function runs', async () => {
    const { here } = processes({ scope, options: CLUSTER })
    const [lease, renew] = [vi.spyOn(here.store, 'lease'), vi.spyOn(here.store, 'renew')]
    const first = here.load('a')
    await here.running(1)
    expect(lease.mock.calls[0]?.[2]).toBe(2_000)
    await vi.waitFor(() => expect(renew).toHaveBeenCalled(), { timeout: 2_000 })
    here.end(0, 'result')
    await first
  })

  describe('if the answer to the request for a lease is lost on its way', () => {
    const losing = (onError: 'execute' | 'throw', options: Options['options'] = LONG) =>
      processes({ scope, options: options as typeof LONG, cache: { onError } }, (store) =>
        withMethods(store, {
          lease: async (...args) => {
            await store.lease(...args)
            throw new Error('the answer was lost')
          },
        }),
      )

    test('the lease ends with the load all the same', async () => {
      const { here, there } = losing('execute')
      const first = here.load('a')
      await here.running(1)
      const second = there.load('a')
      await there.heard('wait')
      here.end(0, 'result')
      expect(await Promise.all([first, second])).toEqual(['result', 'result'])
      expect(there.runs).toHaveLength(0)
    })

    test('the lease is given back if the call fails then', async () => {
      const { here, there } = losing('throw')
      await expect(here.load('a')).rejects.toThrow('lost')
      const second = there.load('a')
      await there.running(1)
      there.end(0, 'result')
      expect(await second).toBe('result')
    })

    test('the lease is given back if a refresh fails then', async () => {
      const { here, there } = losing('execute', { ttl: '1h', staleWhileRevalidate: '1h' })
      await here.load.prime(['a'], 'old')
      await here.load.with({ soft: true }).invalidate('a')
      expect(await here.load('a')).toBe('old')
      await here.heard('error')
      await here.cache.drain()
      expect(await there.load('a')).toBe('old')
      await there.running(1)
      there.end(0, 'new')
      await there.heard('store')
    })
  })

  test('if the message of its end is lost, whoever waits finds the result within a second', async () => {
    const { here, there } = processes({ scope, options: LONG }, (store) =>
      withMethods(store, { watch: async () => ({ close: async () => {} }) }),
    )
    const first = there.load('a')
    await there.running(1)
    const second = here.load('a')
    await here.heard('wait')
    there.end(0, 'result')
    await first
    const waitedMs = await elapsedMs(async () => expect(await second).toBe('result'))
    expect(waitedMs).toBeLessThan(1_000)
    expect(here.runs).toHaveLength(0)
  })

  test('a function that runs for longer than the lease keeps it', async () => {
    const { here, there } = processes({ scope, options: { singleFlight: { lease: '150ms', wait: '60s' } } })
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

  test('nobody waits for longer than he wants', async () => {
    const { here, there } = processes({ scope, options: { singleFlight: { lease: '60s', wait: '100ms' } } })
    const first = here.load('a')
    await here.running(1)
    const second = there.load('a')
    await there.heard('wait')
    const waitedMs = await elapsedMs(() => there.running(1))
    expect(waitedMs).toBeLessThan(1_000)
    there.end(0, 'there')
    expect(await second).toBe('there')
    expect(await there.load.peek('a')).toBe('there')
    here.end(0, 'here')
    expect(await first).toBe('here')
    expect(await there.load.peek('a')).toBe('there') // its load began later
  })

  test('an invalidation beats also who waited for too long', async () => {
    const { here, there, elsewhere } = processes({
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
    const { here, there } = processes({ scope, options: CLUSTER })
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
    const { here } = processes({ scope, options: LONG })
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

  test('leases of many calls travel in one command, and so do those that are given back', async () => {
    const { here, there } = processes({ scope, options: { ...LONG, cacheIf: () => false } })
    const [lease, release] = [vi.spyOn(here.store, 'lease'), vi.spyOn(here.store, 'release')]
    const keys = Array.from({ length: 100 }, (_, i) => `key ${i}`)
    const all = keys.map((key) => here.load(key))
    await here.running(100)
    expect(lease).toHaveBeenCalledOnce()
    expect(lease.mock.calls[0]?.[1]).toHaveLength(100)
    const others = keys.map((key) => there.load(key))
    await there.heard('wait', 100)
    for (const [i, key] of keys.entries()) here.end(i, key)
    expect(await Promise.all(all)).toEqual(keys)
    expect(release.mock.calls.flatMap(([, held]) => held)).toHaveLength(100)
    expect(release.mock.calls.length).toBeLessThan(5)
    await there.running(100)
    there.runs.forEach(({ key }, i) => there.end(i, key))
    expect(await Promise.all(others)).toEqual(keys)
  })

  test('so do renewals, no more than a command may hold', async () => {
    const { here } = processes({ scope, options: { singleFlight: { lease: '1500ms' } } })
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

  test.each(['process', 'global'] as const)(
    'what is stale is refreshed by one of all processes (%s)',
    async (singleFlight) => {
      const { here, there } = processes({
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
    const { here, there } = processes({ scope, options: { ttl: '1h', staleWhileRevalidate: '1h' } })
    await here.load.prime(['a'], 'old')
    await here.load.with({ soft: true }).invalidate('a')
    expect(await here.load('a')).toBe('old')
    await here.running(1)
    here.fail(0, new Error('no'))
    await here.heard('error')
    expect(await there.load('a')).toBe('old')
    await there.running(1)
    there.end(0, 'new')
    await there.heard('store')
    expect(await here.load('a')).toBe('new')
  })

  test('who has only a result for bad times waits too', async () => {
    const { here, there } = processes({ scope, options: { ...LONG, ttl: '1h', staleIfError: '1h' } })
    await here.load.prime(['a'], 'old')
    await here.load.with({ soft: true }).invalidate('a')
    const first = here.load('a')
    await here.running(1)
    const second = there.load('a')
    await there.heard('wait')
    here.end(0, 'new')
    expect(await Promise.all([first, second])).toEqual(['new', 'new'])
    expect(there.runs).toHaveLength(0)
  })

  describe('where messages cannot be heard', () => {
    test('whoever waits asks again and again', async () => {
      const { here, there } = processes({ scope, options: LONG }, (store) => new FailingStore(store, 'watch'))
      const first = there.load('a')
      await there.running(1)
      const second = here.load('a')
      await here.heard('wait')
      there.end(0, 'result')
      expect(await Promise.all([first, second])).toEqual(['result', 'result'])
      expect([here.runs.length, here.count('error')]).toEqual([0, 0])
    })

    test('any more, since the cache was closed, either; and whoever comes later hears them', async () => {
      const { here, there } = processes({ scope, options: LONG })
      const first = there.load('a')
      await there.running(1)
      const second = here.load('a')
      await here.heard('wait')
      await here.cache.close({ timeout: '1ms' })
      there.end(0, 'result')
      expect(await Promise.all([first, second])).toEqual(['result', 'result'])

      const [watch, lease] = [vi.spyOn(here.store, 'watch'), vi.spyOn(here.store, 'lease')]
      const third = there.load('b')
      await there.running(2)
      const fourth = here.load('b')
      await here.heard('wait', 2)
      there.end(1, 'b')
      expect(await Promise.all([third, fourth])).toEqual(['b', 'b'])
      expect(lease).toHaveBeenCalledTimes(hasServer ? 1 : 2) // in process they share the store
      if (hasServer) expect(watch).toHaveBeenCalledOnce()
    })
  })

  describe('if the server gives no lease', () => {
    const failing = (onError: 'execute' | 'throw') =>
      processes({ scope, options: LONG, cache: { onError } }, (store) => new FailingStore(store, 'lease'))

    test('the call goes on without it', async () => {
      const { here, there } = failing('execute')
      const first = here.load('a')
      await here.running(1)
      expect(here.events('error')).toMatchObject([{ during: 'lease' }])
      here.end(0, 'result')
      expect(await first).toBe('result')
      expect(await there.load('a')).toBe('result')
    })

    test('and an invalidation beats it also then', async () => {
      const { here, there } = failing('execute')
      const first = here.load('a')
      await here.running(1)
      await there.load.invalidate('a')
      here.end(0, 'old')
      expect(await first).toBe('old')
      expect(await there.load.peek('a')).toBeUndefined()
    })

    test('the call fails if that is wished', async () => {
      const { here } = failing('throw')
      await expect(here.load('a')).rejects.toThrow('refused by the test')
      expect(here.runs).toHaveLength(0)
    })
  })

  test('a call whose function fails gives its lease back', async () => {
    const { here, there } = processes({ scope: 'function', options: LONG })
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
})

describe('in the store', () => {
  const wish = leaseRequest

  /** Takes a lease, and returns how it is named. */
  async function taken(store: Store, place: KeySpace, hash: Hash, leaseMs: number) {
    const request = wish(hash)
    expect(await store.lease(place, [request], leaseMs)).toMatchObject([{ state: 'taken' }])
    return { hash, asker: request.asker }
  }

  function newLeases() {
    const store = target.newStore()
    const place = newPlace(new LruTPolicy())
    return { store, place, key: leasesOf(place) }
  }

  test('a lease is one caller’s, and a second look shows what is there', async () => {
    const { store, place } = newLeases()
    await store.put(place, [entry('there')])
    const first = await store.lease(place, [wish('there'), wish('free'), wish('free')], 10_000)
    expect(first).toMatchObject([{ state: 'available' }, { state: 'taken' }, { state: 'held' }])
    const [, own, other] = first as unknown as [
      unknown,
      { atUs: number; untilUs: number },
      { untilUs: number },
    ]
    expect(own.untilUs - own.atUs).toBe(10_000_000)
    expect(other.untilUs).toBe(own.untilUs)
  })

  test('who asks again has the lease that he has got before, and prolongs it', async () => {
    const { store, place } = newLeases()
    const [request, other] = [wish('a'), wish('a')]
    const [first] = await store.lease(place, [request], 10_000)
    const [again, held] = await store.lease(place, [request, other], 20_000)
    expect([first, again]).toMatchObject([{ state: 'taken' }, { state: 'taken' }])
    expect(held).toMatchObject({ state: 'held', untilUs: (again as { untilUs: number }).untilUs })
    expect((again as { untilUs: number }).untilUs - (again as { atUs: number }).atUs).toBe(20_000_000)
    await store.release(place, [{ hash: 'a', asker: request.asker }])
    expect(await store.lease(place, [other, request], 10_000)).toMatchObject([
      { state: 'taken' },
      { state: 'held' },
    ])
  })

  test('a lease that others have ended is not found again by who had it, once somebody else has one', async () => {
    const { store, place } = newLeases()
    const own = await taken(store, place, 'a', 60_000)
    await store.invalidate(place, ['a'])
    const next = await taken(store, place, 'a', 60_000)
    expect(await store.renew(place, [own, next], 60_000)).toEqual([false, true])
    expect(await store.lease(place, [{ ...own, seenMs: undefined }], 60_000)).toMatchObject([
      { state: 'held' },
    ])
    await store.release(place, [own])
    expect(await store.renew(place, [next], 60_000)).toEqual([true])
  })

  test('an entry that has expired is not there', async () => {
    const { store, place } = newLeases()
    await store.put(place, [entry('a', { ttlMs: 1 })])
    await vi.waitFor(async () => expect((await store.get(place, ['a']))[0]?.value).toBeUndefined())
    expect(await store.lease(place, [wish('a')], 1_000)).toMatchObject([{ state: 'taken' }])
  })

  test('an entry that is not fresh, or was seen and will not do, is not there', async () => {
    const { store, place } = newLeases()
    const fresh = (hash: string, freshMs: number) => entry(hash, { ttlMs: 600_000, metadata: { freshMs } })
    await store.put(place, [fresh('fresh', 300_000), fresh('stale', 0), entry('unnoted')])
    const [seen, stale] = await store.get(place, ['fresh', 'stale'])
    const until = (lookup: typeof seen): number => lookup?.freshUntilMs as number
    const ask = async (hash: string, seenMs?: number) => {
      const request = wish(hash, seenMs)
      const [answer] = await store.lease(place, [request], 60_000)
      await store.release(place, [request])
      return answer?.state
    }
    expect(await ask('fresh')).toBe('available')
    expect(await ask('fresh', until(seen))).toBe('taken')
    expect(await ask('fresh', until(seen) - 1)).toBe('available')
    expect(await ask('stale')).toBe('taken')
    expect(await ask('stale', until(stale))).toBe('taken')
    expect(await ask('stale', until(stale) - 1)).toBe('taken')
    expect(await ask('unnoted')).toBe('available')
    expect(await ask('unnoted', 0)).toBe('taken')
  })

  test('only its holder gives it back, renews it, or hands it over', async () => {
    const { store, place } = newLeases()
    const ask = () => store.lease(place, [wish('a')], 60_000)
    const own = await taken(store, place, 'a', 60_000)
    const stranger = { hash: 'a', asker: 'a stranger' }
    await store.release(place, [stranger])
    expect(await store.renew(place, [stranger], 60_000)).toEqual([false])
    await store.put(place, [entry('a', { token: 1, metadata: { asker: stranger.asker } })]) // refused: that old
    expect(await ask()).toMatchObject([{ state: 'held' }])

    expect(await store.renew(place, [own], 120_000)).toEqual([true])
    const [held] = (await ask()) as [{ state: string; atUs: number; untilUs: number }]
    expect(held.state).toBe('held')
    expect(held.untilUs - held.atUs).toBeGreaterThan(100_000_000)
    await store.release(place, [own])
    expect(await ask()).toMatchObject([{ state: 'taken' }])
  })

  test('a lease is over when its time is', async () => {
    const { store, place } = newLeases()
    const own = await taken(store, place, 'a', 20)
    await vi.waitFor(
      async () => expect(await store.lease(place, [wish('a')], 60_000)).toMatchObject([{ state: 'taken' }]),
      { interval: 1 },
    )
    expect(await store.renew(place, [own], 60_000)).toEqual([false])
  })

  test('hashes of bytes have leases too, and their ends are told', async () => {
    const { store, place } = newLeases()
    const hash = Buffer.from([0xff, 0x00, 0x3d, 0xc3, 0x28]).toString('latin1')
    const ended: string[] = []
    const watcher = {
      ended: (told: string) => void ended.push(told),
      lost() {},
      restored() {},
    }
    await store.watch(place, watcher)
    await store.release(place, [await taken(store, place, hash, 60_000)])
    await vi.waitFor(() => expect(ended).toEqual([hash]))
    await store.close()
  })

  test.each(['release', 'put', 'invalidate', 'invalidateFunction', 'purge'] as const)(
    '%s tells of the leases that it ends, of those of this place alone',
    async (how) => {
      const { store, place } = newLeases()
      const other = newLeases().place
      const told: string[] = []
      const watcher = (name: string) => ({
        ended: (hash: string) => void told.push(`${name} ${hash}`),
        lost() {},
        restored() {},
      })
      await store.watch(place, watcher('own'))
      await store.watch(other, watcher('other'))
      const own = await taken(store, place, 'a', 60_000)
      await taken(store, place, 'b', 60_000)
      await taken(store, other, 'a', 60_000)
      if (how === 'release') await store.release(place, [own])
      if (how === 'put') await store.put(place, [entry('a', { metadata: { asker: own.asker } })])
      if (how === 'invalidate') await store.invalidate(place, ['a', 'c'])
      if (how === 'invalidateFunction') await store.invalidateFunction(place, 'a')
      if (how === 'purge') await store.purge(place)
      const all = how === 'purge' ? ['own a', 'own b'] : ['own a']
      await vi.waitFor(() => expect(told.toSorted()).toEqual(all))
      await store.close()
    },
  )

  describe.runIf(hasServer)('their key', () => {
    test('is gone when nothing is computed', async () => {
      const { here } = processes({ options: CLUSTER })
      const keys = Array.from({ length: 50 }, (_, i) => `key ${i}`)
      const all = keys.map((key) => here.load(key))
      await here.running(50)
      const key = leasesOf(here.place())
      expect(await target.raw(key, 'ZCARD', key)).toBe(100) // two members each
      here.runs.forEach((run) => run.resolve('result'))
      await Promise.all(all)
      expect(await target.raw(key, 'EXISTS', key)).toBe(0)
    })

    test('may be lost: who waits for a lease finds the result, or takes it, within a second', async () => {
      const { here, there } = processes({ options: LONG })
      const key = leasesOf(here.place())
      const first = here.load('a')
      await here.running(1)
      const second = there.load('a')
      await there.heard('wait')
      await target.raw(key, 'DEL', key)
      const waitedMs = await elapsedMs(() => there.running(1))
      expect(waitedMs).toBeLessThan(1_000)
      there.end(0, 'there')
      expect(await second).toBe('there')
      here.end(0, 'here')
      expect(await first).toBe('here')
    })

    test('ends with them, and no earlier', async () => {
      const { store, place, key } = newLeases()
      await store.lease(place, [wish('short')], 1_000)
      const leftMs = async () => (await target.raw(key, 'PTTL', key)) as number
      expect(await leftMs()).toBeGreaterThan(2_000)
      expect(await leftMs()).toBeLessThanOrEqual(3_000)
      const long = await taken(store, place, 'long', 60_000)
      expect(await leftMs()).toBeGreaterThan(120_000)
      await store.lease(place, [wish('short, too')], 1_000)
      expect(await leftMs()).toBeGreaterThan(120_000)
      await target.raw(key, 'PEXPIRE', key, '100')
      await store.renew(place, [long], 60_000)
      expect(await leftMs()).toBeGreaterThan(120_000)
      // Nor does anything that prolongs the others.
      await store.put(place, [entry('a')])
      await store.touch(place, ['a'])
      expect(await leftMs()).toBeLessThanOrEqual(180_000)
    })

    test('does not grow by those who died', async () => {
      const { store, place, key } = newLeases()
      const hashes = Array.from({ length: 300 }, (_, i) => `h${i}`)
      await store.lease(
        place,
        hashes.map((hash) => wish(hash)),
        1,
      )
      const { asker } = await taken(store, place, 'long', 60_000)
      await vi.waitFor(async () => {
        await store.lease(place, [wish('long')], 60_000)
        expect([...(await scoresOf(target, key)).keys()].toSorted()).toEqual([`=${asker}=long`, 'long'])
      })
    })
  })

  describe.runIf(hasServer && inject('server') !== 'cluster')('the connection for messages', () => {
    const listeners = async (channel: string): Promise<unknown> => {
      const reply = (await target.raw(channel, 'PUBSUB', 'NUMSUB', channel)) as [Buffer, number]
      return reply[1]
    }

    test('is opened by the first who may have to wait, and ended by close()', async () => {
      const { here, there } = processes({ options: CLUSTER })
      const channel = leasesOf(here.place())
      const first = here.load('a')
      await here.running(1)
      expect(await listeners(channel)).toBe(1)
      const second = there.load('a')
      await there.heard('wait')
      expect(await listeners(channel)).toBe(1) // one for both: they have the same client
      here.end(0, 'result')
      await Promise.all([first, second])
      await here.cache.close()
      expect(await listeners(channel)).toBe(1)
      await there.cache.close()
      await there.cache.close()
      await vi.waitFor(async () => expect(await listeners(channel)).toBe(0))
    })

    test('is not needed by a user who may neither publish nor subscribe', async () => {
      const user = unique('user')
      await target.raw('', 'ACL', 'SETUSER', user, 'on', '>secret', '~*', '+@all', 'resetchannels')
      const client = await connectToOne({ username: user, password: 'secret' })
      try {
        const name = unique('leases')
        const options = { ...LONG, ttl: '1h', staleWhileRevalidate: '1h' } as const
        const here = gated({ name, store: new RedisStore(client), options })
        const there = gated({ name, store: new RedisStore(client), options })
        const first = here.load('a')
        await here.running(1)
        const second = there.load('a')
        await there.heard('wait')
        here.end(0, 'result')
        expect(await Promise.all([first, second])).toEqual(['result', 'result'])
        const third = here.load('b')
        await here.running(2)
        await there.load.invalidate('b')
        await there.load.invalidateAll()
        await there.cache.purge()
        here.end(1, 'b')
        await third
        expect([...here.events('error'), ...there.events('error')]).toEqual([])
      } finally {
        client.destroy()
        await target.raw('', 'ACL', 'DELUSER', user)
      }
    })

    test('hears nothing of a holder that may not publish, and the result is found within a second', async () => {
      const user = unique('mute')
      await target.raw('', 'ACL', 'SETUSER', user, 'on', '>secret', '~*', '&*', '+@all', '-publish')
      const client = await connectToOne({ username: user, password: 'secret' })
      try {
        const name = unique('leases')
        const here = gated({ name, store: new RedisStore(client), options: LONG })
        const there = gated({ name, store: target.newStore(), options: LONG })
        const first = here.load('a')
        await here.running(1)
        const second = there.load('a')
        await there.heard('wait')
        here.end(0, 'result')
        const waitedMs = await elapsedMs(async () => expect(await second).toBe('result'))
        expect(waitedMs).toBeLessThan(1_000)
        expect(await first).toBe('result')
        expect([here.count('error'), there.runs.length]).toEqual([0, 0])
        await there.cache.close()
      } finally {
        client.destroy()
        await target.raw('', 'ACL', 'DELUSER', user)
      }
    })

    test('follows a client that is replaced', async () => {
      let client = await connectToOne()
      const name = unique('leases')
      const here = gated({ name, store: new RedisStore(() => client), options: LONG })
      const there = gated({ name, store: target.newStore(), options: LONG })
      const channel = leasesOf(here.place())
      for (const [i, key] of ['a', 'b'].entries()) {
        const first = there.load(key)
        await there.running(i + 1)
        const second = here.load(key)
        await here.heard('wait', i + 1)
        await vi.waitFor(async () => expect(await listeners(channel)).toBe(2))
        there.end(i, key)
        expect(await Promise.all([first, second])).toEqual([key, key])
        client.destroy()
        client = await connectToOne()
        await vi.waitFor(async () => expect(await listeners(channel)).toBe(1))
      }
      await here.cache.close()
      await there.cache.close()
      client.destroy()
    })
  })
})

test('a cache whose store is shared is closed by another, and goes on', async () => {
  const store = target.newStore()
  const [one, two] = [unique('leases'), unique('leases')].map(
    (name) => new RedisFuncCache(name, new LruTPolicy(), { store }),
  ) as [RedisFuncCache, RedisFuncCache]
  const load = one.wrap(async (key: string) => key, { name: 'load', ...CLUSTER })
  expect(await load('a')).toBe('a')
  await two.close()
  expect(await load('b')).toBe('b')
  await one.close()
})

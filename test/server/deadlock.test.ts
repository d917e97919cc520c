// A call that would wait for itself fails at once, and says by way of whom.
import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DeadlockError, LruTPolicy, RedisFuncCache } from './library.ts'
import { openTarget, type Target, unique } from './target.ts'
import { untilEmitted, Timeline } from './timeline.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const newCache = () => new RedisFuncCache(unique('deadlock'), new LruTPolicy(), { store: target.newStore() })

type Fn = (n: number) => Promise<unknown>

const circleOf = async (call: Promise<unknown>): Promise<readonly string[]> => {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof DeadlockError) return /: (.* → .*?)\. Let/.exec(error.message)?.[1]?.split(' → ') ?? []
  throw new Error('no deadlock', { cause: error })
}

describe.each(['process', 'global'] as const)(
  'a function that waits for itself (single flight by %s)',
  (singleFlight) => {
    test('directly', async () => {
      const cache = newCache()
      const run = vi.fn<Fn>(async (n) => {
        await turn()
        return a(n)
      })
      const a: Fn = cache.wrap<Fn>(run, { name: 'a', singleFlight })
      const error = await a(1).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ name: 'DeadlockError', code: 'ERR_DEADLOCK' })
      expect((error as Error).message).toContain('a(1) → a(1)')
      expect(run).toHaveBeenCalledOnce()
      await cache.close()
    })

    test('by way of functions of several caches', async () => {
      const [one, two] = [newCache(), newCache()]
      const a: Fn = one.wrap<Fn>(async (n) => b(n + 1), { name: 'a', singleFlight })
      const b: Fn = two.wrap<Fn>(
        async (n) => {
          await turn()
          return one.getOrSet(['c', n], () => rows([n + 1]), { singleFlight })
        },
        { name: 'b', singleFlight },
      )
      const rows = two.wrapMany(
        async (ids: readonly number[]) => {
          await turn()
          return Promise.all(ids.map((id) => a(id - 2)))
        },
        { name: 'rows', singleFlight },
      )
      expect(await circleOf(a(1))).toEqual(['a(1)', 'b(2)', "getOrSet([ 'c', 2 ])", 'rows(3)', 'a(1)'])
      await Promise.all([one.close(), two.close()])
    })
  },
)

test('a list that waits for one of its ids', async () => {
  const cache = newCache()
  const rows: (ids: readonly number[]) => Promise<unknown[]> = cache.wrapMany(
    async (ids: readonly number[]): Promise<unknown[]> => (ids.length > 1 ? rows([2]) : [...ids]),
    {
      name: 'rows',
    },
  )
  expect(await circleOf(rows([1, 2]))).toEqual(['rows(2)', 'rows(2)'])
})

test('functions that wait for each other, each called by another caller', async () => {
  const cache = newCache()
  let meet: () => void = () => {}
  const met = new Promise<void>((resolve) => {
    meet = resolve
  })
  let arrived = 0
  const meeting = () => {
    if (++arrived === 2) meet()
    return met
  }
  const a: Fn = cache.wrap<Fn>(async (n) => meeting().then(() => b(n)), { name: 'a' })
  const b: Fn = cache.wrap<Fn>(async (n) => meeting().then(() => a(n)), { name: 'b' })
  const [first, second] = await Promise.all([circleOf(a(1)), circleOf(b(1))])
  expect(first).toEqual(second)
  expect([
    ['a(1)', 'b(1)', 'a(1)'],
    ['b(1)', 'a(1)', 'b(1)'],
  ]).toContainEqual(first)
})

test('other arguments are another call', async () => {
  const cache = newCache()
  const sum: (n: number) => Promise<number> = cache.wrap(
    async (n: number): Promise<number> => (n === 0 ? 0 : n + (await sum(n - 1))),
    { name: 'sum' },
  )
  expect(await sum(20)).toBe(210)
})

test('is no matter of the store: nothing is stored, and no error that is', async () => {
  const cache = newCache()
  let isCircle = true
  const a: Fn = cache.wrap<Fn>(async (n) => (isCircle ? a(n) : n), { name: 'a', cacheErrors: { ttl: 100 } })
  await circleOf(a(1))
  isCircle = false
  expect(await a(1)).toBe(1)
})

test('may be caught, and the function goes on without', async () => {
  const cache = newCache()
  const a: Fn = cache.wrap<Fn>(async (n) => a(n).catch(() => 'otherwise'), { name: 'a' })
  expect(await a(1)).toBe('otherwise')
  expect(await a(1)).toBe('otherwise')
})

describe('no deadlock', () => {
  test('is what a function leaves behind, and joins it when it has returned', async () => {
    const cache = newCache()
    let left: Promise<unknown> = Promise.resolve()
    const a: Fn = cache.wrap<Fn>(
      async (n) => {
        left = (async () => {
          await turn()
          return b(n)
        })()
        return n
      },
      { name: 'a', putWait: 0 },
    )
    const b: Fn = cache.wrap<Fn>(async (n) => a(n), { name: 'b' })
    expect(await a(1)).toBe(1)
    expect(await left).toBe(1)
  })

  test('is what it starts outside of itself', async () => {
    const outside = AsyncLocalStorage.snapshot()
    const cache = newCache()
    let left: Promise<unknown> = Promise.resolve()
    const a: Fn = cache.wrap<Fn>(
      async (n) => {
        left = outside(() => a(n))
        await turn()
        return n
      },
      { name: 'a' },
    )
    expect(await a(1)).toBe(1)
    expect(await left).toBe(1)
  })

  test('is what is refreshed behind it', async () => {
    const time = new Timeline(target)
    const { cache, place, emitted } = time.newProcess({})
    const b: Fn = cache.wrap<Fn>(async (n) => a(n), { name: 'b', ttl: 100, staleWhileRevalidate: 100 })
    const a: Fn = cache.wrap<Fn>(
      async (n) => {
        const known = await b(n)
        await untilEmitted(emitted, 'join')
        return known
      },
      { name: 'a' },
    )
    await (b as typeof b & { prime(args: [number], value: unknown): Promise<void> }).prime([1], 'known')
    await time.pass(place, 150_000)
    expect(await a(1)).toBe('known')
    await untilEmitted(emitted, 'store', 2)
    expect(emitted.filter(({ event }) => event === 'error')).toEqual([])
  })

  test.each(['timeout', 'signal'] as const)('is where no caller waits any more (%s)', async (how) => {
    const cache = newCache()
    let leave: () => void = () => {}
    const left = new Promise<void>((resolve) => {
      leave = resolve
    })
    let inner: Promise<unknown> | undefined
    const controller = new AbortController()
    const b = cache.wrap(
      async (n: number) => {
        controller.abort()
        await left
        inner = a(n)
        return inner
      },
      { name: 'b', ...(how === 'timeout' && { timeout: '5ms' }) },
    )
    const a: Fn = cache.wrap<Fn>(
      async (n) => {
        const call = how === 'timeout' ? b : b.with({ signal: controller.signal })
        await call(n).catch(leave)
        await vi.waitFor(() => expect(inner).toBeDefined(), { interval: 1 })
        return n
      },
      { name: 'a' },
    )
    expect(await a(1)).toBe(1)
    expect(await inner).toBe(1)
  })

  test('is the lease of a call that waits for this one: that is not waited for', async () => {
    const name = unique('deadlock')
    const store = target.newStore()
    const options = { name: 'f', singleFlight: { lease: '60s', wait: '60s' } } as const
    const [one, two] = [1, 2].map(() => new RedisFuncCache(name, new LruTPolicy(), { store })) as [
      RedisFuncCache,
      RedisFuncCache,
    ]
    const inner: Fn = two.wrap<Fn>(async (n) => `inner ${n}`, options)
    const outer: Fn = one.wrap<Fn>(async (n) => ['outer', await inner(n)], options)
    expect(await outer(1)).toEqual(['outer', 'inner 1'])
    await Promise.all([one.close(), two.close()])
  })
})

test('a key that is loaded within its own load again and again is a deadlock', async () => {
  const cache = newCache()
  const load = vi.fn<() => Promise<unknown>>(() => get())
  const get = (): Promise<unknown> => cache.getOrSet('k', () => load())
  expect(await circleOf(get())).toEqual(["getOrSet('k')", "getOrSet('k')"])
  expect(load.mock.calls.length).toBeLessThan(10)
})

test('keys that wait for each other are loaded without the other', async () => {
  const cache = newCache()
  let arrived = 0
  let meet: () => void = () => {}
  const met = new Promise<void>((resolve) => {
    meet = resolve
  })
  const load = (key: string, other: string) => () =>
    cache.getOrSet(key, async () => {
      if (++arrived === 2) meet()
      await met
      return cache.getOrSet(other, () => `${other} for ${key}`)
    })
  const results = await Promise.all([load('a', 'b')(), load('b', 'a')()])
  expect(results.every((result) => typeof result === 'string')).toBe(true)
})

test('the storage of runs is at rest when no function runs', async () => {
  // A storage of our own: functions of other files may still run in the one that these share.
  vi.resetModules()
  const own = await import('./library.ts')
  const cache = new own.RedisFuncCache(unique('deadlock'), new own.LruTPolicy(), {
    store: new own.MemoryStore(),
  })
  const a: Fn = cache.wrap<Fn>(async (n) => n, { name: 'a' })
  const disable = vi.spyOn(AsyncLocalStorage.prototype, 'disable')
  try {
    await a(1)
    await vi.waitFor(() => expect(disable).toHaveBeenCalled(), { timeout: 5_000 })
    const b: Fn = cache.wrap<Fn>(async (n) => b(n), { name: 'b' })
    expect(await circleOf(b(1))).toEqual(['b(1)', 'b(1)'])
  } finally {
    disable.mockRestore()
  }
})

// However many steps of a call the store leaves without an answer, its caller waits for the store once.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type CacheOptions,
  LruTPolicy,
  RedisFuncCache,
  StoreError,
  type WrapOptions,
} from '../../src/index.ts'
import type { Store } from '../../src/store.ts'
import { hanging } from '../stores/hanging-store.ts'
import { FailingStore } from './failing-store.ts'
import { openTarget, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const TIMEOUT_MS = 160

type Held = (keyof Store)[]

function newCache(held: Held, options: Partial<WrapOptions> = {}, more: Partial<CacheOptions> = {}) {
  const behind = hanging(target.newStore(), ...held)
  const policy = new LruTPolicy({ scope: 'function' })
  const settings = { storeTimeout: `${TIMEOUT_MS}ms`, breaker: false, ...more } as const
  const cache = new RedisFuncCache(unique('timeout'), policy, { ...settings, store: behind.store })
  const errors: string[] = []
  cache.on('error', ({ during, error }) => errors.push(`${during}: ${(error as StoreError).reason}`))
  const run = vi.fn<(key: string) => Promise<string>>(async (key) => key.toUpperCase())
  const load = cache.wrap(run, { ...(options as object), name: 'load' })
  return { ...behind, cache, load, run, errors }
}

/** How often the event loop is looked at: a turn that comes later than twice this was kept back by a busy machine. */
const TICK_MS = 5

/** The result of a call, and for how long its caller has waited, without the time in which a busy machine kept this process back. */
async function timed<R>(call: () => Promise<R>): Promise<{ result: R; tookMs: number }> {
  const beganMs = performance.now()
  let lastMs = beganMs
  let keptBackMs = 0
  const tick = () => {
    const nowMs = performance.now()
    keptBackMs += Math.max(0, nowMs - lastMs - 2 * TICK_MS)
    lastMs = nowMs
  }
  const timer = setInterval(tick, TICK_MS)
  try {
    const result = await call()
    tick()
    return { result, tookMs: performance.now() - beganMs - keptBackMs }
  } finally {
    clearInterval(timer)
  }
}

/** A busy machine may be late, but not by another `storeTimeout`. */
const ONCE_MS = TIMEOUT_MS * 1.8

const ALL: Held = ['get', 'now', 'lease', 'register', 'put', 'touch', 'release', 'renew', 'watch']

describe.each<{ options: Partial<WrapOptions> }>([
  { options: {} },
  { options: { singleFlight: 'global' } },
  { options: { singleFlight: 'global', putWait: Infinity } },
  { options: { staleIfError: '1h', ttl: '1h', singleFlight: 'global' } },
])('a store that answers nothing ($options)', ({ options }) => {
  test('is waited for once', async () => {
    const { load, run, asked, errors, answerAll } = newCache(ALL, options)
    const { result, tookMs } = await timed(() => load('a'))
    expect(result).toBe('A')
    expect(tookMs).toBeLessThan(ONCE_MS)
    expect(run).toHaveBeenCalledOnce()
    expect(new Set(asked.map(({ method }) => method))).toEqual(new Set(['get', 'register']))
    expect(errors).toEqual(['get: timeout'])
    answerAll(new Error('too late'))
  })

  test.each<keyof Store>(['get', 'now', 'lease', 'register', 'put', 'watch'])(
    'if that is %s',
    async (method) => {
      const { load, answerAll, free, cache } = newCache([method], options)
      const { result, tookMs } = await timed(() => load('a'))
      expect(result).toBe('A')
      expect(tookMs).toBeLessThan(ONCE_MS)
      free()
      answerAll()
      await cache.drain()
    },
  )

  test('is waited for once by a refresh', async () => {
    const { load, answerAll } = newCache(ALL, options)
    const { result, tookMs } = await timed(() => load.refresh('a'))
    expect(result).toBe('A')
    expect(tookMs).toBeLessThan(ONCE_MS)
    answerAll()
  })

  test('is waited for no longer by those that join', async () => {
    const { load, run, answerAll } = newCache(ALL, options)
    const first = load('a')
    await sleep(TIMEOUT_MS / 2)
    const { result, tookMs } = await timed(() => load('a'))
    expect([await first, result]).toEqual(['A', 'A'])
    expect(tookMs).toBeLessThan(TIMEOUT_MS)
    expect(run).toHaveBeenCalledOnce()
    answerAll()
  })
})

describe('a store that is slow at each step', () => {
  /** Long enough that two steps of a busy machine are told from one. */
  const LONG_MS = 400
  const STEP_MS = LONG_MS * 0.9
  const IN_TIME_MS = LONG_MS * 1.4

  function newSlowCache(options: Partial<WrapOptions>, ...slow: (keyof Store)[]) {
    const store = target.newStore()
    let isSlow = false
    const slowly = new Proxy(store, {
      get(_, name) {
        if (name === 'isInProcess') return false
        const method = Reflect.get(store, name) as unknown
        if (typeof method !== 'function') return method
        const isOfThem = slow.includes(name as keyof Store)
        return async (...args: unknown[]) => {
          if (isSlow && isOfThem) await sleep(STEP_MS)
          return Reflect.apply(method, store, args)
        }
      },
    })
    const settings = { store: slowly, storeTimeout: `${LONG_MS}ms` } as const
    const cache = new RedisFuncCache(unique('timeout'), new LruTPolicy({ scope: 'function' }), settings)
    const run = vi.fn<(key: string) => Promise<string>>(async (key) => key.toUpperCase())
    const load = cache.wrap(run, { ...(options as object), name: 'load' })
    const slowDown = () => {
      isSlow = true
    }
    return { cache, load, run, slowDown }
  }

  test.each<{ options: Partial<WrapOptions> }>([
    { options: {} },
    { options: { singleFlight: 'global', putWait: Infinity } },
    { options: { staleIfError: '1h', ttl: '1h', singleFlight: 'global' } },
  ])('is waited for once ($options)', async ({ options }) => {
    const { cache, load, slowDown } = newSlowCache(options, ...ALL)
    await load('other') // from now on messages are received, so that a lease is asked for right after the lookup
    await cache.drain()
    slowDown()
    const { result, tookMs } = await timed(() => load('a'))
    expect(result).toBe('A')
    expect(tookMs).toBeLessThan(IN_TIME_MS)
    await cache.drain()
  })

  test('is waited for once by a call that joins and starts over', async () => {
    const { cache, load, run, slowDown } = newSlowCache({}, 'get')
    await load('a')
    await cache.drain()
    slowDown()
    const first = load('a')
    await sleep(10) // the lookup was sent: what it brings may be older than the next call
    const { result, tookMs } = await timed(() => load('a'))
    expect([await first, result]).toEqual(['A', 'A'])
    expect(tookMs).toBeLessThan(IN_TIME_MS)
    expect(run).toHaveBeenCalledTimes(2)
  })

  test('is waited for once by a call that starts over where another one leads meanwhile', async () => {
    const { cache, load, run, slowDown } = newSlowCache({}, 'get')
    await load('a')
    await cache.drain()
    slowDown()
    const first = load('a')
    await sleep(10)
    const second = timed(() => load('a'))
    await load.invalidate('a') // from now on, calls do not join the first one
    await load.prime(['a'], 'primed')
    await sleep(STEP_MS * 0.8)
    const third = load('a')
    const [{ result, tookMs }, , ...others] = await Promise.all([second, third, first, third])
    expect([result, ...others]).toEqual(['A', 'primed', 'primed'])
    expect(tookMs).toBeLessThan(IN_TIME_MS)
    expect(run).toHaveBeenCalledTimes(2)
  })

  test('has the rest of its time for a call that starts over', async () => {
    const { cache, load, run, slowDown } = newSlowCache({}, 'get', 'put')
    slowDown()
    const first = load('a')
    await vi.waitFor(() => expect(run).toHaveBeenCalledOnce())
    const second = load('a') // joins after the function has begun, and so needs the outcome of the put
    await load.invalidate('a')
    const { result, tookMs } = await timed(() => second)
    expect([await first, result]).toEqual(['A', 'A'])
    expect(tookMs).toBeLessThan(IN_TIME_MS)
    expect(run).toHaveBeenCalledTimes(2)
    await cache.drain()
  })
})

test('a list of ids waits once', async () => {
  const { cache, answerAll } = newCache(ALL)
  const rows = cache.wrapMany(async (ids: readonly number[]) => ids.map((id) => id * 2), { name: 'rows' })
  const { result, tookMs } = await timed(() => rows([1, 2, 3]))
  expect(result).toEqual([2, 4, 6])
  expect(tookMs).toBeLessThan(ONCE_MS)
  answerAll()
})

describe("with onError: 'throw'", () => {
  test('a lookup without an answer rejects', async () => {
    const { load, run } = newCache(['get'], {}, { onError: 'throw' })
    await expect(load('a')).rejects.toMatchObject({ name: 'StoreError', reason: 'timeout' })
    expect(run).not.toHaveBeenCalled()
  })

  test.each<keyof Store>(['put', 'register'])('a failed %s fails no call', async (method) => {
    const store = new FailingStore(target.newStore(), method)
    const cache = new RedisFuncCache(unique('timeout'), new LruTPolicy({ scope: 'function' }), {
      store,
      onError: 'throw',
      putWait: Infinity,
    })
    const errors: string[] = []
    cache.on('error', ({ during }) => errors.push(during))
    const load = cache.wrap(async (key: string) => key.toUpperCase(), { name: 'load' })
    expect(await load('a')).toBe('A')
    expect(errors).toEqual(['put'])
  })
})

test('while the breaker is open, nothing is sent, and equal calls share a run', async () => {
  const { load, run, asked, cache, errors } = newCache(ALL, {}, { breaker: { failures: 1, openFor: '1m' } })
  const states: string[] = []
  cache.on('breaker', ({ state }) => states.push(state))
  await load('a')
  expect(cache.health()).toMatchObject({ state: 'open', lastError: { reason: 'timeout' } })
  expect(cache.stats().store).toMatchObject({ state: 'open', opened: 1 })
  asked.length = 0
  run.mockClear()
  const { result, tookMs } = await timed(() => Promise.all([load('b'), load('b'), load('b')]))
  expect(result).toEqual(['B', 'B', 'B'])
  expect(tookMs).toBeLessThan(50)
  expect(run).toHaveBeenCalledOnce()
  expect(asked).toEqual([])
  expect(errors.at(-1)).toBe('get: open')
  expect(states).toEqual(['open'])
})

test('a call that waits for another process stops waiting when the breaker opens', async () => {
  const store = target.newStore()
  const name = unique('timeout')
  const options = { name: 'load', singleFlight: 'global' } as const
  const other = new RedisFuncCache(name, new LruTPolicy(), { store })
  let end = (_: string) => {}
  const holds = new Promise<string>((resolve) => {
    end = resolve
  })
  const there = other.wrap((_: string) => holds, options)
  const holding = there('a')
  await vi.waitFor(() => expect(other.stats().execute).toBe(1))
  const behind = hanging(store)
  const cache = new RedisFuncCache(name, new LruTPolicy(), {
    store: behind.store,
    storeTimeout: `${TIMEOUT_MS}ms`,
    breaker: { failures: 1, openFor: '1m' },
  })
  const here = cache.wrap(async (_: string) => 'here', options)
  const waiting = here('a')
  await vi.waitFor(() => expect(cache.stats().wait).toBe(1))
  behind.hold(...ALL)
  const { result, tookMs } = await timed(() => Promise.all([waiting, here('b')]))
  expect(result).toEqual(['here', 'here'])
  expect(tookMs).toBeLessThan(ONCE_MS)
  end('there')
  await holding
})

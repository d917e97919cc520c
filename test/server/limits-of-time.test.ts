// How long callers wait: up to a time, for a signal, or until there is an older result.
import { getEventListeners } from 'node:events'
import { setTimeout as passes } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type CachedFunction,
  LruTPolicy,
  type RedisFuncCache,
  TimeoutError,
  type WrapOptions,
} from './library.ts'
import { openTarget, type Target } from './target.ts'
import { untilEmitted, type Load, names, Timeline, until } from './timeline.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const SECOND = 1_000
const unavailable = new Error('unavailable')

const BOTH_SCOPES = (['cache', 'function'] as const).map((scope) => ({
  scope,
  create: () => new LruTPolicy({ scope }),
}))

const reasonOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (result) => expect.fail(`It returned ${String(result)}.`),
    (error: unknown) => error,
  )

/** A signal of a package from before Node had one: without a reason. */
function standIn() {
  const listeners = new Set<() => void>()
  const signal = {
    aborted: false,
    addEventListener: (_: string, listener: () => void) => listeners.add(listener),
    removeEventListener: (_: string, listener: () => void) => listeners.delete(listener),
  }
  const abort = () => {
    signal.aborted = true
    for (const listener of listeners) listener()
  }
  return { signal: signal as unknown as AbortSignal, abort }
}

describe.each(BOTH_SCOPES)('scope $scope', ({ create }) => {
  const newTimeline = () => new Timeline(target, create)

  describe('a timeout', () => {
    test('ends the waiting, not the work', async () => {
      const time = newTimeline()
      const { fn, emitted } = time.newProcess({ timeout: '20ms' })
      const { end } = time.gate()
      const error = await reasonOf(fn('a'))
      expect(error).toBeInstanceOf(TimeoutError)
      expect(error).toMatchObject({
        code: 'ERR_TIMEOUT',
        name: 'TimeoutError',
        message: expect.stringMatching(/^load: no result within 20 ms\./),
      })
      end('late')
      await untilEmitted(emitted, 'store')
      expect(await fn('a')).toBe('late')
      expect(time.load).toHaveBeenCalledOnce()
    })

    test('is that of each caller', async () => {
      const time = newTimeline()
      const patient = time.newProcess()
      const hasty = patient.cache.wrap(time.load as Load, { name: 'load', source: false, timeout: '20ms' })
      const { end } = time.gate()
      const result = patient.fn('a')
      await time.ran(1)
      expect(await reasonOf(hasty('a'))).toBeInstanceOf(TimeoutError)
      end('late')
      expect(await result).toBe('late')
    })

    test('does nothing to what comes in time', async () => {
      const time = newTimeline()
      const { fn } = time.newProcess({ timeout: 60 })
      expect(await fn('a')).toBe('a 1')
      expect(await fn('a')).toBe('a 1')
      time.load.mockRejectedValueOnce(unavailable)
      expect(await reasonOf(fn('b'))).toBe(unavailable)
    })

    test('is no failure of the load: what it throws later reaches no caller', async () => {
      const time = newTimeline()
      const { fn } = time.newProcess({ timeout: '20ms' })
      const { fail } = time.gate()
      await reasonOf(fn('a'))
      fail(unavailable)
      await vi.waitFor(async () => expect(await fn('a')).toBe('a 2'), { interval: 1 })
    })
  })

  describe('a soft timeout', () => {
    const SOFT = { ttl: 100, staleIfError: 200, softTimeout: '20ms' } satisfies WrapOptions<Load>

    async function spare(options: WrapOptions<Load> = SOFT) {
      const time = newTimeline()
      const process = time.newProcess(options)
      await process.fn('a')
      await time.pass(process.place, 100 * SECOND)
      return { time, ...process }
    }

    test('serves what is spare, and the work goes on', async () => {
      const { time, fn, emitted } = await spare()
      const { end } = time.gate()
      expect(await fn('a')).toBe('a 1')
      expect(names(emitted).slice(2)).toEqual(['miss', 'stale:soft-timeout'])
      // Who comes now waits for nothing, and starts nothing.
      expect(await fn('a')).toBe('a 1')
      expect(time.load).toHaveBeenCalledTimes(2)
      end('new')
      await untilEmitted(emitted, 'store', 2)
      await vi.waitFor(async () => expect(await fn('a')).toBe('new'), { interval: 1 })
      expect(time.load).toHaveBeenCalledTimes(2)
    })

    test('is not reached by what comes in time', async () => {
      const { time, fn, emitted } = await spare({ ...SOFT, softTimeout: '200ms' })
      expect(await fn('a')).toBe('a 2')
      await passes(220)
      expect(names(emitted).slice(2)).toEqual(['miss', 'store'])
      expect(time.load).toHaveBeenCalledTimes(2)
    })

    test('has no say where nothing is spare', async () => {
      const time = newTimeline()
      const { fn } = time.newProcess(SOFT)
      const { end } = time.gate()
      const call = fn('a')
      await time.ran(1)
      await passes(40)
      end('in the end')
      expect(await call).toBe('in the end')
    })

    test('reports once what fails after it, and the function gets a pause', async () => {
      const { time, cache, fn, emitted } = await spare()
      const { fail } = time.gate()
      const { result, stats } = await cache.withStats(() => fn('a'))
      expect(result).toBe('a 1')
      fail(unavailable)
      await untilEmitted(emitted, 'error')
      expect(names(emitted).slice(2)).toEqual(['miss', 'stale:soft-timeout', 'error:refresh'])
      expect(stats).toMatchObject({ calls: 1, stale: 1, miss: 1, error: 1 })
      await vi.waitFor(async () => {
        await fn('a')
        expect(names(emitted)).toContain('stale:pause')
      })
      expect(time.load).toHaveBeenCalledTimes(2)
    })

    test('reports an error that `when` refuses, if a fallback was served before', async () => {
      const { time, fn, emitted } = await spare({ ...SOFT, staleIfError: { for: 200, when: () => false } })
      const { fail } = time.gate()
      expect(await fn('a')).toBe('a 1')
      fail(unavailable)
      await untilEmitted(emitted, 'error')
      expect(emitted.at(-1)).toMatchObject({ during: 'refresh', error: unavailable })
    })

    test('holds where nothing is written', async () => {
      const { time, cache, fn } = await spare()
      const { end } = time.gate()
      expect(await cache.withMode({ write: false }, () => fn('a'))).toBe('a 1')
      end('new')
    })

    test('holds while another process computes', async () => {
      const options: WrapOptions<Load> = { ...SOFT, singleFlight: 'global' }
      const { time, cache, fn } = await spare(options)
      const { end } = time.gate()
      expect(await fn('a')).toBe('a 1')
      await time.ran(2)
      const other = time.newProcess(options)
      expect(await other.fn('a')).toBe('a 1')
      expect(names(other.emitted).filter((name) => name !== 'wait')).toEqual(['miss', 'stale:soft-timeout'])
      end('new')
      await vi.waitFor(async () => expect(await other.fn('a')).toBe('new'), { interval: 1 })
      expect(time.load).toHaveBeenCalledTimes(2)
      await Promise.all([cache.close(), other.cache.close()])
    })
  })

  describe('a signal', () => {
    /** What the function saw of it, each time it ran. */
    function watched(options: WrapOptions<Load> = {}) {
      const time = newTimeline()
      const seen: (AbortSignal | undefined)[] = []
      const ends: ((result: string) => void)[] = []
      const process = time.newProcess(options)
      time.load.mockImplementation(() => {
        const signal = process.cache.signal()
        seen.push(signal)
        return new Promise((resolve, reject) => {
          ends.push(resolve)
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
        })
      })
      const end = (run: number, result: string): void => ends[run]?.(result)
      return { time, seen, end, ...process }
    }

    const leaver = (fn: CachedFunction<Load>) => {
      const controller = new AbortController()
      const { signal } = controller
      const reason = new Error('left')
      return { call: () => fn.with({ signal })('a'), leave: () => controller.abort(reason), reason, signal }
    }

    const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

    test('ends the wait of one of many callers', async () => {
      const { time, fn, seen, end } = watched()
      const [one, two] = [leaver(fn), leaver(fn)]
      const [first, second] = [one.call(), two.call()]
      await time.ran(1)
      one.leave()
      expect(await reasonOf(first)).toBe(one.reason)
      expect(seen[0]?.aborted).toBe(false)
      end(0, 'result')
      expect(await second).toBe('result')
      expect(await fn('a')).toBe('result')
      expect([one, two].map(({ signal }) => listenersOf(signal))).toEqual([0, 0])
    })

    test('of the last waiting caller aborts the load, and the next call starts anew', async () => {
      const { time, fn, seen, end, emitted } = watched()
      const [one, two] = [leaver(fn), leaver(fn)]
      const calls = [one.call(), two.call()].map(reasonOf)
      await time.ran(1)
      two.leave()
      expect(seen[0]?.aborted).toBe(false)
      one.leave()
      expect(seen[0]?.aborted).toBe(true)
      expect(seen[0]?.reason).toBe(one.reason)
      const next = fn('a')
      await time.ran(2)
      end(1, 'new')
      expect(await next).toBe('new')
      expect(await Promise.all(calls)).toEqual([one.reason, two.reason])
      expect(await fn('a')).toBe('new')
      expect(names(emitted)).toEqual(['join', 'miss', 'miss', 'store', 'hit'])
      expect(seen[1]).toBeUndefined()
      expect([one, two].map(({ signal }) => listenersOf(signal))).toEqual([0, 0])
    })

    test('does not abort the load while a caller without a signal waits', async () => {
      const { time, fn, seen, end } = watched()
      const one = leaver(fn)
      const [first, second] = [reasonOf(one.call()), fn('a')]
      await time.ran(1)
      one.leave()
      expect(await first).toBe(one.reason)
      expect(seen[0]?.aborted).toBe(false)
      end(0, 'result')
      expect(await second).toBe('result')
    })

    test('is none for the work if it began without one', async () => {
      const { time, cache, fn, seen, end } = watched()
      const first = fn('a')
      const one = leaver(fn)
      const second = reasonOf(one.call())
      await time.ran(1)
      one.leave()
      expect(await second).toBe(one.reason)
      expect(seen).toEqual([undefined])
      expect(cache.signal()).toBeUndefined()
      end(0, 'result')
      expect(await first).toBe('result')
    })

    test('that was aborted before keeps the call from anything', async () => {
      const { time, cache, fn, emitted } = watched()
      const one = leaver(fn)
      one.leave()
      const { result, stats } = await cache.withStats(() => reasonOf(one.call()))
      expect(result).toBe(one.reason)
      expect(stats).toMatchObject({ calls: 1, read: 0, execute: 0 })
      expect(emitted).toEqual([])
      expect(time.load).not.toHaveBeenCalled()
      expect(listenersOf(one.signal)).toBe(0)
    })

    test('that aborts before the work began keeps it from beginning', async () => {
      const { time, cache, fn, emitted } = watched()
      const one = leaver(fn)
      const { result, stats } = await cache.withStats(async () => {
        const call = one.call()
        one.leave()
        const error = await reasonOf(call)
        await untilEmitted(emitted, 'miss')
        return error
      })
      expect(result).toBe(one.reason)
      time.load.mockImplementation(async () => 'new')
      expect(await fn('a')).toBe('new')
      expect(stats.execute).toBe(0)
      expect(time.load).toHaveBeenCalledOnce()
    })

    test('does nothing to what comes at once', async () => {
      const { time, fn } = watched({ ttl: 100, staleWhileRevalidate: 50 })
      await fn.prime(['a'], 'known')
      const one = leaver(fn)
      expect(await one.call()).toBe('known')
      one.leave()
      expect(await fn('a')).toBe('known')
      expect(listenersOf(one.signal)).toBe(0)
      expect(time.load).not.toHaveBeenCalled()
    })

    test('is no failure: it is not remembered, not spared, and no pause follows', async () => {
      const options = { ttl: 100, staleIfError: 200, cacheErrors: { ttl: 100 } } satisfies WrapOptions<Load>
      const { time, fn, place, end, emitted } = watched(options)
      await fn.prime(['a'], 'known')
      await time.pass(place, 100 * SECOND)
      const one = leaver(fn)
      const call = reasonOf(one.call())
      await time.ran(1)
      one.leave()
      expect(await call).toBe(one.reason)
      const next = fn('a')
      await time.ran(2)
      end(1, 'new')
      expect(await next).toBe('new')
      expect(names(emitted)).toEqual(['miss', 'miss', 'store'])

      const another = leaver(fn)
      const fresh = reasonOf(fn.with({ signal: another.signal })('b'))
      await time.ran(3)
      another.leave()
      await fresh
      const last = fn('b')
      await time.ran(4)
      end(3, 'b')
      expect(await last).toBe('b')
    })

    test('may be one that stands in for that of Node', async () => {
      const { fn } = newTimeline().newProcess()
      const { signal, abort } = standIn()
      const own = fn.with({ signal })
      expect(await own('a')).toBe('a 1')
      abort()
      expect(await reasonOf(own('a'))).toMatchObject({ name: 'AbortError' })
    })

    test('that stands in for one holds without a store, too, and has a reason', async () => {
      const { cache, fn } = newTimeline().newProcess()
      const { signal, abort } = standIn()
      const own = fn.with({ signal })
      expect(await cache.bypass(() => own('a'))).toBe('a 1')
      const waiting = reasonOf(cache.bypass(() => own('b')))
      abort()
      expect(await waiting).toMatchObject({ name: 'AbortError' })
    })

    test('does not end a refresh behind its readers', async () => {
      const { time, fn, place, seen, end, emitted } = watched({ ttl: 100, staleWhileRevalidate: 50 })
      await fn.prime(['a'], 'known')
      await time.pass(place, 100 * SECOND)
      const one = leaver(fn)
      expect(await one.call()).toBe('known')
      await time.ran(1)
      one.leave()
      expect(seen).toEqual([undefined])
      end(0, 'new')
      await untilEmitted(emitted, 'store')
      expect(await fn('a')).toBe('new')
    })

    test('does not end the work when a soft timeout has served its caller', async () => {
      const { time, fn, place, seen, end, emitted } = watched({
        ttl: 100,
        staleIfError: 50,
        softTimeout: '20ms',
      })
      await fn.prime(['a'], 'known')
      await time.pass(place, 100 * SECOND)
      const one = leaver(fn)
      expect(await one.call()).toBe('known')
      expect(listenersOf(one.signal)).toBe(0)
      one.leave()
      expect(seen[0]?.aborted).toBe(false)
      end(0, 'new')
      await untilEmitted(emitted, 'store')
    })

    test('is that of the call, not of one around it', async () => {
      const { time, cache, fn, seen, end } = watched()
      const outer = cache.wrap(async () => [cache.signal() !== undefined, await fn('a')], { name: 'outer' })
      const controller = new AbortController()
      const call = outer.with({ signal: controller.signal })()
      await time.ran(1)
      end(0, 'result')
      expect(await call).toEqual([true, 'result'])
      expect(seen).toEqual([undefined])
    })

    test('holds where nothing is read', async () => {
      const modes: ((cache: RedisFuncCache, call: () => Promise<unknown>) => Promise<unknown>)[] = [
        (cache, call) => cache.bypass(call),
        (cache, call) => cache.writeOnly(call),
        (cache, call) => cache.withMode({ write: false }, call),
      ]
      for (const within of modes) {
        const { time, cache, fn, seen } = watched()
        const one = leaver(fn)
        const call = reasonOf(within(cache, one.call))
        await time.ran(1)
        one.leave()
        expect(await call).toBe(one.reason)
        expect(seen[0]?.aborted).toBe(true)
        await until(() => listenersOf(one.signal) === 0)
      }
    })

    test('may be one of a time', async () => {
      const { fn, seen } = watched()
      const error = await reasonOf(fn.with({ signal: AbortSignal.timeout(20) })('a'))
      expect(error).toMatchObject({ name: 'TimeoutError' })
      expect(error).toBeInstanceOf(DOMException)
      expect(seen[0]?.aborted).toBe(true)
    })

    test('also releases a call that runs the function itself', async () => {
      const time = newTimeline()
      const { fn } = time.newProcess()
      const { end } = time.gate()
      const first = fn('a')
      const one = leaver(fn)
      const second = reasonOf(one.call())
      await time.ran(1)
      time.gate()
      const result = { impossible: () => 1 }
      end(result) // what cannot be stored cannot be copied
      expect(await first).toBe(result)
      await time.ran(2)
      one.leave()
      expect(await second).toBe(one.reason)
      await until(() => listenersOf(one.signal) === 0)
    })
  })
})

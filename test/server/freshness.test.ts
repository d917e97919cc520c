// For how long results are served: fresh, stale while they are refreshed, or in place of errors.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { CacheMissError, type Duration, type WrapOptions } from './library.ts'
import { FailingStore } from './failing-store.ts'
import { hasNear } from './library.ts'
import { advanceable, untilEmitted, type Load, names, Timeline, until } from './timeline.ts'
import { EACH_POLICY_AND_SCOPE, hasServer, openTarget, type Target } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())
afterEach(() => {
  vi.restoreAllMocks()
})

const SECOND = 1_000

/** Fresh for 100 seconds, then stale for 50, then a fallback up to 200 seconds after it was fresh. */
const STALE = { ttl: 100, staleWhileRevalidate: 50 } satisfies WrapOptions<Load>
const FALLBACK = { ttl: 100, staleIfError: 200 } satisfies WrapOptions<Load>
const BOTH = { ...STALE, ...FALLBACK } satisfies WrapOptions<Load>

const unavailable = new Error('unavailable')

describe.each(EACH_POLICY_AND_SCOPE)('$policy, scope $scope', ({ create }) => {
  const newTimeline = () => new Timeline(target, create)

  describe('a result that is stale', () => {
    test('is served at once, and refreshed once behind its readers', async () => {
      const time = newTimeline()
      const store = time.newStore()
      const leases = vi.spyOn(store, 'lease')
      const { fn, place, emitted } = time.newProcess(STALE, { store })
      expect(await fn('a')).toBe('a 1')
      await time.pass(place, 95 * SECOND)
      expect(await fn('a')).toBe('a 1')
      expect(names(emitted)).toEqual(['miss', 'store', 'hit'])

      await time.pass(place, 5 * SECOND)
      const { end } = time.gate()
      const together = await Promise.all(Array.from({ length: 100 }, () => fn('a')))
      expect(new Set(together)).toEqual(new Set(['a 1']))
      for (let i = 0; i < 20; i++) expect(await fn('a')).toBe('a 1')
      await time.ran(2)
      end('new')
      await untilEmitted(emitted, 'store', 2)
      expect(await fn('a')).toBe('new')
      expect(time.load).toHaveBeenCalledTimes(2)
      expect(leases).toHaveBeenCalledOnce()
      expect(emitted.filter(({ event }) => event === 'refresh')).toMatchObject([
        { function: 'load', hash: fn.keyOf('a').hash, reason: 'stale' },
      ])
      expect(new Set(names(emitted))).toEqual(
        new Set(['miss', 'store', 'hit', 'join', 'stale:grace', 'refresh:stale']),
      )
    })

    test('is refreshed by one of all processes', async () => {
      const time = newTimeline()
      const [here, there] = [time.newProcess(STALE), time.newProcess(STALE)]
      await here.fn('a')
      await time.pass(here.place, 100 * SECOND)
      const { end } = time.gate()
      const both = [here, there].flatMap(({ fn }) => Array.from({ length: 50 }, () => fn('a')))
      expect(new Set(await Promise.all(both))).toEqual(new Set(['a 1']))
      for (const { fn } of [here, there, here, there]) expect(await fn('a')).toBe('a 1')
      await time.ran(2)
      end('new')
      await until(() =>
        [here, there].some(({ emitted }) => names(emitted).filter((name) => name === 'store').length > 0),
      )
      await vi.waitFor(async () => expect(await there.fn('a')).toBe('new'), { interval: 1 })
      expect(await here.fn('a')).toBe('new')
      expect(time.load).toHaveBeenCalledTimes(2)
    })

    test('is expired when its time is over', async () => {
      const time = newTimeline()
      const { fn, place, emitted } = time.newProcess(STALE)
      await fn('a')
      await time.pass(place, 150 * SECOND)
      expect(await fn('a')).toBe('a 2')
      expect(names(emitted)).toEqual(['miss', 'store', 'miss', 'store'])
      await time.pass(place, 149 * SECOND)
      expect(await fn('a')).toBe('a 2')
    })

    test('stays when its refresh fails, and the next one has to wait, longer each time', async () => {
      const time = newTimeline()
      const { fn, place, emitted } = time.newProcess(STALE)
      await fn('a')
      await time.pass(place, 100 * SECOND)
      const advance = advanceable()
      time.load.mockRejectedValue(unavailable)
      let runs = 1
      for (const pauseMs of [1_000, 2_000, 4_000]) {
        expect(await fn('a')).toBe('a 1')
        await untilEmitted(emitted, 'error', runs)
        runs++
        advance(pauseMs - 500)
        for (let i = 0; i < 3; i++) expect(await fn('a')).toBe('a 1')
        expect(time.load).toHaveBeenCalledTimes(runs)
        advance(500)
      }
      expect(emitted.find(({ event }) => event === 'error')).toMatchObject({
        during: 'refresh',
        error: unavailable,
      })

      time.load.mockResolvedValue('new')
      expect(await fn('a')).toBe('a 1')
      await untilEmitted(emitted, 'store', 2)
      expect(await fn('a')).toBe('new')

      // What succeeded has no pauses behind it.
      await time.pass(place, 100 * SECOND)
      time.load.mockRejectedValue(unavailable)
      await fn('a')
      await untilEmitted(emitted, 'error', runs)
      advance(1_000)
      await fn('a')
      await untilEmitted(emitted, 'error', runs + 1)
    })

    test('that another call computed has no pause behind it either', async () => {
      const time = newTimeline()
      const { fn, place, emitted } = time.newProcess(STALE)
      await fn('a')
      await time.pass(place, 100 * SECOND)
      time.load.mockRejectedValueOnce(unavailable)
      await fn('a')
      await untilEmitted(emitted, 'error')
      await time.pass(place, 50 * SECOND)
      expect(await fn('a')).toBe('a 3')
      await time.pass(place, 100 * SECOND)
      expect(await fn('a')).toBe('a 3')
      await untilEmitted(emitted, 'refresh', 2)
    })

    test('is not stored again by a refresh that began before an invalidation', async () => {
      const time = newTimeline()
      const { fn, place, emitted } = time.newProcess(STALE)
      await fn('a')
      await time.pass(place, 100 * SECOND)
      const { end } = time.gate()
      expect(await fn('a')).toBe('a 1')
      await time.ran(2)
      expect(await time.newProcess(STALE).fn.invalidate('a')).toBe(true)
      end('old')
      await untilEmitted(emitted, 'skip')
      expect(emitted.at(-1)).toMatchObject({ event: 'skip', reason: 'invalidated' })
      expect(await fn.peek('a')).toBeUndefined()
      expect(await fn('a')).toBe('a 3')
    })

    test('is served and not refreshed where nothing may be executed or written', async () => {
      const time = newTimeline()
      const { cache, fn, place, emitted } = time.newProcess(STALE)
      await fn('a')
      await time.pass(place, 100 * SECOND)
      expect(await cache.readOnly(() => fn('a'))).toBe('a 1')
      expect(await cache.withMode({ write: false }, () => fn('a'))).toBe('a 1')
      expect(names(emitted).slice(2)).toEqual(['stale:grace', 'stale:grace'])
      expect(time.load).toHaveBeenCalledTimes(1)
    })

    test('is served though the store refuses its refresh', async () => {
      const time = newTimeline()
      const store = new FailingStore(time.newStore())
      const { fn, place, emitted } = time.newProcess(STALE, { store, onError: 'throw' })
      await fn('a')
      await time.pass(place, 100 * SECOND)
      for (const [method, during] of [
        ['lease', 'refresh'],
        ['put', 'put'],
      ] as const) {
        store.failing.add(method)
        expect(await fn('a')).toBe('a 1')
        await vi.waitFor(() => expect(emitted.at(-1)).toMatchObject({ during, error: store.error }))
        store.failing.delete(method)
        emitted.length = 0
      }
      expect(await fn('a')).toBe('a 1')
      await untilEmitted(emitted, 'store')
    })

    test('is not used where the mode forbids to read', async () => {
      const time = newTimeline()
      const { cache, fn, place, emitted } = time.newProcess(STALE)
      await fn('a')
      await time.pass(place, 100 * SECOND)
      expect(await cache.bypass(() => fn('a'))).toBe('a 2')
      expect(await cache.writeOnly(() => fn('a'))).toBe('a 3')
      expect(await fn('a')).toBe('a 3')
      expect(names(emitted).slice(2)).toEqual(['store', 'hit'])
    })

    test('is served, and refreshed, if it was softly invalidated', async () => {
      const time = newTimeline()
      const { fn, place, emitted } = time.newProcess(STALE)
      await fn('a')
      await fn.with({ soft: true }).invalidate('a')
      expect(await fn('a')).toBe('a 1')
      await untilEmitted(emitted, 'store', 2)
      expect(await fn('a')).toBe('a 2')
      await fn.with({ soft: true }).invalidate('a')
      await time.pass(place, 50 * SECOND)
      expect(await fn('a')).toBe('a 3')
    })

    test.runIf(hasServer)(
      'is stale once it is softly invalidated, though the clock was set back',
      async () => {
        const { fn } = newTimeline().newProcess(STALE)
        await fn('a')
        const { values, hash } = fn.keyOf('a')
        const stored = String(await target.raw(values, 'HGET', values, hash))
        const ahead = stored.replace(/ (\d{16}) (\d+) /, (_, began) => ` ${Number(began) + 5e6} 0 `)
        expect(ahead).not.toBe(stored)
        await target.raw(values, 'HSET', values, hash, ahead)
        await fn.with({ soft: true }).invalidate('a')
        expect((await fn.detailed('a')).status).toBe('stale')
      },
    )
  })

  describe('a fallback', () => {
    test('is served where the function fails, and for a pause after that', async () => {
      const time = newTimeline()
      const { fn, place, emitted } = time.newProcess(FALLBACK)
      await fn('a')
      await time.pass(place, 100 * SECOND)
      const advance = advanceable()
      time.load.mockRejectedValue(unavailable)
      expect(await fn('a')).toBe('a 1')
      expect(names(emitted).slice(2)).toEqual(['miss', 'error:refresh', 'stale:error'])
      expect(emitted[3]).toMatchObject({ error: unavailable })

      advance(900)
      expect(await fn('a')).toBe('a 1')
      expect(names(emitted).slice(5)).toEqual(['miss', 'stale:pause'])
      expect(time.load).toHaveBeenCalledTimes(2)
      advance(100)
      expect(await fn('a')).toBe('a 1')
      expect(time.load).toHaveBeenCalledTimes(3)
      advance(1_900)
      await fn('a')
      expect(time.load).toHaveBeenCalledTimes(3)
      advance(100)
      time.load.mockResolvedValue('new')
      expect(await fn('a')).toBe('new')
      expect(time.load).toHaveBeenCalledTimes(4)
      expect(await fn('a')).toBe('new')
    })

    test('is served to all waiting callers, each with its own copy', async () => {
      const time = newTimeline()
      const { fn, place } = time.newProcess(FALLBACK)
      time.load.mockResolvedValueOnce({ id: 1 })
      await fn('a')
      await time.pass(place, 100 * SECOND)
      time.load.mockRejectedValue(unavailable)
      const results = await Promise.all([fn('a'), fn('a'), fn('a')])
      expect(results).toEqual([{ id: 1 }, { id: 1 }, { id: 1 }])
      expect(new Set(results).size).toBe(3)
      expect(time.load).toHaveBeenCalledTimes(2)
    })

    test('is not served where the function does not fail', async () => {
      const time = newTimeline()
      const { fn, place } = time.newProcess(FALLBACK)
      await fn('a')
      await time.pass(place, 100 * SECOND)
      expect(await fn('a')).toBe('a 2')
    })

    test('is expired when its time is over', async () => {
      const time = newTimeline()
      const { fn, place } = time.newProcess(FALLBACK)
      await fn('a')
      await time.pass(place, 300 * SECOND)
      time.load.mockRejectedValue(unavailable)
      await expect(fn('a')).rejects.toBe(unavailable)
      await expect(fn('a')).rejects.toBe(unavailable) // and there is no pause
    })

    test('is kept, but not served, for errors that are not meant', async () => {
      const when = (error: unknown): boolean => error === unavailable
      const time = newTimeline()
      const { fn, place, emitted } = time.newProcess({ ttl: 100, staleIfError: { for: 200, when } })
      await fn('a')
      await time.pass(place, 100 * SECOND)
      const notFound = new RangeError('not found')
      time.load.mockRejectedValue(notFound)
      await expect(fn('a')).rejects.toBe(notFound)
      await expect(fn('a')).rejects.toBe(notFound)
      expect(time.load).toHaveBeenCalledTimes(3)
      expect(names(emitted).slice(2)).toEqual(['miss', 'miss'])
      time.load.mockRejectedValue(unavailable)
      expect(await fn('a')).toBe('a 1')
    })

    test('is not served if what says of which errors it is fails itself', async () => {
      const trouble = new TypeError('when')
      const time = newTimeline()
      const when = (): boolean => {
        throw trouble
      }
      const { fn, place, emitted } = time.newProcess({ ttl: 100, staleIfError: { for: 200, when } })
      await fn('a')
      await time.pass(place, 100 * SECOND)
      time.load.mockRejectedValue(unavailable)
      await expect(fn('a')).rejects.toBe(unavailable)
      expect(emitted.at(-1)).toMatchObject({ event: 'error', during: 'callback', error: trouble })
    })

    test('is not served where only its put fails', async () => {
      const time = newTimeline()
      const store = new FailingStore(time.newStore())
      const { fn, place, emitted } = time.newProcess(FALLBACK, { store, onError: 'throw' })
      await fn('a')
      await time.pass(place, 100 * SECOND)
      store.failing.add('put')
      expect(await fn('a')).toBe('a 2')
      store.failing.delete('put')
      expect(await fn('a')).toBe('a 3')
      expect(names(emitted).slice(2)).toEqual(['miss', 'error:put', 'miss', 'store'])
    })

    test('is what it was to other modes', async () => {
      const time = newTimeline()
      const { cache, fn, place, emitted } = time.newProcess(FALLBACK)
      await fn('a')
      await time.pass(place, 100 * SECOND)
      await expect(cache.readOnly(() => fn('a'))).rejects.toThrow(CacheMissError)
      expect(await cache.withMode({ write: false }, () => fn('a'))).toBe('a 2')
      time.load.mockRejectedValue(unavailable)
      expect(await cache.withMode({ write: false }, () => fn('a'))).toBe('a 1')
      await expect(cache.bypass(() => fn('a'))).rejects.toBe(unavailable)
      await expect(cache.writeOnly(() => fn('a'))).rejects.toBe(unavailable)
      await expect(fn.refresh('a')).rejects.toBe(unavailable)
      expect(await fn('a')).toBe('a 1')
      expect(names(emitted).filter((name) => name === 'store')).toHaveLength(1)
    })
  })

  describe('a result that is stale first and a fallback then', () => {
    test('is refreshed behind its readers first, and served in place of errors then', async () => {
      const time = newTimeline()
      const { fn, place, emitted } = time.newProcess(BOTH)
      await fn('a')
      const advance = advanceable()
      time.load.mockRejectedValue(unavailable)
      await time.pass(place, 100 * SECOND)
      expect(await fn('a')).toBe('a 1')
      await untilEmitted(emitted, 'error')
      await time.pass(place, 50 * SECOND)
      expect(await fn('a')).toBe('a 1')
      expect(names(emitted).slice(2)).toEqual([
        'stale:grace',
        'refresh:stale',
        'error:refresh',
        'miss',
        'stale:pause',
      ])
      advance(1_000)
      expect(await fn('a')).toBe('a 1')
      expect(names(emitted).slice(7)).toEqual(['miss', 'error:refresh', 'stale:error'])
      await time.pass(place, 150 * SECOND)
      await expect(fn('a')).rejects.toBe(unavailable)
    })

    test('is no fallback after a refresh that failed with an error which staleIfError excludes', async () => {
      const time = newTimeline()
      const { fn, place, emitted } = time.newProcess({
        ...STALE,
        staleIfError: { for: 200, when: () => false },
      })
      await fn('a')
      time.load.mockRejectedValue(unavailable)
      await time.pass(place, 100 * SECOND)
      expect(await fn('a')).toBe('a 1')
      await untilEmitted(emitted, 'error')
      expect(await fn('a')).toBe('a 1') // it has to wait all the same
      expect(time.load).toHaveBeenCalledTimes(2)
      await time.pass(place, 50 * SECOND)
      await expect(fn('a')).rejects.toBe(unavailable)
    })
  })

  // A near hit refreshes so soon that other processes find the new result.
  describe.skipIf(hasNear)('early refreshing', () => {
    const slow = (time: Timeline, advance: (ms: number) => void): void => {
      time.load.mockImplementation(async (key) => {
        advance(10 * SECOND)
        return `${key} ${time.load.mock.calls.length}`
      })
    }

    test.each([
      { option: true, passedMs: 92 * SECOND, isEarly: false },
      { option: true, passedMs: 94 * SECOND, isEarly: true },
      { option: { beta: 2 }, passedMs: 85 * SECOND, isEarly: false },
      { option: { beta: 2 }, passedMs: 88 * SECOND, isEarly: true },
      { option: { beta: 0.1 }, passedMs: 98 * SECOND, isEarly: false },
      { option: {}, passedMs: 94 * SECOND, isEarly: true },
    ])('$option, after $passedMs ms of 100 s: $isEarly', async ({ option, passedMs, isEarly }) => {
      // By an even chance, 0.693 times what the computation took before the end.
      const time = newTimeline()
      const processes = [1, 2].map(() => time.newProcess({ ttl: 100, earlyRefresh: option }))
      const [here, there] = processes as [
        ReturnType<typeof time.newProcess>,
        ReturnType<typeof time.newProcess>,
      ]
      slow(time, advanceable())
      vi.spyOn(Math, 'random').mockReturnValue(0.5)
      await here.fn('a')
      await time.pass(here.place, passedMs)
      const results = await Promise.all(processes.flatMap(({ fn }) => [fn('a'), fn('a')]))
      expect(new Set(results)).toEqual(new Set(['a 1']))
      const refreshes = () =>
        processes.flatMap(({ emitted }) => emitted.filter(({ event }) => event === 'refresh'))
      if (isEarly) {
        await vi.waitFor(async () => expect(await there.fn('a')).toBe('a 2'), { interval: 1 })
        expect(refreshes()).toMatchObject([{ reason: 'early', function: 'load' }])
        expect(time.load).toHaveBeenCalledTimes(2)
      } else {
        expect(refreshes()).toEqual([])
        expect(time.load).toHaveBeenCalledTimes(1)
      }
      expect(
        processes.flatMap(({ emitted }) => names(emitted)).some((name) => name.startsWith('stale')),
      ).toBe(false)
    })

    test('that fails leaves the result what it is, and has to wait', async () => {
      const time = newTimeline()
      const { fn, place, emitted } = time.newProcess({ ttl: 100, earlyRefresh: true })
      slow(time, advanceable())
      vi.spyOn(Math, 'random').mockReturnValue(0.5)
      await fn('a')
      await time.pass(place, 95 * SECOND)
      time.load.mockRejectedValue(unavailable)
      expect(await fn('a')).toBe('a 1')
      await untilEmitted(emitted, 'error')
      expect(await fn('a')).toBe('a 1')
      expect(names(emitted).slice(2)).toEqual(['hit', 'refresh:early', 'error:refresh', 'hit'])
      await time.pass(place, 5 * SECOND)
      await expect(fn('a')).rejects.toBe(unavailable)
    })

    test('does not happen where it may not', async () => {
      const time = newTimeline()
      const { cache, fn, place, emitted } = time.newProcess({ ttl: 100, earlyRefresh: true })
      slow(time, advanceable())
      vi.spyOn(Math, 'random').mockReturnValue(0.5)
      await fn('a')
      await time.pass(place, 95 * SECOND)
      expect(await cache.readOnly(() => fn('a'))).toBe('a 1')
      expect(names(emitted).slice(2)).toEqual(['hit'])
    })
  })

  describe('the terms under which a result is stored', () => {
    /** For how long it is fresh, how long it took to compute, and when it ends after it is no longer fresh. */
    async function termsOf({ fn, place }: ReturnType<Timeline['newProcess']>, time: Timeline, key = 'a') {
      const [lookup] = await time.newStore().get(place, [fn.keyOf(key).hash])
      const { atUs = 0, freshUntilMs = Number.NaN, expiresAtMs = Number.NaN, computeMs, value } = lookup ?? {}
      const leftMs = (Number.isNaN(freshUntilMs) ? expiresAtMs : freshUntilMs) - atUs / 1_000
      return { leftMs, graceMs: expiresAtMs - freshUntilMs, computeMs, isThere: value !== undefined }
    }

    const about = (ms: number) =>
      expect.toSatisfy((left: number) => left > ms - 5 * SECOND && left <= ms, `up to ${ms}`)

    test.each<{ options: WrapOptions<Load>; graceMs: number }>([
      { options: STALE, graceMs: 50 * SECOND },
      { options: FALLBACK, graceMs: 200 * SECOND },
      { options: BOTH, graceMs: 200 * SECOND },
      { options: { ttl: 100, staleWhileRevalidate: '1.5s', staleIfError: { for: '250ms' } }, graceMs: 1_500 },
      { options: { ttl: 100, earlyRefresh: true }, graceMs: 0 },
    ])('$options: it ends exactly $graceMs ms after it was fresh', async ({ options, graceMs }) => {
      const time = newTimeline()
      const process = time.newProcess(options)
      await process.fn('a')
      expect(await termsOf(process, time)).toMatchObject({ leftMs: about(100 * SECOND), graceMs })
      await process.fn.prime(['b'], 'known')
      expect(await termsOf(process, time, 'b')).toMatchObject({ leftMs: about(100 * SECOND), graceMs })
    })

    test('know how long it took to compute', async () => {
      const time = newTimeline()
      const process = time.newProcess(STALE)
      const advance = advanceable()
      time.load.mockImplementation(async () => advance(1_234.4))
      await process.fn('a')
      expect(await termsOf(process, time)).toMatchObject({ computeMs: 1_234 })
    })

    test.each([
      { random: 0, ms: 100 * SECOND },
      { random: 0.5, ms: 90 * SECOND },
      { random: 0.999_999_9, ms: 80 * SECOND },
    ])('are shortened by chance: $random', async ({ random, ms }) => {
      vi.spyOn(Math, 'random').mockReturnValue(random)
      const time = newTimeline()
      const plain = time.newProcess({ ttl: 100, jitter: 0.2 })
      await plain.fn('a')
      expect(await termsOf(plain, time)).toMatchObject({ leftMs: about(ms) })
      const graced = time.newProcess({ ...STALE, jitter: 0.2 })
      await graced.fn('b')
      expect(await termsOf(graced, time, 'b')).toMatchObject({ leftMs: about(ms), graceMs: 50 * SECOND })
    })

    test('may follow from the result and the arguments', async () => {
      const time = newTimeline()
      const ttl = vi.fn<(result: unknown, key: string) => Duration>((result, key) =>
        key === 'a' ? 20 : `${Number(result)}m`,
      )
      const process = time.newProcess({ ttl, staleWhileRevalidate: 50 })
      await process.fn('a')
      expect(await termsOf(process, time)).toMatchObject({ leftMs: about(20 * SECOND), graceMs: 50 * SECOND })
      time.load.mockResolvedValueOnce(2)
      await process.fn('b')
      expect(await termsOf(process, time, 'b')).toMatchObject({ leftMs: about(120 * SECOND) })
      expect(ttl.mock.calls).toEqual([
        ['a 1', 'a'],
        [2, 'b'],
      ])
      await time.pass(process.place, 20 * SECOND)
      await process.fn('a')
      await untilEmitted(process.emitted, 'refresh')
    })

    test.each<{ option: string; options: WrapOptions<Load> }>([
      { option: 'a ttl of 0', options: { ttl: () => 0 } },
      { option: 'cacheIf', options: { cacheIf: () => false } },
    ])('may be that it is not: $option', async ({ options }) => {
      const time = newTimeline()
      const { fn, emitted } = time.newProcess(options)
      expect(await Promise.all([fn('a'), fn('a')])).toEqual(['a 1', 'a 1'])
      expect(await fn('a')).toBe('a 2')
      const reason = options.cacheIf === undefined ? 'zero-ttl' : 'unwanted'
      expect(emitted.filter(({ event }) => event === 'skip')).toMatchObject([{ reason }, { reason }])
      expect(await fn.peek('a')).toBeUndefined()
    })

    test('may be for some results alone', async () => {
      const time = newTimeline()
      const cacheIf = vi.fn<(result: unknown, key: string) => boolean>(
        (result, key) => result !== null && key !== 'c',
      )
      const { fn } = time.newProcess({ cacheIf })
      time.load.mockResolvedValueOnce(null)
      await fn('a')
      expect(await fn('a')).toBe('a 2')
      expect(await fn('a')).toBe('a 2')
      await fn('c')
      expect(await fn('c')).toBe('c 4')
      expect(cacheIf.mock.calls[0]).toEqual([null, 'a'])
    })

    const boom = new RangeError('boom')
    const fails = (): never => {
      throw boom
    }
    test.each<{ option: string; options: WrapOptions<Load>; error: unknown }>([
      { option: 'ttl', options: { ttl: fails }, error: boom },
      { option: 'ttl with a grace period', options: { ttl: fails, staleWhileRevalidate: 5 }, error: boom },
      { option: 'cacheIf', options: { cacheIf: fails }, error: boom },
      { option: 'tags', options: { tags: fails }, error: boom },
      {
        option: 'a ttl that is none',
        options: { ttl: () => -5 },
        error: expect.objectContaining({ message: expect.stringMatching(/^ttl: -5 is not a duration/) }),
      },
      {
        option: 'tags that are none',
        options: { tags: () => [''] },
        error: expect.objectContaining({ message: expect.stringMatching(/^tags: /) }),
      },
    ])('that cannot be said are no trouble of the caller: $option', async ({ options, error }) => {
      const time = newTimeline()
      const { fn, emitted } = time.newProcess(options)
      expect(await Promise.all([fn('a'), fn('a')])).toEqual(['a 1', 'a 1'])
      expect(names(emitted)).toEqual(['join', 'miss', 'error:callback'])
      expect(emitted[2]).toMatchObject({ error, function: 'load' })
      expect(await fn.peek('a')).toBeUndefined()
    })
  })

  describe('a result that was stored under other options', () => {
    test('is not served beyond a TTL that is shorter now', async () => {
      const time = newTimeline()
      const before = time.newProcess({ ttl: 1_000, staleWhileRevalidate: 100, staleIfError: 2_000 })
      await before.fn('a')
      const after = time.newProcess({ ttl: 10, staleWhileRevalidate: 20, staleIfError: 30 })
      time.load.mockRejectedValueOnce(unavailable)
      await expect(after.fn('a')).rejects.toBe(unavailable)
      expect(await after.fn('a')).toBe('a 3')
      expect(await after.fn('a')).toBe('a 3')
    })

    test('is not served in a grace period that is shorter now', async () => {
      const time = newTimeline()
      const before = time.newProcess({ ttl: 100, staleWhileRevalidate: 500 })
      await before.fn('a')
      await time.pass(before.place, 120 * SECOND)
      expect(await time.newProcess({ ttl: 100, staleWhileRevalidate: 10 }).fn('a')).toBe('a 2')
    })

    test('does not count as fresh where there is no grace period any more', async () => {
      const time = newTimeline()
      const { cache, fn, place } = time.newProcess(STALE)
      const strict = cache.wrap(time.load as Load, { name: 'load', source: false, ttl: 100 })
      await fn('a')
      await time.pass(place, 120 * SECOND)
      expect(await strict('a')).toBe('a 2')
    })

    test('keeps its end of freshness where a grace period is new', async () => {
      const time = newTimeline()
      const { place } = time.newProcess({ ttl: 100 })
      await time.newProcess({ ttl: 100 }).fn('a')
      const { fn } = time.newProcess(STALE)
      expect(await fn('a')).toBe('a 1')
      await time.pass(place, 100 * SECOND)
      expect(await fn('a')).toBe('a 2')
    })
  })

  describe.runIf(hasServer)('where the key of ends is lost', () => {
    test('a result is fresh, stale and expired at the same times', async () => {
      const time = newTimeline()
      const { fn, place, emitted } = time.newProcess(BOTH)
      await fn('a')
      const ends = `${place.keys[1]}:expiry`
      expect(await target.raw(ends, 'DEL', ends)).toBe(1)
      expect(await fn('a')).toBe('a 1')
      await time.pass(place, 100 * SECOND)
      time.load.mockRejectedValueOnce(unavailable)
      expect(await fn('a')).toBe('a 1')
      await untilEmitted(emitted, 'error')
      await time.pass(place, 200 * SECOND)
      expect(await fn('a')).toBe('a 3')
    })
  })
})

// Errors that are remembered, and thrown again.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { CacheOptions, WrapOptions } from './library.ts'
import { FailingStore } from './failing-store.ts'
import { EACH_POLICY_AND_SCOPE, hasServer, openTarget, type Target } from './target.ts'
import { advanceable, untilEmitted, type Load, names, Timeline } from './timeline.ts'

class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
  readonly id: number

  constructor(id: number, options?: ErrorOptions) {
    super(`there is no ${id}`, options)
    this.id = id
  }
}

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())
afterEach(() => {
  vi.restoreAllMocks()
})

const SECOND = 1_000
const ERRORS = { cacheErrors: { ttl: 10 } } satisfies WrapOptions<Load>
const CLASSES = { errors: [NotFoundError] } satisfies Partial<CacheOptions>

const unavailable = new Error('unavailable')
const notFound = new NotFoundError(7, { cause: new TypeError('no row') })

const thrownBy = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (result) => expect.fail(`It returned ${String(result)}.`),
    (error: unknown) => error,
  )

describe.each(EACH_POLICY_AND_SCOPE)('$policy, scope $scope: an error that is remembered', ({ create }) => {
  const newTimeline = () => new Timeline(target, create)

  test('is thrown as it is first, and as it was by other processes', async () => {
    const time = newTimeline()
    time.load.mockRejectedValue(notFound)
    expect(await thrownBy(time.newProcess(ERRORS, CLASSES).fn('a'))).toBe(notFound)
    const { fn, emitted } = time.newProcess(ERRORS, CLASSES)
    const again = await thrownBy(fn('a'))
    expect(again).toBeInstanceOf(NotFoundError)
    expect(again).not.toBe(notFound)
    expect(again).toMatchObject({ name: 'NotFoundError', message: 'there is no 7', id: 7 })
    expect((again as Error).cause).toBeInstanceOf(TypeError)
    expect((again as Error).cause).toMatchObject({ message: 'no row' })
    expect((again as Error).stack).toBe(notFound.stack)
    expect(names(emitted)).toEqual(['hit'])
    expect(time.load).toHaveBeenCalledOnce()
  })

  test('is a plain one of its name where its class is not known', async () => {
    const time = newTimeline()
    time.load.mockRejectedValue(notFound)
    const { fn } = time.newProcess(ERRORS)
    await thrownBy(fn('a'))
    const again = await thrownBy(fn('a'))
    expect(again).not.toBeInstanceOf(NotFoundError)
    expect(again).toBeInstanceOf(Error)
    expect(again).toMatchObject({ name: 'NotFoundError', message: 'there is no 7', id: 7 })
  })

  test('need not be one', async () => {
    const time = newTimeline()
    time.load.mockRejectedValueOnce({ status: 404 }).mockRejectedValueOnce(undefined)
    const { fn } = time.newProcess(ERRORS)
    await thrownBy(fn('a'))
    expect(await thrownBy(fn('a'))).toEqual({ status: 404 })
    await thrownBy(fn('b'))
    expect(await thrownBy(fn('b'))).toBeUndefined()
    expect(time.load).toHaveBeenCalledTimes(2)
  })

  test('ends when its time is over, whatever that of results is', async () => {
    for (const options of [
      {},
      { ttl: 100 },
      { ttl: 1 },
      { ttl: 100, staleWhileRevalidate: 50, earlyRefresh: true },
    ]) {
      const time = newTimeline()
      const { fn, place, emitted } = time.newProcess({ ...options, ...ERRORS })
      time.load.mockRejectedValueOnce(unavailable)
      await thrownBy(fn('a'))
      await time.pass(place, 7 * SECOND)
      await thrownBy(fn('a'))
      expect(names(emitted)).toEqual(['miss', 'store', 'hit'])
      await time.pass(place, 3 * SECOND)
      expect(await fn('a')).toBe('a 2')
      expect(await fn('a')).toBe('a 2')
    }
  })

  test('may live longer than results do', async () => {
    for (const grace of [{}, { staleWhileRevalidate: 1 }, { staleIfError: 1 }, { earlyRefresh: true }]) {
      const time = newTimeline()
      const { fn, place, emitted } = time.newProcess({ ttl: 5, ...grace, cacheErrors: { ttl: 1_000 } })
      time.load.mockRejectedValueOnce(unavailable)
      await thrownBy(fn('a'))
      await thrownBy(fn('a'))
      await time.pass(place, 500 * SECOND)
      await thrownBy(fn('a'))
      expect(names(emitted)).toEqual(['miss', 'store', 'hit', 'hit'])
    }
  })

  test('is not served beyond a time that is shorter now', async () => {
    const time = newTimeline()
    time.load.mockRejectedValueOnce(unavailable)
    await thrownBy(time.newProcess({ cacheErrors: { ttl: 1_000 } }).fn('a'))
    expect(await time.newProcess(ERRORS).fn('a')).toBe('a 2')
  })

  test('is one of those that the option accepts', async () => {
    const when = vi.fn<(error: unknown) => boolean>((error) => error instanceof NotFoundError)
    const time = newTimeline()
    const { fn, emitted } = time.newProcess({ cacheErrors: { ttl: 10, when } }, CLASSES)
    time.load.mockRejectedValueOnce(unavailable).mockRejectedValueOnce(notFound)
    expect(await thrownBy(fn('a'))).toBe(unavailable)
    expect(await thrownBy(fn('a'))).toBe(notFound)
    expect(await thrownBy(fn('a'))).toBeInstanceOf(NotFoundError)
    expect(names(emitted)).toEqual(['miss', 'miss', 'store', 'hit'])
    expect(when.mock.calls).toEqual([[unavailable], [notFound]])
  })

  test('is not, if what says which are meant fails', async () => {
    const trouble = new TypeError('when')
    const time = newTimeline()
    const { fn, emitted } = time.newProcess({
      cacheErrors: {
        ttl: 10,
        when: () => {
          throw trouble
        },
      },
    })
    time.load.mockRejectedValueOnce(unavailable)
    expect(await thrownBy(fn('a'))).toBe(unavailable)
    expect(emitted.at(-1)).toMatchObject({ event: 'error', during: 'callback', error: trouble })
    expect(await fn('a')).toBe('a 2')
  })

  test('is not, if it cannot be stored', async () => {
    const time = newTimeline()
    const { fn, emitted } = time.newProcess(ERRORS)
    const symbol = Symbol('thrown')
    time.load.mockRejectedValueOnce(symbol)
    expect(await thrownBy(fn('a'))).toBe(symbol)
    expect(names(emitted)).toEqual(['miss', 'error:serialize'])
    expect(await fn('a')).toBe('a 2')

    const small = time.newProcess({ ...ERRORS, maxValueBytes: 20 })
    time.load.mockRejectedValueOnce(unavailable)
    expect(await thrownBy(small.fn('b'))).toBe(unavailable)
    expect(names(small.emitted)).toEqual(['miss', 'skip:too-large'])
  })

  test('is thrown whatever the store does', async () => {
    const time = newTimeline()
    const store = new FailingStore(time.newStore(), 'put')
    for (const onError of ['execute', 'throw'] as const) {
      const { fn, emitted } = time.newProcess(ERRORS, { store, onError })
      time.load.mockRejectedValueOnce(unavailable)
      expect(await thrownBy(fn('a'))).toBe(unavailable)
      expect(names(emitted)).toEqual(['miss', 'error:put'])
    }
  })

  test('is thrown to all waiting callers', async () => {
    const time = newTimeline()
    const { fn } = time.newProcess(ERRORS, CLASSES)
    time.load.mockRejectedValueOnce(notFound)
    expect(await Promise.all([thrownBy(fn('a')), thrownBy(fn('a'))])).toEqual([notFound, notFound])
    for (const error of await Promise.all([thrownBy(fn('a')), thrownBy(fn('a'))])) {
      expect(error).toBeInstanceOf(NotFoundError)
    }
    expect(time.load).toHaveBeenCalledOnce()
  })

  test('is nothing to a process that remembers none', async () => {
    const time = newTimeline()
    time.load.mockRejectedValueOnce(unavailable)
    const { fn } = time.newProcess(ERRORS)
    await thrownBy(fn('a'))
    const plain = time.newProcess()
    expect(await plain.fn('a')).toBe('a 2')
    expect(await plain.fn('a')).toBe('a 2')
    expect(names(plain.emitted)).toEqual(['miss', 'store', 'hit'])
    expect(await fn('a')).toBe('a 2')
    time.load.mockRejectedValueOnce(unavailable)
    await thrownBy(fn('b'))
    const graceful = time.newProcess({ ttl: 100, staleWhileRevalidate: 50, staleIfError: 50 })
    expect(await graceful.fn('b')).toBe('b 4')
  })

  test('is thrown where nothing may be executed, and is no value', async () => {
    const time = newTimeline()
    const { cache, fn } = time.newProcess(ERRORS)
    time.load.mockRejectedValueOnce(unavailable)
    await thrownBy(fn('a'))
    expect(await thrownBy(cache.readOnly(() => fn('a')))).toMatchObject({ message: 'unavailable' })
    expect(await fn.peek('a')).toBeUndefined()
    expect(await cache.bypass(() => fn('a'))).toBe('a 2')
    await thrownBy(fn('a'))
  })

  test('is replaced by what refresh and prime bring, and ends with an invalidation', async () => {
    const time = newTimeline()
    const { fn } = time.newProcess(ERRORS)
    time.load.mockRejectedValueOnce(unavailable)
    await thrownBy(fn('a'))
    expect(await fn.refresh('a')).toBe('a 2')
    expect(await fn('a')).toBe('a 2')

    time.load.mockRejectedValueOnce(notFound)
    expect(await thrownBy(fn.refresh('a'))).toBe(notFound)
    await thrownBy(fn('a'))
    await fn.prime(['a'], 'known')
    expect(await fn('a')).toBe('known')

    time.load.mockRejectedValueOnce(unavailable)
    await thrownBy(fn('b'))
    expect(await fn.invalidate('b')).toBe(true)
    expect(await fn('b')).toBe('b 5')
  })

  test('ends with a soft invalidation, since it has no grace period', async () => {
    const time = newTimeline()
    const { fn } = time.newProcess({ ttl: 100, staleWhileRevalidate: 50, ...ERRORS })
    time.load.mockRejectedValueOnce(unavailable)
    await thrownBy(fn('a'))
    expect(await fn.with({ soft: true }).invalidate('a')).toBe(true)
    expect(await fn('a')).toBe('a 2')
  })

  test('is not stored if it was invalidated while it came about', async () => {
    const time = newTimeline()
    const { fn, emitted } = time.newProcess(ERRORS)
    const { fail } = time.gate()
    const call = thrownBy(fn('a'))
    await time.ran(1)
    await fn.invalidate('a')
    fail(unavailable)
    expect(await call).toBe(unavailable)
    expect(names(emitted)).toEqual(['miss', 'invalidate', 'skip:invalidated'])
    expect(await fn('a')).toBe('a 2')
  })

  test('never replaces a stale result', async () => {
    // Whether or not it would serve in place of such an error later.
    for (const when of [() => true, () => false]) {
      const time = newTimeline()
      const { fn, place, emitted } = time.newProcess({
        ttl: 100,
        staleWhileRevalidate: 50,
        staleIfError: { for: 200, when },
        ...ERRORS,
      })
      await fn('a')
      await time.pass(place, 100 * SECOND)
      time.load.mockRejectedValueOnce(unavailable)
      expect(await fn('a')).toBe('a 1')
      await untilEmitted(emitted, 'error')
      expect(await fn('a')).toBe('a 1')
      expect(await fn.peek('a')).toBe('a 1')
    }
  })

  test('never replaces a result that was to be refreshed early', async () => {
    const time = newTimeline()
    const { fn, place, emitted } = time.newProcess({ ttl: 100, earlyRefresh: true, ...ERRORS })
    const advance = advanceable()
    time.load.mockImplementationOnce(async () => {
      advance(10 * SECOND)
      return 'old'
    })
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    await fn('a')
    await time.pass(place, 95 * SECOND)
    time.load.mockRejectedValueOnce(unavailable)
    expect(await fn('a')).toBe('old')
    await untilEmitted(emitted, 'error')
    expect(await fn('a')).toBe('old')
  })

  test('replaces a fallback only if that is not served in its place', async () => {
    const when = (error: unknown): boolean => error === unavailable
    const time = newTimeline()
    const options = { ttl: 100, staleIfError: { for: 50, when }, ...ERRORS }
    const { fn, place } = time.newProcess(options)
    await fn('a')
    await time.pass(place, 100 * SECOND)
    time.load.mockRejectedValue(unavailable)
    expect(await fn('a')).toBe('a 1')
    expect(await thrownBy(fn.refresh('a'))).toBe(unavailable)
    expect(await fn.peek('a')).toBe('a 1')
    expect(await time.newProcess(options).fn('a')).toBe('a 1')

    time.load.mockRejectedValue(notFound)
    const there = time.newProcess(options, CLASSES)
    expect(await thrownBy(there.fn('a'))).toBe(notFound)
    expect(await thrownBy(there.fn('a'))).toBeInstanceOf(NotFoundError)
    expect(time.load).toHaveBeenCalledTimes(5)
  })

  test('is of a call that waited for another process, too', async () => {
    const options: WrapOptions<Load> = { ...ERRORS, singleFlight: 'global' }
    const time = newTimeline()
    const [here, there] = [time.newProcess(options, CLASSES), time.newProcess(options, CLASSES)]
    const { fail } = time.gate()
    const first = thrownBy(here.fn('a'))
    await time.ran(1)
    const second = thrownBy(there.fn('a'))
    await untilEmitted(there.emitted, 'wait')
    fail(notFound)
    expect(await first).toBe(notFound)
    expect(await second).toBeInstanceOf(NotFoundError)
    expect(time.load).toHaveBeenCalledOnce()
    await Promise.all([here.cache.close(), there.cache.close()])
  })
})

describe.runIf(hasServer)('on a server, an error', () => {
  test('lies where results do, marked, and ends by the clock of the server', async () => {
    const time = new Timeline(target)
    const { fn, place } = time.newProcess(ERRORS)
    time.load.mockRejectedValueOnce(unavailable)
    await thrownBy(fn('a'))
    const hash = String(fn.keyOf('a').hash)
    const [, values] = place.keys
    expect(String(await target.raw(values, 'HGET', values, hash))).toMatch(/^\0error\0.*unavailable/)
    const { expiry } = await target.inspect(time.newStore(), place)
    const [seconds] = (await target.raw(values, 'TIME')) as [Buffer]
    const leftMs = (expiry.get(hash) ?? 0) - Number(seconds) * 1_000
    expect(leftMs).toBeGreaterThan(8_000)
    expect(leftMs).toBeLessThanOrEqual(11_000)
  })
})

test('calls that join one that fails get an error each, and the one that ran it the original', async () => {
  const time = new Timeline(target)
  const boom = Object.assign(new RangeError('boom'), { details: { at: 1 } })
  time.load.mockRejectedValue(boom)
  const { fn } = time.newProcess()
  const results = await Promise.allSettled([fn('a'), fn('a'), fn.detailed('a')])
  const errors = results.map((result) => (result as PromiseRejectedResult).reason as typeof boom)
  expect(errors[0]).toBe(boom)
  expect(new Set(errors).size).toBe(3)
  expect(new Set(errors.map(({ details }) => details)).size).toBe(3)
  for (const error of errors) expect(error).toEqual(boom)
  expect(time.load).toHaveBeenCalledOnce()

  const shared = time.newProcess({ share: true }).fn
  const [one, other] = await Promise.allSettled([shared('b'), shared('b')])
  expect((one as PromiseRejectedResult).reason).toBe((other as PromiseRejectedResult).reason)
})

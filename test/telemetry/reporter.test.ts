import { channel } from 'node:diagnostics_channel'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Context } from '../../src/context/context.ts'
import { type CacheEvents, Events } from '../../src/telemetry/events.ts'
import { DEFAULT_MODE } from '../../src/context/mode.ts'
import { CacheReporter } from '../../src/telemetry/cache-reporter.ts'
import { Counters } from '../../src/telemetry/counters.ts'
import { Reporter } from '../../src/telemetry/reporter.ts'
import { newStats } from '../../src/context/stats.ts'

vi.mock('../../src/flow/timers.ts', () => import('../flow/replaceable-timers.ts'))

afterEach(() => {
  vi.restoreAllMocks()
})

function newReport() {
  const events = new Events()
  const stats = newStats()
  const context: Context = { mode: DEFAULT_MODE, stats: [stats], signal: undefined, since: undefined }
  /** How often a call was looked at to be told of. */
  const looked = vi.fn<() => string>(() => 'hash')
  const call = {
    context,
    beganMs: performance.now(),
    get hash() {
      return looked()
    },
  }
  /** A list of it alone. */
  const hashes: string[] = Object.defineProperty([], 0, { get: looked, enumerable: true })
  const counters = new Counters()
  const report = new Reporter('cache', 'fn', events, counters)
  const cacheReport = new CacheReporter('cache', events, counters)
  return { events, stats, counters, looked, call, hashes, report, cacheReport }
}

type Report = ReturnType<typeof newReport>

const TELLS = {
  hit: ({ report, call }) => report.hit(call),
  stale: ({ report, call }) => report.stale(call, 'grace'),
  miss: ({ report, call }) => report.miss(call),
  join: ({ report, call }) => report.joins(call),
  wait: ({ report, call }) => report.waits(call),
  lease: ({ report, call }) => report.leased(call),
  refresh: ({ report, call }) => report.refreshes(call, 'stale'),
  overdue: ({ report, call }) => report.overdue(call, 60_000),
  store: ({ report, call }) => report.stored(call, 5, 1),
  skip: ({ report, call }) => report.skipped(call, 'too-large', 5, 1),
  invalidate: ({ report, hashes }) => report.invalidated(hashes, false, 1, 0),
  evict: ({ report, call }) => report.evicted(call, 'index', 2),
  error: ({ report, call }) => report.failed(call, 'get', new Error('no')),
  breaker: ({ cacheReport }) => cacheReport.breakerChanged('open', 'closed'),
  undecodable: ({ report, call }) => report.undecodable(call, new Error('no')),
  misplaced: ({ report, call }) => report.misplaced(call),
  invalid: ({ report, call }) => report.invalid(call, ['no']),
  advice: ({ cacheReport }) =>
    cacheReport.advises({
      since: new Date(),
      calls: 1,
      sample: 1,
      recomputed: 0,
      hitRatio: 0,
      alternatives: [],
      text: '',
    }),
  lossy: ({ report, call }) => report.lossy(call, 'a Date', true),
} satisfies Record<keyof CacheEvents, (it: Report) => void>

const EACH = Object.entries(TELLS).map(([event, tell]) => ({ event: event as keyof CacheEvents, tell }))

describe.each(EACH)('$event', ({ event, tell }) => {
  test('builds nothing without a listener', () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const it = newReport()
    const emit = vi.spyOn(it.events, 'emit')
    tell(it)
    expect(it.looked).not.toHaveBeenCalled()
    expect(emit).not.toHaveBeenCalled()
  })

  test.each(['cache', 'process'])('reaches a listener of the %s, once', (where) => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const it = newReport()
    const listen = vi.fn<(detail: unknown) => void>()
    const heard = (detail: unknown): void => listen(detail)
    if (where === 'cache') it.events.on(event, heard)
    else channel(`redis-func-cache:${event}`).subscribe(heard)
    tell(it)
    channel(`redis-func-cache:${event}`).unsubscribe(heard)
    it.events.off(event, heard)
    tell(it)
    expect(listen).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ cache: 'cache' }))
  })
})

test('figures are counted with and without listeners', () => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const it = newReport()
  for (const { tell } of EACH) tell(it)
  it.report.called(it.call.context)
  it.report.looks(it.call)
  it.report.executes(it.call)
  it.report.joined(it.call)
  expect(it.counters.stats).toEqual(it.stats)
  expect(it.stats).toEqual({
    ...newStats(),
    calls: 1,
    read: 1,
    execute: 1,
    joined: 1,
    hit: 1,
    stale: 1,
    miss: 1,
    wait: 1,
    refresh: 1,
    write: 1,
    evicted: 2,
    error: 4,
  })
})

test('no eviction is none to tell of', () => {
  const it = newReport()
  const listen = vi.fn<(detail: unknown) => void>()
  it.events.on('evict', listen)
  it.report.evicted(it.call, 'index', 0)
  expect(listen).not.toHaveBeenCalled()
})

test('an error of a listener affects neither the call nor the other listeners', () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const it = newReport()
  const other = vi.fn<(detail: unknown) => void>()
  it.events.on('hit', () => {
    throw new Error('of the listener')
  })
  it.events.on('hit', other)
  it.report.hit(it.call)
  expect(other).toHaveBeenCalledOnce()
  expect(warn).toHaveBeenCalledOnce()
  expect(String(warn.mock.calls[0]?.[0])).toContain('of the listener')
})

test('a listener added by once is called once, and many listeners cause no warning', () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const it = newReport()
  const listen = vi.fn<(detail: unknown) => void>()
  for (let i = 0; i < 20; i++) it.events.on('hit', listen)
  it.report.hit(it.call)
  expect(listen).toHaveBeenCalledTimes(20)
  expect(warn).not.toHaveBeenCalled()
})

test.each<[what: string, thrown: unknown, message: string]>([
  ['a text', 'no', 'no'],
  ['nothing', undefined, 'undefined'],
  ['an object that tells nothing', Object.create(null), '[object Object]'],
])('what is no error, but %s, becomes the cause of one', (_, thrown, message) => {
  const it = newReport()
  const listen = vi.fn<(detail: CacheEvents['error']) => void>()
  it.events.on('error', listen)
  it.report.failed(it.call, 'refresh', thrown)
  const [[detail] = []] = listen.mock.calls
  const { error, durationMs } = detail as CacheEvents['error']
  expect(error).toBeInstanceOf(Error)
  expect(error.message).toBe(message)
  expect(error.cause).toBe(thrown)
  expect(durationMs).toBeGreaterThanOrEqual(0)
})

test('an error of another realm is reported unchanged', () => {
  const it = newReport()
  const listen = vi.fn<(detail: CacheEvents['error']) => void>()
  it.events.on('error', listen)
  const foreign: unknown = runInNewContext("new TypeError('elsewhere')")
  it.report.failed(it.call, 'get', foreign)
  expect(listen.mock.calls[0]?.[0].error).toBe(foreign)
})

test('an event about a whole cache has no function and no call', () => {
  const it = newReport()
  const listen = vi.fn<(detail: unknown) => void>()
  it.events.on('invalidate', listen)
  it.events.on('error', listen)
  it.cacheReport.invalidated({ tags: ['a'], soft: true }, 3, 1.5)
  it.cacheReport.touchFailed('refused')
  expect(listen.mock.calls).toEqual([
    [
      {
        cache: 'cache',
        function: undefined,
        hash: undefined,
        tags: ['a'],
        soft: true,
        count: 3,
        durationMs: 1.5,
      },
    ],
    [expect.objectContaining({ function: undefined, hash: undefined, during: 'touch' })],
  ])
  expect(it.counters.stats.error).toBe(1)
})

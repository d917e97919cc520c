import { channel } from 'node:diagnostics_channel'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Context } from '../src/context.ts'
import { type CacheEvents, Events } from '../src/events.ts'
import { DEFAULT_MODE } from '../src/mode.ts'
import { Reporter } from '../src/reporter.ts'
import { newStats } from '../src/stats.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

function newReport() {
  const events = new Events()
  const stats = newStats()
  const context: Context = { mode: DEFAULT_MODE, stats: [stats], signal: undefined }
  /** How often a call was looked at to be told of. */
  const looked = vi.fn<() => string>(() => 'hash')
  const call = {
    context,
    get hash() {
      return looked()
    },
  }
  return { events, stats, looked, call, report: new Reporter('cache', 'fn', events) }
}

type Report = ReturnType<typeof newReport>

const TELLS = {
  hit: ({ report, call }) => report.hit(call),
  stale: ({ report, call }) => report.stale(call, 'grace'),
  miss: ({ report, call }) => report.miss(call),
  wait: ({ report, call }) => report.waits(call),
  lease: ({ report, call }) => report.leased(call),
  refresh: ({ report, call }) => report.refreshes(call, 'stale'),
  store: ({ report, call }) => report.stored(call, 5),
  skip: ({ report, call }) => report.skipped(call, 'too-large', 5),
  evict: ({ report, call }) => report.evicted(call, 'index', 2),
  error: ({ report, call }) => report.failed(call, 'get', new Error('no')),
  undecodable: ({ report, call }) => report.undecodable(call, new Error('no')),
  invalid: ({ report, call }) => report.invalid(call, ['no']),
  lossy: ({ report, call }) => report.lossy(call, 'a Date'),
} satisfies Record<keyof CacheEvents, (it: Report) => void>

const EACH = Object.entries(TELLS).map(([event, tell]) => ({ event: event as keyof CacheEvents, tell }))

describe.each(EACH)('$event', ({ event, tell }) => {
  test('builds nothing where nobody listens', () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const it = newReport()
    const emit = vi.spyOn(it.events, 'emit')
    tell(it)
    expect(it.looked).not.toHaveBeenCalled()
    expect(emit).not.toHaveBeenCalled()
  })

  test.each(['cache', 'process'])('is told to a listener of the %s, once', (where) => {
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

test('figures are counted whether somebody listens or not', () => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const it = newReport()
  for (const { tell } of EACH) tell(it)
  expect(it.stats).toEqual({
    ...newStats(),
    hit: 1,
    stale: 1,
    miss: 1,
    wait: 1,
    refresh: 1,
    write: 1,
    evicted: 2,
    error: 3,
  })
})

test('no eviction is none to tell of', () => {
  const it = newReport()
  const listen = vi.fn<(detail: unknown) => void>()
  it.events.on('evict', listen)
  it.report.evicted(it.call, 'index', 0)
  expect(listen).not.toHaveBeenCalled()
})

test('what a listener throws is no affair of who tells', () => {
  const nextTick = vi.spyOn(process, 'nextTick').mockImplementation(() => {})
  const it = newReport()
  const error = new Error('of the listener')
  it.events.on('hit', () => {
    throw error
  })
  it.report.hit(it.call)
  expect(nextTick).toHaveBeenCalledOnce()
  expect(nextTick.mock.calls[0]?.[0]).toThrow(error)
})

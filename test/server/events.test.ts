// What a cache tells of: each event once for each of its reasons, to its own listeners and to those of the whole process.
import { channel } from 'node:diagnostics_channel'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { EVENTS } from '../../src/telemetry/events.ts'
import { type CacheEvents, LruTPolicy, RedisFuncCache, type WrapOptions } from './library.ts'
import { FailingStore } from './failing-store.ts'
import { openTarget, type Target, unique } from './target.ts'
import { advanceable, untilEmitted, type Load, Timeline, until } from './timeline.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())
afterEach(() => {
  vi.restoreAllMocks()
})

const SECOND = 1_000
const unavailable = new Error('unavailable')

/** What a cache tells whom of: its own listeners, and those of the process who listen for it. */
function listeners() {
  const own: [string, unknown][] = []
  const global: [string, unknown][] = []
  const stops = EVENTS.map((event) => {
    const listen = (detail: unknown): void => void global.push([event, detail])
    channel(`redis-func-cache:${event}`).subscribe(listen)
    return () => channel(`redis-func-cache:${event}`).unsubscribe(listen)
  })
  const listenTo = (cache: RedisFuncCache): void => {
    for (const event of EVENTS) cache.on(event, (detail) => own.push([event, detail]))
  }
  return { own, global, listenTo, stop: () => stops.forEach((stop) => stop()) }
}

interface Case<E extends keyof CacheEvents = keyof CacheEvents> {
  readonly event: E
  /** What is told besides which call of which function it is. */
  readonly detail: Partial<CacheEvents[E]>
  /** Brings it about, the call of `a`. */
  readonly happens: (time: Timeline) => Promise<RedisFuncCache>
}

const eventCase = <E extends keyof CacheEvents>(each: Case<E>): Case => each as unknown as Case

async function withOptions(time: Timeline, options: WrapOptions<Load>, passedMs = 0) {
  const process = time.newProcess(options)
  if (passedMs > 0) {
    await process.fn('a')
    await time.pass(process.place, passedMs)
  }
  return process
}

async function called(time: Timeline, options: WrapOptions<Load>, passedMs = 0): Promise<RedisFuncCache> {
  const { cache, fn } = await withOptions(time, options, passedMs)
  await fn('a').catch(() => {})
  return cache
}

/** The cache of a function that has run for longer than it may, and has returned after all. */
async function hung(time: Timeline): Promise<RedisFuncCache> {
  const { cache, fn, emitted } = time.newProcess({ maxComputeTime: '5ms' })
  const { end } = time.gate()
  const call = fn('a')
  await untilEmitted(emitted, 'overdue')
  end('late')
  await call
  return cache
}

const GRACE = { ttl: 100, staleWhileRevalidate: 50, staleIfError: 200 }
const refused = () => new FailingStore(new Timeline(target).newStore())

const CASES: readonly Case[] = [
  eventCase({ event: 'miss', detail: {}, happens: (time) => called(time, {}) }),
  eventCase({ event: 'store', detail: { bytes: 5 }, happens: (time) => called(time, {}) }),
  eventCase({
    event: 'hit',
    detail: { near: false, proofAgeMs: undefined },
    happens: (time) => called(time, { ttl: 100 }, 1),
  }),
  eventCase({
    event: 'stale',
    detail: { reason: 'grace' },
    happens: (time) => called(time, GRACE, 100 * SECOND),
  }),
  eventCase({
    event: 'stale',
    detail: { reason: 'error' },
    happens: async (time) => {
      const { cache, fn } = await withOptions(time, GRACE, 150 * SECOND)
      time.load.mockRejectedValueOnce(unavailable)
      await fn('a')
      return cache
    },
  }),
  eventCase({
    event: 'stale',
    detail: { reason: 'pause' },
    happens: async (time) => {
      const { cache, fn } = await withOptions(time, GRACE, 150 * SECOND)
      time.load.mockRejectedValueOnce(unavailable)
      await fn('a')
      await fn('a')
      return cache
    },
  }),
  eventCase({
    event: 'stale',
    detail: { reason: 'soft-timeout' },
    happens: async (time) => {
      const { cache, fn } = await withOptions(time, { ...GRACE, softTimeout: '1ms' }, 150 * SECOND)
      const { end } = time.gate()
      await fn('a')
      end('late')
      return cache
    },
  }),
  eventCase({
    event: 'refresh',
    detail: { reason: 'stale' },
    happens: (time) => called(time, GRACE, 100 * SECOND),
  }),
  eventCase({
    event: 'refresh',
    detail: { reason: 'early' },
    happens: async (time) => {
      const advance = advanceable()
      time.load.mockImplementationOnce(async () => advance(50 * SECOND))
      vi.spyOn(Math, 'random').mockReturnValue(0.9)
      return called(time, { ttl: 100, earlyRefresh: true }, 10 * SECOND)
    },
  }),
  eventCase({
    event: 'lease',
    detail: {},
    happens: (time) => called(time, { singleFlight: 'global' }),
  }),
  eventCase({
    event: 'wait',
    detail: {},
    happens: async (time) => {
      const [here, there] = [1, 2].map(() => time.newProcess({ singleFlight: 'global' })) as [
        ReturnType<Timeline['newProcess']>,
        ReturnType<Timeline['newProcess']>,
      ]
      const { end } = time.gate()
      const calls = [here.fn('a')]
      await time.ran(1)
      calls.push(there.fn('a'))
      await untilEmitted(there.emitted, 'wait')
      end('result')
      await Promise.all(calls)
      return there.cache
    },
  }),
  eventCase({
    event: 'skip',
    detail: { reason: 'invalidated', bytes: 5 },
    happens: async (time) => {
      const { cache, fn } = time.newProcess()
      const { end } = time.gate()
      const call = fn('a')
      await time.ran(1)
      await fn.invalidate('a')
      end('old')
      await call
      return cache
    },
  }),
  eventCase({
    event: 'skip',
    detail: { reason: 'too-large', bytes: 5 },
    happens: (time) => called(time, { maxValueBytes: 4 }),
  }),
  eventCase({
    event: 'skip',
    detail: { reason: 'no-token', bytes: 5 },
    happens: async (time) => {
      const store = refused()
      store.failing.add('get')
      const { cache, fn } = time.newProcess({}, { store })
      await fn('a')
      return cache
    },
  }),
  eventCase({ event: 'overdue', detail: {}, happens: (time) => hung(time) }),
  eventCase({ event: 'skip', detail: { reason: 'overdue' }, happens: (time) => hung(time) }),
  eventCase({
    event: 'skip',
    detail: { reason: 'zero-ttl' },
    happens: (time) => called(time, { ttl: () => 0 }),
  }),
  eventCase({
    event: 'skip',
    detail: { reason: 'unwanted' },
    happens: (time) => called(time, { cacheIf: () => false }),
  }),
  ...(['get', 'put', 'lease'] as const).map((during) =>
    eventCase({
      event: 'error',
      detail: { during, error: expect.objectContaining({ code: 'ERR_STORE' }) },
      happens: async (time) => {
        const store = refused()
        store.failing.add(during)
        const { cache, fn } = time.newProcess({ singleFlight: 'global' }, { store })
        await fn('a')
        return cache
      },
    }),
  ),
  eventCase({
    event: 'skip',
    detail: { reason: 'unstorable' },
    happens: (time) => {
      vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
      time.load.mockResolvedValueOnce({ body: () => 1 })
      return called(time, {})
    },
  }),
  eventCase({
    event: 'error',
    detail: { during: 'serialize', error: expect.objectContaining({ code: 'ERR_SERIALIZER' }) },
    happens: (time) => {
      time.load.mockResolvedValueOnce(1n)
      return called(time, { serializer: 'json' })
    },
  }),
  eventCase({
    event: 'error',
    detail: { during: 'refresh', error: unavailable },
    happens: async (time) => {
      const { cache, fn } = await withOptions(time, GRACE, 100 * SECOND)
      time.load.mockRejectedValueOnce(unavailable)
      await fn('a')
      return cache
    },
  }),
  eventCase({
    event: 'error',
    detail: { during: 'callback', error: unavailable },
    happens: (time) =>
      called(time, {
        tags: () => {
          throw unavailable
        },
      }),
  }),
  eventCase({
    event: 'undecodable',
    detail: { error: expect.objectContaining({ code: 'ERR_SERIALIZER' }) },
    happens: async (time) => {
      const { cache, fn } = time.newProcess({
        serializer: [() => '{', (stored) => JSON.parse(String(stored))],
      })
      await fn.prime(['a'], 1)
      await fn('a')
      return cache
    },
  }),
  eventCase({
    event: 'invalid',
    detail: { issues: ['wrong', 'worse'] },
    happens: async (time) => {
      const issues = [{ message: 'wrong' }, { message: 'worse' }]
      const { cache, fn } = time.newProcess({
        schema: { '~standard': { version: 1, vendor: 'by-hand', validate: () => ({ issues }) } },
      })
      await fn.prime(['a'], 1)
      await fn('a')
      return cache
    },
  }),
  eventCase({
    event: 'lossy',
    detail: { detail: expect.stringMatching(/Date/) },
    happens: (time) => {
      vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
      time.load.mockResolvedValueOnce(new Date(0))
      return called(time, { serializer: 'json', lossy: true })
    },
  }),
]

describe('of a call', () => {
  const nameOf = ({ event, detail }: Case) =>
    Object.values(detail).every((each) => typeof each !== 'string')
      ? event
      : `${event}, ${Object.values(detail).find((each) => typeof each === 'string')}`

  test.each(CASES.map((each) => ({ name: nameOf(each), ...each })))(
    '$name',
    async ({ event, detail, happens }) => {
      const time = new Timeline(target)
      const { own, global, listenTo, stop } = listeners()
      const { newProcess } = time
      vi.spyOn(time, 'newProcess').mockImplementation((...args) => {
        const process = newProcess.apply(time, args)
        listenTo(process.cache)
        return process
      })
      try {
        const cache = await happens(time)
        const place = {
          cache: cache.name,
          function: 'load',
          hash: expect.anything(),
          durationMs: expect.any(Number),
          ...(['store', 'skip'].includes(event) && { bytes: 0, computeMs: expect.any(Number) }),
        }
        await until(() => own.some(([name]) => name === event))
        expect(own).toContainEqual([event, { ...place, ...detail }])
        // The same to the same, in the same order; and one object for all.
        const mine = global.filter(([, emitted]) => (emitted as { cache: string }).cache === cache.name)
        expect(mine.map(([name]) => name)).toEqual(own.map(([name]) => name))
        mine.forEach(([, emitted], i) => expect(emitted).toBe(own[i]?.[1]))
        await cache.close()
      } finally {
        stop()
      }
    },
  )
})

test('of a full key pair: evict', async () => {
  const cache = new RedisFuncCache(unique('events'), new LruTPolicy(), {
    store: new Timeline(target).newStore(),
    maxSize: 2,
  })
  const fn = cache.wrap(async (key: string) => key, { name: 'load' })
  const evictions: unknown[] = []
  const globally: unknown[] = []
  const listen = (detail: unknown): void => void globally.push(detail)
  channel('redis-func-cache:evict').subscribe(listen)
  cache.on('evict', (detail) => evictions.push(detail))
  for (const key of 'abc') await fn(key)
  channel('redis-func-cache:evict').unsubscribe(listen)
  expect(evictions).toEqual([{ cache: cache.name, index: fn.keyOf('a').index, count: 1 }])
  expect(globally.filter((each) => (each as { cache: string }).cache === cache.name)).toEqual(evictions)
})

describe('a listener', () => {
  test('may stop, and is asked about an event that is none', async () => {
    const { cache, fn } = new Timeline(target).newProcess()
    const listen = vi.fn<(detail: unknown) => void>()
    expect(cache.on('miss', listen)).toBe(cache)
    await fn('a')
    expect(cache.off('miss', listen)).toBe(cache)
    await fn('b')
    expect(listen).toHaveBeenCalledOnce()
    expect(() => cache.on('hits' as 'hit', listen)).toThrow(
      /^on: 'hits'.*Did you mean hit\?.*hit, stale, miss/,
    )
  })

  test('is not required for errors: without one, nothing is thrown', async () => {
    const store = refused()
    store.failing.add('put')
    const cache = new RedisFuncCache(unique('events'), new LruTPolicy(), { store })
    const fn = cache.wrap(async (key: string) => key, { name: 'load' })
    expect(await fn('a')).toBe('a')
  })
})

describe('statistics', () => {
  test('count what was served stale, refreshed and waited for', async () => {
    const time = new Timeline(target)
    const options: WrapOptions<Load> = { ...GRACE, singleFlight: 'global' }
    const [here, there] = [time.newProcess(options), time.newProcess(options)]
    await here.fn('a')
    await time.pass(here.place, 100 * SECOND)
    const first = await here.cache.withStats(async () => {
      await here.fn('a')
      await untilEmitted(here.emitted, 'store', 2)
      await here.fn('a')
    })
    expect(first.stats).toMatchObject({
      calls: 2,
      read: 2,
      stale: 1,
      refresh: 1,
      execute: 1,
      write: 1,
      hit: 1,
    })
    expect(first.stats).toMatchObject({ miss: 0, wait: 0, error: 0, joined: 0 })

    const { end } = time.gate()
    const other = here.fn('b')
    await time.ran(3)
    const second = there.cache.withStats(() => there.fn('b'))
    await untilEmitted(there.emitted, 'wait')
    end('result')
    await other
    expect((await second).stats).toMatchObject({ calls: 1, miss: 1, wait: 1, execute: 0, write: 0, stale: 0 })

    await time.pass(here.place, 150 * SECOND)
    time.load.mockRejectedValue(unavailable)
    const third = await there.cache.withStats(async () => {
      await there.fn('a')
      await there.fn('a')
    })
    expect(third.stats).toMatchObject({
      calls: 2,
      stale: 2,
      miss: 2,
      execute: 1,
      refresh: 0,
      error: 1,
      hit: 0,
    })
    await Promise.all([here.cache.close(), there.cache.close()])
  })
})

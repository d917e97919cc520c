// What a cache did in this process: totals since it was made, and figures of a context while it is open.
import { describe, expect, test, vi } from 'vitest'
import { newStats } from '../../src/context/stats.ts'
import {
  type CacheStats,
  LruTPolicy,
  MemoryStore,
  RedisFuncCache,
  type Stats,
  type WrapOptions,
} from '../../src/index.ts'
import { Histogram } from '../../src/telemetry/counters.ts'

type Load = (id: number) => Promise<number>

function newCache(options: WrapOptions<Load> = {}) {
  const cache = new RedisFuncCache('stats', new LruTPolicy(), { store: new MemoryStore(), maxSize: 2 })
  const run = vi.fn<Load>(async (id) => id)
  return { cache, run, load: cache.wrap<Load>(run, { name: 'load', ...options }) }
}

const figuresOf = ({ since: _, latencies: __, store: ___, nearTier: ____, ...figures }: CacheStats): Stats =>
  figures

describe('stats', () => {
  test('are all zero at first', () => {
    const before = Date.now()
    const { since, latencies, store, nearTier, ...figures } = newCache().cache.stats()
    expect(Object.values(nearTier)).toEqual([0, 0, 0, 0, 0, 0, 0])
    expect(store).toEqual({ state: 'closed', opened: 0, timeouts: 0 })
    expect(figures).toEqual(newStats())
    expect(since.getTime()).toBeGreaterThanOrEqual(before)
    for (const { count, sum } of Object.values(latencies)) expect([count, sum]).toEqual([0, 0])
  })

  test('count what all calls did, in whatever context', async () => {
    const { cache, load } = newCache({ ttl: '1m' })
    const { stats } = await cache.withStats(() => Promise.all([load(1), load(1), load(2), load(3)]))
    await load(3)
    await cache.bypass(() => load(4))
    expect(stats).toMatchObject({ calls: 4, joined: 1, miss: 3, execute: 3, write: 3, evicted: 1 })
    expect(figuresOf(cache.stats())).toEqual({ ...stats, calls: 6, read: 4, hit: 1, execute: 4 })
    const { lookups, puts, computations } = cache.stats().latencies
    expect([lookups.count, puts.count, computations.count]).toEqual([4, 3, 4])
  })

  test('are a snapshot', async () => {
    const { cache, load } = newCache()
    const before = cache.stats()
    await load(1)
    expect(before.calls).toBe(0)
    expect(before.latencies.lookups.count).toBe(0)
  })

  test('measure runs that fail, and lookups of getOrSet and of lists', async () => {
    const { cache, run, load } = newCache()
    run.mockRejectedValueOnce(new Error('no'))
    await load(1).catch(() => {})
    await cache.getOrSet('a', () => 1)
    await cache.wrapMany(async (ids: readonly number[]) => [...ids], { name: 'many' })([1, 2])
    const { latencies, calls } = cache.stats()
    expect(calls).toBe(4)
    expect(latencies.lookups.count).toBe(4)
    expect(latencies.computations.count).toBe(4)
  })

  test('of a lookup that fails there is no latency', async () => {
    class Failing extends MemoryStore {
      override async get(): Promise<never> {
        throw new Error('no')
      }
    }
    const cache = new RedisFuncCache('stats', new LruTPolicy(), { store: new Failing() })
    cache.on('error', () => {})
    await cache.wrap(async () => 1, { name: 'one' })()
    expect(cache.stats()).toMatchObject({ error: 1, read: 1, latencies: { lookups: { count: 0 } } })
  })
})

test('a histogram counts what took no longer than each bound, in seconds', () => {
  const histogram = new Histogram()
  histogram.observe(0.2)
  histogram.observe(5, 3)
  histogram.observe(5.001)
  histogram.observe(60_000)
  const { count, sum, buckets } = histogram.latency
  expect(count).toBe(6)
  expect(sum).toBeCloseTo(60.020201, 6)
  const upTo = (le: number) => buckets.find((bucket) => bucket.le === le)?.count
  expect([upTo(0.00025), upTo(0.0025), upTo(0.005), upTo(0.01), upTo(30)]).toEqual([1, 1, 4, 5, 5])
  expect(buckets.at(-1)).toEqual({ le: Number.POSITIVE_INFINITY, count: 6 })
  expect(buckets.map(({ le }) => le)).toEqual(buckets.map(({ le }) => le).toSorted((a, b) => a - b))
})

describe('withStats', () => {
  test('shows the figures while it is open', async () => {
    const { cache, load } = newCache()
    const seen: number[] = []
    const { stats } = await cache.withStats(async (open) => {
      seen.push(open.miss)
      await load(1)
      seen.push(open.miss)
      await load(1)
      seen.push(open.hit)
    })
    expect(seen).toEqual([0, 1, 1])
    expect(stats).toMatchObject({ calls: 2, miss: 1, hit: 1 })
  })

  test('and after it has thrown', async () => {
    const { cache, load } = newCache()
    let left: Readonly<Stats> | undefined
    const attempt = cache.withStats(async (open) => {
      left = open
      await load(1)
      throw new RangeError('after a call')
    })
    await expect(attempt).rejects.toThrow(RangeError)
    expect(left).toMatchObject({ calls: 1, miss: 1, write: 1 })
  })

  test('and throws what is thrown at once', async () => {
    const { cache } = newCache()
    const attempt = cache.withStats(() => {
      throw new RangeError('at once')
    })
    await expect(attempt).rejects.toThrow(RangeError)
  })
})

describe('events', () => {
  test('tell how long it took since the call began, and the function', async () => {
    const { cache, run, load } = newCache()
    const told: Record<string, { durationMs: number; computeMs?: number }> = {}
    for (const event of ['miss', 'store', 'hit', 'join'] as const)
      cache.on(event, (detail) => void (told[event] = detail))
    let end: (id: number) => void = () => {}
    run.mockImplementationOnce(() => new Promise((resolve) => (end = resolve)))
    const calls = [load(1), load(1)]
    await vi.waitFor(() => expect(run).toHaveBeenCalled())
    end(1)
    await Promise.all(calls)
    await load(1)
    expect(Object.keys(told).toSorted()).toEqual(['hit', 'join', 'miss', 'store'])
    expect(told['store']?.durationMs).toBeGreaterThanOrEqual(told['store']?.computeMs ?? Number.NaN)
    expect(told['store']?.durationMs).toBeGreaterThanOrEqual(told['miss']?.durationMs ?? Number.NaN)
  })

  test.each<{
    what: string
    undo: (it: ReturnType<typeof newCache>) => Promise<unknown>
    told: object
  }>([
    {
      what: 'one call',
      undo: ({ load }) => load.invalidate(1),
      told: { function: 'load', hash: expect.any(String) },
    },
    {
      what: 'one call, softly',
      undo: ({ load }) => load.with({ soft: true }).invalidate(1),
      told: { function: 'load', hash: expect.any(String), soft: true },
    },
    { what: 'a function', undo: ({ load }) => load.invalidateAll(), told: { function: 'load' } },
    { what: 'tags', undo: ({ cache }) => cache.invalidateTags('t', 'u'), told: { tags: ['t', 'u'] } },
    { what: 'everything', undo: ({ cache }) => cache.purge(), told: {} },
    {
      what: 'a key',
      undo: ({ cache }) => cache.invalidate('a'),
      told: { function: 'getOrSet', hash: expect.any(String) },
    },
  ])('tell of an invalidation of $what', async ({ undo, told }) => {
    const it = newCache({ tags: () => ['t'] })
    await it.load(1)
    if ('function' in told && told.function === 'getOrSet') await it.cache.set('a', 1)
    const listen = vi.fn<(detail: unknown) => void>()
    it.cache.on('invalidate', listen)
    await undo(it)
    expect(listen).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({
        cache: 'stats',
        function: undefined,
        hash: undefined,
        tags: undefined,
        soft: false,
        durationMs: expect.any(Number),
        ...told,
      }),
    )
  })
})

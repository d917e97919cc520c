// Calls go on while a test has stopped the clock, and entries end when it moves the date.
import { afterEach, expect, test, vi } from 'vitest'
import { LruTPolicy, MemoryStore, RedisFuncCache } from '../../src/index.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** `nextTick` too is replaced in the matrix: here it is what this test runner lives on. */
const EVERYTHING = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
  'performance',
  'Date',
] as const

test('no call waits for a clock that stands still', async () => {
  vi.useFakeTimers({ toFake: [...EVERYTHING] })
  const cache = new RedisFuncCache('timers', new LruTPolicy(), { store: new MemoryStore(), maxSize: 2 })
  const run = vi.fn<(id: number) => Promise<number>>(async (id) => id)
  const load = cache.wrap(run, {
    name: 'load',
    ttl: '5m',
    staleWhileRevalidate: '5m',
    singleFlight: 'global',
    timeout: '1m',
  })
  const rows = cache.wrapMany(async (ids: readonly number[]) => [...ids], { name: 'rows' })
  expect(await Promise.all([load(1), load(1), load(2)])).toEqual([1, 1, 2])
  expect(await load(2)).toBe(2)
  expect(await rows([1, 2])).toEqual([1, 2])
  await load.invalidate(2)
  expect(await cache.getOrSet('a', () => 1)).toBe(1)
  await cache.close()
})

test('a short timeout ends by the clock of the process', async () => {
  vi.useFakeTimers({ toFake: [...EVERYTHING] })
  const cache = new RedisFuncCache('timers', new LruTPolicy(), { store: new MemoryStore() })
  const never = cache.wrap(() => new Promise<number>(() => {}), { name: 'never', timeout: '5ms' })
  await expect(never()).rejects.toThrow(/no result within 5 ms/)
})

test('a MemoryStore reads the date at each use', async () => {
  const cache = new RedisFuncCache('timers', new LruTPolicy(), { store: new MemoryStore() })
  let runs = 0
  const load = cache.wrap(async () => ++runs, { name: 'load', ttl: '5m' })
  await load()
  vi.useFakeTimers({ now: Date.now() + 4 * 60_000 })
  expect(await load()).toBe(1)
  vi.setSystemTime(Date.now() + 60_001)
  expect(await load()).toBe(2)
})

test('timers of a browser environment, which are numbers, are not used', async () => {
  const timers = vi.fn<() => number>(() => 7)
  vi.stubGlobal('setTimeout', timers)
  vi.stubGlobal('setInterval', timers)
  vi.stubGlobal('setImmediate', timers)
  const cache = new RedisFuncCache('timers', new LruTPolicy(), { store: new MemoryStore() })
  const load = cache.wrap(async (id: number) => id, { name: 'load', singleFlight: 'global', timeout: '1m' })
  expect(await load(1)).toBe(1)
  expect(await load(1)).toBe(1)
  vi.unstubAllGlobals()
  expect(timers).not.toHaveBeenCalled()
})

test('fake timers that were set before the library loads are not used', async () => {
  const { nextTick } = process
  const fake = vi.fn<() => void>()
  // As the timers of Vitest and Jest do it.
  process.nextTick = Object.assign(fake, { clock: { _nextTick: nextTick } }) as unknown as typeof nextTick
  try {
    vi.resetModules()
    const timers = await import('../../src/flow/timers.ts')
    await new Promise<void>((resolve) => timers.nextTick(resolve))
    expect(fake).not.toHaveBeenCalled()
  } finally {
    process.nextTick = nextTick
  }
})

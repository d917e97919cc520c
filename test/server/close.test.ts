// The end of a program: the last reads are recorded, and a client that is closed already fails nothing.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { FifoPolicy, LruTPolicy, MemoryStore, RedisFuncCache } from './library.ts'
import { orderOf, placeOf } from './places.ts'
import { hasServer, openTarget, type Target, unique } from './target.ts'
import { hanging } from '../stores/hanging-store.ts'
import { listen, names } from './timeline.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())
afterEach(() => {
  vi.restoreAllMocks()
})

test.runIf(hasServer)('close records the last reads for the policy', async () => {
  const cache = new RedisFuncCache(unique('close'), new LruTPolicy(), { store: target.newStore() })
  const load = cache.wrap(async (key: string) => key, { name: 'load' })
  for (const key of ['a', 'b', 'a']) await load(key)
  await cache.close()
  const order = await orderOf(target, placeOf(cache, load.keyOf('')))
  expect(order).toEqual(['b', 'a'].map((key) => String(load.keyOf(key).hash)))
})

test('close waits for reads that are being recorded', async () => {
  let isRecorded = false
  class Slow extends MemoryStore {
    override async touch(): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, 10))
      isRecorded = true
    }
  }
  const cache = new RedisFuncCache('close', new LruTPolicy(), { store: new Slow() })
  const load = cache.wrap(async () => 1, { name: 'load' })
  await load()
  await load()
  await cache.close()
  expect(isRecorded).toBe(true)
})

test('a cache that was never used, or whose policy needs no reads, closes at once', async () => {
  for (const policy of [new LruTPolicy(), new FifoPolicy()]) {
    const cache = new RedisFuncCache('close', policy, { store: new MemoryStore() })
    await cache.close()
    await cache.close()
  }
})

test.each([true, false])(
  'a client that was closed right after a hit is no failure (cache closed: %s)',
  async (isClosed) => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    class Closed extends MemoryStore {
      override async touch(): Promise<never> {
        throw new Error('The server failed at touch: The client is closed.')
      }
    }
    const cache = new RedisFuncCache('close', new LruTPolicy(), { store: new Closed() })
    const emitted = listen(cache)
    const load = cache.wrap(async () => 1, { name: 'load' })
    await load()
    await load()
    if (isClosed) await cache.close()
    else await new Promise((resolve) => setTimeout(resolve, 10))
    expect(names(emitted)).toEqual(['miss', 'store', 'hit'])
    expect(cache.stats().error).toBe(0)
    expect(warn).not.toHaveBeenCalled()
  },
)

test('close is bounded where the store does not answer, and leaves nothing behind that waits', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const behind = hanging(target.newStore())
  const cache = new RedisFuncCache(unique('close'), new LruTPolicy({ scope: 'function' }), {
    store: behind.store,
    storeTimeout: '50ms',
  })
  const load = cache.wrap(async (key: string) => key, { name: 'load', singleFlight: 'global' })
  await load('a')
  await load('a')
  behind.hold('get', 'put', 'touch', 'lease', 'release', 'renew', 'register', 'watch', 'close', 'now')
  void load('b')
  const beganMs = performance.now()
  await cache.close()
  expect(performance.now() - beganMs).toBeLessThan(1_500)
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('did not close within 1s'), 'FuncCacheWarning')
})

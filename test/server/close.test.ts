// The end of a program: the last reads are recorded, and a client that is closed already fails nothing.
import { setImmediate as turn } from 'node:timers/promises'
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
  const behind = hanging(new MemoryStore(), 'touch')
  const cache = new RedisFuncCache('close', new LruTPolicy(), { store: behind.store })
  const load = cache.wrap(async () => 1, { name: 'load' })
  await load()
  await load()
  const closed = vi.fn<() => void>()
  const closing = cache.close().then(closed)
  await vi.waitFor(() => expect(behind.asked).toHaveLength(1), { interval: 1 })
  await turn()
  expect(closed).not.toHaveBeenCalled()
  behind.answerAll()
  await closing
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
      override touch = vi.fn<MemoryStore['touch']>(async () => {
        throw new Error('The server failed at touch: The client is closed.')
      })
    }
    const store = new Closed()
    const cache = new RedisFuncCache('close', new LruTPolicy(), { store })
    const emitted = listen(cache)
    const load = cache.wrap(async () => 1, { name: 'load' })
    await load()
    await load()
    if (isClosed) await cache.close()
    await vi.waitFor(() => expect(store.touch).toHaveBeenCalledOnce(), { interval: 1 })
    await turn()
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

// Two layers of a program may use the same key: the load of the one asks for it again, and must not wait for itself.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { LruTPolicy, MemoryStore, RedisFuncCache } from './library.ts'
import { openTarget, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const newCache = () => new RedisFuncCache(unique('nested'), new LruTPolicy(), { store: target.newStore() })

test.each(['process', 'global'] as const)(
  'a key within its own load is loaded (%s)',
  async (singleFlight) => {
    const cache = newCache()
    const inner = vi.fn<() => Promise<number>>(async () => 1)
    const outer = () =>
      cache.getOrSet('a', () => cache.getOrSet('a', inner, { singleFlight }), { singleFlight })
    expect(await Promise.all([outer(), outer()])).toEqual([1, 1])
    expect(inner).toHaveBeenCalledOnce()
    expect(await outer()).toBe(1)
    expect(inner).toHaveBeenCalledOnce()
  },
)

test('the same through functions, and with other keys in between', async () => {
  const cache = newCache()
  const middle = cache.wrap(async () => cache.getOrSet('a', () => 'inner'), { name: 'middle' })
  expect(await cache.getOrSet('a', () => cache.getOrSet('b', () => middle()))).toBe('inner')
  expect(await Promise.all(['a', 'b'].map((key) => cache.peek(key)))).toEqual(['inner', 'inner'])
  expect(await middle.peek()).toBe('inner')
})

test('it reports that its function ran', async () => {
  const cache = newCache()
  const load = async () => (await cache.getOrSetDetailed('a', () => 1, { ttl: '1m' })).status
  expect(await cache.getOrSet('a', load, { ttl: '1m' })).toBe('miss')
})

test('a cache behind another one of its name stores for itself', async () => {
  const name = unique('nested')
  const far = new RedisFuncCache(name, new LruTPolicy(), { store: target.newStore() })
  const near = new RedisFuncCache(name, new LruTPolicy(), { store: new MemoryStore() })
  const load = vi.fn<() => Promise<number>>(async () => 1)
  const ask = () => near.getOrSet('a', () => far.getOrSet('a', load))
  expect(await ask()).toBe(1)
  expect([await near.peek('a'), await far.peek('a')]).toEqual([1, 1])
  await near.purge()
  expect(await ask()).toBe(1)
  expect(load).toHaveBeenCalledOnce()
})

test('elsewhere the key is joined as always', async () => {
  const cache = newCache()
  const load = vi.fn<() => Promise<number>>(async () => 1)
  const beside = () => cache.getOrSet('b', () => cache.getOrSet('a', load))
  expect(await Promise.all([beside(), cache.getOrSet('a', load), beside()])).toEqual([1, 1, 1])
  expect(load).toHaveBeenCalledOnce()
})

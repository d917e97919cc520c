// Shards lie on several nodes: where one of them fails, the others are asked all the same.
import { expect, test, vi } from 'vitest'
import { LruTPolicy, MemoryStore, RedisFuncCache, StoreError } from '../../src/index.ts'
import type { KeySpace, Store } from '../../src/store.ts'

const SHARDS = 4

/** A store in which all methods fail for the key pairs that a test names. */
function failingFor(isGone: (index: string) => boolean) {
  const memory = new MemoryStore()
  const asked: string[] = []
  const store = new Proxy<Store>(memory, {
    get(_, name) {
      if (name === 'isInProcess') return false
      const method = Reflect.get(memory, name) as unknown
      if (typeof method !== 'function') return method
      return (...args: unknown[]) => {
        const [space] = args as [KeySpace | undefined]
        const index = space?.keys?.[0]
        if (index !== undefined) asked.push(index)
        if (index !== undefined && isGone(index))
          return Promise.reject(new StoreError('connect ECONNREFUSED'))
        return Reflect.apply(method, memory, args) as unknown
      }
    },
  })
  return { store, asked }
}

function newCache(openFor: '1m' | '20ms', shards = SHARDS) {
  const gone = new Set<string>()
  const { store, asked } = failingFor((index) => gone.has(index))
  const cache = new RedisFuncCache('guard', new LruTPolicy({ shards }), {
    store,
    breaker: { failures: 2, openFor, maxOpenFor: openFor },
  })
  const states: string[] = []
  cache.on('breaker', ({ state, from }) => states.push(`${from} > ${state}`))
  cache.on('error', () => {})
  const load = cache.wrap(async (id: number) => id, { name: 'load', source: false })
  const ids = Array.from({ length: 40 }, (_, id) => id)
  const indexes = [...new Set(ids.map((id) => load.keyOf(id).index))]
  const of = (index: string | undefined) => ids.filter((id) => load.keyOf(id).index === index)
  return { cache, load, gone, asked, states, ids, indexes, of }
}

test('a shard that fails is left alone, and the others are asked', async () => {
  const { cache, load, gone, asked, states, ids, indexes, of } = newCache('1m')
  for (const id of ids) await load(id)
  const [dead, alive] = indexes as [string, string]
  gone.add(dead)
  for (const id of of(dead)) await load(id)
  asked.length = 0
  const { stats } = await cache.withStats(async () => {
    for (const id of ids) expect(await load(id)).toBe(id)
  })
  expect(asked.filter((index) => index === dead)).toEqual([])
  expect(stats.hit).toBe(ids.length - of(dead).length)
  expect(of(alive).length).toBeGreaterThan(0)
  expect(cache.health().state).toBe('open')
  expect(states).toEqual(['closed > open'])
})

test('the worst state is reported, until all shards answer again', async () => {
  const { cache, load, gone, states, ids, indexes, of } = newCache('20ms')
  for (const index of indexes.slice(0, 2)) gone.add(index)
  for (const id of ids) await load(id)
  expect(states[0]).toBe('closed > open')
  const [first, second] = indexes
  gone.delete(first as string)
  await vi.waitFor(async () => {
    await load(of(first)[0] as number)
    expect((await cache.withStats(() => load(of(first)[0] as number))).stats.hit).toBe(1)
  })
  expect(cache.health().state).not.toBe('closed')
  gone.delete(second as string)
  await vi.waitFor(async () => {
    await load(of(second)[0] as number)
    expect(cache.health().state).toBe('closed')
  })
  expect(states.at(-1)).toMatch(/> closed$/)
  expect(states.filter((state) => /^(\S+) > \1$/.test(state))).toEqual([])
})

test('what fails for one shard of all does not keep calls from the others', async () => {
  const { cache, load, gone, ids, indexes, of } = newCache('1m')
  for (const id of ids) await load(id)
  gone.add(indexes[0] as string)
  for (let i = 0; i < 5; i++) await expect(cache.invalidateTags('a')).rejects.toThrow(StoreError)
  for (let i = 0; i < 5; i++) await expect(cache.getSize()).rejects.toThrow(StoreError)
  const { stats } = await cache.withStats(() => load(of(indexes[1])[0] as number))
  expect(stats.hit).toBe(1)
  expect(cache.health().state).toBe('closed')
})

test('without shards there is one breaker, for whatever is asked', async () => {
  const { cache, load, gone, indexes } = newCache('1m', 1)
  gone.add(indexes[0] as string)
  for (let i = 0; i < 2; i++) await expect(cache.invalidateTags('a')).rejects.toThrow(StoreError)
  expect(cache.health().state).toBe('open')
  await expect(cache.getSize()).rejects.toThrow(expect.objectContaining({ reason: 'open' }))
  expect(await load(1)).toBe(1)
})

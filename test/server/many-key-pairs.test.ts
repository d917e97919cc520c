// A policy that gives each tenant a key pair of its own: what is in use is kept, what is not is let go.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  type FunctionIdentity,
  type Hash,
  type KeyPair,
  type LeaseWatcher,
  LruTPolicy,
  MemoryStore,
  type KeySpace,
  RedisFuncCache,
} from './library.ts'
import { gated } from './gated.ts'
import { openTarget, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

/** So many partitions are kept beside those in use. */
const LIMIT = 1_000

class OfTenants extends LruTPolicy {
  override calcKeys(fn?: FunctionIdentity, args: readonly unknown[] = []): KeyPair {
    const [index, values] = super.calcKeys(fn, args)
    return [`${index}:${String(args[0])}`, `${values}:${String(args[0])}`]
  }
}

const tenants = (count: number): string[] => Array.from({ length: count }, (_, i) => `tenant ${i}`)

test('equal calls join, however many key pairs have calls under way', async () => {
  const it = gated({ name: unique('pairs'), store: target.newStore(), create: () => new OfTenants() })
  const all = tenants(LIMIT + 300)
  const first = all.map((tenant) => it.load(tenant))
  await it.running(all.length)
  const second = all.map((tenant) => it.load(tenant))
  it.runs.forEach(({ key, resolve }) => resolve(key))
  expect(await Promise.all([...first, ...second])).toEqual([...all, ...all])
  expect(it.runs).toHaveLength(all.length)
  expect(it.count('join')).toBe(all.length)
  await it.cache.close()
})

test('a call that waits for a lease notices its end, however many key pairs were used since', async () => {
  const options = { singleFlight: { lease: '60s', wait: '60s' } } as const
  const name = unique('pairs')
  const store = target.newStore()
  const here = gated({ name, store, create: () => new OfTenants(), options })
  const there = gated({ name, store, create: () => new OfTenants(), options })
  const first = here.load('waited for')
  await here.running(1)
  const second = there.load('waited for')
  await there.untilEmitted('wait')
  for (const tenant of tenants(LIMIT + 10)) await there.load.peek(tenant)
  here.end(0, 'result')
  expect(await Promise.all([first, second])).toEqual(['result', 'result'])
  expect(there.runs).toHaveLength(0)
  await here.cache.close()
  await there.cache.close()
})

/** Counts what is watched, and notes what is touched. */
class CountingStore extends MemoryStore {
  open = 0
  readonly touched: string[] = []

  override async watch(place: KeySpace, watcher: LeaseWatcher) {
    const watch = await super.watch(place, watcher)
    this.open++
    return {
      close: async () => {
        this.open--
        await watch.close()
      },
    }
  }

  override async touch(place: KeySpace, hashes: readonly Hash[]): Promise<void> {
    this.touched.push(...hashes.map(() => place.keys[0]))
    await super.touch(place, hashes)
  }
}

test('watchers of leases are closed when their key pair is not in use any more, and with the cache', async () => {
  const store = new CountingStore()
  const cache = new RedisFuncCache('pairs', new OfTenants(), { store })
  const load = cache.wrap(async (tenant: string) => tenant, { name: 'load', singleFlight: 'global' })
  let most = 0
  for (const tenant of tenants(2 * LIMIT + 200)) {
    await load(tenant)
    most = Math.max(most, store.open)
  }
  expect(most).toBeGreaterThan(LIMIT / 2)
  expect(most).toBeLessThanOrEqual(LIMIT + 1)
  await cache.close()
  expect(store.open).toBe(0)
  expect(await load('tenant 0')).toBe('tenant 0')
  await load('another')
  expect(store.open).toBe(1)
  await cache.close()
  expect(store.open).toBe(0)
})

test('what was in use is let go when it is not any more', async () => {
  const store = new CountingStore()
  const { cache, load, runs, running } = gated({
    name: 'pairs',
    store,
    create: () => new OfTenants(),
    options: { singleFlight: 'global' },
  })
  const all = tenants(2 * LIMIT)
  const results = all.map((tenant) => load(tenant))
  await running(all.length)
  expect(store.open).toBe(2 * LIMIT)
  for (const { resolve } of runs) resolve('result')
  await Promise.all(results)
  await cache.drain()
  for (const tenant of tenants(2 * LIMIT)) load.keyOf(`other ${tenant}`)
  await vi.waitFor(() => expect(store.open).toBeLessThanOrEqual(LIMIT))
  await cache.close()
})

test('reads that wait to be recorded are not lost', async () => {
  const store = new CountingStore()
  const options = { store, touch: { every: '60s' } } as const
  const cache = new RedisFuncCache('pairs', new OfTenants(), options)
  const load = cache.wrap(async (tenant: string) => tenant, { name: 'load' })
  const all = tenants(LIMIT + 200)
  for (let times = 0; times < 2; times++) await Promise.all(all.map((tenant) => load(tenant)))
  await cache.close()
  expect(new Set(store.touched).size).toBe(all.length)
})

// Invalidations that are tried again: until they are carried out, this process serves nothing of what they name.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { LruTPolicy, OptionError, RedisFuncCache, StoreError } from '../../src/index.ts'
import type { Store } from '../../src/store.ts'
import { hanging } from '../stores/hanging-store.ts'
import { FailingStore } from './failing-store.ts'
import { openTarget, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const INVALIDATIONS = [
  'invalidate',
  'invalidateFunction',
  'invalidateTags',
  'purge',
  'registered',
] as const satisfies readonly (keyof Store)[]

function newCache(scope: 'cache' | 'function' = 'function') {
  const store = new FailingStore(target.newStore())
  const cache = new RedisFuncCache(unique('retry'), new LruTPolicy({ scope }), {
    store,
    putWait: '10s',
    breaker: { openFor: '20ms', maxOpenFor: '20ms' },
  })
  let version = 1
  const options = { name: 'load', tags: () => ['all'] } as const
  const load = cache.wrap(async (key: string) => `${key}${version}`, options)
  const other = cache.wrap(async (key: string) => `${key}${version}`, { name: 'other' })
  const many = cache.wrapMany(async (ids: readonly string[]) => ids.map((id) => `${id}${version}`), {
    name: 'many',
    tags: () => ['all'],
  })
  return {
    store,
    cache,
    load,
    other,
    many,
    /** What the functions read has changed: from now on the old version must not be served. */
    change: () => {
      version = 2
    },
    fail: () => {
      for (const method of INVALIDATIONS) store.failing.add(method)
    },
    heal: () => store.failing.clear(),
  }
}

type Caches = ReturnType<typeof newCache>

/** Each way to invalidate what is stored for `load('a')` and `many(['a'])`, or one of them. */
const WAYS: readonly {
  readonly way: string
  readonly invalidate: (it: Caches, retryFor: '10s' | '60ms') => Promise<unknown>
  readonly names: 'load' | 'many' | 'both'
}[] = [
  {
    way: 'invalidate',
    names: 'load',
    invalidate: ({ load }, retryFor) => load.with({ retryFor }).invalidate('a'),
  },
  {
    way: 'invalidateAll',
    names: 'load',
    invalidate: ({ load }, retryFor) => load.invalidateAll({ retryFor }),
  },
  {
    way: 'with and invalidateAll',
    names: 'load',
    invalidate: ({ load }, retryFor) => load.with({ retryFor }).invalidateAll(),
  },
  {
    way: 'invalidate of ids',
    names: 'many',
    invalidate: ({ many }, retryFor) => many.with({ retryFor }).invalidate('a'),
  },
  {
    way: 'invalidateAll of ids',
    names: 'many',
    invalidate: ({ many }, retryFor) => many.invalidateAll({ retryFor }),
  },
  {
    way: 'invalidateTags',
    names: 'both',
    invalidate: ({ cache }, retryFor) => cache.invalidateTags('all', { retryFor }),
  },
  { way: 'purge', names: 'both', invalidate: ({ cache }, retryFor) => cache.purge({ retryFor }) },
  {
    way: 'purge of a function',
    names: 'load',
    invalidate: ({ cache, load }, retryFor) => cache.purge(load, { retryFor }),
  },
]

describe.each(WAYS)('$way', ({ invalidate, names }) => {
  const ask = async ({ load, many }: Caches) => [await load('a'), ...(await many(['a']))]

  test('is carried out when the store is back, and nothing of what it names is served before', async () => {
    const it = newCache()
    expect(await ask(it)).toEqual(['a1', 'a1'])
    it.change()
    it.fail()
    const invalidated = invalidate(it, '10s')
    const named = { load: names === 'many' ? 'a1' : 'a2', many: names === 'load' ? 'a1' : 'a2' }
    for (let i = 0; i < 5; i++) {
      expect(await ask(it)).toEqual([named.load, named.many])
      await sleep(5)
    }
    if (names !== 'many') expect(await it.load.peek('a')).toBeUndefined()
    it.heal()
    await invalidated
    expect(await ask(it)).toEqual([named.load, named.many])
    expect((await it.load.detailed('a')).status).toBe('hit')
  })

  test('rejects when its time is over', async () => {
    const it = newCache()
    it.fail()
    await expect(invalidate(it, '60ms')).rejects.toThrow(it.store.error)
    await vi.waitFor(async () => {
      await it.load('a') // the failures may have opened the breaker
      expect(it.cache.stats().hit).toBeGreaterThan(0)
    })
  })

  test('is given up when the cache is closed', async () => {
    const it = newCache()
    it.fail()
    const invalidated = invalidate(it, '10s')
    void invalidated.catch(() => {})
    await it.cache.close({ timeout: '20ms' })
    await expect(invalidated).rejects.toBeInstanceOf(StoreError)
  })
})

test('what is not named is served from the store', async () => {
  const it = newCache('cache')
  await it.load('b')
  await it.other('a')
  it.change()
  it.fail()
  const invalidated = it.load.with({ retryFor: '10s' }).invalidate('a')
  expect(await it.load('b')).toBe('b1')
  expect(await it.other('a')).toBe('a1')
  it.heal()
  expect(await invalidated).toBe(false)
})

test('is tried at once when the store answers again', async () => {
  const it = newCache()
  await it.load('a')
  const down: (keyof Store)[] = ['get', 'put', 'register', 'touch', 'now', ...INVALIDATIONS]
  for (const method of down) it.store.failing.add(method)
  const invalidated = it.load.with({ retryFor: '10s' }).invalidate('a')
  await vi.waitFor(async () => {
    await it.other('x')
    expect(it.cache.health().state).toBe('open')
  })
  await sleep(300) // by now the pauses between the attempts are long
  it.heal()
  await vi.waitFor(async () => {
    await it.other('x')
    expect(it.cache.health().state).toBe('closed')
  })
  const beganMs = performance.now()
  expect(await invalidated).toBe(true)
  expect(performance.now() - beganMs).toBeLessThan(50)
})

test('calls that began before are not joined, whatever the first attempt knew', async () => {
  const behind = hanging(target.newStore())
  const cache = new RedisFuncCache(unique('retry'), new LruTPolicy({ scope: 'function' }), {
    store: behind.store,
  })
  const ends: ((value: string) => void)[] = []
  const load = cache.wrap((_: string) => new Promise<string>((resolve) => ends.push(resolve)), {
    name: 'load',
  })
  const old = load('a')
  await vi.waitFor(() => expect(ends).toHaveLength(1))
  behind.hold('registered')
  const invalidated = cache.purge({ retryFor: '10s' })
  const young = load('a')
  await vi.waitFor(() => expect(ends).toHaveLength(2))
  ends[0]?.('old')
  ends[1]?.('young')
  expect(await Promise.all([old, young])).toEqual(['old', 'young'])
  behind.free()
  behind.answerAll()
  await invalidated
})

test('without it, an invalidation that fails rejects, also while the breaker is open', async () => {
  const it = newCache()
  for (const method of ['get', 'register', ...INVALIDATIONS] as const) it.store.failing.add(method)
  await vi.waitFor(async () => {
    await it.other('x')
    expect(it.cache.health().state).toBe('open')
  })
  await expect(it.load.invalidate('a')).rejects.toThrow(it.store.error)
  await expect(it.load.invalidateAll()).rejects.toThrow(it.store.error)
  await expect(it.cache.invalidateTags('all')).rejects.toThrow(it.store.error)
  await expect(it.cache.purge()).rejects.toThrow(it.store.error)
})

test.each([
  (it: Caches) => it.cache.purge({ retryFor: 'long' as '1m' }),
  (it: Caches) => it.cache.purge({ soft: true } as object),
  (it: Caches) => it.cache.invalidateTags('a', { retryFor: 0 }),
  async (it: Caches) => it.load.with({ retryFor: -1 }),
])('a wrong option is refused (%#)', async (attempt) => {
  await expect(attempt(newCache())).rejects.toThrow(OptionError)
})

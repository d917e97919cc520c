// Results under keys of the user's: everything that wrap does holds for them.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import {
  ArgumentsError,
  CacheMissError,
  type CacheKey,
  LruTPolicy,
  OptionError,
  RedisFuncCache,
  StoreError,
  TimeoutError,
} from './library.ts'
import { FailingStore } from './failing-store.ts'
import { openTarget, SCOPES, type Target, unique } from './target.ts'
import { untilEmitted, listen, names, Timeline } from './timeline.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

describe.each(SCOPES)("scope '%s'", (scope) => {
  /** Two caches that share their entries, as two processes do. */
  function newCaches() {
    const [name, store] = [unique('keys'), target.newStore()]
    const newCache = () => new RedisFuncCache(name, new LruTPolicy({ scope }), { store })
    return { here: newCache(), there: newCache() }
  }

  test('a result is loaded once, and served to every process', async () => {
    const { here, there } = newCaches()
    let loads = 0
    const load = vi.fn<() => Promise<{ id: number }>>(async () => ({ id: ++loads }))
    expect(await here.getOrSet('user:1', load)).toEqual({ id: 1 })
    expect(await here.getOrSet('user:1', load)).toEqual({ id: 1 })
    expect(await there.getOrSet('user:1', load)).toEqual({ id: 1 })
    expect(await there.getOrSet('user:2', load)).toEqual({ id: 2 })
    expect(load.mock.calls).toEqual([[], []]) // without arguments
    expect(await there.getSize()).toBe(2)
  })

  test.each<[CacheKey, CacheKey]>([
    ['1', 1],
    ['a,b', ['a', 'b']],
    [
      ['a', 1],
      ['a', '1'],
    ],
    [{ a: 1 }, { a: '1' }],
    [true, 'true'],
    [1n, 1],
    ['', []],
    ['\ud800', '\ud801'],
  ])('%o and %o are two keys', async (one, other) => {
    const { here } = newCaches()
    await here.set(one, 'one')
    await here.set(other, 'other')
    expect(await here.peek(one)).toBe('one')
    expect(await here.peek(other)).toBe('other')
  })

  test('equal objects are one key, whatever the order of their properties', async () => {
    const { here, there } = newCaches()
    await here.set({ site: 'shop', page: 1 }, 'page')
    expect(await there.peek({ page: 1, site: 'shop' })).toBe('page')
  })

  test('a key is never the call of a function, whatever its name', async () => {
    const { here } = newCaches()
    const get = here.wrap(async (_key: string) => 'of the function', { name: 'getOrSet', source: false })
    await here.set('a', 'of the key')
    expect(await get('a')).toBe('of the function')
    expect(await here.peek('a')).toBe('of the key')
    await get.invalidateAll()
    expect(await here.peek('a')).toBe('of the key')
  })

  test('equal calls under way are one load', async () => {
    const { here } = newCaches()
    const load = vi.fn<() => Promise<number>>(async () => 1)
    const { stats } = await here.withStats(() =>
      Promise.all(Array.from({ length: 10 }, () => here.getOrSet('a', load))),
    )
    expect(load).toHaveBeenCalledOnce()
    expect(stats).toMatchObject({ calls: 10, joined: 9, execute: 1 })
  })

  test('undefined and null are results like others', async () => {
    const { here } = newCaches()
    const load = vi.fn<() => undefined>()
    expect(await here.getOrSet('a', load)).toBeUndefined()
    expect(await here.getOrSet('a', load)).toBeUndefined()
    expect(load).toHaveBeenCalledOnce()
    expect(await here.getOrSet('b', () => null)).toBeNull()
  })

  test('set stores, and peek finds without loading', async () => {
    const { here, there } = newCaches()
    expect(await here.peek('a')).toBeUndefined()
    await here.set('a', { id: 1 })
    expect(await there.peek('a')).toEqual({ id: 1 })
    expect(await there.getOrSet('a', () => ({ id: 2 }))).toEqual({ id: 1 })
    await here.set('a', { id: 3 })
    expect(await there.peek('a')).toEqual({ id: 3 })
  })

  test('invalidate removes, and says whether there was something', async () => {
    const { here, there } = newCaches()
    await here.set('a', 1)
    expect(await there.invalidate('a')).toBe(true)
    expect(await there.invalidate('a')).toBe(false)
    expect(await here.peek('a')).toBeUndefined()
  })

  test('a load that was under way when its key was invalidated or set elsewhere is not stored', async () => {
    const { here, there } = newCaches()
    for (const meanwhile of [() => there.invalidate('a'), () => there.set('a', 'newer')]) {
      const { promise, resolve } = withResolvers<string>()
      const loading = vi.fn<() => Promise<string>>(() => promise)
      const older = here.getOrSet('a', loading)
      await vi.waitFor(() => expect(loading).toHaveBeenCalled())
      await meanwhile()
      resolve('older')
      expect(await older).toBe('older')
      expect(await here.peek('a')).not.toBe('older')
      await there.invalidate('a')
    }
  })

  test('tags find it', async () => {
    const { here, there } = newCaches()
    const options = { tags: (_user: { id: number }, key: string) => ['users', `key:${key}`] }
    await here.getOrSet('a', async () => ({ id: 1 }), options)
    await here.set('b', { id: 2 }, options)
    expect(await there.invalidateTags('key:a')).toBe(1)
    expect(await here.peek('a')).toBeUndefined()
    expect(await there.invalidateTags('users')).toBe(1)
    expect(await here.peek('b')).toBeUndefined()
  })

  test('cacheIf, cacheErrors and modes hold', async () => {
    const { here } = newCaches()
    await here.getOrSet('a', () => 0, { cacheIf: (result) => result > 0 })
    expect(await here.peek('a')).toBeUndefined()
    const failing = vi.fn<() => number>(() => {
      throw new RangeError('no')
    })
    const options = { cacheErrors: { ttl: '1m' } } as const
    for (let i = 0; i < 2; i++) await expect(here.getOrSet('b', failing, options)).rejects.toThrow(RangeError)
    expect(failing).toHaveBeenCalledOnce()
    await expect(here.readOnly(() => here.getOrSet('c', () => 1))).rejects.toThrow(CacheMissError)
    expect(await here.bypass(() => here.getOrSet('d', () => 1))).toBe(1)
    expect(await here.peek('d')).toBeUndefined()
  })

  test('a schema and a serializer hold', async () => {
    const { here, there } = newCaches()
    await here.set('a', { wrong: 1 })
    const schema = z.object({ id: z.number() })
    expect(await there.getOrSet('a', () => ({ id: 1 }), { schema })).toEqual({ id: 1 })
    await here.set('b', new Map([[1, 2]]), { serializer: 'v8' })
    expect(await there.peek('b', { serializer: 'v8' })).toEqual(new Map([[1, 2]]))
  })

  test('a timeout and a signal hold', async () => {
    const { here } = newCaches()
    const never = () => new Promise<string>(() => {})
    await expect(here.getOrSet('a', never, { timeout: '5ms' })).rejects.toThrow(TimeoutError)
    const controller = new AbortController()
    const left = here.getOrSet('b', never, { signal: controller.signal })
    controller.abort(new Error('left'))
    await expect(left).rejects.toThrow('left')
  })
})

test('a time to live ends it for every process, also for one that never gave it', async () => {
  const time = new Timeline(target)
  const [{ cache: here, place }, { cache: there }] = [time.newProcess(), time.newProcess()]
  await here.set('a', 1, { ttl: 100 })
  expect(await there.peek('a')).toBe(1)
  await time.pass(place, 101_000)
  expect(await there.peek('a')).toBeUndefined()
  expect(await there.getOrSet('a', () => 2)).toBe(2)
})

test('a stale result is served, and refreshed by what the next caller loads', async () => {
  const time = new Timeline(target)
  const { cache, place } = time.newProcess()
  const emitted = listen(cache)
  const options = { ttl: 100, staleWhileRevalidate: 100 }
  await cache.getOrSet('a', () => 'old', options)
  await time.pass(place, 150_000)
  expect(await cache.getOrSet('a', () => 'new', options)).toBe('old')
  await untilEmitted(emitted, 'store', 2)
  expect(await cache.getOrSet('a', () => 'newest', options)).toBe('new')
  expect(names(emitted)).toContain('stale:grace')
})

describe('what is refused', () => {
  const newCache = () => new RedisFuncCache(unique('keys'), new LruTPolicy(), { store: target.newStore() })

  test.each([undefined, null])('%s for a key, which is most often one that is missing', async (key) => {
    const cache = newCache()
    const missing = key as unknown as string
    const attempts = [
      cache.getOrSet(missing, () => 1),
      cache.set(missing, 1),
      cache.peek(missing),
      cache.invalidate(missing),
    ]
    for (const attempt of attempts) await expect(attempt).rejects.toThrow(OptionError)
    await expect(cache.getOrSet(missing, () => 1)).rejects.toThrow(`getOrSet: ${key} is not a key.`)
  })

  test('a function, which has handles of its own', async () => {
    const cache = newCache()
    const fn = cache.wrap(async () => 1, { name: 'fn' })
    await expect(cache.invalidate(fn)).rejects.toThrow(
      /^invalidate: a function is not a key\. .*getUser\.invalidate/,
    )
    await expect(cache.getOrSet(fn, () => 1)).rejects.toThrow(OptionError)
  })

  test('a key that cannot be told apart, by its own name', async () => {
    const key = { user: { on: () => {} } }
    const attempt = newCache().getOrSet(key, () => 1)
    await expect(attempt).rejects.toThrow(ArgumentsError)
    await expect(attempt).rejects.toMatchObject({ path: 'key.user.on' })
  })

  test.each<[string, object, RegExp]>([
    ['an unknown option', { tll: 5 }, /^tll: getOrSet knows no such option\. Did you mean ttl\?/],
    ['a name', { name: 'a' }, /^name: getOrSet knows no such option/],
    ['a wrong ttl', { ttl: '5 minutes' }, /^ttl: '5 minutes' is not a duration/],
    [
      'a grace without an end',
      { staleWhileRevalidate: 5, ttl: Number.POSITIVE_INFINITY },
      /^staleWhileRevalidate: results never stop being fresh/,
    ],
  ])('%s', async (_, options, message) => {
    await expect(newCache().getOrSet('a', () => 1, options)).rejects.toThrow(message)
  })

  test('an option that would be of no effect', async () => {
    const cache = newCache()
    await expect(cache.set('a', 1, { timeout: 5 } as object)).rejects.toThrow(
      /^timeout: set knows no such option/,
    )
    await expect(cache.peek('a', { ttl: 5 } as object)).rejects.toThrow(/^ttl: peek knows no such option/)
  })

  test('what is not a function', async () => {
    const attempt = newCache().getOrSet('a', Promise.resolve(1) as unknown as () => number)
    await expect(attempt).rejects.toThrow(/^getOrSet: .*is not a function.*not what it returns/)
  })
})

test('a failing store: getOrSet goes on without it, the others reject', async () => {
  const store = new FailingStore(target.newStore())
  for (const each of ['get', 'put', 'invalidate'] as const) store.failing.add(each)
  const cache = new RedisFuncCache(unique('keys'), new LruTPolicy(), { store })
  cache.on('error', () => {})
  expect(await cache.getOrSet('a', () => 1)).toBe(1)
  for (const attempt of [cache.set('a', 1), cache.peek('a'), cache.invalidate('a')])
    await expect(attempt).rejects.toThrow(StoreError)
})

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

// Values that are stored without a computation: by prime of a function, and by set under a key.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LruTPolicy, OptionError, RedisFuncCache, SerializerError, type WrapOptions } from './library.ts'
import { openTarget, type Target, unique } from './target.ts'
import { listen, names } from './timeline.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const newCache = (options: { maxSize?: number; maxValueBytes?: number } = {}) =>
  new RedisFuncCache(unique('known'), new LruTPolicy(), { store: target.newStore(), ...options })

type Options = Pick<WrapOptions<(key: string) => unknown>, 'ttl' | 'maxValueBytes' | 'serializer'>

/** Both ways, with the same options for storing and reading. */
const WAYS = [
  {
    way: 'prime',
    create: (cache: RedisFuncCache, options: Options = {}) => {
      const load = cache.wrap(async (_key: string): Promise<unknown> => 'loaded', {
        name: 'load',
        ...(options as WrapOptions<(key: string) => Promise<unknown>>),
      })
      return {
        store: (key: string, value: unknown) => load.prime([key], value),
        peek: (key: string) => load.peek(key),
        call: (key: string) => load(key),
      }
    },
  },
  {
    way: 'set',
    create: (cache: RedisFuncCache, options: Options = {}) => ({
      store: (key: string, value: unknown) => cache.set(key, value, options as object),
      peek: (key: string) => cache.peek(key),
      call: (key: string) => cache.getOrSet(key, (): unknown => 'loaded', options as object),
    }),
  },
]

describe.each(WAYS)('$way', ({ create }) => {
  test('counts what it stores and what it evicts', async () => {
    const cache = newCache({ maxSize: 2 })
    const emitted = listen(cache)
    const { store } = create(cache)
    for (const key of ['a', 'b', 'c']) await store(key, key)
    expect(cache.stats()).toMatchObject({ write: 3, evicted: 1, execute: 0 })
    expect(cache.stats().latencies.puts.count).toBe(3)
    expect(names(emitted)).toEqual(['evict'])
  })

  test.each<{ what: string; options: Options; value: unknown; reason: string }>([
    { what: 'too large', options: { maxValueBytes: 10 }, value: 'x'.repeat(100), reason: 'too-large' },
    {
      what: 'of a ttl of 0',
      options: { ttl: (value) => (value === 'old' ? '1m' : 0) },
      value: 'new',
      reason: 'zero-ttl',
    },
  ])('a value $what is not stored, and what was there is removed', async ({ options, value, reason }) => {
    const cache = newCache()
    const emitted = listen(cache)
    const { store, peek } = create(cache, options)
    await store('a', 'old')
    expect(await peek('a')).toBe('old')
    await store('a', value)
    expect(await peek('a')).toBeUndefined()
    expect(names(emitted)).toContain(`skip:${reason}`)
  })

  test('the size that the cache allows holds', async () => {
    const { store, peek } = create(newCache({ maxValueBytes: 10 }))
    await store('a', 'x'.repeat(100))
    expect(await peek('a')).toBeUndefined()
    await store('a', 'short')
    expect(await peek('a')).toBe('short')
  })

  test('does nothing in a mode that forbids to write', async () => {
    const cache = newCache()
    const { store, peek } = create(cache)
    await store('a', 'before')
    await cache.readOnly(() => store('a', 1))
    await cache.bypass(() => store('b', 2))
    await cache.writeOnly(() => store('c', 3))
    expect(await Promise.all(['a', 'b', 'c'].map((key) => peek(key)))).toEqual(['before', undefined, 3])
  })

  test('refuses a promise, which would be stored as an empty object', async () => {
    const { store, peek } = create(newCache())
    await expect(store('a', Promise.resolve(1))).rejects.toThrow(/the value is a promise\. Await it first/)
    expect(await peek('a')).toBeUndefined()
  })

  test('reports what cannot be serialized', async () => {
    await expect(create(newCache()).store('a', () => 1)).rejects.toThrow(SerializerError)
  })
})

describe('prime takes the arguments as an array', () => {
  test.each([42, 'ab', { id: 42 }, undefined, new Set([42])])('and not %o', async (args) => {
    const load = newCache().wrap(async (id?: number) => ({ id }), { name: 'load' })
    const attempt = load.prime(args as never, { id: 42 })
    await expect(attempt).rejects.toThrow(OptionError)
    await expect(attempt).rejects.toThrow(/^prime: .*is not an array of arguments\. Give one/)
    expect(await load()).toEqual({})
  })

  test.each([42, 'ab', { 1: 'one' }, [1, 2], [[1]], undefined])(
    'or pairs of id and row, not %o',
    async (rows) => {
      const load = newCache().wrapMany(async (ids: readonly number[]) => ids.map(String), { name: 'rows' })
      await expect(load.prime(rows as never)).rejects.toThrow(/^prime: give pairs of id and row/)
    },
  )

  test('of which a Map is made', async () => {
    const load = newCache().wrapMany(async (ids: readonly number[]) => ids.map(String), { name: 'rows' })
    await load.prime(new Map([[1, 'one']]))
    expect(await load.peek([1])).toEqual(['one'])
  })
})

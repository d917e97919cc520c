// Entries that the Python package `redis_func_cache` writes and reads, in a cache that shares them deliberately.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { FifoPolicy, type FunctionIdentity, LruPolicy, MruPolicy, RedisFuncCache } from './library.ts'
import { hasServer, openTarget, type Target, unique } from './target.ts'

const keys = inject('server') === 'cluster' ? 'cluster' : 'plain'

/** The same in each policy: `module:qualname`, positional arguments, keyword arguments. */
const pythonHash = (fn: FunctionIdentity | undefined, args: readonly unknown[]): string =>
  createHash('sha256')
    .update(`shop.catalog:${fn?.name}${JSON.stringify(args)}{}`)
    .digest('hex')

const POLICIES = {
  fifo: class extends FifoPolicy {
    override readonly storesBareValues = true

    override calcHash(fn?: FunctionIdentity, args: readonly unknown[] = []): string {
      return pythonHash(fn, args)
    }
  },
  lru: class extends LruPolicy {
    override readonly storesBareValues = true

    override calcHash(fn?: FunctionIdentity, args: readonly unknown[] = []): string {
      return pythonHash(fn, args)
    }
  },
  mru: class extends MruPolicy {
    override readonly storesBareValues = true

    override calcHash(fn?: FunctionIdentity, args: readonly unknown[] = []): string {
      return pythonHash(fn, args)
    }
  },
}

/** Digested by Python's hashlib, of what Python's json makes of the arguments. */
const HASHES = {
  product42: '363a426507bc2a3ad41fd56657b1b007e483a4d20b8e249f68d2b24f4b811b22', // get_product(42)
  product43: '46a88bd4ea407c8bca92422611a75a7c8122bd93b5e15d4068a76778e199f991', // get_product(43)
  product44: '5b04419b5f6141329bd90b181b557ca6631882c174fc36e0f0c87ca8fd7949af', // get_product(44)
  price: '4a60695529d2e7a49cb6d08c135934d4d119fdc69a60e67efab70b1f6371f992', // get_price('Z\u00fcrich', [1, None, True])
}

describe.runIf(hasServer).each(Object.keys(POLICIES) as (keyof typeof POLICIES)[])('with %s', (policy) => {
  let target: Target
  beforeAll(async () => {
    target = await openTarget()
  })
  afterAll(() => target.close())

  function shared() {
    const name = unique('python')
    const cache = new RedisFuncCache(name, new POLICIES[policy]({ keys }), {
      store: target.newStore(),
      prefix: 'func-cache:',
      serializer: 'json',
      ttl: Number.POSITIVE_INFINITY,
      maxSize: 2,
    })
    const runs: unknown[][] = []
    const counted = (name: string) =>
      cache.wrap(
        async (...args: readonly unknown[]) => {
          runs.push([...args])
          return { id: args[0], title: 'T\u00e9' }
        },
        { name },
      )
    // As its policies name them: LruPolicy, and LruClusterPolicy.
    const base = keys === 'plain' ? `func-cache:${name}:${policy}` : `func-cache:{${name}:${policy}-c}`
    const raw = (...[command, key, ...args]: [string, string, ...string[]]) =>
      target.raw(`${base}:${key}`, command, `${base}:${key}`, ...args)
    /** What its scripts send for a put: the entry is one above the highest. */
    const putByPython = async (hash: string, score: number, bytes: string) => {
      await raw('EXPIRE', '0', '3600')
      await raw('EXPIRE', '1', '3600')
      await raw('ZADD', '0', String(score), hash)
      await raw('HSET', '1', hash, bytes)
    }
    return {
      cache,
      runs,
      raw,
      putByPython,
      getProduct: counted('get_product'),
      getPrice: counted('get_price'),
    }
  }

  test('what Python has stored is served', async () => {
    const { runs, putByPython, getProduct, getPrice } = shared()
    await putByPython(HASHES.product42, 1, '{"id": 42, "title": "T\\u00e9"}')
    await putByPython(HASHES.price, 2, '1.5')
    expect(await getProduct(42)).toEqual({ id: 42, title: 'T\u00e9' })
    expect(await getPrice('Z\u00fcrich', [1, null, true])).toBe(1.5)
    expect(await getProduct.peek(43)).toBeUndefined()
    expect(runs).toEqual([])
  })

  test('what is stored here is what Python looks for', async () => {
    const { raw, getProduct, putByPython } = shared()
    await putByPython(HASHES.product42, 7, '{"id": 42}')
    await getProduct(43)
    // Its scripts ask for both: a place in the order, and a value.
    expect(await raw('ZRANK', '0', HASHES.product43)).toBe(1)
    expect(String(await raw('ZSCORE', '0', HASHES.product43))).toBe('8')
    const bytes = String(await raw('HGET', '1', HASHES.product43))
    expect(JSON.parse(bytes)).toEqual({ id: 43, title: 'T\u00e9' })
    expect(String(await raw('TYPE', '0'))).toBe('zset')
  })

  test('options that bare values cannot record are refused', async () => {
    const { cache } = shared()
    for (const options of [{ ttl: '1h' }, { tags: () => ['a'] }, { cacheErrors: { ttl: '1s' } }] as const) {
      expect(() => cache.wrap(async () => 1, { name: 'other', ...options })).toThrow(/stores values bare/)
    }
    await expect(cache.getOrSet('key', () => 1, { ttl: '1h' })).rejects.toThrow(/ttl: Infinity/)
  })

  test('entries of both are invalidated, counted, evicted in one order and purged', async () => {
    const { cache, runs, raw, getProduct, putByPython } = shared()
    await putByPython(HASHES.product42, 1, '{"id": 42}')
    await putByPython(HASHES.product43, 2, '{"id": 43}')
    expect(await cache.getSize()).toBe(2)
    await getProduct(44)
    const isThere = await Promise.all(
      [42, 43, 44].map(async (id) => (await getProduct.peek(id)) !== undefined),
    )
    expect(isThere).toEqual(policy === 'mru' ? [true, false, true] : [false, true, true])
    expect(await getProduct.invalidate(44)).toBe(true)
    expect(await raw('HGET', '1', HASHES.product44)).toBeNull()
    const left = policy === 'mru' ? 42 : 43
    expect(await getProduct.invalidate(left)).toBe(true)
    expect(await raw('EXISTS', '0')).toBe(0)
    await putByPython(HASHES.product42, 1, '{"id": 42}')
    expect(await cache.purge()).toBe(1)
    await getProduct(42)
    expect(runs).toEqual([[44], [42]])
  })
})

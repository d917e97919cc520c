// Policies as a user writes them, with nothing but what the package exports.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  AbstractPolicy,
  composeScripts,
  type EvictionOrder,
  type FunctionIdentity,
  type KeyPair,
  type LuaSources,
  PolicyError,
  RedisFuncCache,
} from './library.ts'
import { newPlace, placeOf } from './places.ts'
import { hasServer, openTarget, type Target, unique } from './target.ts'

/** The last one in is the first one out. */
class LifoPolicy extends AbstractPolicy {
  override readonly key = 'lifo'
  override readonly readsChangeOrder = false

  override readLuaScripts(): LuaSources {
    return composeScripts(`
      local function touch() end

      local function insert(hashes)
        local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
        for i = 1, #hashes do
          redis.call('ZADD', index, digits(tonumber(last[2] or 0) + i), hashes[i])
        end
      end

      local function evict(count)
        local popped, hashes = redis.call('ZPOPMAX', index, count), {}
        for i = 1, #popped, 2 do hashes[#hashes + 1] = popped[i] end
        return hashes
      end

      local function remove(hashes)
        redis.call('ZREM', index, unpack(hashes))
      end

      local function size()
        return redis.call('ZCARD', index)
      end`)
  }

  override createOrder(): EvictionOrder {
    return new LifoOrder()
  }
}

class LifoOrder implements EvictionOrder {
  #stack: string[] = []

  touch(): void {}

  insert(hash: string): void {
    this.#stack.push(hash)
  }

  evict(count: number): string[] {
    return this.#stack.splice(-count).toReversed()
  }

  remove(hashes: readonly string[]): void {
    this.#stack = this.#stack.filter((hash) => !hashes.includes(hash))
  }

  size(): number {
    return this.#stack.length
  }
}

interface Report {
  readonly tenant: string
  readonly pages: number
}

/** The report with the most pages leaves first; each tenant has a key pair of its own. Runs on servers alone. */
class HeaviestPolicy extends AbstractPolicy {
  override readonly key = 'heaviest'
  override readonly readsChangeOrder = false
  override readonly structures = ['weights'] as const

  override calcKeys(_fn?: FunctionIdentity, args: readonly unknown[] = []): KeyPair {
    const [report] = args as readonly [Report?]
    const { prefix, name } = this.cache
    const base = `${prefix}{${name}:${report?.tenant ?? 'nobody'}}`
    return [`${base}:order`, `${base}:results`]
  }

  override calcHash(fn?: FunctionIdentity, args: readonly unknown[] = []): Buffer {
    return createHash('sha1')
      .update(JSON.stringify([fn?.name, ...args]))
      .digest()
  }

  override calcExtArgs(_fn?: FunctionIdentity, args: readonly unknown[] = []): (string | number)[] {
    const [report] = args as readonly [Report?]
    return ['pages', report?.pages ?? 0]
  }

  override readLuaScripts(): LuaSources {
    return composeScripts(`
      local weights = structure(1)

      local function touch() end

      local function insert(hashes)
        assert(ext[1] == 'pages' and #ext == 2)
        redis.call('SADD', index, unpack(hashes))
        for i = 1, #hashes do redis.call('ZADD', weights, ext[2], hashes[i]) end
      end

      local function remove(hashes)
        redis.call('SREM', index, unpack(hashes))
        redis.call('ZREM', weights, unpack(hashes))
      end

      local function evict(count)
        local hashes = redis.call('ZRANGE', weights, 0, count - 1, 'REV')
        if #hashes == 0 then
          hashes = redis.call('SRANDMEMBER', index, count) -- the weights were lost
        end
        remove(hashes)
        return hashes
      end

      local function size()
        return redis.call('SCARD', index)
      end`)
  }
}

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

describe('a policy of a user', () => {
  function lifo(maxSize: number) {
    const store = target.newStore()
    const cache = new RedisFuncCache(unique('lifo'), new LifoPolicy(), { store, maxSize })
    const ask = cache.wrap(async (key: string) => key.toUpperCase(), { name: 'ask' })
    return { store, cache, ask }
  }

  test('decides which entry is evicted', async () => {
    const { cache, ask } = lifo(3)
    for (const key of 'abcabcdef') expect(await ask(key)).toBe(key.toUpperCase())
    const left = await Promise.all([...'abcdef'].map((key) => ask.peek(key)))
    expect(left).toEqual(['A', 'B', undefined, undefined, undefined, 'F'])
    expect(await cache.getSize()).toBe(3)
    expect(await ask.invalidate('a')).toBe(true)
    expect(await cache.purge()).toBe(2)
  })

  test('has the key names and everything else of the others', async () => {
    const { cache, store, ask } = lifo(2)
    for (const key of 'abcd') await ask(key)
    expect(ask.keyOf('a').index).toBe(`fcache:{${cache.name}:lifo-c}:0`)
    expect((await target.inspect(store, placeOf(cache, ask.keyOf('a')))).hashes).toHaveLength(2)
    expect(cache.policy.cache).toBe(cache)
    expect(await cache.policy.getSize()).toBe(2)
    expect(await cache.policy.purge()).toBe(2)
  })

  test('lets a lowered bound hold', async () => {
    const store = target.newStore()
    const place = newPlace(new LifoPolicy(), { maxSize: 5_000 })
    const entries = Array.from({ length: 3_000 }, (_, i) => `hash ${i}`)
    for (let start = 0; start < 3_000; start += 1_000) {
      const some = entries.slice(start, start + 1_000)
      await store.put(
        place,
        some.map((hash) => ({ hash, value: hash, ttlMs: undefined, token: undefined })),
      )
    }
    const few = { ...place, limits: { ...place.limits, maxSize: 2 } }
    const last = { hash: 'last', value: '', ttlMs: undefined, token: undefined }
    expect((await store.put(few, [last])).evicted).toBe(2_999)
    expect((await target.inspect(store, few)).hashes.toSorted()).toEqual(['hash 0', 'last'])
  })
})

describe.runIf(hasServer)('a policy with a structure, keys, hashes and arguments of its own', () => {
  function heaviest(maxSize = 2) {
    const cache = new RedisFuncCache(unique('heaviest'), new HeaviestPolicy(), {
      store: target.newStore(),
      maxSize,
      onError: 'throw',
    })
    const runs: number[] = []
    const print = cache.wrap(
      async (report: Report) => {
        runs.push(report.pages)
        return `${report.pages} pages for ${report.tenant}`
      },
      { name: 'print' },
    )
    const kept = async (tenant: string): Promise<number[]> => {
      const some = [1, 2, 3, 4, 5]
      const there = await Promise.all(some.map((pages) => print.peek({ tenant, pages })))
      return some.filter((_, i) => there[i] !== undefined)
    }
    return { cache, print, runs, kept }
  }

  test('evicts by the arguments of calcExtArgs', async () => {
    const { print, kept } = heaviest()
    for (const pages of [3, 5, 1, 4, 2]) await print({ tenant: 't', pages })
    expect(await kept('t')).toEqual([1, 2])
  })

  test('passes them for each of several calls at the same time', async () => {
    const { print, kept } = heaviest(3)
    await Promise.all([5, 3, 1, 4, 2].map((pages) => print({ tenant: 't', pages })))
    const { index } = print.keyOf({ tenant: 't', pages: 0 })
    const pages = await kept('t')
    const weights = (await target.raw(index, 'ZRANGE', `${index}:weights`, '0', '-1')) as Buffer[]
    expect(weights.map((each) => each.toString('latin1'))).toEqual(
      pages.map((count) => print.keyOf({ tenant: 't', pages: count }).hash),
    )
  })

  test('has the keys that calcKeys gave, and the bytes of calcHash in them', async () => {
    const { cache, print } = heaviest()
    const report = { tenant: 't', pages: 7 }
    await print(report)
    const { index, values, hash } = print.keyOf(report)
    expect([index, values]).toEqual([`fcache:{${cache.name}:t}:order`, `fcache:{${cache.name}:t}:results`])
    const bytes = createHash('sha1')
      .update(JSON.stringify(['print', report]))
      .digest()
    expect(hash).toBe(bytes.toString('latin1'))
    expect(String(await target.raw(values, 'HGET', values, bytes))).toMatch(/^"7 pages for t"\n1 /)
    expect(await target.raw(index, 'SISMEMBER', index, bytes)).toBe(1)
    expect(String(await target.raw(index, 'ZSCORE', `${index}:weights`, bytes))).toBe('7')
    expect(await target.raw(index, 'PTTL', `${index}:weights`)).toBeGreaterThan(3_500_000)
  })

  test('bounds each of its key pairs', async () => {
    const { print, kept } = heaviest()
    for (const pages of [1, 2, 3]) {
      await print({ tenant: 'one', pages })
      await print({ tenant: 'other', pages: pages + 2 })
    }
    expect(await kept('one')).toEqual([1, 3])
    expect(await kept('other')).toEqual([3, 5])
  })

  test('goes with all of its structures', async () => {
    const { cache, print } = heaviest()
    await print({ tenant: 'nobody', pages: 1 })
    await print({ tenant: 'nobody', pages: 2 })
    const { index, values } = print.keyOf({ tenant: 'nobody', pages: 1 })
    expect(await print.invalidate({ tenant: 'nobody', pages: 1 })).toBe(true)
    expect(await target.raw(index, 'ZCARD', `${index}:weights`)).toBe(1)
    expect(await cache.getSize()).toBe(1)
    expect(await cache.purge()).toBe(1)
    expect(await target.raw(index, 'EXISTS', index, values, `${index}:weights`)).toBe(0)
  })

  test('survives the loss of its structure', async () => {
    const { print, runs } = heaviest()
    for (const pages of [1, 2]) await print({ tenant: 't', pages })
    const { index, values } = print.keyOf({ tenant: 't', pages: 1 })
    await target.raw(index, 'DEL', `${index}:weights`)
    for (const pages of [3, 4, 5]) await print({ tenant: 't', pages })
    expect(runs).toEqual([1, 2, 3, 4, 5])
    expect(await target.raw(values, 'HLEN', values)).toBe(2)
    expect(await target.raw(index, 'SCARD', index)).toBe(2)
  })

  test('does not join a computation that a purge came after', async () => {
    const cache = new RedisFuncCache(unique('heaviest'), new HeaviestPolicy(), { store: target.newStore() })
    const ends: ((result: string) => void)[] = []
    const print = cache.wrap((_report: Report) => new Promise<string>((resolve) => ends.push(resolve)), {
      name: 'print',
    })
    const report = { tenant: 'nobody', pages: 1 }
    const old = print(report)
    await vi.waitFor(() => expect(ends).toHaveLength(1), { interval: 1 })
    await cache.purge()
    const next = print(report)
    await vi.waitFor(() => expect(ends).toHaveLength(2), { interval: 1 })
    ends[0]?.('old')
    ends[1]?.('new')
    expect(await Promise.all([old, next])).toEqual(['old', 'new'])
    expect(await print(report)).toBe('new')
  })
})

describe('a policy that cannot do what is asked of it', () => {
  class BarePolicy extends AbstractPolicy {
    override readonly key = 'bare'
  }

  test('says that it belongs to another cache', () => {
    const policy = new LifoPolicy()
    const store = target.newStore()
    const cache = new RedisFuncCache('first', policy, { store })
    const second = () => new RedisFuncCache('second', policy, { store })
    expect(second).toThrow(PolicyError)
    expect(second).toThrow(/policy '\w+' belongs to the cache 'first'.*a new one/s)
    expect(policy.cache).toBe(cache)
  })

  test.each([
    ['key', { key: '' }],
    ['key', { key: '{lifo}' }],
    ['key', { key: undefined }],
    ['structures', { structures: ['0'] }],
    ['structures', { structures: [''] }],
    ['structures', { structures: ['order', 'order'] }],
    ['structures', { structures: ['a:0'] }],
    ['structures', { structures: ['a{b}'] }],
  ])('says that key names cannot be made of its %s: %o', (what, names) => {
    const policy = Object.defineProperties(new LifoPolicy(), Object.getOwnPropertyDescriptors(names))
    const attempt = () => new RedisFuncCache(unique('names'), policy, { store: target.newStore() })
    expect(attempt).toThrow(PolicyError)
    expect(attempt).toThrow(new RegExp(`^${what}: .* cannot be part of key names`))
    expect(() => policy.cache).toThrow(/has no cache yet/)
  })

  class PerFunction extends LifoPolicy {
    override calcKeys(fn?: FunctionIdentity): KeyPair {
      const base = `${this.cache.prefix}{${this.cache.name}:${(fn as FunctionIdentity).name}}`
      return [`${base}:0`, `${base}:1`]
    }
  }
  class PerTenant extends LifoPolicy {
    override calcKeys(_fn?: FunctionIdentity, args?: readonly unknown[]): KeyPair {
      const base = `${this.cache.prefix}{${this.cache.name}:${((args as readonly unknown[])[0] as { tenant: string }).tenant}}`
      return [`${base}:0`, `${base}:1`]
    }
  }

  test('says that its key pairs cannot be had without a call, and what to do', async () => {
    const cache = new RedisFuncCache(unique('pairs'), new PerFunction(), { store: target.newStore() })
    const one = cache.wrap(async (id: number) => id, { name: 'one', tags: () => ['a'] })
    await one(1)
    for (const attempt of [() => cache.purge(), () => cache.getSize(), () => cache.invalidateTags('a')]) {
      await expect(attempt()).rejects.toThrow(PolicyError)
      await expect(attempt()).rejects.toThrow(
        /^calcKeys\(\) of the policy 'lifo' fails without the function.*purge\(fn\)/,
      )
    }
    expect(await cache.getSize(one)).toBe(1)
    expect(await cache.purge(one)).toBe(1)
    expect(await one.peek(1)).toBeUndefined()
    await one(1)
    expect(await one.invalidateAll()).toBe(1)
  })

  test('says so of arguments, too', async () => {
    const cache = new RedisFuncCache(unique('pairs'), new PerTenant(), { store: target.newStore() })
    const one = cache.wrap(async (of: { tenant: string }) => of.tenant, { name: 'one' })
    await one({ tenant: 'a' })
    for (const attempt of [
      () => cache.purge(),
      () => cache.getSize(one),
      () => cache.purge(one),
      () => one.invalidateAll(),
    ]) {
      await expect(attempt()).rejects.toThrow(PolicyError)
      await expect(attempt()).rejects.toThrow(
        /^calcKeys\(\) of the policy 'lifo' fails without the.*arguments of a call.*override/,
      )
    }
  })

  test.each<{ use: string; run: (policy: LifoPolicy) => unknown }>([
    { use: 'cache', run: (policy) => policy.cache },
    { use: 'calcKeys()', run: (policy) => policy.calcKeys() },
    { use: 'getSize()', run: (policy) => policy.getSize() },
    { use: 'purge()', run: (policy) => policy.purge() },
  ])('says that it has no cache yet: $use', async ({ run }) => {
    const attempt = async () => run(new LifoPolicy())
    await expect(attempt).rejects.toThrow(PolicyError)
    await expect(attempt).rejects.toThrow(/policy '\w+' has no cache yet.*new RedisFuncCache/)
  })

  test(`says what it lacks: ${hasServer ? 'scripts' : 'an order'}`, async () => {
    const attempt = async () => {
      const options = { store: target.newStore(), onError: 'throw' } as const
      const cache = new RedisFuncCache(unique('bare'), new BarePolicy(), options)
      return cache.wrap(async () => 1, { name: 'one' })()
    }
    await expect(attempt).rejects.toThrow(PolicyError)
    await expect(attempt).rejects.toThrow(
      hasServer
        ? /policy 'bare' has no scripts for a server.*readLuaScripts\(\).*composeScripts.*MemoryStore/
        : /policy 'bare' cannot run in process.*createOrder\(\).*EvictionOrder.*Redis client/,
    )
  })
})

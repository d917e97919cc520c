// Each library as its documentation sets it up, over Redis alone: a tier in memory could only add older values.
import { cachified } from '@epic-web/cachified'
import { createCache as createDedupeCache } from 'async-cache-dedupe'
import { BentoCache, bentostore } from 'bentocache'
import { redisDriver } from 'bentocache/drivers/redis'
import { createCache as createManagedCache } from 'cache-manager'
import { Cacheable } from 'cacheable'
import { Redis as Redis5 } from 'ioredis'
import { Loader, RedisCache } from 'layered-loader'
import { LruTPolicy, RedisFuncCache } from '../../src/index.ts'
import { adapterOf } from '../contenders/cachified.ts'
import { ioredis, nodeRedisAsItComes } from '../contenders/clients.ts'
import { keyOf } from '../contenders/contender.ts'
import { openKeyv } from '../contenders/keyv.ts'
import type { Row, Subject } from './subject.ts'

const ours: Subject = {
  name: 'redis-func-cache',
  setUp: '`cache.wrap(load, { ttl })`, `getProduct.invalidate(id)`',
  async open({ url, ttlMs, load }) {
    const client = await nodeRedisAsItComes(url)
    const cache = new RedisFuncCache('shop', new LruTPolicy(), { client })
    const getProduct = cache.wrap(load, { name: 'getProduct', ttl: `${ttlMs}ms` })
    return {
      get: (id) => getProduct(id),
      invalidate: (id) => getProduct.invalidate(id),
      close: async () => {
        await cache.close()
        client.destroy()
      },
    }
  },
}

const bentocache: Subject = {
  name: 'bentocache',
  setUp: '`useL2Layer(redisDriver)`, `getOrSet`, `delete`',
  async open({ url, ttlMs, load }) {
    const connection = new Redis5(url)
    const cache = new BentoCache({
      default: 'redis',
      stores: { redis: bentostore().useL2Layer(redisDriver({ connection })) },
    })
    return {
      get: (id) => cache.getOrSet({ key: keyOf(id), factory: () => load(id), ttl: ttlMs }),
      invalidate: (id) => cache.delete({ key: keyOf(id) }),
      close: () => cache.disconnectAll(),
    }
  },
}

const cachifiedSubject: Subject = {
  name: '@epic-web/cachified',
  setUp: '`cachified({ cache, ttl })` over `get`, `set` and `del`, `cache.delete`',
  async open({ url, ttlMs, load }) {
    const client = await nodeRedisAsItComes(url)
    const cache = adapterOf(client)
    return {
      get: (id) => cachified({ key: keyOf(id), cache, ttl: ttlMs, getFreshValue: () => load(id) }),
      invalidate: (id) => cache.delete(keyOf(id)),
      close: async () => client.destroy(),
    }
  },
}

const cacheable: Subject = {
  name: 'cacheable',
  setUp: '`new Cacheable({ primary: keyvRedis })`, `getOrSet`, `delete`',
  async open({ url, ttlMs, load }) {
    const { keyv } = await openKeyv(url)
    const cache = new Cacheable({ primary: keyv, ttl: ttlMs })
    return {
      get: async (id) => (await cache.getOrSet(keyOf(id), () => load(id), { ttl: ttlMs })) as Row,
      invalidate: (id) => cache.delete(keyOf(id)),
      close: () => keyv.disconnect(),
    }
  },
}

const cacheManager: Subject = {
  name: 'cache-manager',
  setUp: '`createCache({ stores: [keyvRedis] })`, `wrap`, `del`',
  async open({ url, ttlMs, load }) {
    const { keyv } = await openKeyv(url)
    const cache = createManagedCache({ stores: [keyv], ttl: ttlMs })
    return {
      get: (id) => cache.wrap(keyOf(id), () => load(id)),
      invalidate: (id) => cache.del(keyOf(id)),
      close: () => keyv.disconnect(),
    }
  },
}

const dedupe: Subject = {
  name: 'async-cache-dedupe',
  setUp: "`storage: { type: 'redis' }`, `define`, `clear(name, id)`",
  async open({ url, ttlMs, load }) {
    const client = await ioredis(url)
    // Its types know the client of ioredis 5 alone.
    const storage = { type: 'redis', options: { client: client as never } } as const
    const cache = createDedupeCache({ ttl: ttlMs / 1_000, storage })
    const { product } = cache.define('product', (id: number) => load(id))
    return {
      get: (id) => product(id),
      invalidate: (id) => cache.clear('product', id),
      close: async () => client.disconnect(),
    }
  },
}

const layeredLoader: Subject = {
  name: 'layered-loader',
  setUp: '`asyncCache: new RedisCache(…)`, `get`, `invalidateCacheFor`',
  async open({ url, ttlMs, load }) {
    const client = await ioredis(url)
    const loader = new Loader<Row, number>({
      inMemoryCache: false,
      asyncCache: new RedisCache<Row>(client, { json: true, ttlInMsecs: ttlMs }),
      dataSourceGetOneFn: (id) => load(id),
      cacheKeyFromLoadParamsResolver: keyOf,
    })
    return {
      get: async (id) => (await loader.get(id)) as Row,
      invalidate: (id) => loader.invalidateCacheFor(keyOf(id)),
      close: async () => client.disconnect(),
    }
  },
}

const byHand: Subject = {
  name: 'GET and SET by hand',
  setUp: '`get`, `set` with `PX`, `del`',
  async open({ url, ttlMs, load }) {
    const client = await nodeRedisAsItComes(url)
    return {
      async get(id) {
        const text = await client.get(keyOf(id))
        if (text !== null) return JSON.parse(text) as Row
        const row = await load(id)
        await client.set(keyOf(id), JSON.stringify(row), { expiration: { type: 'PX', value: ttlMs } })
        return row
      },
      invalidate: (id) => client.del(keyOf(id)),
      close: async () => client.destroy(),
    }
  },
}

export const SUBJECTS: readonly Subject[] = [
  ours,
  bentocache,
  cachifiedSubject,
  cacheable,
  cacheManager,
  dedupe,
  layeredLoader,
  byHand,
]

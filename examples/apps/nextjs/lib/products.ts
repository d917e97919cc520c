import { LruTPolicy, RedisFuncCache } from 'redis-func-cache'
import { findProduct } from './database'
import { redis } from './redis'

// Unlike the client, the cache is not kept in globalThis: each evaluation of this module creates a cache of its own.
const cache = new RedisFuncCache('shop', new LruTPolicy(), { client: redis, maxSize: 10_000 })
cache.on('error', ({ during, error }) => console.error(`cache, ${during}:`, error.message))

export const getProduct = cache.wrap(findProduct, {
  name: 'getProduct',
  ttl: '5m',
  // With a name it is the same function in every route, although the minifier of `next build` changes its text in each.
  // Raise the version when the results change.
  version: 1,
})

import { LruTPolicy, RedisFuncCache } from 'redis-func-cache'
import { findProduct } from './database'
import { redis } from './redis'

// Not kept in globalThis as the client is: this module, evaluated anew, makes a new cache, and wraps its functions in it.
const cache = new RedisFuncCache('shop', new LruTPolicy(), { client: redis, maxSize: 10_000 })
cache.on('error', ({ during, error }) => console.error(`cache, ${during}:`, error.message))

export const getProduct = cache.wrap(findProduct, {
  name: 'getProduct',
  ttl: '5m',
  // The name makes it one function in every route: the minifier of `next build` gives each of them another text of it. Raise
  // the version when the code brings something else.
  version: 1,
})

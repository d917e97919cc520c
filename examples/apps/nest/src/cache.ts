import { createClient } from 'redis'
import { LruTPolicy, RedisFuncCache } from 'redis-func-cache'

/** Without an offline queue the client fails at once while Redis is down, and calls go on without the cache. */
export const redis = createClient({ url: process.env.REDIS_URL, disableOfflineQueue: true })

/** Decorators need the cache when classes are declared, which is before Nest creates any provider. */
export const cache = new RedisFuncCache('shop', new LruTPolicy(), { client: redis, maxSize: 10_000 })

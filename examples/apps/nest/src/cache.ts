import { createClient } from 'redis'
import { LruTPolicy, RedisFuncCache } from 'redis-func-cache'

/** Without its queue for bad times the client fails at once while Redis is away, and calls go on without the cache. */
export const redis = createClient({ url: process.env.REDIS_URL, disableOfflineQueue: true })

/** Decorators need it when classes are declared, which is before Nest makes any provider. */
export const cache = new RedisFuncCache('shop', new LruTPolicy(), { client: redis, maxSize: 10_000 })

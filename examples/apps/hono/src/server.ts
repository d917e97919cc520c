import { serve } from '@hono/node-server'
import { Redis } from 'ioredis'
import { LruTPolicy, RedisFuncCache } from 'redis-func-cache'
import { buildApp } from './app.ts'

// While Redis is away, commands fail at once instead of waiting for it, and calls go on without the cache.
const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
})
redis.on('error', (error) => console.error('redis:', error.message))

const cache = new RedisFuncCache('articles', new LruTPolicy(), { client: redis, maxSize: 10_000 })
cache.on('error', ({ during, error }) => console.error(`cache, ${during}:`, error.message))

const server = serve(
  {
    fetch: buildApp(cache).fetch,
    hostname: process.env.HOST ?? '127.0.0.1',
    port: Number(process.env.PORT ?? 3000),
  },
  ({ address, port }) => console.log(`listening on http://${address}:${port}`),
)

function close(): void {
  // The callback runs after the last request was answered.
  server.close(async () => {
    await cache.close()
    redis.disconnect()
  })
}
process.once('SIGINT', close)
process.once('SIGTERM', close)

import { Redis } from 'ioredis'

/**
 * One client for each process. It is kept in `globalThis`, since each route evaluates this module, and `next dev`
 * evaluates it again after every change. Each evaluation would otherwise leave a connection open.
 */
const kept = globalThis as { redis?: Redis }

export const redis = (kept.redis ??= new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', {
  lazyConnect: true, // connects at the first use, so that `next build` needs no Redis
  commandTimeout: 500, // while Redis is away, calls go on without the cache after so many milliseconds
}).on('error', (error) => console.error('redis:', error.message)))

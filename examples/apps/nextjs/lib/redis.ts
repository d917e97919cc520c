import { Redis } from 'ioredis'

/**
 * One client a process, kept where it outlives this module: each route has the module for itself, and `next dev` evaluates
 * it anew when something changes. Each time would leave a connection behind.
 */
const kept = globalThis as { redis?: Redis }

export const redis = (kept.redis ??= new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', {
  lazyConnect: true, // when it is used first, so that `next build` needs no Redis
  commandTimeout: 500, // while Redis is away, calls go on without the cache after so many milliseconds
}).on('error', (error) => console.error('redis:', error.message)))

import type { HandOut } from './results.ts'
import type { Entry, Kind } from './roster.ts'

function near(name: string, kind: Kind, client: string, handOut: HandOut, load: Entry['load']): Entry {
  const full = `${name}, ${handOut}`
  return { name: full, kind, client, parts: ['near'], isShort: true, yields: 'value', handOut, load }
}

/** Caches with a tier in the process in front of Redis. */
export const NEAR: readonly Entry[] = [
  near('near LRU-T', 'ours', 'node-redis', 'frozen', async () =>
    (await import('./contenders/near/ours.ts')).oursNear('frozen'),
  ),
  near('near LRU-T', 'ours', 'node-redis', 'copies', async () =>
    (await import('./contenders/near/ours.ts')).oursNear('copies'),
  ),
  near(
    'layered-loader',
    'neighbour',
    'ioredis',
    'shared',
    async () => (await import('./contenders/near/layered-loader.ts')).layeredLoaderNear,
  ),
  near('bentocache', 'neighbour', 'ioredis 5', 'shared', async () =>
    (await import('./contenders/near/bentocache.ts')).bentocacheNear(false),
  ),
  near('bentocache', 'neighbour', 'ioredis 5', 'copies', async () =>
    (await import('./contenders/near/bentocache.ts')).bentocacheNear(true),
  ),
  near('cacheable', 'neighbour', '@keyv/redis', 'shared', async () =>
    (await import('./contenders/near/cacheable.ts')).cacheableNear(false),
  ),
  near('cacheable', 'neighbour', '@keyv/redis', 'copies', async () =>
    (await import('./contenders/near/cacheable.ts')).cacheableNear(true),
  ),
  near('cache-manager', 'neighbour', '@keyv/redis', 'shared', async () =>
    (await import('./contenders/near/cache-manager.ts')).cacheManagerNear(false),
  ),
  near('cache-manager', 'neighbour', '@keyv/redis', 'copies', async () =>
    (await import('./contenders/near/cache-manager.ts')).cacheManagerNear(true),
  ),
  near(
    'node-redis client-side cache',
    'neighbour',
    'node-redis',
    'copies',
    async () => (await import('./contenders/near/node-redis.ts')).nodeRedisNear,
  ),
  near(
    'Map by hand',
    'by hand',
    '–',
    'shared',
    async () => (await import('./contenders/near/by-hand.ts')).mapByHand,
  ),
  near(
    'Map + parse by hand',
    'by hand',
    '–',
    'copies',
    async () => (await import('./contenders/near/by-hand.ts')).textMapByHand,
  ),
]

import { RedisMessageProvider } from '@qified/redis'
import { Cacheable, createKeyv } from 'cacheable'
import { type Contender, keyOf, TTL_MS } from '../contender.ts'
import { openKeyv } from '../keyv.ts'

/**
 * cacheable with its memory as the primary store, Redis as the secondary one, and its sync over Redis pub/sub.
 *
 * @param useClone Whether its memory clones what it hands out, as by default.
 */
export function cacheableNear(useClone: boolean): Contender {
  return async ({ url, nearEntries, compute }) => {
    const { keyv } = await openKeyv(url)
    const cache = new Cacheable({
      primary: createKeyv({ useClone, lruSize: nearEntries }),
      secondary: keyv,
      ttl: TTL_MS,
      // All databases of a server share the channels.
      namespace: `of ${new URL(url).pathname.slice(1)}`,
      sync: { qified: new RedisMessageProvider({ uri: url }) },
    })
    return {
      call: (id) => cache.getOrSet(keyOf(id), () => compute(id), { ttl: TTL_MS }),
      invalidate: (id) => cache.delete(keyOf(id)),
    }
  }
}

import { createCache } from 'cache-manager'
import { Keyv } from 'keyv'
import { type Contender, keyOf, TTL_MS } from '../contender.ts'
import { openKeyv } from '../keyv.ts'

/**
 * cache-manager over two stores: Keyv in memory, and Keyv with @keyv/redis. Processes do not tell one another anything.
 *
 * @param serialize Whether Keyv keeps texts in memory, as by default, and each caller gets its own object.
 */
export function cacheManagerNear(serialize: boolean): Contender {
  return async ({ url, compute }) => {
    const memory = new Keyv()
    if (!serialize) {
      memory.serialize = undefined
      memory.deserialize = undefined
    }
    const { keyv } = await openKeyv(url)
    const cache = createCache({ stores: [memory, keyv], ttl: TTL_MS })
    return {
      call: (id) => cache.wrap(keyOf(id), () => compute(id)),
      invalidate: (id) => cache.del(keyOf(id)),
    }
  }
}

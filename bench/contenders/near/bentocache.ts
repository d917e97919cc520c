import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import { Redis } from 'ioredis'
import { type Contender, keyOf, TTL_MS } from '../contender.ts'

/**
 * bentocache with its memory, its Redis driver and its bus.
 *
 * @param serialize Whether its memory keeps texts, as by default, and each caller gets its own object.
 */
export function bentocacheNear(serialize: boolean): Contender {
  return async ({ url, nearEntries, compute }) => {
    const connection = new Redis(url)
    await connection.ping()
    const { hostname: host, port, pathname } = new URL(url)
    const bus = { host, port: Number(port), db: Number(pathname.slice(1)) }
    // The bus gets the name of the store, and all databases of a server share the channels.
    const name = serialize ? 'copies' : 'shared'
    const cache = new BentoCache({
      default: name,
      stores: {
        [name]: bentostore()
          .useL1Layer(memoryDriver({ maxItems: nearEntries, serialize }))
          .useL2Layer(redisDriver({ connection }))
          .useBus(redisBusDriver({ connection: bus })),
      },
    })
    return {
      call: (id) => cache.getOrSet({ key: keyOf(id), factory: () => compute(id), ttl: TTL_MS }),
      invalidate: (id) => cache.delete({ key: keyOf(id) }),
    }
  }
}

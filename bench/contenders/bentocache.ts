import { BentoCache, bentostore } from 'bentocache'
import { redisDriver } from 'bentocache/drivers/redis'
import { Redis } from 'ioredis'
import { type Contender, keyOf, TTL_MS } from './contender.ts'

/** bentocache, its Redis driver alone, on ioredis 5, which it asks for. */
export const bentocacheContender: Contender = async ({ url, compute }) => {
  const connection = new Redis(url)
  await connection.ping()
  const cache = new BentoCache({
    default: 'redis',
    stores: { redis: bentostore().useL2Layer(redisDriver({ connection })) },
  })
  return {
    call: (id) => cache.getOrSet({ key: keyOf(id), factory: () => compute(id), ttl: TTL_MS }),
    rawGet: (key) => connection.get(key),
  }
}

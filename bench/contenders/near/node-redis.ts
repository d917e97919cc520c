import { createClient } from 'redis'
import type { Product } from '../../values.ts'
import { type Contender, keyOf, TTL_MS } from '../contender.ts'

/**
 * The client-side cache of node-redis, told of changes by the server, with a cache written by hand upon it. It keeps
 * replies, so each caller decodes its own object.
 */
export const nodeRedisNear: Contender = async ({ url, nearEntries, compute }) => {
  const client = createClient({
    url,
    RESP: 3,
    clientSideCache: { ttl: 0, maxEntries: nearEntries, evictPolicy: 'LRU' },
    commandOptions: { timeout: 0 },
  })
  client.on('error', (error) => console.error(error))
  await client.connect()
  return {
    async call(id) {
      const text = await client.get(keyOf(id))
      if (text !== null) return JSON.parse(text) as Product
      const value = await compute(id)
      await client.set(keyOf(id), JSON.stringify(value), { expiration: { type: 'PX', value: TTL_MS } })
      return value
    },
    invalidate: (id) => client.del(keyOf(id)),
  }
}

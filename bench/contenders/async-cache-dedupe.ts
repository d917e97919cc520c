import { createCache } from 'async-cache-dedupe'
import { ioredis } from './clients.ts'
import { type Contender, TTL_MS } from './contender.ts'

/** async-cache-dedupe with its storage in Redis. It makes the key from the argument. */
export const asyncCacheDedupeContender: Contender = async ({ url, compute }) => {
  const client = await ioredis(url)
  // Its types know the client of ioredis 5 alone; it asks for `get` and `set`, and to be so in 6.
  const cache = createCache({
    ttl: TTL_MS / 1000,
    storage: { type: 'redis', options: { client: client as never } },
  })
  const { product } = cache.define('product', (id: number) => compute(id))
  return { call: (id) => product(id), rawGet: (key) => client.get(key) }
}

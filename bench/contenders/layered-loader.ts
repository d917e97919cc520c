import { Loader, RedisCache } from 'layered-loader'
import type { Product } from '../values.ts'
import { ioredis } from './clients.ts'
import { type Contender, keyOf, TTL_MS } from './contender.ts'

/** layered-loader, its Redis tier alone. */
export const layeredLoaderContender: Contender = async ({ url, compute }) => {
  const client = await ioredis(url)
  const loader = new Loader<Product, number>({
    inMemoryCache: false,
    asyncCache: new RedisCache<Product>(client, { json: true, ttlInMsecs: TTL_MS }),
    dataSourceGetOneFn: (id) => compute(id),
    cacheKeyFromLoadParamsResolver: keyOf,
  })
  return { call: (id) => loader.get(id), rawGet: (key) => client.get(key) }
}

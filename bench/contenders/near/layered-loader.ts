import { createNotificationPair, Loader, RedisCache } from 'layered-loader'
import type { Product } from '../../values.ts'
import { ioredis } from '../clients.ts'
import { type Contender, keyOf, TTL_MS } from '../contender.ts'

/** layered-loader with both its tiers, told of invalidations by Redis pub/sub. All callers get one object. */
export const layeredLoaderNear: Contender = async ({ url, nearEntries, compute }) => {
  const client = await ioredis(url)
  const { publisher, consumer } = createNotificationPair<Product>({
    channel: 'products',
    publisherRedis: await ioredis(url),
    consumerRedis: await ioredis(url),
  })
  const loader = new Loader<Product, number>({
    inMemoryCache: { ttlInMsecs: TTL_MS, maxItems: nearEntries },
    asyncCache: new RedisCache<Product>(client, { json: true, ttlInMsecs: TTL_MS }),
    notificationPublisher: publisher,
    notificationConsumer: consumer,
    dataSourceGetOneFn: (id) => compute(id),
    cacheKeyFromLoadParamsResolver: keyOf,
  })
  await loader.init()
  return { call: (id) => loader.get(id), invalidate: (id) => loader.invalidateCacheFor(keyOf(id)) }
}

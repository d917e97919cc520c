import { LruTPolicy, type RedisClient, RedisFuncCache } from 'redis-func-cache'
import * as database from './database.ts'

/** The functions of one cache. They share its bound, its statistics and its tags. */
export function createCatalog(client: RedisClient) {
  const cache = new RedisFuncCache('catalog', new LruTPolicy(), { client, maxSize: 10_000 })

  const getProduct = cache.wrap(database.findProduct, {
    name: 'getProduct',
    ttl: '1m',
    staleWhileRevalidate: '5m',
    tags: (_product, id) => [`product:${id}`],
  })

  const listProducts = cache.wrap(database.findProducts, {
    name: 'listProducts',
    ttl: '1m',
    tags: (products) => products.map(({ id }) => `product:${id}`),
  })

  /** Invalidates every result that contains the product, of all functions. */
  async function saveProduct(product: database.Product): Promise<void> {
    await database.saveProduct(product)
    await cache.invalidateTags(`product:${product.id}`)
  }

  return { cache, getProduct, listProducts, saveProduct }
}

// What the examples take for granted that need a server.
import { LruTPolicy, RedisFuncCache } from '../../src/index.ts'
import { createClient } from './clients.ts'
import { db } from './shop.ts'

/** Everything anew, for each example. */
export async function setUp() {
  const client = await createClient().connect()
  const cache = new RedisFuncCache('catalog', new LruTPolicy(), { client })
  const getProduct = cache.wrap(db.product, { name: 'getProduct' })
  return { client, db, cache, getProduct }
}

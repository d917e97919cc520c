// What the examples of the README take for granted.
import { LruTPolicy, RedisFuncCache } from '../../src/index.ts'
import { createClient } from './clients.ts'

interface Product {
  readonly id: number
  readonly title: string
}

const db = {
  product: async (id: number): Promise<Product> => ({ id, title: 'A kettle' }),
  page: async (_site: string, page: number): Promise<number[]> => [page],
  titles: async (tenant: string, page: number): Promise<string[]> => [`${tenant} ${page}`],
  report: async (year: number) => ({ year, sum: 1 }),
}

/** Everything anew, for each example. */
export async function setUp() {
  const client = await createClient().connect()
  const cache = new RedisFuncCache('catalog', new LruTPolicy(), { client })
  const getProduct = cache.wrap(db.product, { name: 'getProduct' })
  return { client, db, cache, getProduct }
}

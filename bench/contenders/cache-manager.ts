import { createCache } from 'cache-manager'
import { type Contender, keyOf, TTL_MS } from './contender.ts'
import { openKeyv } from './keyv.ts'

/** cache-manager over Keyv and @keyv/redis. */
export const cacheManagerContender: Contender = async ({ url, compute }) => {
  const { keyv, rawGet } = await openKeyv(url)
  const cache = createCache({ stores: [keyv], ttl: TTL_MS })
  return { call: (id) => cache.wrap(keyOf(id), () => compute(id)), rawGet }
}

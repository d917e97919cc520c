import { Cacheable } from 'cacheable'
import { type Contender, TTL_MS } from './contender.ts'
import { openKeyv } from './keyv.ts'

/** cacheable with Keyv and @keyv/redis as its primary and only store. It makes the key from the arguments. */
export const cacheableContender: Contender = async ({ url, compute }) => {
  const { keyv, rawGet } = await openKeyv(url)
  const cache = new Cacheable({ primary: keyv, ttl: TTL_MS })
  const product = cache.wrap((id: number) => compute(id), { keyPrefix: 'product', ttl: TTL_MS })
  return { call: (id) => product(id), rawGet }
}

import { LruTPolicy, RedisFuncCache } from '../../../src/index.ts'
import { nodeRedisAsItComes } from '../clients.ts'
import type { Contender } from '../contender.ts'

/**
 * This library with its near tier. It gets the client as it comes.
 *
 * @param values What hits yield.
 */
export function oursNear(values: 'copies' | 'frozen'): Contender {
  return async ({ url, nearEntries, compute }) => {
    const client = await nodeRedisAsItComes(url)
    // All databases of a server share the channels.
    const cache = new RedisFuncCache(`near-${new URL(url).pathname.slice(1)}`, new LruTPolicy(), {
      client,
      maxSize: nearEntries,
      ttl: '1h',
      near: { maxSize: nearEntries, maxBytes: 2 ** 28, values },
    })
    const product = cache.wrap(compute, { name: 'product' })
    return { call: (id) => product(id), invalidate: (id) => product.invalidate(id) }
  }
}

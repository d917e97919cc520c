import {
  type AbstractPolicy,
  type CacheOptions,
  type Duration,
  type RedisClient,
  RedisFuncCache,
} from '../../src/index.ts'
import { ioredis, nodeRedisAsItComes } from './clients.ts'
import type { Contender } from './contender.ts'

interface Choice {
  readonly client: 'node-redis' | 'ioredis'
  readonly policy: () => AbstractPolicy
  readonly cache?: Partial<CacheOptions>
  readonly wrap?: { readonly ttl: Duration }
}

/** This library. It gets the clients as they come. */
export function ours(choice: Choice): Contender {
  return async ({ url, entries, compute }) => {
    const { client, rawGet } = await connect(choice.client, url)
    // Results end with the keys that hold them, but in the row that gives each an end of its own.
    const lifetimes = { ttl: Number.POSITIVE_INFINITY, idleTtl: '1h' } as const
    const options = { client, maxSize: entries, ...lifetimes, ...choice.cache }
    const cache = new RedisFuncCache('bench', choice.policy(), options)
    const product = cache.wrap(compute, { name: 'product', ...choice.wrap })

    return {
      call: (id) => product(id),
      rawGet,
      prime: (id, value) => product.prime([id], value),
    }
  }
}

/** The raw GET goes by the same client; on node-redis without its timeout, as our own commands do. */
async function connect(
  name: Choice['client'],
  url: string,
): Promise<{ client: RedisClient; rawGet: (key: string) => Promise<unknown> }> {
  if (name === 'ioredis') {
    const client = await ioredis(url)
    return { client, rawGet: (key) => client.get(key) }
  }
  const client = await nodeRedisAsItComes(url)
  const raw = client.withCommandOptions({ timeout: 0 })
  return { client, rawGet: (key) => raw.get(key) }
}

/** Stores as JSON and decodes to nothing: what a hit costs besides decoding. */
export const UNDECODED: Partial<CacheOptions> = {
  serializer: { name: 'undecoded', serialize: (value) => JSON.stringify(value), deserialize: () => true },
}

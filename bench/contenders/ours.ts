import { RESP_TYPES } from 'redis'
import type { AbstractPolicy, CacheOptions, RedisClient } from '../../src/index.ts'
import { ioredis, ioredis5, nodeRedis5, nodeRedisAsItComes } from './clients.ts'
import type { Contender } from './contender.ts'

export type Library = typeof import('../../src/index.ts')

/** `node-redis` and `ioredis` are versions 6. */
export type ClientName = 'node-redis' | 'ioredis' | 'node-redis 5' | 'ioredis 5'

/** How this library is set up. */
export interface Choice {
  readonly client: ClientName
  readonly policy: (library: Library) => AbstractPolicy
  /** The library itself, or an earlier commit of it. */
  readonly library: () => Promise<Library>
  /** Besides client and size; default: as users write it, entries with a TTL of an hour. */
  readonly cache?: Partial<CacheOptions>
}

/** This library. It gets the clients as they come. */
export function ours(choice: Choice): Contender {
  return async ({ url, entries, compute }) => {
    const library = await choice.library()
    const { client, rawGet } = await connect(choice.client, url, choice.cache?.serializer === UNDECODED_BYTES)
    const options = { client, maxSize: entries, ttl: '1h', ...choice.cache } as const
    const cache = new library.RedisFuncCache('bench', choice.policy(library), options)
    const product = cache.wrap(compute, { name: 'product' })
    return {
      call: (id) => product(id),
      rawGet,
      prime: (id, value) => product.prime([id], value),
    }
  }
}

/**
 * The raw GET goes by the same client; on node-redis without its timeout, as our own commands do.
 *
 * @param asBytes Whether the raw GET yields a Buffer.
 */
async function connect(
  name: ClientName,
  url: string,
  asBytes: boolean,
): Promise<{ client: RedisClient; rawGet: (key: string) => Promise<unknown> }> {
  if (name === 'node-redis') {
    const client = await nodeRedisAsItComes(url)
    const typeMapping = asBytes ? { [RESP_TYPES.BLOB_STRING]: Buffer } : {}
    const raw = client.withCommandOptions({ timeout: 0, typeMapping })
    return { client, rawGet: (key) => raw.get(key) }
  }
  if (name === 'node-redis 5') {
    const client = await nodeRedis5(url)
    return { client, rawGet: (key) => client.get(key) }
  }
  const client = await (name === 'ioredis' ? ioredis(url) : ioredis5(url))
  return { client, rawGet: asBytes ? (key) => client.getBuffer(key) : (key) => client.get(key) }
}

/** Entries that end with the keys that hold them: what a TTL of each entry costs is the difference. @public */
export const WITHOUT_TTL: Partial<CacheOptions> = { ttl: Number.POSITIVE_INFINITY, idleTtl: '1h' }

/** Stored as JSON, decoded to nothing: what a hit costs besides decoding. As text, as JSON is read. @public */
export const UNDECODED_TEXT = builtIn({
  serialize: (value: unknown) => JSON.stringify(value),
  deserialize: () => true,
  deserializeText: () => true,
})

/** The same as Buffers, as binary formats are read. */
export const UNDECODED_BYTES = builtIn({
  serialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  deserialize: () => true,
})

/** Nothing of the library stands between these functions and the store, as with its own formats. */
function builtIn<F extends object>(functions: F) {
  return { name: 'undecoded', isBuiltIn: true, ...functions } as const
}

import { type Cache, type CacheEntry, cachified, totalTtl } from '@epic-web/cachified'
import { nodeRedis } from './clients.ts'
import { type Contender, keyOf, TTL_MS } from './contender.ts'

/** An adapter of @epic-web/cachified, written as its adapter for redis is. */
export function adapterOf(client: Awaited<ReturnType<typeof nodeRedis>>) {
  return {
    name: 'redis',
    async get(key: string) {
      const text = await client.get(key)
      return text === null ? null : (JSON.parse(text) as CacheEntry)
    },
    async set(key: string, entry: CacheEntry) {
      const ttlMs = totalTtl(entry.metadata)
      await client.set(key, JSON.stringify(entry), { expiration: { type: 'PX', value: ttlMs } })
    },
    delete: (key: string) => client.del(key),
  } satisfies Cache
}

/** @epic-web/cachified over that adapter. */
export const cachifiedContender: Contender = async ({ url, compute }) => {
  const client = await nodeRedis(url)
  const cache = adapterOf(client)
  return {
    call: (id) => cachified({ key: keyOf(id), cache, ttl: TTL_MS, getFreshValue: () => compute(id) }),
    rawGet: (key) => client.get(key),
  }
}

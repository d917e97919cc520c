import { type Cache, type CacheEntry, cachified, totalTtl } from '@epic-web/cachified'
import { nodeRedis } from './clients.ts'
import { type Contender, keyOf, TTL_MS } from './contender.ts'

/** @epic-web/cachified over an adapter written as its adapter for redis is. */
export const cachifiedContender: Contender = async ({ url, compute }) => {
  const client = await nodeRedis(url)
  const cache: Cache = {
    name: 'redis',
    async get(key) {
      const text = await client.get(key)
      return text === null ? null : (JSON.parse(text) as CacheEntry)
    },
    async set(key, entry) {
      const ttlMs = totalTtl(entry.metadata)
      await client.set(key, JSON.stringify(entry), { expiration: { type: 'PX', value: ttlMs } })
    },
    delete: (key) => client.del(key),
  }
  return {
    call: (id) => cachified({ key: keyOf(id), cache, ttl: TTL_MS, getFreshValue: () => compute(id) }),
    rawGet: (key) => client.get(key),
  }
}

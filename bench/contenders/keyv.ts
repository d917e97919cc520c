import { createKeyv, type RedisClientType } from '@keyv/redis'
import type { Product } from '../values.ts'
import { type Contender, keyOf, TTL_MS } from './contender.ts'

/** Keyv over Redis, without a namespace, which its documentation says costs. It brings node-redis 5. */
export async function openKeyv(url: string) {
  const keyv = createKeyv(url)
  keyv.on('error', (error: unknown) => console.error(error))
  const client = (await (keyv.store as { getClient(): Promise<unknown> }).getClient()) as RedisClientType
  return { keyv, rawGet: (key: string) => client.get(key) }
}

/** Keyv alone. It wraps no functions: a program asks it, computes what it does not have, and tells it. */
export const keyvContender: Contender = async ({ url, compute }) => {
  const { keyv, rawGet } = await openKeyv(url)
  return {
    async call(id) {
      const key = keyOf(id)
      const found = await keyv.get<Product>(key)
      if (found !== undefined) return found
      const value = await compute(id)
      await keyv.set(key, value, TTL_MS)
      return value
    },
    rawGet,
  }
}

import { createKeyv, type RedisClientType } from '@keyv/redis'

/** Keyv over Redis, without a namespace, which its documentation says costs. It brings node-redis 5. */
export async function openKeyv(url: string) {
  const keyv = createKeyv(url)
  keyv.on('error', (error: unknown) => console.error(error))
  const client = (await (keyv.store as { getClient(): Promise<unknown> }).getClient()) as RedisClientType
  return { keyv, rawGet: (key: string) => client.get(key) }
}

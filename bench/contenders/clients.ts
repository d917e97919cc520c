import { Redis as Redis5 } from 'ioredis'
import { Redis } from 'ioredis-6'
import { createClient, RESP_TYPES } from 'redis'
import { createClient as createClient5 } from 'redis-5'

/** node-redis 6 as it comes: every command has a timeout of 5 s, which costs more than the rest of the command. */
export async function nodeRedisAsItComes(url: string) {
  const client = createClient({ url })
  client.on('error', report)
  await client.connect()
  return client
}

/** node-redis 6 without that timeout: what somebody does who has measured it. */
export async function nodeRedis(url: string) {
  const client = createClient({ url, commandOptions: { timeout: 0 } })
  client.on('error', report)
  await client.connect()
  return client
}

/** The same client, which yields values as Buffers. */
export const asBytes = (client: Awaited<ReturnType<typeof nodeRedis>>) =>
  client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })

/** node-redis 5 as it comes: it has no timeout for commands. */
export async function nodeRedis5(url: string) {
  const client = createClient5({ url })
  client.on('error', report)
  await client.connect()
  return client
}

/** ioredis 6. With auto-pipelining, commands of one turn of the event loop leave in one write. */
export async function ioredis(url: string, { enableAutoPipelining = false } = {}) {
  const client = new Redis(url, { enableAutoPipelining })
  client.on('error', report)
  await client.ping()
  return client
}

export async function ioredis5(url: string) {
  const client = new Redis5(url)
  client.on('error', report)
  await client.ping()
  return client
}

function report(error: unknown): void {
  console.error(error)
}

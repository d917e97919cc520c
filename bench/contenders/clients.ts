import { Redis } from 'ioredis-6'
import { createClient } from 'redis'

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

/** ioredis 6. With auto-pipelining, commands of one turn of the event loop leave in one write. */
export async function ioredis(url: string, { enableAutoPipelining = false } = {}) {
  const client = new Redis(url, { enableAutoPipelining })
  client.on('error', report)
  await client.ping()
  return client
}

function report(error: unknown): void {
  console.error(error)
}

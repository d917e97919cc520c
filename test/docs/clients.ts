// What the examples of the documentation import as their clients: the real ones, connected to a server of the tests.
import { Redis as RealRedis } from 'ioredis'
import { createClient as createRealClient, type RedisClientOptions } from 'redis'
import { inject } from 'vitest'

/** A database of our own on a server that other tests use too. */
const DATABASE = 11

const server = inject('servers').at(-1)

/** Whether there is a server for the examples. */
export const hasServer: boolean = server !== undefined

const opened: { close(): void }[] = []

export function createClient(options: RedisClientOptions = {}) {
  const client = createRealClient({ ...options, url: `${server?.url}/${DATABASE}` })
  client.on('error', () => {})
  opened.push({ close: () => client.isOpen && client.destroy() })
  return client
}

/** Imported by examples. @public */
export class Redis extends RealRedis {
  constructor() {
    super(`${server?.url}/${DATABASE}`)
    opened.push({ close: () => this.disconnect() })
  }
}

/** Ends all that examples have opened. */
export function closeClients(): void {
  for (const each of opened.splice(0)) each.close()
}

import { createClient } from 'redis'
import { MemoryStore, type RedisFuncCache, RedisStore } from '../src/index.ts'
import type { Store } from '../src/store.ts'
import { findServers } from '../test/servers/binaries.ts'
import { startServer } from '../test/servers/start-server.ts'

/** A store for the examples. */
export interface OpenedStore {
  readonly store: Store
  readonly description: string
  /** The server's address; `undefined` if the store is in this process. */
  readonly url: string | undefined
  /** Removes every key of a cache. `purge` alone leaves the fence for a day, since it has to outlive running loads. */
  erase(cache: RedisFuncCache): Promise<void>
  /** Ends the connection, and the server if it was started for this. */
  close(): Promise<void>
}

/**
 * The server of `REDIS_URL`, else one that is found on this machine and started for the time being, else no server.
 *
 * @throws If the server of `REDIS_URL` does not answer.
 */
export async function openStore({ memoryOnly = false } = {}): Promise<OpenedStore> {
  if (memoryOnly) return inProcess('in this process')
  const given = process.env['REDIS_URL'] || undefined
  if (given !== undefined)
    return connected(given, `the server of REDIS_URL, ${withoutPassword(given)}`, async () => {})
  const found = (await findServers()).at(-1)
  if (found === undefined) {
    return inProcess(
      'in this process, as there is neither REDIS_URL nor a redis-server or valkey-server here',
    )
  }
  const server = await startServer(found.server)
  return connected(server.url, `${found.product} ${found.version}, started for this run`, () => server.stop())
}

/** A client that fails at once when the server is lost, since the example soon ends. */
export async function connectTo(url: string) {
  try {
    const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 5_000 } })
    return await client.on('error', () => {}).connect()
  } catch (error) {
    throw new Error(`No connection to ${withoutPassword(url)}: ${messageOf(error)}`, { cause: error })
  }
}

const inProcess = (description: string): OpenedStore => ({
  store: new MemoryStore(),
  description,
  url: undefined,
  erase: async (cache) => void (await cache.purge()),
  close: async () => {},
})

async function connected(url: string, description: string, stop: () => Promise<void>): Promise<OpenedStore> {
  const client = await connectTo(url).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return {
    store: new RedisStore(client),
    description,
    url,
    erase: async (cache) => {
      await cache.purge()
      await client.unlink(keysOf(cache))
    },
    close: async () => {
      client.destroy()
      await stop()
    },
  }
}

/** All keys of a cache whose functions share one key pair. */
function keysOf({ policy }: RedisFuncCache): string[] {
  const [index, values] = policy.calcKeys()
  const structures = policy.structures.map((name) => `${index}:${name}`)
  return [index, values, `${values}:expiry`, `${values}:fence`, ...structures]
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/.*@/, '//')
}

/** Node tries every address of a host name; only the error of each address has a message. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ')
  return error instanceof Error ? error.message : String(error)
}

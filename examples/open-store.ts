import { createClient } from 'redis'
import { MemoryStore, RedisStore, type Store } from '../src/index.ts'
import { findServers } from '../test/servers/binaries.ts'
import { startServer } from '../test/servers/start-server.ts'

/** A store for examples, and where it is. */
export interface OpenedStore {
  readonly store: Store
  readonly description: string
  /** The server's address; `undefined` if the store is in this process. */
  readonly url: string | undefined
  close(): Promise<void>
}

/** The server of `REDIS_URL`, else one that is found on this machine and started for the time being, else no server. */
export async function openStore({ memoryOnly = false } = {}): Promise<OpenedStore> {
  const given = process.env['REDIS_URL']
  if (memoryOnly) return inProcess('in this process')
  if (given !== undefined) return connected(given, 'the server of REDIS_URL', async () => {})
  const found = (await findServers()).at(-1)
  if (found === undefined) return inProcess('in this process, as there is neither REDIS_URL nor a redis-server or valkey-server here')
  const server = await startServer(found.server)
  return connected(server.url, `${found.product} ${found.version}, started for this run`, () => server.stop())
}

const inProcess = (description: string): OpenedStore => ({
  store: new MemoryStore(),
  description,
  url: undefined,
  close: async () => {},
})

async function connected(url: string, description: string, stop: () => Promise<void>): Promise<OpenedStore> {
  const client = createClient({ url })
  client.on('error', () => {})
  await client.connect()
  return {
    store: new RedisStore(client),
    description,
    url,
    close: async () => {
      client.destroy()
      await stop()
    },
  }
}

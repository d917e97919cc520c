import { createClient } from 'redis'
import { findServers } from '../test/servers/binaries.ts'
import { startServer } from '../test/servers/start-server.ts'
import { type AbstractPolicy, RedisFuncCache, RedisStore } from '../src/index.ts'
import type { KeySpace, Limits } from '../src/store.ts'

export const ENTRIES = 1_000_000

/** As many travel together while the cache is filled. */
const TOGETHER = 1_000

const nameOf = (id: number): string => `entry-${String(id).padStart(16, '0')}`

export const entryOf = (id: number, value: string = '1') => ({
  hash: nameOf(id),
  value,
  ttlMs: undefined,
  token: undefined,
})

/** A server of its own, for caches of a million entries. */
export async function openServer() {
  const binary = (await findServers()).find(({ product }) => product === 'redis')
  if (binary === undefined) throw new Error('There is no redis-server: npx tsx scripts/servers.ts install')
  const server = await startServer(binary.server, { args: ['--enable-debug-command', 'local'] })
  const client = createClient({ url: server.url })
  client.on('error', (error) => console.error(error))
  await client.connect()
  const store = new RedisStore(client)

  return {
    binary,
    client,
    store,

    /** An empty place for the entries of a policy; the whole server is emptied first. */
    async newSpace(policy: AbstractPolicy, limits: Limits): Promise<KeySpace> {
      await client.flushAll()
      const cache = new RedisFuncCache('worst', policy, { store })
      const { index, values } = cache.wrap(async () => 1, { name: 'fn' }).keyOf()
      return { policy, keys: [index, values], limits, ext: [] }
    },

    async fill(space: KeySpace): Promise<void> {
      for (let start = 0; start < ENTRIES; start += TOGETHER) {
        await store.put(
          space,
          Array.from({ length: TOGETHER }, (_, i) => entryOf(start + i)),
        )
      }
    },

    /** Reads all entries, piece by piece, each piece several times. */
    async readAll(space: KeySpace, times: number): Promise<void> {
      for (let start = 0; start < ENTRIES; start += TOGETHER) {
        const names = Array.from({ length: TOGETHER }, (_, i) => nameOf(start + i))
        for (let i = 0; i < times; i++) await store.touch(space, names)
      }
    },

    /** Keeps the state of the server, for {@link restore}. */
    async keep(): Promise<void> {
      await client.sendCommand(['SAVE'])
    },

    /** Brings back the state that was kept. */
    async restore(): Promise<void> {
      await client.sendCommand(['DEBUG', 'RELOAD', 'NOSAVE'])
    },

    /** Microseconds of each script that `work` sends, in their order. */
    async scriptsOf(work: () => Promise<unknown>): Promise<number[]> {
      await client.sendCommand([
        'CONFIG',
        'SET',
        'slowlog-max-len',
        '1000000',
        'slowlog-log-slower-than',
        '0',
      ])
      await client.sendCommand(['SLOWLOG', 'RESET'])
      await work()
      await client.sendCommand(['CONFIG', 'SET', 'slowlog-log-slower-than', '-1'])
      const log = (await client.sendCommand(['SLOWLOG', 'GET', '1000000'])) as unknown as [
        unknown,
        unknown,
        number,
        string[],
      ][]
      return log
        .filter(([, , , [command = '']]) => /^eval(sha)?$/i.test(command))
        .map(([, , us]) => us)
        .reverse()
    },

    async close(): Promise<void> {
      client.destroy()
      await server.stop()
    },
  }
}

/** Microseconds of processor time of the server, from its `INFO cpu`: other programs of the machine make that no longer. */
export function cpuUsOf(info: string): number {
  const seconds = [...info.matchAll(/^used_cpu_(?:sys|user)_main_thread:(\S+)/gm)].map(([, text]) =>
    Number(text),
  )
  return 1e6 * seconds.reduce((sum, each) => sum + each, 0)
}

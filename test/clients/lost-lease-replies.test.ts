// The connection breaks while the reply to the request for a lease is on its way: the server has given the lease, and nobody knows.
import { describe, expect, inject, test, vi } from 'vitest'
import { LruTPolicy, RedisFuncCache } from '../../src/index.ts'
import { startServer } from '../servers/start-server.ts'
import { TcpProxy } from '../servers/tcp-proxy.ts'
import { CLIENTS } from './clients.ts'

const binary = inject('binary')
const cases = CLIENTS.flatMap(({ name, single }) => (single === undefined ? [] : [{ name, single }]))

describe.skipIf(binary === undefined)('a reply to the request for a lease that is cut', () => {
  test.each(cases)('keeps no other process waiting for a second: $name', async ({ single }) => {
    await using server = await startServer(binary as string)
    await using proxy = await TcpProxy.start(server.port)
    const opened = await Promise.all([single({ host: proxy.host, port: proxy.port }), single(server)])
    let runs = 0
    const [here, there] = opened.map(({ client }): Process => {
      const cache = new RedisFuncCache('lost', new LruTPolicy(), { client })
      cache.on('error', () => {})
      const load = cache.wrap(
        async (key: string) => {
          runs++
          await new Promise((resolve) => setTimeout(resolve, 20))
          return `result of ${key}`
        },
        { name: 'load', singleFlight: 'global' },
      )
      return { cache, load }
    }) as readonly Process[] as [Process, Process]
    try {
      await Promise.all([here.load('warm'), there.load('warm, too')])
      const { sha1 } = here.cache.policy.luaScripts.lease
      let cuts = 0
      proxy.onRequest = (bytes, connection) => {
        if (!bytes.includes(sha1) || cuts > 0) return
        cuts++
        connection.cutInReply()
      }
      const startMs = performance.now()
      const first = here.load('a')
      await vi.waitFor(() => expect(cuts).toBe(1), { interval: 1 })
      expect(await there.load('a')).toBe('result of a')
      expect(await first).toBe('result of a')
      expect(performance.now() - startMs).toBeLessThan(1_000)
      expect(runs).toBeLessThanOrEqual(4)
    } finally {
      await Promise.all([here, there].map(({ cache }) => cache.close()))
      for (const { close } of opened) await close()
    }
  })
})

interface Process {
  readonly cache: RedisFuncCache
  readonly load: (key: string) => Promise<string>
}

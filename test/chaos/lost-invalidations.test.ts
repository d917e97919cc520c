// No invalidation is lost by a connection that is cut in the middle of its command, whether it was executed or not.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { LruTPolicy, RedisFuncCache, StoreError } from '../../src/index.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'
import { TcpProxy } from '../servers/tcp-proxy.ts'
import { type ClientName, OPEN } from './clients.ts'

const binary = inject('binary')
const CLIENTS: readonly ClientName[] = ['node-redis 6', 'ioredis 6']

const WAYS = ['invalidate', 'invalidateAll', 'invalidateTags', 'purge'] as const
const CUTS = ['before it is executed', 'after it was executed', 'at a server that is gone'] as const

const CASES = CLIENTS.flatMap((client) => WAYS.flatMap((way) => CUTS.map((cut) => ({ client, way, cut }))))

describe.skipIf(binary === '')('a connection that is cut', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(binary)
  })
  afterAll(() => server.stop())

  /** A cache behind a network that fails, and one beside it, which sees what is stored. */
  async function newCaches(clientName: ClientName) {
    const proxy = await TcpProxy.start(server.port)
    const [behind, beside] = await Promise.all(
      [proxy.port, server.port].map((port) =>
        OPEN[clientName]({ kind: 'server', address: { host: '127.0.0.1', port } }, undefined, 'plain'),
      ),
    )
    await Promise.all([behind?.connected, beside?.connected])
    let version = 1
    const name = `lost-${++names}`
    const [cache, other] = [behind, beside].map((open) => {
      if (open === undefined) throw new Error('no client')
      return new RedisFuncCache(name, new LruTPolicy(), { client: open.client, putWait: '5s' })
    }) as [RedisFuncCache, RedisFuncCache]
    const wrap = (each: RedisFuncCache) =>
      each.wrap(async (key: string) => `${key}${version}`, { name: 'load', tags: () => ['tag'] })
    return {
      proxy,
      cache,
      load: wrap(cache),
      stored: wrap(other),
      change: () => {
        version = 2
      },
      close: async () => {
        await cache.close()
        await other.close()
        behind?.close()
        beside?.close()
        await proxy.stop()
      },
    }
  }

  const invalidate = (
    { cache, load }: Pick<Awaited<ReturnType<typeof newCaches>>, 'cache' | 'load'>,
    way: (typeof WAYS)[number],
    how: { retryFor?: '20s' },
  ): Promise<unknown> => {
    if (way === 'invalidate') return load.with(how).invalidate('a')
    if (way === 'invalidateAll') return load.invalidateAll(how)
    return way === 'invalidateTags' ? cache.invalidateTags('tag', how) : cache.purge(load, how)
  }

  /** Cuts the connection once, at the next command. */
  async function cutAt(proxy: TcpProxy, cut: (typeof CUTS)[number]): Promise<void> {
    if (cut === 'at a server that is gone') return proxy.refuse()
    proxy.onRequest = (_, connection) => {
      proxy.onRequest = () => {}
      if (cut === 'before it is executed') connection.cut()
      else connection.cutInReply()
    }
  }

  test.each(CASES)('with $client: $way, $cut', async ({ client, way, cut }) => {
    const it = await newCaches(client)
    const { proxy, load, stored, change, close } = it
    expect(await load('a')).toBe('a1')
    await it.cache.drain()
    change()
    await cutAt(proxy, cut)
    const invalidated = invalidate(it, way, { retryFor: '20s' })
    expect(await load('a')).toBe('a2')
    if (cut === 'at a server that is gone') {
      await sleep(200)
      expect(await load('a')).toBe('a2')
      await proxy.accept()
    }
    await invalidated
    expect(await stored.peek('a')).not.toBe('a1')
    expect(await load('a')).toBe('a2')
    await close()
  })

  // A client may keep a command until the server is there again; most of them have five seconds for that.
  const soon = CASES.filter(({ way, cut }) => way === 'invalidate' || cut !== 'at a server that is gone')

  test.each(soon)('or it rejects, with $client: $way, $cut', async ({ client, way, cut }) => {
    const it = await newCaches(client)
    const { proxy, load, stored, change, close } = it
    await load('a')
    await it.cache.drain()
    change()
    await cutAt(proxy, cut)
    const [outcome] = await Promise.allSettled([invalidate(it, way, {})])
    if (outcome?.status === 'rejected') expect(outcome.reason).toBeInstanceOf(StoreError)
    else expect(await stored.peek('a')).not.toBe('a1')
    if (cut === 'before it is executed' && client === 'node-redis 6') expect(outcome?.status).toBe('rejected')
    await proxy.accept()
    await close()
  })
})

let names = 0

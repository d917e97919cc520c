// How many connections for messages there are: one a client, however many caches and stores, and none when they are gone.
import { setImmediate as turn } from 'node:timers/promises'
import * as ioredis6 from 'ioredis'
import * as ioredis5 from 'ioredis-5'
import * as iovalkey from 'iovalkey'
import * as redis6 from 'redis'
import * as redis5 from 'redis-5'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import {
  type CacheOptions,
  type FunctionIdentity,
  type KeyPair,
  LruTPolicy,
  type RedisClient,
  RedisFuncCache,
  RedisStore,
} from '../../src/index.ts'
import { collectGarbage } from '../collect-garbage.ts'
import { newPlace } from '../server/places.ts'
import { askServer } from '../servers/ask-server.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'

const binary = inject('binary')
const soon = { timeout: 10_000, interval: 5 }

let caches = 0

interface Kind {
  readonly name: string
  open(port: number): Promise<{ readonly client: RedisClient; close(): void }>
}

const nodeRedis = (name: string, { createClient }: typeof redis6): Kind => ({
  name,
  async open(port) {
    const client = await createClient({ socket: { port } })
      .on('error', () => {})
      .connect()
    return { client, close: () => client.destroy() }
  },
})

const ioredis = (name: string, lib: Pick<typeof ioredis6, 'Redis'>): Kind => ({
  name,
  async open(port) {
    const client = new lib.Redis(port).on('error', () => {})
    return { client, close: () => client.disconnect() }
  },
})

const KINDS: readonly Kind[] = [
  nodeRedis('redis', redis6),
  nodeRedis('redis 5', redis5 as unknown as typeof redis6),
  ioredis('ioredis', ioredis6),
  ioredis('ioredis 5', ioredis5 as unknown as typeof ioredis6),
  ioredis('iovalkey', iovalkey as unknown as typeof ioredis6),
]

describe.skipIf(binary === '')('over one server', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(binary)
  })
  afterAll(() => server?.stop())

  /** The connections for messages, as the server describes them. */
  const connections = async (): Promise<string[]> =>
    (await askServer(server.port, 'CLIENT LIST TYPE pubsub'))
      .split('\n')
      .filter((line) => line.includes('addr='))
  const areThere = (count: number) =>
    vi.waitFor(async () => expect(await connections()).toHaveLength(count), soon)

  describe.each(KINDS)('with $name', ({ open }) => {
    let client: RedisClient
    let close: () => void
    beforeEach(async () => {
      ;({ client, close } = await open(server.port))
    })
    afterEach(async () => {
      close()
      await areThere(0)
    })

    /** A cache that receives messages about leases, and has been used. */
    async function newCache(options: Partial<CacheOptions> = { client }) {
      const cache = new RedisFuncCache(`connections-${process.pid}-${caches++}`, new LruTPolicy(), options)
      const load = cache.wrap(async (n: number) => n, { name: 'load', singleFlight: 'global' })
      await load(1)
      return { cache, load }
    }

    test('30 caches share one, which ends with the last of them', async () => {
      const all = await Promise.all(Array.from({ length: 30 }, () => newCache()))
      expect(await connections()).toHaveLength(1)
      for (const { cache } of all.slice(1)) await cache.close()
      await turn()
      expect(await connections()).toHaveLength(1)
      await all[0]?.cache.close()
      await areThere(0)
    })

    test('clients given by functions, and stores, share it too', async () => {
      const byFunction = await newCache({ client: () => client })
      const byStore = await newCache({ store: new RedisStore(client) })
      const store = new RedisStore(() => client)
      const watcher = { ended() {}, lost: vi.fn<() => void>(), restored() {} }
      await store.watch(newPlace(new LruTPolicy()), watcher)
      expect(await connections()).toHaveLength(1)
      await byFunction.cache.close()
      await byStore.cache.close()
      expect(await connections()).toHaveLength(1)
      expect(watcher.lost).not.toHaveBeenCalled()
      await store.close()
      await areThere(0)
      expect(watcher.lost).toHaveBeenCalledOnce()
    })

    test('a cache that is used again after close() opens it again, and receives messages', async () => {
      const { cache, load } = await newCache()
      await cache.close()
      await areThere(0)
      expect(await load(2)).toBe(2)
      await areThere(1)
      await cache.close()
      await areThere(0)
    })

    test('a cache does not close what another one with the same store has', async () => {
      const store = new RedisStore(client)
      const [one, two] = [await newCache({ store }), await newCache({ store })]
      const [connection] = await connections()
      await one.cache.close()
      const id = (line: string | undefined) => /\bid=(\d+)/.exec(line ?? '')?.[1]
      expect((await connections()).map(id)).toEqual([id(connection)])
      await two.cache.close()
      await areThere(0)
    })

    test('caches that are dropped without close() do not keep it', async () => {
      const drop = async () => {
        await newCache()
        await newCache({ client: () => client })
        await newCache({ store: new RedisStore(client) })
      }
      await drop()
      expect(await connections()).toHaveLength(1)
      await vi.waitFor(async () => {
        collectGarbage()
        expect(await connections()).toHaveLength(0)
      }, soon)
    })

    test('a module that is evaluated again and again has one', async () => {
      for (let times = 0; times < 20; times++) await newCache()
      expect(await connections()).toHaveLength(1)
      const last = await newCache()
      collectGarbage()
      await turn()
      expect(await connections()).toHaveLength(1)
      await last.cache.close()
    })

    test('channels of key pairs that are not in use any more are unsubscribed from', async () => {
      class OfTenants extends LruTPolicy {
        override calcKeys(fn?: FunctionIdentity, args: readonly unknown[] = []): KeyPair {
          const [index, values] = super.calcKeys(fn, args)
          return [`${index}:${String(args[0])}`, `${values}:${String(args[0])}`]
        }
      }
      const cache = new RedisFuncCache(`tenants-${process.pid}-${caches++}`, new OfTenants(), { client })
      const load = cache.wrap(async (n: number) => n, { name: 'load', singleFlight: 'global' })
      for (let first = 0; first < 2_200; first += 200) {
        await Promise.all(Array.from({ length: 200 }, (_, i) => load(first + i)))
        await cache.drain()
      }
      await vi.waitFor(async () => {
        const [line] = await connections()
        expect(Number(/\bsub=(\d+)/.exec(line ?? '')?.[1])).toBeLessThanOrEqual(1_200)
      }, soon)
      expect(await connections()).toHaveLength(1)
      await cache.close()
    })
  })

  test('copies of the library share it', async () => {
    const { client, close } = await (KINDS[0] as Kind).open(server.port)
    vi.resetModules()
    const other = await import('../../src/index.ts')
    expect(other.RedisFuncCache).not.toBe(RedisFuncCache)
    const all = [RedisFuncCache, other.RedisFuncCache].map((Cache, i) => {
      const Policy = i === 0 ? LruTPolicy : other.LruTPolicy
      const cache = new Cache(`copies-${process.pid}-${i}`, new Policy(), { client })
      return { cache, load: cache.wrap(async (n: number) => n, { name: 'load', singleFlight: 'global' }) }
    })
    for (const { load } of all) await load(1)
    expect(await connections()).toHaveLength(1)
    for (const { cache } of all) await cache.close()
    await areThere(0)
    close()
  })
})

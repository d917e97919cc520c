// Near tiers over connections that fail: no near hit is older than promised, and few reads go to the server afterwards.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { LruTPolicy, RedisFuncCache } from '../../src/index.ts'
import { KeyNames } from '../../src/keys/key-names.ts'
import { keySlot } from '../../src/keys/key-slot.ts'
import { partitionKeys } from '../../src/stores/redis/keys.ts'
import { askServer } from '../servers/ask-server.ts'
import { moveSlot } from '../servers/move-slot.ts'
import { startCluster, startingMasterOf, type TestCluster } from '../servers/start-cluster.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'
import { TcpProxy } from '../servers/tcp-proxy.ts'
import { Random } from '../random.ts'
import { CLIENTS, type OpenClient } from './clients.ts'

const binary = inject('binary')
const hasCluster = binary !== '' && inject('cluster') !== undefined
const CASES = CLIENTS.flatMap(({ name, single }) => (single === undefined ? [] : [{ name, single }]))
/** Each client as it is without options, if it receives messages. */
const OVER_CLUSTER = CLIENTS.flatMap(({ name, cluster: open }) =>
  open === undefined || !/^(?:node-redis|ioredis) \d$|^iovalkey$/.test(name) ? [] : [{ name, open }],
)
const receives = ({ name }: { readonly name: string }) => name !== 'valkey-glide'

const MAX_STALENESS_MS = 300
const KEYS = 20

const PREFIX = 'near:'

/** As many keys as a listener catches up with. */
const MANY = 200

/** What functions return is the version of the key, which changes with each invalidation. */
async function newProcess(opening: Promise<OpenClient>, versions: number[], near: boolean, name = 'faults') {
  const { client, close } = await opening
  const cache = new RedisFuncCache(name, new LruTPolicy(), {
    client,
    prefix: PREFIX,
    near: near && { maxStaleness: `${MAX_STALENESS_MS}ms` },
  })
  cache.on('error', () => {})
  const load = cache.wrap(async (key: number) => versions[key] as number, { name: 'load', source: false })
  return {
    cache,
    load,
    async [Symbol.asyncDispose]() {
      await cache.close({ timeout: '2s' })
      await close()
    },
  }
}

/** Invalidates and reads, and remembers what was invalidated when: no read may be older than the bound. */
class Promised {
  readonly versions: number[]
  reads = 0
  /** Of each key, the versions that were replaced, and when that was known. */
  readonly #replaced: { readonly version: number; readonly atMs: number }[][]

  constructor(keys: number) {
    this.versions = Array.from({ length: keys }, () => 1)
    this.#replaced = this.versions.map(() => [])
  }

  async change(key: number, invalidate: (key: number) => Promise<unknown>): Promise<void> {
    const version = this.versions[key] as number
    this.versions[key] = version + 1
    await invalidate(key)
    this.#replaced[key]?.push({ version, atMs: performance.now() })
  }

  async read(key: number, load: (key: number) => Promise<number>): Promise<void> {
    const beganMs = performance.now()
    const version = await load(key)
    this.reads++
    for (const replaced of this.#replaced[key] ?? []) {
      if (version > replaced.version) continue
      const agoMs = beganMs - replaced.atMs
      if (agoMs > MAX_STALENESS_MS)
        throw new Error(`version ${version} of key ${key} was replaced ${agoMs} ms ago`)
    }
  }
}

/** Each key, until it was a near hit: on a busy machine the promised time may be over before all of them were read once. */
async function holdAll(
  { cache, load }: Awaited<ReturnType<typeof newProcess>>,
  { versions: { length } }: Promised,
): Promise<void> {
  const held = new Set<number>()
  await vi.waitFor(
    async () => {
      for (let key = 0; key < length; key++) {
        if (held.has(key)) continue
        const before = cache.stats().near
        await load(key)
        if (cache.stats().near > before) held.add(key)
      }
      expect(held.size).toBe(length)
    },
    { interval: 5, timeout: 25_000 },
  )
}

describe.skipIf(binary === undefined)('near hits over a network that fails', () => {
  test.concurrent.for(CASES)(
    'are never older than promised, and go on afterwards: $name',
    // Long enough to find out that a client is stuck.
    { timeout: 60_000 },
    async ({ name, single }, { skip }) => {
      await using server = await startServer(binary as string)
      await using proxy = await TcpProxy.start(server.port)
      const promised = new Promised(KEYS)
      const { host, port } = proxy
      await using here = await newProcess(single({ host, port }), promised.versions, true)
      await using there = await newProcess(single(server), promised.versions, false)
      const random = new Random('near faults')
      await holdAll(here, promised)
      const { near } = here.cache.stats()
      const untilMs = performance.now() + 3_000
      const fail = async (): Promise<void> => {
        while (performance.now() < untilMs) {
          await sleep(50 + random.below(400))
          if (random.below(3) > 0) proxy.cut()
          else {
            proxy.freeze()
            await sleep(100 + random.below(700))
            proxy.thaw()
          }
        }
      }
      const write = async (): Promise<void> => {
        while (performance.now() < untilMs) {
          await promised.change(random.below(KEYS), (key) => there.load.invalidate(key))
          await sleep(random.below(30))
        }
      }
      const read = async (): Promise<void> => {
        while (performance.now() < untilMs) {
          await promised.read(random.below(KEYS), here.load)
          await sleep(random.below(3))
        }
      }
      await Promise.all([fail(), write(), read(), read(), read()])
      expect(promised.reads).toBeGreaterThan(KEYS) // few on a busy machine
      expect(here.cache.stats().near - near).toBeGreaterThan(promised.reads / 10)
      await holdAll(here, promised).catch((error: unknown) => {
        // In one of six runs no command was answered any more, though the connection was there.
        const isStuck = name.startsWith('node-redis 5') && here.cache.health().state !== 'closed'
        skip(isStuck, 'node-redis 5 gets no answers any more')
        throw error
      })
    },
  )
})

describe.skipIf(binary === undefined)('a process whose connection for messages was ended', () => {
  test.concurrent.each(CASES.filter(receives))(
    'asks for what it has missed, and keeps the rest: $name',
    async ({ single }) => {
      await using server = await startServer(binary as string)
      const promised = new Promised(MANY)
      await using here = await newProcess(single(server), promised.versions, true)
      await using there = await newProcess(single(server), promised.versions, false)
      await holdAll(here, promised)
      await vi.waitFor(() => expect(here.cache.health().near).toMatchObject({ listening: 1 }), {
        interval: 5,
      })
      await askServer(server.port, 'CLIENT KILL TYPE pubsub')
      for (const key of [3, 5, 7, 11, 13])
        await promised.change(key, (changed) => there.load.invalidate(changed))
      const untilMs = performance.now() + 1_500
      const { read } = here.cache.stats()
      while (performance.now() < untilMs) {
        for (let key = 0; key < MANY; key++) await promised.read(key, here.load)
        await sleep(10)
      }
      const { read: since, nearTier } = here.cache.stats()
      expect(since - read).toBeLessThanOrEqual(MANY / 10)
      expect(nearTier.flushed).toBe(0)
      expect(here.cache.health().near).toMatchObject({ listening: 1, missing: 0 })
    },
  )
})

describe.runIf(hasCluster)('near hits while their slot moves and connections are ended', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster(binary as string)
  })
  afterAll(() => cluster?.stop())

  // One after the other: masters that move keys to each other at the same time wait for each other.
  test.for(OVER_CLUSTER)(
    'are never older than promised, and go on afterwards: $name',
    async ({ name: client, open }) => {
      const masters = cluster.servers.slice(0, 3)
      const promised = new Promised(KEYS)
      const name = client.replace(' ', '-')
      await using here = await newProcess(open(cluster.nodes), promised.versions, true, name)
      await using there = await newProcess(open(cluster.nodes), promised.versions, false, name)
      await holdAll(here, promised)
      const { near } = here.cache.stats()
      const untilMs = performance.now() + 2_000
      const move = async (): Promise<void> => {
        const keys = partitionKeys(
          new KeyNames(PREFIX, name, 'lru_t', 'cache', 'cluster').pairOf(undefined),
          [],
        ).all
        const slot = keySlot(keys[0] as string)
        let at = startingMasterOf(slot)
        while (performance.now() < untilMs) {
          const [from, to] = [masters[at], masters[(at + 1) % masters.length]] as [TestServer, TestServer]
          await moveSlot({ slot, keys }, from, to, masters)
          at = (at + 1) % masters.length
          await sleep(200)
        }
      }
      const end = async (): Promise<void> => {
        while (performance.now() < untilMs) {
          for (const { port } of masters) await askServer(port, 'CLIENT KILL TYPE pubsub')
          await sleep(50)
        }
      }
      let invalidated = 0
      const write = async (): Promise<void> => {
        while (performance.now() < untilMs) {
          // One that comes too late for a slot on its way promises nothing.
          await promised
            .change(promised.reads % KEYS, (key) => there.load.invalidate(key))
            .then(
              () => invalidated++,
              () => {},
            )
          await sleep(20)
        }
      }
      const read = async (): Promise<void> => {
        while (performance.now() < untilMs) {
          for (let key = 0; key < KEYS; key++) await promised.read(key, here.load)
          await sleep(5)
        }
      }
      await Promise.all([move(), end(), write(), read(), read()])
      expect(invalidated).toBeGreaterThan(0)
      expect(here.cache.stats().near).toBeGreaterThan(near)
      await holdAll(here, promised)
      await vi.waitFor(
        async () => {
          await here.load(0)
          expect(here.cache.health().near).toMatchObject({ listening: 1, missing: 0 })
        },
        { interval: 50, timeout: 10_000 },
      )
    },
  )
})

// Near tiers over connections that fail: no near hit is older than promised, and few reads go to the server afterwards.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, inject, test, vi } from 'vitest'
import { LruTPolicy, RedisFuncCache } from '../../src/index.ts'
import { askServer } from '../servers/ask-server.ts'
import { startServer } from '../servers/start-server.ts'
import { TcpProxy } from '../servers/tcp-proxy.ts'
import { Random } from '../random.ts'
import { type Address, CLIENTS, type ClientSetup } from './clients.ts'

const binary = inject('binary')
const CASES = CLIENTS.flatMap(({ name, single }) => (single === undefined ? [] : [{ name, single }]))

const MAX_STALENESS_MS = 300
const KEYS = 20

/** As many keys as a listener catches up with. */
const MANY = 200

type Open = NonNullable<ClientSetup['single']>

/** What functions return is the version of the key, which changes with each invalidation. */
async function newProcess(open: Open, address: Address, versions: number[], near: boolean) {
  const { client, close } = await open(address)
  const cache = new RedisFuncCache('faults', new LruTPolicy(), {
    client,
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
      await using here = await newProcess(
        single,
        { host: proxy.host, port: proxy.port },
        promised.versions,
        true,
      )
      await using there = await newProcess(single, server, promised.versions, false)
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
  const listening = CASES.filter(({ name }) => name !== 'valkey-glide')

  test.concurrent.each(listening)(
    'asks for what it has missed, and keeps the rest: $name',
    async ({ single }) => {
      await using server = await startServer(binary as string)
      const promised = new Promised(MANY)
      await using here = await newProcess(single, server, promised.versions, true)
      await using there = await newProcess(single, server, promised.versions, false)
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

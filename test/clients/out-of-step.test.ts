// Stray replies between those of the server: clients hand every later reply to the wrong command. No caller gets a wrong value.
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, inject as provided, test, vi } from 'vitest'
import { LruTPolicy, RedisFuncCache, StoreError } from '../../src/index.ts'
import { startServer } from '../servers/start-server.ts'
import { TcpProxy } from '../servers/tcp-proxy.ts'
import { CLIENTS } from './clients.ts'

const binary = provided('binary')

/** Replies for which nobody has asked, in the form of each kind that the cache asks for. */
const STRAYS = [
  '$-1\r\n',
  ':1\r\n',
  '+OK\r\n',
  '$5\r\nstray\r\n',
  '*1\r\n$-1\r\n',
  '*2\r\n$10\r\n1700000000\r\n$1\r\n1\r\n',
]

const CALLS = 2_500
const AT_ONCE = 25
const KEYS = Array.from({ length: 40 }, (_, i) => `key ${i}`)

/** A source whose results change, and what is known of them: of each key the last version whose invalidation was confirmed. */
function newSource() {
  const versions = new Map<string, number>()
  const confirmed = new Map<string, number>()
  return {
    read: (key: string) => ({ of: key, version: versions.get(key) ?? 0 }),
    oldest: (key: string): number => confirmed.get(key) ?? 0,
    async change(key: string, invalidate: () => Promise<unknown>): Promise<void> {
      const version = (versions.get(key) ?? 0) + 1
      versions.set(key, version)
      await invalidate()
      confirmed.set(key, Math.max(version, confirmed.get(key) ?? 0))
    },
  }
}

const cases = CLIENTS.flatMap(({ name, single }) =>
  single !== undefined && /^(?:node-redis \d|ioredis \d|iovalkey)$/.test(name) ? [{ name, single }] : [],
)

describe.skipIf(binary === undefined)('replies that are out of step', () => {
  test.each(cases)('hand nobody a wrong value: $name', async ({ name, single }) => {
    await using server = await startServer(binary as string)
    await using proxy = await TcpProxy.start(server.port)
    proxy.delay(2)
    const { client, close } = await single({ host: proxy.host, port: proxy.port })
    const cache = new RedisFuncCache('steps', new LruTPolicy(), { client })
    let refused = 0
    cache.on('error', ({ error }) => {
      if ((error as StoreError).reason === 'out-of-step') refused++
    })
    const source = newSource()
    const read = async (key: string) => source.read(key)
    const fns = (['process', 'global'] as const).map((singleFlight) =>
      cache.wrap(read, { name: singleFlight, source: false, singleFlight }),
    )
    // At a null for which no command waits, and at lists between messages, ioredis and iovalkey throw an uncaught exception.
    const isIoredis = name.startsWith('io')
    const strays = isIoredis ? STRAYS.slice(1) : STRAYS
    const inject = (stray: string) => (isIoredis ? proxy.connections[0] : proxy)?.inject(stray)
    const wrong: unknown[] = []
    let calls = 0
    const worker = async (): Promise<void> => {
      while (calls < CALLS) {
        const call = ++calls
        // Calls of one turn would be looked up together: here each has a command of its own, and many are under way.
        for (let turns = (call * 5) % 7; turns > 0; turns--) await turn()
        const key = KEYS[(call * 7) % KEYS.length] as string
        const fn = fns[call % 5 === 0 ? 1 : 0] as (typeof fns)[number]
        if (call % 100 === 0) inject(strays[(call / 100) % strays.length] as string)
        if (call % 90 === 0) {
          const both = () => Promise.all(fns.map((each) => each.invalidate(key)))
          await source.change(key, both).catch((error: unknown) => {
            expect(error).toBeInstanceOf(StoreError)
          })
        }
        const oldest = source.oldest(key)
        const result = await fn(key)
        if (result.of !== key || result.version < oldest) wrong.push({ key, oldest, result })
      }
    }
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
      expect(wrong).toEqual([])
      expect(refused).toBeGreaterThan(0)
      await vi.waitFor(
        async () => {
          const all = await Promise.all(fns.flatMap((fn) => KEYS.map((key) => fn.detailed(key))))
          expect([...new Set(all.map(({ status }) => status))]).toEqual(['hit'])
        },
        { timeout: 1_000 },
      )
    } finally {
      await cache.close()
      await close()
    }
  })
})

// The whole way of a call over every client: what one process computes is served to another, and waited for.
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { LfuPolicy, LruTPolicy, RedisFuncCache, RedisStore } from '../../src/index.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'
import { type GatedCache, gated } from '../server/gated.ts'
import type { GlideClient } from '../../src/clients/port.ts'
import { CLIENTS, type ClientSetup, type OpenClient } from './clients.ts'

const binary = inject('binary')
const clusterNodes = inject('cluster')

/** Long enough that a test which needs it to run out fails. */
const LONG = { singleFlight: { lease: '60s', wait: '60s' } } as const

/** Who leaves when `c` was read twice, then `a` twice, then `b` once. */
const POLICIES = [
  { create: () => new LruTPolicy(), victim: 'c' },
  { create: () => new LfuPolicy(), victim: 'b' },
]

type Single = NonNullable<ClientSetup['single']>
type Clustered = NonNullable<ClientSetup['cluster']>

let names = 0

/** Two processes, each with a client of its own. */
async function between(
  open: () => Promise<OpenClient>,
  use: (here: GatedCache, there: GatedCache) => Promise<void>,
) {
  const clients = await Promise.all([open(), open()])
  const name = `whole-way-${process.pid}-${++names}`
  const [here, there] = clients.map(({ client }) =>
    gated({ name, store: new RedisStore(client), options: LONG }),
  ) as [GatedCache, GatedCache]
  try {
    await use(here, there)
    expect([...here.events('error'), ...there.events('error')]).toEqual([])
  } finally {
    await Promise.all([here, there].map(({ cache }) => cache.close()))
    for (const { close } of clients) await close()
  }
}

function contract(open: () => Promise<OpenClient>) {
  it('runs a function once for both processes, and again when it was invalidated', () =>
    between(open, async (here, there) => {
      const first = here.load('a')
      await here.running(1)
      const second = there.load('a')
      await there.untilEmitted('wait')
      here.end(0, 'result')
      expect(await Promise.all([first, second, there.load('a')])).toEqual(['result', 'result', 'result'])
      expect(await there.load.invalidate('a')).toBe(true)
      const third = there.load('a')
      await there.running(1)
      const fourth = here.load('a')
      await here.untilEmitted('wait')
      there.end(0, 'new')
      expect(await Promise.all([third, fourth])).toEqual(['new', 'new'])
      expect(here.runs).toHaveLength(1)
    }))

  it('keeps the exact order of eviction for a caller that makes one call at a time', async () => {
    const { client, close } = await open()
    for (const { create, victim } of POLICIES) {
      const name = `whole-way-${process.pid}-${++names}`
      const { cache, load } = gated({ name, store: new RedisStore(client), create, cache: { maxSize: 3 } })
      for (const key of 'abc') await load.prime([key], key)
      for (const key of 'ccaab') expect(await load(key)).toBe(key)
      await load.prime(['d'], 'd')
      const left = await Promise.all([...'abcd'].map((key) => load.peek(key)))
      expect([...'abcd'].filter((_, i) => left[i] === undefined)).toEqual([victim])
      await cache.close()
    }
    await close()
  })
}

describe.runIf(binary !== '')('over one server', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(binary)
  })
  afterAll(() => server?.stop())

  describe.each(CLIENTS.filter(({ single }) => single !== undefined))('$name', (setup) => {
    contract(() => (setup.single as Single)(server))
  })
})

describe.runIf(clusterNodes !== undefined)('over a cluster', () => {
  describe.each(CLIENTS.filter(({ cluster }) => cluster !== undefined))('$name', (setup) => {
    contract(() => (setup.cluster as Clustered)(clusterNodes ?? []))
  })

  // It follows redirections of the commands of a batch by itself, in no order: an entry could be read before the change by whose
  // number it is judged.
  it('valkey-glide asks for the number of the last change before the values', async () => {
    const glide = CLIENTS.find(({ name }) => name === 'valkey-glide') as ClientSetup
    const { client, close } = await (glide.cluster as Clustered)(clusterNodes ?? [])
    const cache = new RedisFuncCache(`whole-way-${process.pid}-${++names}`, new LruTPolicy(), {
      client,
      near: true,
    })
    const sent: string[] = []
    const { exec, customCommand } = client as GlideClient
    vi.spyOn(client as GlideClient, 'exec').mockImplementation(async (...args) => {
      const replies = await exec.apply(client, args)
      sent.push('replies to a batch')
      return replies
    })
    vi.spyOn(client as GlideClient, 'customCommand').mockImplementation((args, options) => {
      sent.push(String(args[0]))
      return customCommand.call(client, args, options)
    })
    const load = cache.wrap(async (key: string) => key, { name: 'load' })
    await load('a')
    await cache.drain()
    sent.length = 0
    expect(await load.peek('a')).toBe('a')
    expect(sent).toEqual(['replies to a batch', 'HMGET'])
    await cache.close()
    await close()
  })
})

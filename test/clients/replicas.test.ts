// Clients that were told to read from replicas: a replica lags behind, so nothing is read there.
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { GlideClient } from '@valkey/valkey-glide'
import { LruTPolicy, RedisFuncCache } from '../../src/index.ts'
import { askServer } from '../servers/ask-server.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'
import { type Address, CLIENTS, type OpenClient } from './clients.ts'

const binary = inject('binary')
const nodes = inject('cluster')

let names = 0

/** How often a count is taken, if other tests disturb it. */
const ATTEMPTS = 5

/** Reads in every way, with a near tier and without. */
async function readALot({ client, close }: OpenClient): Promise<void> {
  for (const near of [true, false]) {
    const cache = new RedisFuncCache(`replicas-${process.pid}-${++names}`, new LruTPolicy({ shards: 16 }), {
      client,
      near,
    })
    const load = cache.wrap(async (key: number) => key, { name: 'load' })
    for (let round = 0; round < 3; round++) {
      for (let key = 0; key < 20; key++) expect(await load(key)).toBe(key)
      await load.invalidate(round)
    }
    await Promise.all(Array.from({ length: 20 }, (_, key) => load.peek(key)))
    expect(cache.stats().hit).toBeGreaterThan(0)
    await cache.close()
  }
  await close()
}

/** How many commands a server has executed that read entries, or tell its time. */
async function readsAt({ port }: Pick<Address, 'port'>): Promise<number> {
  const stats = await askServer(port, 'INFO commandstats')
  const counted = /^cmdstat_(?:hmget|zscore|exists|time|zrangebylex|smembers|echo):calls=(\d+)/gm
  return [...stats.matchAll(counted)].reduce((sum, [, calls]) => sum + Number(calls), 0)
}

describe.runIf(nodes !== undefined)('over a cluster', () => {
  const told = CLIENTS.filter(
    ({ cluster, name }) => cluster !== undefined && /replicas|glide|node-redis/.test(name),
  )

  it.each(told)('nothing is read from replicas: $name', async ({ cluster }) => {
    const roles = await Promise.all((nodes ?? []).map(({ port }) => askServer(port, 'INFO replication')))
    const replicas = (nodes ?? []).filter((_, i) => roles[i]?.includes('role:slave'))
    expect(replicas).toHaveLength(3)
    // Other files use the cluster meanwhile, and some of their clients read from replicas. Reads of this test would be there each time.
    for (let attempts = 1; ; attempts++) {
      const before = await Promise.all(replicas.map(readsAt))
      await readALot(await (cluster as NonNullable<typeof cluster>)(nodes ?? []))
      const after = await Promise.all(replicas.map(readsAt))
      if (attempts < ATTEMPTS && after.join() !== before.join()) continue
      expect(after).toEqual(before)
      return
    }
  })
})

describe.runIf(binary !== '')('over a server with a replica', () => {
  let server: TestServer
  let replica: TestServer
  beforeAll(async () => {
    ;[server, replica] = await Promise.all([startServer(binary), startServer(binary)])
    await askServer(replica.port, `REPLICAOF ${server.host} ${server.port}`)
    await vi.waitFor(
      async () => {
        const info = await askServer(replica.port, 'INFO replication')
        if (!info.includes('master_link_status:up')) throw new Error('The replica is not in step yet.')
      },
      { timeout: 20_000, interval: 50 },
    )
  })
  afterAll(() => Promise.all([server, replica].map((each) => each?.stop())))

  it('nothing is read from it: valkey-glide with readFrom', async () => {
    const client = await GlideClient.createClient({
      addresses: [server, replica].map(({ host, port }) => ({ host, port })),
      requestTimeout: 5_000,
      readFrom: 'preferReplica',
    })
    await client.customCommand(['EXISTS', 'a'])
    const before = await readsAt(replica)
    expect(before).toBeGreaterThan(0) // it does what it was told to do
    await readALot({ client, close: () => client.close() })
    expect(await readsAt(replica)).toBe(before)
  })
})

// npm run bench:memory: bytes of Redis that one entry takes, by policy and options, beside the two keys of the Python package.
// `tsx bench/entry-memory.ts <src/index.ts of another checkout>` measures that one.
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { createClient } from 'redis'
import { findServers } from '../test/servers/binaries.ts'
import { startServer } from '../test/servers/start-server.ts'
import type { AbstractPolicy, WrapOptions } from '../src/index.ts'
import { digits, table } from './table.ts'

const ENTRIES = 20_000
/** As many travel together. */
const TOGETHER = 500
const VALUE = { title: 'A kettle', text: 'x'.repeat(160) }

const path = process.argv[2] === undefined ? '../src/index.ts' : resolve(process.argv[2])
const library = (await import(path)) as typeof import('../src/index.ts')
const { RedisFuncCache } = library
const POLICIES = Object.entries(library).filter(([name]) => /^(?!Abstract).*Policy$/.test(name)) as [
  string,
  new () => AbstractPolicy,
][]

const OPTIONS: readonly WrapOptions[] = [
  { ttl: Number.POSITIVE_INFINITY },
  { ttl: '1h' },
  { ttl: '1h', staleWhileRevalidate: '1m' },
  { ttl: '1h', tags: () => ['products'] },
]
const COLUMNS = ['policy', 'no ttl', 'ttl', 'ttl, grace', 'ttl, one tag']

const binary = (await findServers()).find(({ product }) => product === 'redis')
if (binary === undefined) throw new Error('There is no redis-server: npx tsx scripts/servers.ts install')
const server = await startServer(binary.server)
const client = createClient({ url: server.url })
client.on('error', (error) => console.error(error))
await client.connect()

/** Bytes an entry of what is stored meanwhile. */
async function measured(store: () => Promise<void>): Promise<string> {
  await client.flushAll()
  const before = await usedMemory()
  await store()
  return digits(((await usedMemory()) - before) / ENTRIES)
}

async function usedMemory(): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
}

async function inBatches(store: (id: number) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < ENTRIES; start += TOGETHER) {
    await Promise.all(Array.from({ length: TOGETHER }, (_, i) => store(start + i)))
  }
}

/** What the Python package stores by default: a digest of 16 bytes in a sorted set, and in a hash with the JSON. */
const ofPython = await measured(() =>
  inBatches(async (id) => {
    const hash = createHash('md5').update(String(id)).digest()
    await Promise.all([
      client.sendCommand(['ZADD', 'index', String(1_795_399_663_148_377 + id), hash]),
      client.sendCommand(['HSET', 'values', hash, JSON.stringify({ id, ...VALUE })]),
    ])
  }),
)

const rows: string[][] = []
for (const [name, Policy] of POLICIES) {
  const row = [name]
  for (const options of OPTIONS) {
    const cache = new RedisFuncCache('memory', new Policy(), { client, maxSize: 2 * ENTRIES })
    const fn = cache.wrap(async (id: number) => ({ id, ...VALUE }), { name: 'fn', ...(options as object) })
    row.push(await measured(() => inBatches(fn)))
    await cache.close()
  }
  rows.push(row)
}
console.log(
  `${ENTRIES} entries of ${JSON.stringify({ id: 1, ...VALUE }).length} bytes of JSON, bytes an entry\n`,
)
console.log(table(COLUMNS, rows))
console.log(`\nthe two keys of the Python package: ${ofPython}`)
client.destroy()
await server.stop()

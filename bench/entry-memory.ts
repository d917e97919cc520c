// npm run bench:memory: bytes of Redis that one entry takes, by policy and options, beside the two keys of the Python package.
// With `-- --write` the figures go into bench/results and docs/policies.md. `tsx bench/entry-memory.ts <src/index.ts of another
// checkout>` measures that one.
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createClient } from 'redis'
import { findServers } from '../test/servers/binaries.ts'
import { startServer } from '../test/servers/start-server.ts'
import type { WrapOptions } from '../src/index.ts'
import { MEASURED_POLICIES, type MeasuredPolicy } from './measured-policies.ts'
import { writePolicyPage } from './policy-page.ts'
import { type EntryMemory, type PolicyKey, writeRun } from './policy-runs.ts'
import { digits, table } from './table.ts'

const ENTRIES = 20_000
/** As many travel together. */
const TOGETHER = 500
const VALUE = { title: 'A kettle', text: 'x'.repeat(160) }

const { values: options, positionals } = parseArgs({
  options: { write: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const path = positionals[0] === undefined ? '../src/index.ts' : resolve(positionals[0])
const library = (await import(path)) as typeof import('../src/index.ts')
const { RedisFuncCache } = library

const binary = (await findServers()).find(({ product }) => product === 'redis')
if (binary === undefined) throw new Error('There is no redis-server: npx tsx scripts/servers.ts install')
const server = await startServer(binary.server)
const client = createClient({ url: server.url })
client.on('error', (error) => console.error(error))
await client.connect()

/** Bytes an entry of what is stored meanwhile. */
async function measured(store: () => Promise<void>): Promise<number> {
  await client.flushAll()
  const before = await usedMemory()
  await store()
  return ((await usedMemory()) - before) / ENTRIES
}

/** Without the buffers of the clients, which change from one moment to the next. */
async function usedMemory(): Promise<number> {
  const info = await client.info('memory')
  const bytes = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1])
  return bytes('used_memory') - bytes('mem_clients_normal')
}

async function inBatches(store: (id: number) => Promise<unknown>, from = 0): Promise<void> {
  for (let start = from; start < from + ENTRIES; start += TOGETHER) {
    await Promise.all(Array.from({ length: TOGETHER }, (_, i) => store(start + i)))
  }
}

/** What the Python package stores by default: a digest of 16 bytes in a sorted set, and in a hash with the JSON. */
const storedByPython = () =>
  inBatches(async (id) => {
    const hash = createHash('md5').update(String(id)).digest()
    await Promise.all([
      client.sendCommand(['ZADD', 'index', String(1_795_399_663_148_377 + id), hash]),
      client.sendCommand(['HSET', 'values', hash, JSON.stringify({ id, ...VALUE })]),
    ])
  })

/** Lets a cache of `maxSize` entries do something. */
async function withCache(
  { create }: MeasuredPolicy,
  maxSize: number,
  options: WrapOptions,
  work: (fn: (id: number) => Promise<unknown>) => Promise<void>,
): Promise<number> {
  const cache = new RedisFuncCache('memory', create(library), { client, maxSize, storeTimeout: '1m' })
  // What is not stored would make the entries look small.
  cache.on('error', ({ error }) => {
    throw error
  })
  const fn = cache.wrap(async (id: number) => ({ id, ...VALUE }), { name: 'fn', ...(options as object) })
  const bytes = await measured(() => work(fn))
  await cache.close()
  return bytes
}

/** Each entry evicts another one, and those that are left are read twice. */
async function evictAndRead(fn: (id: number) => Promise<unknown>): Promise<void> {
  await inBatches(fn)
  for (let i = 0; i < 3; i++) await inBatches(fn, ENTRIES)
}

async function memoryOf(policy: MeasuredPolicy): Promise<EntryMemory> {
  const stored = (options: WrapOptions) => withCache(policy, 2 * ENTRIES, options, (fn) => inBatches(fn))
  return {
    noTtl: await stored({ ttl: Number.POSITIVE_INFINITY }),
    ttl: await stored({ ttl: '1h' }),
    grace: await stored({ ttl: '1h', staleWhileRevalidate: '1m' }),
    tag: await stored({ ttl: '1h', tags: () => ['products'] }),
    full: await withCache(policy, ENTRIES, { ttl: '1h' }, evictAndRead),
  }
}

const ofPython = await measured(storedByPython)
const figures: Partial<Record<PolicyKey, EntryMemory>> = {}
for (const [key, policy] of Object.entries(MEASURED_POLICIES)) {
  figures[key as PolicyKey] = await memoryOf(policy)
}
const rows = Object.entries(figures).map(([key, { noTtl, ttl, grace, tag, full }]) => [
  MEASURED_POLICIES[key as PolicyKey].name,
  ...[noTtl, ttl, grace, tag, full].map(digits),
])
console.log(
  `${ENTRIES} entries of ${JSON.stringify({ id: 1, ...VALUE }).length} bytes of JSON, bytes an entry\n`,
)
console.log(table(['policy', 'no ttl', 'ttl', 'ttl, grace', 'ttl, one tag', 'ttl, full and read'], rows))
console.log(`\nthe two keys of the Python package: ${digits(ofPython)}`)
client.destroy()
await server.stop()
if (options.write) {
  await writeRun('entry-memory', binary, figures)
  await writePolicyPage()
}

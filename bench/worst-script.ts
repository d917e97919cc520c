// npm run bench:scripts: how long the longest script of a put holds the server, in a cache of a million entries all of which were
// read just before, by policy. Names of policies may follow: `npm run bench:scripts -- sieve s3_fifo`.
import { createClient } from 'redis'
import { findServers } from '../test/servers/binaries.ts'
import { startServer } from '../test/servers/start-server.ts'
import { type AbstractPolicy, RedisFuncCache, RedisStore } from '../src/index.ts'
import { POLICIES } from '../src/policies/index.ts'
import type { KeySpace } from '../src/store.ts'
import { quantile } from './statistics.ts'
import { table } from './table.ts'

const ENTRIES = 1_000_000
const PUTS = 2_000
/** As many travel together while the cache is filled. */
const TOGETHER = 1_000

const asked = process.argv.slice(2)
const binary = (await findServers()).find(({ product }) => product === 'redis')
if (binary === undefined) throw new Error('There is no redis-server: npx tsx scripts/servers.ts install')
const server = await startServer(binary.server)
const client = createClient({ url: server.url })
client.on('error', (error) => console.error(error))
await client.connect()
const store = new RedisStore(client)

const nameOf = (id: number): string => `entry-${String(id).padStart(16, '0')}`
const entryOf = (id: number) => ({ hash: nameOf(id), value: '1', ttlMs: undefined, token: undefined })

async function fill(space: KeySpace): Promise<void> {
  for (let start = 0; start < ENTRIES; start += TOGETHER) {
    const ids = Array.from({ length: TOGETHER }, (_, i) => start + i)
    await store.put(space, ids.map(entryOf))
  }
}

async function readAll(space: KeySpace, times: number): Promise<void> {
  for (let start = 0; start < ENTRIES; start += TOGETHER) {
    const names = Array.from({ length: TOGETHER }, (_, i) => nameOf(start + i))
    for (let i = 0; i < times; i++) await store.touch(space, names)
  }
}

/** Microseconds of CPU that the server has used: other programs of the machine make that no longer. */
async function cpuUs(): Promise<number> {
  const info = await client.info('cpu')
  const seconds = [...info.matchAll(/^used_cpu_(?:sys|user)_main_thread:(\S+)/gm)].map(([, text]) =>
    Number(text),
  )
  return 1e6 * seconds.reduce((sum, each) => sum + each, 0)
}

/** Microseconds of each script since the last reset. */
async function durations(): Promise<number[]> {
  const log = (await client.sendCommand(['SLOWLOG', 'GET', '100000'])) as unknown as [
    unknown,
    unknown,
    number,
    string[],
  ][]
  return log.filter(([, , , [command = '']]) => /^evalsha$/i.test(command)).map(([, , us]) => us)
}

const rows: string[][] = []
for (const [name, Policy] of Object.entries(POLICIES)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  await client.flushAll()
  const policy: AbstractPolicy = new Policy()
  const cache = new RedisFuncCache('worst', policy, { store })
  const { index, values } = cache.wrap(async () => 1, { name: 'fn' }).keyOf()
  const limits = { maxSize: ENTRIES, idleTtlMs: 3_600_000 }
  const space: KeySpace = { policy, keys: [index, values], limits, ext: [] }
  await fill(space)
  await readAll(space, 3)
  await client.sendCommand(['CONFIG', 'SET', 'slowlog-max-len', '100000', 'slowlog-log-slower-than', '0'])
  await client.sendCommand(['SLOWLOG', 'RESET'])
  const before = await cpuUs()
  await store.put(space, [entryOf(ENTRIES)])
  const after = await cpuUs()
  const pieces = (await durations()).length
  for (let i = 1; i < PUTS; i++) await store.put(space, [entryOf(ENTRIES + i)])
  const us = await durations()
  await client.sendCommand(['CONFIG', 'SET', 'slowlog-log-slower-than', '-1'])
  rows.push([
    name,
    String(pieces),
    pieces === 1 ? '' : String(Math.round((after - before) / pieces)),
    ...[0.5, 0.99, 0.999, 1].map((part) => String(quantile(us, part))),
  ])
  console.log(rows.at(-1)?.join('  '))
}
console.log(`${PUTS} puts into ${ENTRIES} entries that were all read just before: microseconds of a script\n`)
console.log(
  table(
    ['policy', 'scripts of the first put', 'CPU of each of them', 'median', '99 %', '99.9 %', 'longest'],
    rows,
  ),
)
client.destroy()
await server.stop()

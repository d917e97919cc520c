// npm run bench:scripts: how long the longest script of a put holds the server, in a cache of a million entries all of which were
// read just before, by policy. With `-- --write` the figures go into bench/results and docs/policies.md. Names of policies may
// follow: `npm run bench:scripts -- sieve s3_fifo`.
import { parseArgs } from 'node:util'
import { createClient } from 'redis'
import { findServers } from '../test/servers/binaries.ts'
import { startServer } from '../test/servers/start-server.ts'
import * as library from '../src/index.ts'
import type { KeySpace } from '../src/store.ts'
import { MEASURED_POLICIES } from './measured-policies.ts'
import { writePolicyPage } from './policy-page.ts'
import { type PolicyKey, type WorstScript, writeRun } from './policy-runs.ts'
import { quantile } from './statistics.ts'
import { digits, table } from './table.ts'

const ENTRIES = 1_000_000
const PUTS = 2_000
/** As many travel together while the cache is filled. */
const TOGETHER = 1_000

const { values: options, positionals: asked } = parseArgs({
  options: { write: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const isWhole = asked.length === 0
if (options.write && !isWhole) throw new Error('Figures of some policies do not replace those of all.')
const binary = (await findServers()).find(({ product }) => product === 'redis')
if (binary === undefined) throw new Error('There is no redis-server: npx tsx scripts/servers.ts install')
const server = await startServer(binary.server)
const client = createClient({ url: server.url })
client.on('error', (error) => console.error(error))
await client.connect()
const store = new library.RedisStore(client)

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

/** What the server has done so far: by its processor time, which other programs of the machine do not lengthen. */
async function reading(): Promise<{ readonly cpuUs: number; readonly scripts: number }> {
  const info = (await Promise.all([client.info('cpu'), client.info('commandstats')])).join('\n')
  const seconds = [...info.matchAll(/^used_cpu_(?:sys|user)_main_thread:(\S+)/gm)].map(([, text]) =>
    Number(text),
  )
  const scripts = Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(info)?.[1] ?? 0)
  return { cpuUs: 1e6 * seconds.reduce((sum, each) => sum + each, 0), scripts }
}

/** Microseconds of processor time that a reading itself takes. */
async function ownUs(): Promise<number> {
  const readings: number[] = []
  for (let i = 0; i < 200; i++) readings.push((await reading()).cpuUs)
  return quantile(
    readings.slice(1).map((cpuUs, i) => cpuUs - (readings[i] as number)),
    0.5,
  )
}

/** How many scripts a put took, and the processor time of each, with what it takes to read and to answer it. */
async function measuredPut(
  own: number,
  put: () => Promise<unknown>,
): Promise<{ scripts: number; us: number }> {
  const before = await reading()
  await put()
  const after = await reading()
  const scripts = after.scripts - before.scripts
  return { scripts, us: Math.max(0, after.cpuUs - before.cpuUs - own) / scripts }
}

const figures: Partial<Record<PolicyKey, WorstScript>> = {}
for (const [key, { create }] of Object.entries(MEASURED_POLICIES)) {
  if (!isWhole && !asked.includes(key)) continue
  await client.flushAll()
  const policy = create(library)
  const cache = new library.RedisFuncCache('worst', policy, { store })
  const { index, values } = cache.wrap(async () => 1, { name: 'fn' }).keyOf()
  const limits = { maxSize: ENTRIES, idleTtlMs: 3_600_000 }
  const space: KeySpace = { policy, keys: [index, values], limits, ext: [] }
  await fill(space)
  await readAll(space, 3)
  const own = await ownUs()
  const puts: { scripts: number; us: number }[] = []
  for (let i = 0; i < PUTS; i++) {
    puts.push(await measuredPut(own, () => store.put(space, [entryOf(ENTRIES + i)])))
  }
  const us = puts.map((put) => put.us)
  figures[key as PolicyKey] = {
    scripts: Math.max(...puts.map(({ scripts }) => scripts)),
    median: quantile(us, 0.5),
    p99: quantile(us, 0.99),
    longest: Math.max(...us),
  }
  console.log(key, figures[key as PolicyKey])
}
console.log(
  `${PUTS} puts into ${ENTRIES} entries that were all read just before: microseconds of CPU of a script\n`,
)
const rows = Object.entries(figures).map(([key, { scripts, median, p99, longest }]) => [
  key,
  String(scripts),
  ...[median, p99, longest].map(digits),
])
console.log(table(['policy', 'most scripts of a put', 'median', '99 %', 'longest'], rows))
client.destroy()
await server.stop()
if (options.write) {
  await writeRun('worst-script', binary, figures)
  await writePolicyPage()
}

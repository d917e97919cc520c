// npm run bench:scripts: how long the longest script of a put holds the server, in a cache of a million entries all of which were
// read just before, by policy. With `-- --write` the figures go into bench/results and docs/policies.md. Names of policies may
// follow: `npm run bench:scripts -- sieve s3_fifo`.
import { parseArgs } from 'node:util'
import * as library from '../src/index.ts'
import { MEASURED_POLICIES } from './measured-policies.ts'
import { cpuUsOf, ENTRIES, entryOf, openServer } from './million-entries.ts'
import { writePolicyPage } from './policy-page.ts'
import { type PolicyKey, type WorstScript, writeRun } from './policy-runs.ts'
import { quantile } from './statistics.ts'
import { digits, table } from './table.ts'

const PUTS = 2_000

const { values: options, positionals: asked } = parseArgs({
  options: { write: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const isWhole = asked.length === 0
if (options.write && !isWhole) throw new Error('Figures of some policies do not replace those of all.')
const server = await openServer()
const { client, store } = server

/** What the server has done so far. */
async function reading(): Promise<{ readonly cpuUs: number; readonly scripts: number }> {
  const info = (await Promise.all([client.info('cpu'), client.info('commandstats')])).join('\n')
  const scripts = Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(info)?.[1] ?? 0)
  return { cpuUs: cpuUsOf(info), scripts }
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
  const space = await server.newSpace(create(library), { maxSize: ENTRIES, idleTtlMs: 3_600_000 })
  await server.fill(space)
  await server.readAll(space, 3)
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
await server.close()
if (options.write) {
  await writeRun('worst-script', server.binary, figures)
  await writePolicyPage()
}

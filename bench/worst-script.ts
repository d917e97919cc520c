// npm run bench:scripts: how long the longest script of a put holds the server, in a cache of a million entries all of which were
// read just before, by policy. With `-- --write` the figures go into bench/results and docs/policies.md. Names of policies may
// follow: `npm run bench:scripts -- sieve s3_fifo`. The time of a script is that of the slow log of the server.
import { parseArgs } from 'node:util'
import * as library from '../src/index.ts'
import { MEASURED_POLICIES } from './measured-policies.ts'
import { ENTRIES, entryOf, openServer } from './million-entries.ts'
import { writePolicyPage } from './policy-page.ts'
import { type PolicyKey, type WorstScript, writeRun } from './policy-runs.ts'
import { quantile } from './statistics.ts'
import { digits, table } from './table.ts'

const PUTS = 2_000

/** The same puts are sent so often, each time to the same state. */
const RUNS = 3

const { values: options, positionals: asked } = parseArgs({
  options: { write: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const isWhole = asked.length === 0
if (options.write && !isWhole) throw new Error('Figures of some policies do not replace those of all.')
const server = await openServer()
const { store } = server

/** The shortest time of each script: what else the machine does can only add to it. */
function shortest(runs: readonly (readonly number[])[]): number[] {
  const [first = []] = runs
  if (runs.some(({ length }) => length !== first.length)) throw new Error('The runs have sent other scripts.')
  return first.map((_, i) => Math.min(...runs.map((run) => run[i] as number)))
}

const figures: Partial<Record<PolicyKey, WorstScript>> = {}
for (const [key, { create }] of Object.entries(MEASURED_POLICIES)) {
  if (!isWhole && !asked.includes(key)) continue
  const space = await server.newSpace(create(library), { maxSize: ENTRIES, idleTtlMs: 3_600_000 })
  await server.fill(space)
  await server.readAll(space, 3)
  await server.keep()
  const runs: number[][] = []
  let mostScripts = 0
  for (let run = 0; run < RUNS; run++) {
    await server.restore()
    const us: number[] = []
    for (let i = 0; i < PUTS; i++) {
      const each = await server.scriptsOf(() => store.put(space, [entryOf(ENTRIES + i)]))
      mostScripts = Math.max(mostScripts, each.length)
      us.push(...each)
    }
    runs.push(us)
  }
  const us = shortest(runs)
  figures[key as PolicyKey] = {
    scripts: mostScripts,
    median: quantile(us, 0.5),
    p99: quantile(us, 0.99),
    longest: Math.max(...us),
  }
  console.log(key, figures[key as PolicyKey])
}
console.log(
  `${PUTS} puts into ${ENTRIES} entries that were all read just before: microseconds of a script, the least of ${RUNS} runs\n`,
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

import { readdir, readFile } from 'node:fs/promises'
import { bestNeighbour, figure, medianRatio, ratio, roundsOf } from './comparison.ts'
import { OURS } from './hit-sections.ts'
import type { Results, Rounds } from './results.ts'
import { median } from './statistics.ts'
import { digits, table } from './table.ts'

const RESULTS = new URL('./results/', import.meta.url)
const LEVEL = 256

/** Results of runs on other versions of Node, which `--out bench/results/node-24.json` has kept; the oldest version first. */
export async function readOtherNodes(): Promise<readonly Results[]> {
  const names = (await readdir(RESULTS)).filter((name) => /^node-\d+\.json$/.test(name))
  const results = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(new URL(name, RESULTS), 'utf8')) as Results),
  )
  return results.toSorted((a, b) => Number.parseFloat(a.machine.node) - Number.parseFloat(b.machine.node))
}

/** What changes with the version of Node: the main figures of each run. */
export function otherNodesOf(results: readonly Results[]): string | undefined {
  if (results.length === 0) return undefined
  return [
    '## On other versions of Node',
    'Short runs, each with one version: hits and misses with 256 calls outstanding, and one hit at a time, of LRU-T on node-redis. The ratios compare calls ' +
      'per second with those of the fastest neighbour and of `GET` and `JSON.parse` by hand in the same run; for one hit at a time, ' +
      'the time with that of a raw `GET`.',
    table(
      ['', 'hits/s', 'neighbour', 'by hand', 'misses/s', 'neighbour', 'one hit: p50, µs', 'raw GET'],
      results.map(rowOf),
    ),
    results
      .map(({ date, machine }) => `Node ${machine.node}: ${date.slice(0, 10)}, ${machine.cpu}`)
      .join('; ') + '.',
  ].join('\n\n')
}

function rowOf({ machine, hits = [], puts = [], latency = [] }: Results): string[] {
  const lone = latency.find(({ name }) => name === OURS)
  return [
    `Node ${machine.node}`,
    speed(hits),
    againstBest(hits),
    against(hits, roundsOf(hits, 'GET + parse, node-redis', LEVEL)),
    speed(puts),
    againstBest(puts),
    digits(median(lone?.p50 ?? [])),
    `${digits(medianRatio(lone?.p50 ?? [], lone?.rawP50 ?? []))} ×`,
  ]
}

const speed = (all: readonly Rounds[]): string =>
  digits(figure(roundsOf(all, OURS, LEVEL) ?? [], 'callsPerSecond'))

const against = (all: readonly Rounds[], other: Rounds['rounds'] | undefined): string =>
  `${digits(ratio(roundsOf(all, OURS, LEVEL) ?? [], other ?? [], 'callsPerSecond'))} ×`

function againstBest(all: readonly Rounds[]): string {
  const best = bestNeighbour(all, LEVEL)
  return `${against(all, best?.rounds)} ${best?.name ?? ''}`.trim()
}

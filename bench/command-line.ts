import { parseArgs } from 'node:util'
import type { PartName } from './roster.ts'
import type { Effort } from './session.ts'

export const PARTS: readonly PartName[] = [
  'hits',
  'latency',
  'puts',
  'allocation',
  'stampede',
  'growth',
  'policies',
  'near',
]

/** What a short run measures: what changes when the way of a hit does. */
const SHORT_PARTS: readonly PartName[] = ['hits', 'latency', 'puts', 'allocation']

const FULL: Omit<Effort, 'who'> = {
  isShort: false,
  rounds: 7,
  roundMs: 150,
  warmUpMs: 1_000,
  entries: 10_000,
  growth: [1_000, 10_000, 100_000, 1_000_000],
  trials: 3,
  levelSeconds: 35,
}
const SHORT: Omit<Effort, 'who'> = {
  isShort: true,
  rounds: 5,
  roundMs: 100,
  warmUpMs: 500,
  entries: 10_000,
  growth: [1_000, 10_000],
  trials: 1,
  levelSeconds: 25,
}

export interface Wish {
  readonly parts: readonly PartName[]
  readonly effort: Effort
  /** Name of a server as `npx tsx scripts/servers.ts list` prints it. */
  readonly server: string | undefined
  /** A commit that is measured beside the present state. */
  readonly before: string | undefined
  /** Whether the parts replace those of the last full run, in its results and on the page. */
  readonly isKept: boolean
  /** A file for the results, besides where they are kept anyway. */
  readonly out: string | undefined
}

export const USAGE = `npm run bench -- [--short] [--only ${PARTS.join(',')}] [--who LRU-T] [--before COMMIT]

  --short   under two minutes: the contenders and parts that tell whether a change of the way of a hit was worth it
  --only    these parts alone
  --who     contenders whose name contains this text
  --before  measures this library as it was at a commit, beside the present state, in the same rounds
  --server  the server to measure on, by its name, such as redis-7.0; without it the first that is found
  --keep    the parts of this run replace those in bench/results/latest.json and on the page, which says so
  --out     a file for the results

BENCH_NODE_OPTIONS is given to the processes of the contenders: with --cpu-prof and --who it shows where the time goes.
A full run takes about twenty minutes, writes bench/results/latest.json, docs/performance.md and docs/policies.md. Other runs write
bench/dist/partial.json.`

/** @throws If it asks for what there is not. */
export function readWish(args: readonly string[]): Wish | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string' },
      who: { type: 'string', default: '' },
      before: { type: 'string' },
      server: { type: 'string' },
      keep: { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const asked = values.only?.split(',') ?? (values.short ? SHORT_PARTS : PARTS)
  const unknown = asked.filter((part) => !PARTS.some((known) => known === part))
  if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}.`)
  return {
    parts: PARTS.filter((part) => asked.includes(part)),
    effort: { ...(values.short ? SHORT : FULL), who: values.who },
    server: values.server,
    isKept: values.keep,
    before: values.before,
    out: values.out,
  }
}

import { parseArgs } from 'node:util'
import type { PartName } from './roster.ts'
import type { Effort } from './session.ts'

export const PARTS: readonly PartName[] = ['hits', 'latency', 'puts', 'stampede', 'growth', 'replication']

const FULL: Effort = {
  rounds: 7,
  roundMs: 150,
  warmUpMs: 2_000,
  entries: 10_000,
  growth: [1_000, 10_000, 100_000, 1_000_000],
  trials: 3,
  levelSeconds: 40,
  who: '',
}
const QUICK: Effort = {
  rounds: 3,
  roundMs: 40,
  warmUpMs: 200,
  entries: 1_000,
  growth: [1_000, 10_000],
  trials: 1,
  levelSeconds: 10,
  who: '',
}

export interface Wish {
  readonly quick: boolean
  readonly parts: readonly PartName[]
  readonly effort: Effort
  /** Name of a server as `npm run servers` lists it. */
  readonly server: string | undefined
}

export const USAGE = `npm run bench -- [--quick] [--only ${PARTS.join(',')}] [--who LRU-T] [--server redis-7.0]

  --quick   a try of a minute with few and short rounds: it shows that all works, its figures are noise
  --only    these parts alone
  --who     contenders whose name contains this text
  --server  the server to measure on, by its name; without it the first that is found

BENCH_NODE_OPTIONS is given to the processes of the contenders: with --cpu-prof and --who it shows where the time goes.
A full run takes about eight minutes, writes bench/results/latest.json and docs/performance.md. Other runs write
bench/dist/partial.json.`

/** @throws If it asks for what there is not. */
export function readWish(args: readonly string[]): Wish | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      who: { type: 'string', default: '' },
      server: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const asked = values.only?.split(',') ?? PARTS
  const unknown = asked.filter((part) => !PARTS.some((known) => known === part))
  if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}.\n\n${USAGE}`)
  return {
    quick: values.quick,
    parts: PARTS.filter((part) => asked.includes(part)),
    effort: { ...(values.quick ? QUICK : FULL), who: values.who },
    server: values.server,
  }
}

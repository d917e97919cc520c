import { table } from '../../bench/table.ts'
import type { Fault } from './fault.ts'
import { CLIENT_NAMES } from './clients.ts'
import { FAULTS } from './faults.ts'
import type { Wish } from './command-line.ts'
import type { Outcome, Phases } from './run-cell.ts'

/** One line a cell, with all that was seen. */
export function cellTable(outcomes: readonly Outcome[]): string {
  const head = [
    'fault, client',
    'calls',
    'hits',
    'errors',
    'wrong',
    'old',
    'longest wait',
    'leased',
    'recovery',
    'invalidations rejected',
    'longest',
    'unhandled',
    'close',
    'ended',
  ]
  const rows = outcomes.map(({ fault, client, seen, closeMs, isEnded }) => [
    `${fault}, ${client}`,
    ...(seen === undefined
      ? head.slice(1, -2).map(() => '?')
      : [
          String(seen.calls),
          String(seen.stats.reduce((sum, { hit }) => sum + hit, 0)),
          String(seen.errors),
          String(seen.wrong),
          String(seen.old),
          seconds(seen.longestWaitMs),
          seconds(seen.longestLeasedWaitMs),
          seconds(seen.recoveryMs),
          `${seen.invalidations.rejected} of ${seen.invalidations.sent}`,
          seconds(seen.invalidations.longestMs),
          String(seen.unhandled),
        ]),
    seconds(closeMs),
    isEnded ? 'yes' : 'NO',
  ])
  return table(head, rows)
}

/** The columns of the documentation. */
const PAGE_HEAD = ['fault', 'calls', 'errors', 'wrong', 'old', ...CLIENT_NAMES, 'ended']

/** One row a fault, for the documentation: the sums, and of each client the longest waits (without and with a lease) and the
 * recovery. */
function rowOf({ name, title }: Fault, outcomes: readonly Outcome[]): readonly string[] {
  const ofFault = outcomes.filter(({ fault }) => fault === name)
  const sum = (pick: (seen: NonNullable<Outcome['seen']>) => number): string =>
    ofFault.some(({ seen }) => seen === undefined)
      ? '?'
      : String(ofFault.reduce((total, { seen }) => total + (seen === undefined ? 0 : pick(seen)), 0))
  return [
    title,
    sum(({ calls }) => calls),
    sum(({ errors, unhandled }) => errors + unhandled),
    sum(({ wrong }) => wrong),
    sum(({ old }) => old),
    ...CLIENT_NAMES.map((client) => waitOf(ofFault.find((outcome) => outcome.client === client))),
    ofFault.every(({ isEnded }) => isEnded) ? 'yes' : 'no',
  ]
}

/** What a run writes into the documentation. */
export interface Written extends Pick<Wish, 'faults' | 'form' | 'phases'> {
  /** The date, and the versions of everything. */
  readonly on: string
  readonly outcomes: readonly Outcome[]
}

/** A run of all faults makes the section anew. Another one replaces the rows of its faults, and says so. */
export function section(run: Written, standing: string): string {
  const isWhole = FAULTS.every((fault) => run.faults.includes(fault))
  const old = isWhole ? NOTHING : readSection(standing)
  const rows = FAULTS.flatMap((fault) => {
    const row = run.faults.includes(fault) ? rowOf(fault, run.outcomes) : old.rows.get(fault.title)
    return row === undefined ? [] : [row]
  })
  const titles = run.faults.map(({ title }) => title).join(', ')
  const isLater = old.head !== '' && !old.head.startsWith(run.on)
  const head = old.head || `${run.on}. ${run.form === 'plain' ? plainClients(run.phases) : RECOMMENDED}`
  return `${head}${isLater ? `\n- Of another run, ${run.on}: ${titles}.` : ''}\n\n${table(PAGE_HEAD, rows)}`
}

interface Standing {
  /** What stands above the table. */
  readonly head: string
  /** The cells of each row, by the title of its fault. */
  readonly rows: ReadonlyMap<string, readonly string[]>
}

const NOTHING: Standing = { head: '', rows: new Map() }

function readSection(text: string): Standing {
  const lines = text.split('\n')
  const rows = lines.filter((line) => line.startsWith('| ')).map(cellsOf)
  return {
    head: lines
      .filter((line) => !line.startsWith('|'))
      .join('\n')
      .trim(),
    rows: new Map(rows.map((cells) => [cells[0] as string, cells])),
  }
}

const cellsOf = (line: string): readonly string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

const plainClients = ({ faultMs, afterMs }: Phases): string =>
  `Clients with no option but the address. \`npm run chaos -- --write\` makes this table.

- *errors*: calls that rejected or never ended, and unhandled rejections of the process. *wrong*: results of another call. *old*: results older than an invalidation that was completed before the call.
- Of each client, in seconds: the longest wait of a call; the same for a function with \`singleFlight: 'global'\`, whose callers may also wait for [a lease](freshness.md#singleflight-global) that was lost; and the time from the end of the fault to the first hit.
- *ended*: whether each process ended by itself after \`close()\`.
- A fault lasted ${faultMs / 1_000} s, or until a replica had taken over. Calls went on for ${afterMs / 1_000} s after it. – means that no hit came in this time, or that the server did not return in this test.
- With \`allkeys-random\` the server may evict the record of an invalidation: see [keys that are lost](consistency.md#keys-that-are-lost).`

const RECOMMENDED =
  'Clients with the options above. `npm run chaos -- --clients recommended --only … --write` makes this table.'

const waitOf = (outcome: Outcome | undefined): string =>
  outcome === undefined
    ? '–'
    : [outcome.seen?.longestWaitMs, outcome.seen?.longestLeasedWaitMs, outcome.seen?.recoveryMs]
        .map(seconds)
        .join(' / ')

const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : (ms / 1_000).toFixed(2))

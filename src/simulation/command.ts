/*
 * The command `simulate`: what each policy would do with a trace, beside what no policy can pass.
 */
import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { type Bound, boundText, parseBound } from './bound.ts'
import { CANDIDATES, type Candidate, candidateOf, DISTINCT } from './candidates.ts'
import { chart } from './chart.ts'
import { type Comparison, compare } from './compare.ts'
import { type ReadTrace, readTrace, type TraceFormat } from './formats/read-trace.ts'
import type { RecordingHead } from './formats/recording.ts'
import { TraceError } from './formats/trace-error.ts'
import { recommendation } from './recommendation.ts'
import { resultsTable } from './results-table.ts'
import { secondsText } from './seconds-text.ts'

/** What is wrong with the arguments of the command. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const FORMATS: readonly TraceFormat[] = ['keys', 'csv', 'recording']

export const SIMULATE_HELP: string = `npx redis-func-cache simulate --trace FILE [options]

Runs a trace of requests through caches with each policy and bound, in this process, and says which of them suits it.

  --trace FILE       one key a line; CSV whose first line names its columns: key, and as far as known function, bytes, ms
                     (what the request costs if it misses) and hit; or a recording, written by cache.record(FILE).
                     Plain, gzip or zstd. - for the standard input.
  --sizes LIST       bounds, with commas between them: numbers of entries (1000), or of bytes with a unit (64mb).
                     Without it: six numbers of entries, up to the number of different keys.
  --policies LIST    policies, with commas between them, or all. Without it: all.
                     ${[...CANDIDATES.keys()].join(', ')}
  --admit PART       the probability with which a full cache stores a result, such as 0.5. Without it: 1.
  --format FORMAT    ${FORMATS.join(', ')}. Without it: told by the first line.
  --chart FILE.svg   writes a chart: the miss ratio, and the time that is recomputed, against the bound.
  --json             prints the results as JSON.
  --help             prints this.

Results have no end of their own in a simulation, and nothing is invalidated: with a short ttl, fewer requests hit. The bound is
that of one partition, without shards.`

interface SimulateOptions {
  readonly trace: string
  readonly format: TraceFormat | undefined
  readonly bounds: readonly Bound[] | undefined
  readonly policies: readonly Candidate[]
  readonly admit: number
  readonly chart: string | undefined
  readonly isJson: boolean
}

/**
 * Runs the command.
 *
 * @param print Gets what it has to say, in parts.
 * @throws {UsageError} for arguments that it does not know.
 * @throws {TraceError} for a trace that cannot be read.
 */
export async function simulateCommand(args: readonly string[], print: (text: string) => void): Promise<void> {
  const options = readOptions(args)
  if (options === 'help') return print(SIMULATE_HELP)
  const read = withNotes(await readTrace(options.trace, options.format), options)
  const bounds = checkBounds(options.bounds ?? usualBounds(read), read)
  const comparison = compare(read.trace, options.policies, bounds, options.admit)
  const name = options.trace === '-' ? 'standard input' : basename(options.trace)
  print(options.isJson ? asJson(comparison, read) : report(comparison, read, name))
  if (options.chart === undefined) return
  await writeChart(options.chart, chart(comparison, `${name}: policies by bound`))
  if (!options.isJson) print(`\nThe chart is in ${options.chart}.`)
}

/** The results say what they are of. */
const withNotes = (read: ReadTrace, { admit }: SimulateOptions): ReadTrace =>
  admit === 1
    ? read
    : { ...read, notes: [...read.notes, `A full cache stores a result with the probability ${admit}.`] }

function readOptions(args: readonly string[]): SimulateOptions | 'help' {
  const values = parsed(args)
  if (values.help === true) return 'help'
  if (values.trace === undefined) throw new UsageError('--trace is missing: give the file of the requests.')
  if (values.format !== undefined && !FORMATS.includes(values.format as TraceFormat))
    throw new UsageError(`--format ${values.format}: choose one of ${FORMATS.join(', ')}.`)
  if (values.chart?.toLowerCase().endsWith('.svg') === false)
    throw new UsageError(`--chart ${values.chart}: charts are SVG. Give a file whose name ends with .svg.`)
  return {
    trace: values.trace,
    format: values.format as TraceFormat | undefined,
    bounds: values.sizes === undefined ? undefined : boundsOf(values.sizes),
    policies: policiesOf(values.policies ?? 'all'),
    admit: admitOf(values.admit ?? '1'),
    chart: values.chart,
    isJson: values.json === true,
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        trace: { type: 'string' },
        sizes: { type: 'string' },
        policies: { type: 'string' },
        admit: { type: 'string' },
        format: { type: 'string' },
        chart: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function boundsOf(list: string): Bound[] {
  const bounds = list.split(',').map((text) => {
    const bound = parseBound(text)
    if (bound !== undefined) return bound
    throw new UsageError(
      `--sizes ${list}: '${text}' is no bound. Give a whole number of entries above 0, such as 1000, or bytes with a unit, such as 64mb.`,
    )
  })
  if (new Set(bounds.map(({ kind }) => kind)).size > 1)
    throw new UsageError(`--sizes ${list}: give either entries or bytes, since they cannot be compared.`)
  const byLimit = new Map(bounds.map((bound) => [bound.limit, bound]))
  return [...byLimit.values()].sort((one, other) => one.limit - other.limit)
}

function policiesOf(list: string): readonly Candidate[] {
  const candidates = list.split(',').flatMap((text) => {
    if (text.trim().toLowerCase() === 'all') return DISTINCT
    const candidate = candidateOf(text)
    if (candidate !== undefined) return candidate
    throw new UsageError(
      `--policies ${list}: there is no policy '${text}'. Choose from ${[...CANDIDATES.keys()].join(', ')}, or all.`,
    )
  })
  return [...new Set(candidates)]
}

function admitOf(text: string): number {
  const admit = text.trim() === '' ? Number.NaN : Number(text)
  if (admit > 0 && admit <= 1) return admit
  throw new UsageError(`--admit ${text}: give a probability above 0 and up to 1, such as 0.5.`)
}

/** @throws {UsageError} for bounds of bytes where no sizes are known. */
function checkBounds(bounds: readonly Bound[], { trace }: ReadTrace): readonly Bound[] {
  if (trace.bytes === undefined && bounds.some(({ kind }) => kind === 'bytes')) {
    throw new UsageError(
      '--sizes: the trace does not tell how many bytes results have. Give numbers of entries, or a CSV with a column bytes.',
    )
  }
  return bounds
}

/** From a thousandth of the keys to all of them. */
function usualBounds({ trace }: ReadTrace): Bound[] {
  const keys = trace.keys / trace.rate
  const limits = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3].map((part) => roundUp(keys * part))
  return [...new Set(limits)].map((limit) => ({ kind: 'entries', limit }))
}

/** Rounds up to one digit, and at least to 10. */
function roundUp(value: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))))
  return Math.max(10, Math.ceil(value / power) * power)
}

const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`

function report(comparison: Comparison, { format, head, notes }: ReadTrace, name: string): string {
  const { requests, keys, totalSeconds, recordedHitRatio, optimum } = comparison
  const facts = [`${name} (${format}): ${counted(requests, 'request')} of ${counted(keys, 'key')}`]
  if (totalSeconds !== undefined) facts.push(`${secondsText(totalSeconds)} to compute them all`)
  const lines = [`${facts.join(', ')}.`]
  if (head !== undefined) {
    lines.push(
      `Recorded of the cache '${head.cache}' (${head.policy}, ${boundsText(head)}), from ${head.began} on.`,
    )
  }
  if (recordedHitRatio !== undefined)
    lines.push(`In the cache that was traced, ${(100 * recordedHitRatio).toFixed(2)} % of them hit.`)
  lines.push(...notes, '', resultsTable(comparison), '', optimumText(optimum, totalSeconds !== undefined), '')
  return [...lines, ...recommendation(comparison)].join('\n')
}

function boundsText({ maxSize, maxBytes }: RecordingHead): string {
  const bounds: string[] = []
  if (maxSize !== null) bounds.push(boundText({ kind: 'entries', limit: maxSize }))
  if (maxBytes !== undefined) bounds.push(boundText({ kind: 'bytes', limit: maxBytes }))
  return bounds.length === 0 ? 'no bound' : bounds.join(', ')
}

function optimumText(optimum: Comparison['optimum'], hasTime: boolean): string {
  const hits =
    optimum === 'exact'
      ? "optimum: of the hit ratio it is exact, Belady's MIN, which knows the future"
      : 'optimum: a bound that no policy can pass (PFOO-L)'
  return hasTime && optimum === 'exact'
    ? `${hits}; of seconds and bytes it is a bound that no policy can pass (PFOO-L).`
    : `${hits}.`
}

function asJson(comparison: Comparison, { format, head, notes }: ReadTrace): string {
  const { policies, ...rest } = comparison
  const advice = {
    format,
    recording: head,
    notes,
    ...rest,
    policies: policies.map(({ name }) => name),
    recommendation: recommendation(comparison),
  }
  return JSON.stringify(advice, null, 2)
}

async function writeChart(file: string, svg: string): Promise<void> {
  try {
    await writeFile(file, svg)
  } catch (error) {
    throw new TraceError(`--chart ${file}: the chart could not be written (${(error as Error).message}).`)
  }
}

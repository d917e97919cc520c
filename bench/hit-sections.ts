import { figure, ratio, roundsOf } from './comparison.ts'
import type { Rounds } from './results.ts'
import { digits, table } from './table.ts'

/** Everything is set against this one. */
export const OURS = 'LRU-T, node-redis'

/** A heading, what it is about, and a table in Markdown. */
export interface Section {
  readonly title: string
  readonly text: string
  readonly table: string
}

/** What was measured of hits. */
export function hitSections(hits: readonly Rounds[]): Section[] {
  const hasSizes = hits.some(({ bytes }) => bytes !== 1_000)
  return [
    speedSection(hits),
    ...[64, 256].map((level) => costSection(hits, level)),
    ...(hasSizes ? [sizeSection(hits)] : []),
  ]
}

function speedSection(hits: readonly Rounds[]): Section {
  const levels = [1, 64, 256]
  const ours = roundsOf(hits, OURS, 256)
  const rows = namesOf(hits).map((name) => {
    const own = roundsOf(hits, name, 256)
    return [
      name,
      ...levels.map((level) => figureAt(hits, name, level, 1_000, 'callsPerSecond')),
      own && ours ? `${digits(ratio(ours, own, 'callsPerSecond'))} ×` : '–',
    ]
  })
  return {
    title: 'Hits per second',
    text: `By the number of calls outstanding in one process. The last column: the hits per second of ${OURS}, divided by those of the row, at 256.`,
    table: table(['1 KB', ...levels.map(String), OURS], rows),
  }
}

function costSection(hits: readonly Rounds[], level: number): Section {
  const columns = [
    'clientCpuUs',
    'serverUs',
    'serverCpuUs',
    'commands',
    'bytesToServer',
    'bytesFromServer',
  ] as const
  const rows = namesOf(hits).map((name) => [
    name,
    ...columns.map((column) => figureAt(hits, name, level, 1_000, column)),
  ])
  return {
    title: `What a hit costs at ${level} outstanding`,
    text:
      'Microseconds and bytes a hit. Client: processor time of the process. Commands µs: the time of the commands that it ' +
      'sends, by `INFO commandstats`; a script includes all that it executes. Server: processor time of the server process, ' +
      'which also reads, parses and writes. Commands: their number a hit; 0.02 means that 50 calls share one.',
    table: table(
      ['1 KB', 'client µs', 'commands µs', 'server µs', 'commands', 'bytes to', 'bytes from'],
      rows,
    ),
  }
}

function sizeSection(hits: readonly Rounds[]): Section {
  const columns = [100, 1_000, 100_000].flatMap((bytes) => [1, 64].map((level) => ({ bytes, level })))
  const rows = namesOf(hits).map((name) => [
    name,
    ...columns.map(({ bytes, level }) => figureAt(hits, name, level, bytes, 'callsPerSecond')),
    figureAt(hits, name, 64, 100, 'clientCpuUs'),
    figureAt(hits, name, 64, 100_000, 'clientCpuUs'),
  ])
  const size = (bytes: number) => (bytes < 1_000 ? `${bytes} B` : `${bytes / 1_000} KB`)
  const head = columns.map(({ bytes, level }) => `${size(bytes)} at ${level}`)
  return {
    title: 'Size of the values',
    text: 'Hits per second at 1 and at 64 outstanding, and the processor time of the client for a hit at 64.',
    table: table(['hits/s', ...head, '100 B: µs', '100 KB: µs'], rows),
  }
}

const namesOf = (all: readonly Rounds[]): string[] => [...new Set(all.map(({ name }) => name))]

/** A figure at a level as text; a dash if it was not measured. */
export function figureAt(
  all: readonly Rounds[],
  name: string,
  level: number,
  bytes: number,
  of: keyof Rounds['rounds'][number],
): string {
  const rounds = roundsOf(all, name, level, bytes)
  return rounds === undefined ? '–' : digits(figure(rounds, of))
}

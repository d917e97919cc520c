import { aimsOf, isReached } from './aims.ts'
import { bestNeighbour, figure, least, medianRatio, ratio, roundsOf } from './comparison.ts'
import { figureAt, OURS } from './hit-sections.ts'
import { nearHitsOf } from './near-sections.ts'
import type { Results, Round } from './results.ts'
import { median } from './statistics.ts'
import { digits, table } from './table.ts'

const LEVEL = 256
const OURS_IOREDIS = 'LRU-T, ioredis'

/** What a user wants to know first, with the figures of a run. */
export function summaryOf(results: Results): string {
  return [
    howFast(results),
    loneHit(results),
    nearHit(results),
    ofServer(results),
    ofMisses(results),
    whatToChoose(results),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n')
}

const times = (value: number): string => `${digits(value)} times`

function howFast({ hits = [] }: Results): string | undefined {
  const best = bestNeighbour(hits, LEVEL)
  const rows = [
    OURS,
    OURS_IOREDIS,
    'GET + parse, node-redis',
    'GET + parse, ioredis',
    ...hits
      .filter(
        ({ kind, bytes, outstanding }) => kind === 'neighbour' && bytes === 1_000 && outstanding === LEVEL,
      )
      .map(({ name }) => name),
  ].flatMap((name) => rowOf(hits, name))
  const ours = roundsOf(hits, OURS, LEVEL)
  if (rows.length === 0) return undefined
  return [
    '## How fast is a hit?',
    `One process, with 256 calls outstanding (under way at a time), entries of 1 KB of JSON with a \`ttl\` of an hour. ${
      ours === undefined || best === undefined
        ? ''
        : `This library serves ${times(ratio(ours, best.rounds, 'callsPerSecond'))} as many hits a second as ${best.name}, the fastest of the other libraries over Redis alone. `
    }${byHand(hits)}`,
    table(['', 'hits/s', 'client, µs a hit', 'server, µs a hit'], rows),
    'Up to 64 calls of one turn of the event loop are sent in one command, and the client handles one reply for all of them. ' +
      'On the other hand, this library does what a hand-written `GET` does not do: it makes the key of any arguments, ' +
      'joins equal calls, checks the age of the entry and the call that it belongs to, and reports the read to the policy.',
  ].join('\n\n')
}

function rowOf(hits: NonNullable<Results['hits']>, name: string): string[][] {
  const rounds = roundsOf(hits, name, LEVEL)
  if (rounds === undefined) return []
  const of = (column: keyof Round) => digits(figure(rounds, column))
  return [[name, of('callsPerSecond'), of('clientCpuUs'), of('serverUs')]]
}

function byHand(hits: NonNullable<Results['hits']>): string {
  const parts = ['node-redis', 'ioredis'].flatMap((client) => {
    const ours = roundsOf(hits, `LRU-T, ${client}`, LEVEL)
    const theirs = roundsOf(hits, `GET + parse, ${client}`, LEVEL)
    return ours && theirs ? [`${digits(ratio(ours, theirs, 'callsPerSecond'))} on ${client}`] : []
  })
  return parts.length === 0
    ? ''
    : `The ratio to \`GET\` and \`JSON.parse\` by hand is ${parts.join(' and ')}.`
}

function loneHit({ latency = [] }: Results): string | undefined {
  const rows = [
    OURS,
    OURS_IOREDIS,
    'GET + parse, node-redis',
    'GET + parse, ioredis',
    'cachified',
    'layered-loader',
  ]
    .map((name) => latency.find((one) => one.name === name))
    .flatMap((one) =>
      one === undefined
        ? []
        : [
            [
              one.name,
              digits(median(one.p50)),
              digits(median(one.rawP50)),
              `${digits(medianRatio(one.p50, one.rawP50))} ×`,
            ],
          ],
    )
  if (rows.length === 0) return undefined
  return [
    '## How long does a single hit take?',
    'One call at a time, with its value decoded: the median (p50). A raw `GET`, whose reply is not decoded, is sent by the same ' +
      'client in between. Compare the times within a row only: how long the system takes to wake a process that waits for the ' +
      'other differs from process to process.',
    table(['', 'hit, µs', 'raw GET, µs', 'hit / raw GET'], rows),
  ].join('\n\n')
}

function nearHit({ near }: Results): string | undefined {
  if (near === undefined) return undefined
  const { hits, ages } = near
  const rows = [...new Set(hits.map(({ name }) => name))].map((name) => {
    const speed = [1_000, 100_000].map((bytes) => nearHitsOf(hits, name, bytes, 0))
    const age = ages.find((one) => one.name === name)
    return [
      name,
      ...speed.map((one) => (one === undefined ? '–' : digits(figure(one.rounds, 'callsPerSecond')))),
      age === undefined ? '–' : digits(age.p50),
      age === undefined ? '–' : digits(age.max),
    ]
  })
  return [
    '## How fast is a hit in the process, and how old may it be?',
    'The last two columns: how long the old value was still served, in milliseconds after an invalidation in another process ' +
      'had resolved, while both processes were busy. See [near hits](#near-hits) and [their age](#how-old-is-a-near-hit).',
    table(['', '1 KB: hits/s', '100 KB: hits/s', 'old after, ms: median', 'worst'], rows),
  ].join('\n\n')
}

function ofServer({ hits = [], policies = [], allocation = [] }: Results): string | undefined {
  if (roundsOf(hits, OURS, LEVEL) === undefined) return undefined
  const at = (name: string) => figureAt(hits, name, LEVEL, 1_000, 'serverUs')
  const of = (name: string) =>
    digits(least(policies.find((one) => one.name === `${name}, node-redis`)?.hits ?? [], 'serverUs'))
  const own = allocation.find(({ name }) => name === OURS)
  const hand = allocation.find(({ name }) => name === 'GET + parse, node-redis')
  return [
    '## What does it cost?',
    `**The server** takes ${at(OURS)} µs for a hit with LRU-T, and ${at('GET + parse, node-redis')} µs for a hand-written \`GET\`. ` +
      `[With fewer calls outstanding](#policies), by policy: ` +
      `${['LRU-T', 'FIFO', 'RR', 'SIEVE', 'S3-FIFO', 'LFU', 'Cost'].map((name) => `${name} ${of(name)}`).join(', ')}. One \`HMGET\` looks up many hits, ` +
      'also with a `ttl`. Most policies also report reads to the server, many in one command; RR, FIFO and FIFO-T do not.',
    ...(own && hand
      ? [
          `**The client** allocates ${digits(own.heapBytes)} bytes on the heap for a hit, with the decoded value; by hand it is ` +
            `${digits(hand.heapBytes)}.`,
        ]
      : []),
  ].join('\n\n')
}

function ofMisses({ puts = [] }: Results): string | undefined {
  const ours = roundsOf(puts, OURS, LEVEL)
  const best = bestNeighbour(puts, LEVEL)
  if (ours === undefined || best === undefined) return undefined
  return [
    '## And a miss?',
    `With 256 calls outstanding, this library makes ${digits(figure(ours, 'callsPerSecond'))} misses a second, each with its put. ` +
      `${best.name}, the fastest of the other libraries, makes ${digits(figure(best.rounds, 'callsPerSecond'))}; the ratio is ` +
      `${digits(ratio(ours, best.rounds, 'callsPerSecond'))}. Each put of this library evicts an entry, in the server and atomically. ` +
      'The other libraries have no bound and evict nothing.',
  ].join('\n\n')
}

function whatToChoose(results: Results): string {
  const aims = aimsOf(results)
  const missed = aims.filter((aim) => !isReached(aim)).length
  const { hits = [] } = results
  const cpu = (name: string, level: number) => figureAt(hits, name, level, 1_000, 'clientCpuUs')
  const onBoth = (name: string, level: number) =>
    `${cpu(`${name}, node-redis`, level)} and ${cpu(`${name}, ioredis`, level)}`
  return [
    '## What to choose',
    `- **A client**: the one that you have. Processor time of a hit in µs, on node-redis and on ioredis: with this library
  ${onBoth('LRU-T', 64)} with 64 calls outstanding, and ${onBoth('LRU-T', LEVEL)} with ${LEVEL}; by hand ${onBoth('GET + parse', 64)}, and
  ${onBoth('GET + parse', LEVEL)}.
- **A policy**: begin with LRU-T. If the server is the bottleneck and most of its work is hits, FIFO, FIFO-T and RR cost it
  least, and \`touch: { every: '100ms' }\` lets the other policies report reads ten times a second.
- **A serializer**: \`'auto'\`. It writes JSON, which other programs can read, and a structured clone if JSON would change the result.
- **A \`ttl\`**: a hit sends no further command for it. [An entry takes more memory](policies.md#what-an-entry-takes).`,
    `This run reaches ${aims.length - missed} of the ${aims.length} [aims](#aims) of this library.`,
  ].join('\n\n')
}

import { bestNeighbour, figure, medianRatio, ratio, roundsOf } from './comparison.ts'
import { nearHitsOf, OURS_NEAR } from './near-sections.ts'
import type { Growth, LatencyRounds, Near, NearHits, Results, Round, Rounds } from './results.ts'

/** A figure the library wants to reach, and what it has reached. */
export interface Aim {
  readonly what: string
  readonly limit: number
  readonly isUpper: boolean
  readonly unit: '×' | 'µs' | 'ms' | 'hits/s'
  readonly reached: number
}

type Found = Aim | undefined

export const isReached = ({ limit, isUpper, reached }: Aim): boolean =>
  isUpper ? reached <= limit : reached >= limit

/** All aims are for so many calls outstanding, unless they say otherwise. */
const LEVEL = 256

/** The aims of which the results hold the figures. */
export function aimsOf({ hits = [], latency = [], puts = [], growth = [], near }: Results): Aim[] {
  return [
    undecodedTime(hits, 'node-redis', 1.3),
    undecodedTime(hits, 'ioredis', 0.5),
    undecodedTime(hits, 'node-redis', 1.3, ' of Buffers'),
    undecodedTime(hits, 'ioredis', 0.5, ' of Buffers'),
    serverTime(hits, 'LRU-T, node-redis'),
    serverTime(hits, 'LRU-T, ioredis'),
    againstNeighbours('hits/s', hits, 1.8),
    againstHand(hits, 'node-redis', 1),
    againstHand(hits, 'ioredis', 1.9),
    lone(latency, 'LRU-T undecoded, node-redis'),
    lone(latency, 'LRU-T undecoded, ioredis'),
    againstNeighbours('misses with put/s', puts, 1.5),
    ...growthOf(growth),
    ...(near === undefined ? [] : nearOf(near)),
  ].filter((aim) => aim !== undefined)
}

const atMost = (what: string, limit: number, unit: Aim['unit'], reached: number): Aim => ({
  what,
  limit,
  isUpper: true,
  unit,
  reached,
})

const atLeast = (what: string, limit: number, reached: number, unit: Aim['unit'] = '×'): Aim => ({
  what,
  limit,
  isUpper: false,
  unit,
  reached,
})

/** What a hit costs the client besides decoding, against a GET that decodes nothing. */
function undecodedTime(hits: readonly Rounds[], client: string, limit: number, of = ''): Found {
  const ours = roundsOf(hits, `LRU-T undecoded${of && ' Buffers'}, ${client}`, LEVEL)
  const raw = roundsOf(hits, `raw GET${of}, ${client}`, LEVEL)
  if (ours === undefined || raw === undefined) return undefined
  return atMost(
    `client CPU of an undecoded hit${of}, against a raw GET${of} (${client})`,
    limit,
    '×',
    ratio(ours, raw, 'clientCpuUs'),
  )
}

function serverTime(hits: readonly Rounds[], name: string): Found {
  const rounds = roundsOf(hits, name, LEVEL)
  return rounds && atMost(`server time of a hit (${name})`, 1.5, 'µs', figure(rounds, 'serverUs'))
}

function againstNeighbours(what: string, all: readonly Rounds[], limit: number): Found {
  const ours = roundsOf(all, 'LRU-T, node-redis', LEVEL)
  const best = bestNeighbour(all, LEVEL)
  if (ours === undefined || best === undefined) return undefined
  return atLeast(
    `${what} (LRU-T, node-redis) against ${best.name}`,
    limit,
    ratio(ours, best.rounds, 'callsPerSecond'),
  )
}

function againstHand(hits: readonly Rounds[], client: string, limit: number): Found {
  const ours = roundsOf(hits, `LRU-T, ${client}`, LEVEL)
  const theirs = roundsOf(hits, `GET + parse, ${client}`, LEVEL)
  if (ours === undefined || theirs === undefined) return undefined
  return atLeast(
    `hits/s (LRU-T, ${client}) against GET + parse by hand`,
    limit,
    ratio(ours, theirs, 'callsPerSecond'),
  )
}

function lone(latency: readonly LatencyRounds[], name: string): Found {
  const own = latency.find((one) => one.name === name)
  return (
    own && atMost(`p50 of a lone hit (${name}) against a raw GET`, 1.2, '×', medianRatio(own.p50, own.rawP50))
  )
}

/** What both sides spend on a call, in the largest cache against the smallest. */
function growthOf(all: readonly Growth[]): Found[] {
  const growth = all.filter(({ kind }) => kind === 'ours')
  return [...new Set(growth.map(({ name }) => name))].flatMap((name) => {
    const own = growth.filter((one) => one.name === name).sort((a, b) => a.entries - b.entries)
    const [least, most] = [own[0], own.at(-1)]
    if (least === undefined || most === undefined || least === most) return []
    const label = (kind: string) =>
      `cost of a ${kind} with ${most.entries.toLocaleString('en')} entries against ${least.entries.toLocaleString('en')} (${name})`
    return [
      atMost(label('hit'), 1.5, '×', medianRatio(most.hits.map(cost), least.hits.map(cost))),
      atMost(label('put'), 1.5, '×', medianRatio(most.puts.map(cost), least.puts.map(cost))),
    ]
  })
}

/** Of hits in the process. */
function nearOf({ hits, ages, floods }: Near): Found[] {
  const frozen = nearHitsOf(hits, OURS_NEAR.frozen, 1_000, 0)
  const age = ages.find(({ name }) => name === OURS_NEAR.frozen)
  const unknown = floods.find(({ name, of }) => name === OURS_NEAR.frozen && of === 'unknown')
  const quiet = floods.find(({ name, of }) => name === OURS_NEAR.frozen && of === 'none')
  return [
    frozen && atLeast('near hits/s (frozen)', 2_000_000, figure(frozen.rounds, 'callsPerSecond'), 'hits/s'),
    ...[1_000, 100_000].map((bytes) => againstCopies(hits, bytes)),
    age && atMost('age of a near hit after an invalidation: median', 5, 'ms', age.p50),
    age && atMost('age of a near hit after an invalidation: worst', MAX_STALENESS_MS, 'ms', age.max),
    unknown &&
      atMost('processor time for the invalidation of an entry that is not near', 10, 'µs', unknown.cpuUs),
    unknown &&
      quiet &&
      atMost(
        'delay of timers by 10,000 invalidations a second, p99',
        1,
        'ms',
        unknown.lateMs.p99 - quiet.lateMs.p99,
      ),
  ]
}

/** The default. */
const MAX_STALENESS_MS = 1_000

function againstCopies(hits: readonly NearHits[], bytes: number): Found {
  const ours = nearHitsOf(hits, OURS_NEAR.copies, bytes, 0)
  const others = hits.filter(
    (one) =>
      one.kind === 'neighbour' &&
      one.handOut === 'copies' &&
      one.bytes === bytes &&
      one.invalidationsPerSecond === 0,
  )
  const speed = ({ rounds }: NearHits) => figure(rounds, 'callsPerSecond')
  const best = others.sort((one, other) => speed(other) - speed(one))[0]
  if (ours === undefined || best === undefined) return undefined
  return atLeast(
    `near hits/s (copies, ${bytes / 1_000} KB) against ${best.name}`,
    1,
    ratio(ours.rounds, best.rounds, 'callsPerSecond'),
  )
}

export const cost = ({ clientCpuUs, serverUs }: Round): number => clientCpuUs + serverUs

import { bestNeighbour, figure, medianRatio, ratio, roundsOf } from './comparison.ts'
import type { Growth, LatencyRounds, Results, Round, Rounds } from './results.ts'

/** A figure the library wants to reach, and what it has reached. */
export interface Aim {
  readonly what: string
  readonly limit: number
  readonly isUpper: boolean
  readonly unit: '×' | 'µs'
  readonly reached: number
}

type Found = Aim | undefined

export const isReached = ({ limit, isUpper, reached }: Aim): boolean =>
  isUpper ? reached <= limit : reached >= limit

/** The aims of which the results hold the figures. */
export function aimsOf({ hits = [], latency = [], puts = [], growth = [] }: Results): Aim[] {
  return [
    ...[64, 256].map((level) => serverTime(hits, 'LRU-T, node-redis', level)),
    ...[64, 256].map((level) => serverTime(hits, 'LRU-T, ioredis', level)),
    ...[64, 256].map((level) => clientTime(hits, 'LRU-T undecoded, node-redis', level)),
    ...[64, 256].map((level) => clientTime(hits, 'LRU-T undecoded, ioredis', level)),
    againstNeighbours('hits/s at 256', hits, 1.8),
    againstHand(hits, 'LRU-T, node-redis', 'GET + parse, node-redis', 1),
    againstHand(hits, 'LRU-T, node-redis', 'GET + parse, node-redis as it comes', 1),
    againstHand(hits, 'LRU-T, ioredis', 'GET + parse, ioredis', 1.5),
    ...['LRU-T, node-redis', 'LRU-T, ioredis'].map((name) => lone(latency, name)),
    againstNeighbours('misses with put/s at 256', puts, 1.2),
    ...growthOf(growth),
  ].filter((aim) => aim !== undefined)
}

const atMost = (what: string, limit: number, unit: Aim['unit'], reached: number): Aim => ({
  what,
  limit,
  isUpper: true,
  unit,
  reached,
})

function serverTime(hits: readonly Rounds[], name: string, level: number): Found {
  const rounds = roundsOf(hits, name, level)
  return rounds && atMost(`server time of a hit at ${level} (${name})`, 2, 'µs', figure(rounds, 'serverUs'))
}

function clientTime(hits: readonly Rounds[], name: string, level: number): Found {
  const rounds = roundsOf(hits, name, level)
  return rounds && atMost(`client CPU of a hit at ${level} (${name})`, 3, 'µs', figure(rounds, 'clientCpuUs'))
}

function againstNeighbours(what: string, all: readonly Rounds[], limit: number): Found {
  const ours = roundsOf(all, 'LRU-T, node-redis', 256)
  const best = bestNeighbour(all, 256)
  if (ours === undefined || best === undefined) return undefined
  const reached = ratio(ours, best.rounds, 'callsPerSecond')
  return {
    what: `${what} (LRU-T, node-redis) against ${best.name}`,
    limit,
    isUpper: false,
    unit: '×',
    reached,
  }
}

function againstHand(hits: readonly Rounds[], name: string, other: string, limit: number): Found {
  const [ours, theirs] = [roundsOf(hits, name, 256), roundsOf(hits, other, 256)]
  if (ours === undefined || theirs === undefined) return undefined
  const reached = ratio(ours, theirs, 'callsPerSecond')
  return { what: `hits/s at 256 (${name}) against ${other}`, limit, isUpper: false, unit: '×', reached }
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

export const cost = ({ clientCpuUs, serverUs }: Round): number => clientCpuUs + serverUs

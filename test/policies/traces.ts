// Real request traces, with what a simulator of caches made of them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type HitString, hasTraces, TRACES } from '../../scripts/replay.ts'
import type { EvictionOrder } from '../../src/policies/eviction-order.ts'
import type { POLICIES } from '../../src/policies/index.ts'

/** The simulator's name of each policy. */
const SIMULATED: Record<string, readonly (keyof typeof POLICIES)[]> = {
  FIFO: ['fifo', 'fifo_t'],
  LRU: ['lru', 'lru_t'],
  MRU: ['mru'],
  LFU: ['lfu'],
  'RR-mean-of-10': ['rr'],
}

/** Four standard deviations of a single random replay of a whole trace, in misses. */
export const RANDOM_TOLERANCE = 500

/** A trace through a cache of a size, and the misses of a policy. */
export interface TraceCase {
  readonly trace: string
  readonly size: number
  readonly policy: keyof typeof POLICIES
  /** Of RR, the mean of ten replays. */
  readonly misses: number
  /** Of the whole hit string; none for a policy that leaves something to chance. */
  readonly sha256: string | undefined
}

const rows = (file: string): string[][] =>
  readFileSync(join(TRACES, file), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))

/** Costs and sizes are the same for all keys. */
const SAME = { costMs: 1, bytes: 1 }

/** Each trace with each size and each policy; none where the traces are not there. */
export function traceCases(): TraceCase[] {
  if (!hasTraces()) return []
  const digests = new Map(
    rows('checkpoints.csv').map(([trace, size, policy, , , sha]) => [`${trace} ${size} ${policy}`, sha]),
  )
  return rows('reference.csv').flatMap(([trace = '', , , size = '', policy = '', misses]) =>
    (SIMULATED[policy] ?? []).map((name) => ({
      trace,
      size: Number(size),
      policy: name,
      misses: Number(misses),
      sha256: digests.get(`${trace} ${size} ${policy}`),
    })),
  )
}

/** What an order makes of requests: a get each, and a put of what is missing. */
export function replayInOrder(order: EvictionOrder, size: number, keys: readonly string[]): HitString {
  const present = new Set<string>()
  let hits = ''
  for (const key of keys) {
    if (present.has(key)) {
      order.touch([key])
      hits += '1'
      continue
    }
    if (present.size === size) for (const victim of order.evict(1)) present.delete(victim)
    order.insert(key, SAME)
    present.add(key)
    hits += '0'
  }
  return hits
}

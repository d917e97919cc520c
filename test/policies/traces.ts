// Real request traces, with what a simulator of caches made of them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CostModel } from '../../scripts/cost-models.ts'
import { type HitString, hasTraces, readTrace, TRACES } from '../../scripts/replay.ts'
import type { EvictionOrder, StoredResult } from '../../src/policies/eviction-order.ts'
import type { POLICIES } from '../../src/policies/index.ts'

/** The simulator's name of each policy. */
const SIMULATED: Record<string, readonly (keyof typeof POLICIES)[]> = {
  FIFO: ['fifo', 'fifo_t'],
  LRU: ['lru', 'lru_t'],
  MRU: ['mru'],
  LFU: ['lfu'],
  'RR-mean-of-10': ['rr'],
  SIEVE: ['sieve'],
  'S3-FIFO': ['s3_fifo'],
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

/**
 * Whether what replays all traces at night replays this one in the ordinary run, too. The orders of the policies replay all of them at
 * any time; where results differ in cost and size, and in the simulator, which asks the same orders, one has to do.
 */
export const isOrdinary = ({ trace }: { readonly trace: string }): boolean =>
  process.env['TRACES'] === 'all' || trace === 'web12'

/** Costs and sizes are the same for all keys. */
const SAME = { costMs: 1, bytes: 1 }

const requests = new Map<string, readonly string[]>()

/** The keys that a trace asks for. They are read once: many cases replay the same trace. */
export function requestsOf(trace: string): readonly string[] {
  const known = requests.get(trace) ?? readTrace(trace)
  requests.set(trace, known)
  return known
}

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

/** The fewest misses that are possible, where each result has to be stored. */
export function beladyCases(): { readonly trace: string; readonly size: number; readonly misses: number }[] {
  if (!hasTraces()) return []
  return rows('reference.csv')
    .filter(([, , , , policy]) => policy === 'Belady')
    .map(([trace = '', , , size, , misses]) => ({ trace, size: Number(size), misses: Number(misses) }))
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

/** A trace through a cache with a bound, and what a policy costs there. */
export interface CostCase {
  readonly trace: string
  readonly model: CostModel
  /** In entries, or else in bytes. */
  readonly entries: number | undefined
  readonly bytes: number | undefined
  readonly policy: string
  readonly misses: number
  readonly costMs: number
}

/** The cases of the reference for costs; none where the traces are not there. */
export function costCases(): CostCase[] {
  if (!hasTraces()) return []
  return rows('costs.csv').map(([trace = '', model, entries, bytes, policy = '', misses, costMs]) => ({
    trace,
    model: model as CostModel,
    entries: entries === '' ? undefined : Number(entries),
    bytes: bytes === '' ? undefined : Number(bytes),
    policy,
    misses: Number(misses),
    costMs: Number(costMs),
  }))
}

/** What an order costs: how many requests miss, and how long it takes to compute their results again. */
export function replayCosts(
  order: EvictionOrder,
  bound: Pick<CostCase, 'entries' | 'bytes'>,
  keys: readonly string[],
  results: ReadonlyMap<string, StoredResult>,
): { misses: number; costMs: number } {
  const { entries = Number.POSITIVE_INFINITY, bytes: most = Number.POSITIVE_INFINITY } = bound
  const present = new Map<string, number>()
  let [misses, costMs, held] = [0, 0, 0]
  for (const key of keys) {
    if (present.has(key)) {
      order.touch([key])
      continue
    }
    const result = results.get(key) as StoredResult
    misses++
    costMs += result.costMs
    if (result.bytes > most) continue
    while (present.size >= entries || held + result.bytes > most) {
      for (const victim of order.evict(1)) {
        held -= present.get(victim) ?? 0
        present.delete(victim)
      }
    }
    order.insert(key, result)
    present.set(key, result.bytes)
    held += result.bytes
  }
  return { misses, costMs }
}

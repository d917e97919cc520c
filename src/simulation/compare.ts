import { type Bound, scaled } from './bound.ts'
import type { Candidate } from './candidates.ts'
import { fewestMisses, nextRequests, SparingBound } from './optimum.ts'
import { simulate } from './simulate.ts'
import type { Trace } from './trace.ts'

/** How a policy, or the optimum, does with a bound. Of a sample, all figures are scaled to the whole. */
export interface Result {
  readonly bound: Bound
  /** The name of the policy, or `optimum`. */
  readonly policy: string
  /** The part of the requests that hit. */
  readonly hitRatio: number
  /** The part of the bytes that were asked for that hits gave; `undefined` if sizes are not known. */
  readonly byteHitRatio: number | undefined
  /** The time that misses cost, in seconds; `undefined` if costs are not known. */
  readonly recomputedSeconds: number | undefined
  /** The time that hits spared, in seconds; `undefined` if costs are not known. */
  readonly sparedSeconds: number | undefined
}

/** Policies and bounds, compared over a trace. */
export interface Comparison {
  /** Of all requests, also those that a sample leaves out. */
  readonly requests: number
  /** The number of different keys, also those that a sample leaves out. */
  readonly keys: number
  /** What all requests would cost without a cache, in seconds. */
  readonly totalSeconds: number | undefined
  /** The part of the requests that hit in the cache that was traced. */
  readonly recordedHitRatio: number | undefined
  readonly bounds: readonly Bound[]
  readonly policies: readonly Candidate[]
  readonly results: readonly Result[]
  /** What the optimum of hits is: exact, or a bound that no policy can pass. */
  readonly optimum: 'exact' | 'bound'
}

/** The name of the optimum among results. */
export const OPTIMUM = 'optimum'

/**
 * Runs a trace through each policy with each bound.
 *
 * @param admit The probability with which a full cache stores a result.
 */
export function compare(
  trace: Trace,
  policies: readonly Candidate[],
  bounds: readonly Bound[],
  admit = 1,
): Comparison {
  const scale = new Scale(trace)
  const best = optimumOf(trace, scale)
  const results: Result[] = []
  for (const bound of bounds) {
    for (const { name, createOrder } of policies) {
      const { misses, missMs, missBytes } = simulate(trace, createOrder(), bound, { admit })
      results.push(scale.result(bound, name, misses, missMs, missBytes))
    }
    results.push(best.at(bound))
  }
  const { recordedHits, ids, keys, rate, requests } = trace
  return {
    requests: Math.round(requests),
    keys: Math.round(keys / rate),
    totalSeconds: scale.totalSeconds,
    recordedHitRatio: recordedHits === undefined ? undefined : recordedHits / ids.length,
    bounds,
    policies,
    results,
    optimum: bounds.every((bound) => best.isExact(bound)) ? 'exact' : 'bound',
  }
}

/** Scales what a sample did to what all requests would have done. */
class Scale {
  readonly totalSeconds: number | undefined
  readonly totalMs: number
  readonly totalBytes: number
  readonly #trace: Trace

  constructor(trace: Trace) {
    this.#trace = trace
    this.totalMs = sum(trace.costsMs)
    this.totalBytes = sum(trace.bytes)
    this.totalSeconds = trace.costsMs === undefined ? undefined : this.#seconds(this.totalMs)
  }

  result(bound: Bound, policy: string, misses: number, missMs: number, missBytes: number): Result {
    const { requests, rate, costsMs, bytes } = this.#trace
    return {
      bound,
      policy,
      // Keys with very many requests may all be in a sample, or none: they hardly ever miss. So misses are counted, and not hits.
      hitRatio: Math.max(0, 1 - misses / rate / requests),
      byteHitRatio:
        bytes === undefined ? undefined : this.totalBytes === 0 ? 0 : 1 - missBytes / this.totalBytes,
      recomputedSeconds: costsMs === undefined ? undefined : this.#seconds(missMs),
      sparedSeconds: costsMs === undefined ? undefined : this.#seconds(this.totalMs - missMs),
    }
  }

  #seconds(ms: number): number {
    return ms / this.#trace.rate / 1_000
  }
}

const sum = (values: Float64Array | undefined): number => {
  let total = 0
  for (const value of values ?? []) total += value
  return total
}

/** The optimum for each bound. Sorting the intervals takes long, and is done once. */
function optimumOf(trace: Trace, scale: Scale) {
  const next = nextRequests(trace)
  const { ids, costsMs, bytes, rate } = trace
  const lazily = (spares: (i: number) => number) => {
    const made: Partial<Record<Bound['kind'], SparingBound>> = {}
    return ({ kind, limit }: Bound) =>
      (made[kind] ??= new SparingBound(trace, next, spares, kind === 'bytes' ? bytes : undefined)).at(limit)
  }
  const hits = lazily(() => 1)
  const ms = costsMs === undefined ? undefined : lazily((i) => costsMs[i] as number)
  const hitBytes = bytes === undefined ? undefined : lazily((i) => bytes[i] as number)
  /** The one size that all results have. */
  const size = bytes?.every((each) => each === bytes[0]) ? bytes[0] : undefined
  const isExact = ({ kind }: Bound) => kind === 'entries' || size !== undefined
  return {
    isExact,
    at(bound: Bound): Result {
      const small = scaled(bound, rate)
      const capacity =
        small.kind === 'entries'
          ? small.limit
          : size === undefined
            ? undefined
            : Math.floor(small.limit / size)
      const misses =
        capacity === undefined ? ids.length - hits(small) : fewestMisses(trace, capacity, { next })
      const missMs = ms === undefined ? 0 : scale.totalMs - ms(small)
      const missBytes = hitBytes === undefined ? 0 : scale.totalBytes - hitBytes(small)
      return scale.result(bound, OPTIMUM, misses, missMs, missBytes)
    },
  }
}

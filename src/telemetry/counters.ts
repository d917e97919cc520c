import type { NearStats } from './near-figures.ts'
import { newStats, type Stats } from '../context/stats.ts'
import type { Advice } from '../simulation/advice/advice.ts'
import { type Health, StoreHealth, type StoreStats } from './store-health.ts'

/** Figures of what one cache did in this process since its construction. */
export interface CacheStats extends Stats {
  /** When the cache was constructed, by the clock of this process. */
  readonly since: Date
  /** How the store does. */
  readonly store: StoreStats
  /** What this process holds in front of the store. */
  readonly nearTier: NearStats
  /**
   * What another policy or another bound would have saved in the last hour; `undefined` unless the policy is `'auto'` or the option
   * `advise` is given.
   */
  readonly advice: Advice | undefined
  /** How long the steps of calls took. */
  readonly latencies: {
    /** Durations of lookups that the store answered, one for each entry. Entries that share a command share its duration. */
    readonly lookups: Latency
    /** Durations of puts, whether the store accepted or refused them; also those of `set` and `prime`. */
    readonly puts: Latency
    /** Durations of runs of functions, whether they returned or threw; one for each id of `wrapMany`. */
    readonly computations: Latency
  }
}

/**
 * A cumulative histogram of durations in seconds, in the form of Prometheus.
 * @see https://prometheus.io/docs/concepts/metric_types/#histogram
 */
export interface Latency {
  /** The number of observations. */
  readonly count: number
  /** The sum of all durations, in seconds. */
  readonly sum: number
  /** The buckets: in each, `count` observations took at most `le` seconds; `le` of the last bucket is `Infinity`. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[]
}

/** The upper bounds of the buckets, in milliseconds. */
const BOUNDS_MS = [
  0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000,
] as const

/** The weight of the latest observation in the moving average. */
const LATEST = 1 / 16

/** Counts durations in buckets. */
export class Histogram {
  /** A moving average; `undefined` before the first observation. */
  recentMs: number | undefined
  #sumMs = 0
  readonly #counts: number[] = Array.from({ length: BOUNDS_MS.length + 1 }, () => 0)

  /** Adds observations: `times` of them took `ms` milliseconds each. */
  observe(ms: number, times = 1): void {
    this.#sumMs += ms * times
    this.recentMs = this.recentMs === undefined ? ms : this.recentMs + (ms - this.recentMs) * LATEST
    let bucket = 0
    while (bucket < BOUNDS_MS.length && ms > (BOUNDS_MS[bucket] as number)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] as number) + times
  }

  get latency(): Latency {
    let count = 0
    const buckets = this.#counts.map((more, bucket) => {
      count += more
      return { le: (BOUNDS_MS[bucket] ?? Number.POSITIVE_INFINITY) / 1_000, count }
    })
    return { count, sum: this.#sumMs / 1_000, buckets }
  }
}

/** Counts what one cache does in this process. */
export class Counters {
  readonly stats: Stats = newStats()
  readonly lookups: Histogram = new Histogram()
  readonly puts: Histogram = new Histogram()
  readonly computations: Histogram = new Histogram()
  readonly store: StoreHealth = new StoreHealth()
  readonly #sinceMs = Date.now()

  get health(): Omit<Health, 'near'> {
    const { state, since, lastError } = this.store
    const { recentMs } = this.lookups
    return { state, since, lastError, latency: recentMs === undefined ? undefined : recentMs / 1_000 }
  }

  /** A copy of the figures as they are now. */
  snapshot(): Omit<CacheStats, 'nearTier' | 'advice'> {
    return {
      ...this.stats,
      since: new Date(this.#sinceMs),
      store: this.store.stats,
      latencies: {
        lookups: this.lookups.latency,
        puts: this.puts.latency,
        computations: this.computations.latency,
      },
    }
  }
}

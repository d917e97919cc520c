import { newStats, type Stats } from '../context/stats.ts'

/** What a cache did in this process since its construction. */
export interface CacheStats extends Stats {
  /** When the cache was constructed. */
  readonly since: Date
  /** How long the parts of calls took. */
  readonly latencies: {
    /** Lookups that the store answered, one observation an entry. Entries that share a command share its duration. */
    readonly lookups: Latency
    /** Results that were sent to the store, stored or refused; those of `set` and `prime` too. */
    readonly puts: Latency
    /** Runs of functions, whether they returned or threw; of a function of many ids, one for each id. */
    readonly computations: Latency
  }
}

/** A cumulative histogram of durations, as in Prometheus. */
export interface Latency {
  /** The number of observations. */
  readonly count: number
  /** The sum of all durations, in seconds. */
  readonly sum: number
  /** In each bucket, `count` observations took at most `le` seconds; `le` of the last one is `Infinity`. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[]
}

/** Bounds of the buckets, in milliseconds. */
const BOUNDS_MS = [
  0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000,
] as const

/** Counts durations by buckets. */
export class Histogram {
  #sumMs = 0
  readonly #counts: number[] = Array.from({ length: BOUNDS_MS.length + 1 }, () => 0)

  /** @param times How many took so long. */
  observe(ms: number, times = 1): void {
    this.#sumMs += ms * times
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
  readonly #sinceMs = Date.now()

  /** The figures as they are now. */
  snapshot(): CacheStats {
    return {
      ...this.stats,
      since: new Date(this.#sinceMs),
      latencies: {
        lookups: this.lookups.latency,
        puts: this.puts.latency,
        computations: this.computations.latency,
      },
    }
  }
}

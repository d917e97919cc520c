import { newStats, type Stats } from '../context/stats.ts'

/** What a cache did in this process since it was made. */
export interface CacheStats extends Stats {
  /** When it was made. */
  readonly since: Date
  /** How long it took. */
  readonly latencies: {
    /** Each lookup in the store; those that travelled together took as long as their command. */
    readonly lookups: Latency
    /** Each result that was stored, or refused because it was invalidated meanwhile. */
    readonly puts: Latency
    /** Each run of a function, whether it returned or threw. */
    readonly computations: Latency
  }
}

/** A histogram of durations, as Prometheus knows them. */
export interface Latency {
  /** How many were measured. */
  readonly count: number
  /** Seconds that they took together. */
  readonly sum: number
  /** How many took no longer than `le` seconds; the last bucket has no bound, and counts all. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[]
}

/** Bounds of the buckets, in milliseconds. */
const BOUNDS_MS = [
  0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000,
] as const

/** How long something took, so often. */
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
  readonly #since = new Date()

  /** How things stand now. */
  snapshot(): CacheStats {
    return {
      ...this.stats,
      since: this.#since,
      latencies: {
        lookups: this.lookups.latency,
        puts: this.puts.latency,
        computations: this.computations.latency,
      },
    }
  }
}

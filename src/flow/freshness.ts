/** How long a stored result may be served, past the end of its freshness and shortly before it. */
export interface FreshnessRules {
  /** How long past its freshness a result is served at once, while it is refreshed in the background. */
  readonly staleWhileRevalidateMs: number
  /** How long past its freshness a result is served if the function fails or takes longer than `softTimeout`. */
  readonly staleIfErrorMs: number
  /** How eagerly results are refreshed before they are stale; `undefined` for not at all. */
  readonly beta: number | undefined
}

/**
 * What may be done with a stored result:
 * - `fresh`: serve it;
 * - `early`: serve it and refresh it, although it is still fresh;
 * - `stale`: serve it and refresh it, since it is no longer fresh;
 * - `fallback`: run the function, and serve it only if the function fails;
 * - `expired`: ignore it.
 */
export type Verdict = 'fresh' | 'early' | 'stale' | 'fallback' | 'expired'

/** What is known of the age of a stored result. */
export interface EntryAge {
  /** When the result was looked up, in milliseconds since 1970 by the server's clock. */
  readonly atMs: number
  /** Until when the result is fresh, by the same clock; `undefined` if unknown, and then the result counts as stale. */
  readonly freshUntilMs: number | undefined
  /** How long the function took to compute the result; `undefined` if unknown. */
  readonly computeMs: number | undefined
}

/**
 * Judges a stored result by its age.
 *
 * Early refreshing is probabilistic: the nearer the end and the longer the computation, the likelier. So one of many
 * readers refreshes the result shortly before all of them would have to.
 *
 * @param random Yields numbers from 0 up to, but not including, 1.
 * @see Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.
 */
export function judge(age: EntryAge, rules: FreshnessRules, random: () => number = Math.random): Verdict {
  const { atMs, freshUntilMs, computeMs = 0 } = age
  const { staleWhileRevalidateMs, staleIfErrorMs, beta } = rules
  if (freshUntilMs === undefined) {
    if (staleWhileRevalidateMs > 0) return 'stale'
    return staleIfErrorMs > 0 ? 'fallback' : 'expired'
  }
  if (atMs < freshUntilMs) {
    if (beta === undefined) return 'fresh'
    const aheadMs = -computeMs * beta * Math.log(1 - random())
    return atMs + aheadMs < freshUntilMs ? 'fresh' : 'early'
  }
  if (atMs < freshUntilMs + staleWhileRevalidateMs) return 'stale'
  return atMs < freshUntilMs + staleIfErrorMs ? 'fallback' : 'expired'
}

/** For how long a result is fresh, in milliseconds: its TTL, less a random part, so that results do not all end at once. */
export function jittered(ttlMs: number, jitter: number, random: () => number = Math.random): number {
  return jitter === 0 ? ttlMs : Math.max(1, Math.round(ttlMs * (1 - jitter * random())))
}

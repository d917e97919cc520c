/** For how long results serve, past the time in which they are fresh. */
export interface Grace {
  /** So long, a stale result is served at once and refreshed behind the caller. */
  readonly staleMs: number
  /** So long, it is served where the function fails, or takes too long. */
  readonly spareMs: number
  /** How eagerly results are refreshed before they are stale; `undefined` for not at all. */
  readonly beta: number | undefined
}

/**
 * What a stored result is good for: to be served (`fresh`); to be served and refreshed, though it still is fresh (`early`)
 * or since it no longer is (`stale`); to be served in place of an error (`spare`); or for nothing (`gone`).
 */
export type Verdict = 'fresh' | 'early' | 'stale' | 'spare' | 'gone'

/** When a stored result was looked at, and what is noted of it. */
export interface Sighting {
  readonly atMs: number
  /** `undefined` if that is not known: it passes for stale. */
  readonly freshUntilMs: number | undefined
  readonly computeMs: number | undefined
}

/**
 * Judges a stored result. (Early refreshing: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede
 * Prevention", VLDB 2015: the nearer the end and the longer the computation, the likelier; so one of many readers refreshes
 * shortly before all of them would.)
 *
 * @param random Yields numbers from 0 up to, but not including, 1.
 */
export function judge(sighting: Sighting, grace: Grace, random: () => number = Math.random): Verdict {
  const { atMs, freshUntilMs, computeMs = 0 } = sighting
  if (freshUntilMs === undefined) return grace.staleMs > 0 ? 'stale' : grace.spareMs > 0 ? 'spare' : 'gone'
  if (atMs < freshUntilMs) {
    if (grace.beta === undefined) return 'fresh'
    const aheadMs = -computeMs * grace.beta * Math.log(1 - random())
    return atMs + aheadMs < freshUntilMs ? 'fresh' : 'early'
  }
  if (atMs < freshUntilMs + grace.staleMs) return 'stale'
  return atMs < freshUntilMs + grace.spareMs ? 'spare' : 'gone'
}

/** For how long a result is fresh when it is stored: its TTL, less a random part of it, so that not all end at once. */
export function jittered(ttlMs: number, jitter: number, random: () => number = Math.random): number {
  return jitter === 0 ? ttlMs : Math.max(1, Math.round(ttlMs * (1 - jitter * random())))
}

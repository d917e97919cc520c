/** Figures of what the calls of cached functions did, in an async context or in the whole process. */
export interface Stats {
  /** The number of calls of cached functions. */
  calls: number
  /** The number of lookups in the store. */
  read: number
  /** The number of results that were stored. */
  write: number
  /** The number of times that a wrapped function ran. */
  execute: number
  /** The number of calls that were served a fresh result from the store, or from what this process holds in front of it. */
  hit: number
  /** The number of those hits that were served from what this process holds (`near`). */
  near: number
  /** The number of calls that were served a stale result. */
  stale: number
  /** The number of calls that found nothing in the store to serve. */
  miss: number
  /** The number of calls that waited for another process to compute the result. */
  wait: number
  /** The number of results that were refreshed in the background. */
  refresh: number
  /** The number of calls that joined an equal call under way in this process, and got its outcome. */
  joined: number
  /** The number of entries that were evicted to make room. */
  evicted: number
  /** The number of failures of the store, a serializer or a callback that calls survived. */
  error: number
}

export const newStats = (): Stats => ({
  calls: 0,
  read: 0,
  write: 0,
  execute: 0,
  hit: 0,
  near: 0,
  stale: 0,
  miss: 0,
  wait: 0,
  refresh: 0,
  joined: 0,
  evicted: 0,
  error: 0,
})

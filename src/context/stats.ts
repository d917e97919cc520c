/** What calls of cached functions did in an async context. */
export interface Stats {
  /** Calls of cached functions. */
  calls: number
  /** Lookups in the store. */
  read: number
  /** Results stored. */
  write: number
  /** Runs of wrapped functions. */
  execute: number
  /** Calls served from the store. */
  hit: number
  /** Calls served a stale result. */
  stale: number
  /** Calls that found nothing in the store. */
  miss: number
  /** Calls that waited for another process that computed the same. */
  wait: number
  /** Results refreshed behind calls. */
  refresh: number
  /** Calls that joined an equal one already under way in this process, and were served what it brought. */
  joined: number
  /** Entries evicted by what was stored. */
  evicted: number
  /** Troubles of the store or a serializer that calls were spared. */
  error: number
}

export const newStats = (): Stats => ({
  calls: 0,
  read: 0,
  write: 0,
  execute: 0,
  hit: 0,
  stale: 0,
  miss: 0,
  wait: 0,
  refresh: 0,
  joined: 0,
  evicted: 0,
  error: 0,
})

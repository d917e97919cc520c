import { toError } from '../realms/native.ts'
import type { Counters } from './counters.ts'
import { cureFor } from './cures.ts'
import type { Events } from './events.ts'
import { warnOfFailure } from './warnings.ts'

/** Which entries were invalidated together: those of a function, those with one of some tags, or all. */
export interface Invalidated {
  readonly function?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly soft: boolean
}

/** Counts and reports what concerns a cache as a whole, and not the calls of one function. */
export class CacheReporter {
  readonly #cache: string
  readonly #events: Events
  readonly #counters: Counters

  constructor(cache: string, events: Events, counters: Counters) {
    this.#cache = cache
    this.#events = events
    this.#counters = counters
  }

  invalidated(which: Invalidated, count: number, durationMs: number): void {
    if (!this.#events.wants('invalidate')) return
    const { function: fn, tags, soft } = which
    this.#events.emit('invalidate', {
      cache: this.#cache,
      function: fn,
      hash: undefined,
      hashes: undefined,
      tags,
      soft,
      count,
      durationMs,
    })
  }

  /** An option of the cache that is called for no one call, such as `waitUntil`, failed. */
  callbackFailed(thrown: unknown): void {
    this.#failed('callback', toError(thrown))
  }

  /** A read could not be recorded for the policy. Where the client was closed, nothing is amiss: the program is at its end. */
  touchFailed(thrown: unknown): void {
    const error = toError(thrown)
    if (cureFor(error).kind !== 'not-connected') this.#failed('touch', error)
  }

  #failed(during: 'callback' | 'touch', error: Error): void {
    this.#counters.stats.error++
    if (!this.#events.wants('error')) return warnOfFailure(this.#cache, undefined, during, error)
    const which = { cache: this.#cache, function: undefined, hash: undefined, durationMs: 0 }
    this.#events.emit('error', { ...which, during, error })
  }
}

import type { BreakerState } from '../flow/circuit-breaker.ts'
import { toError } from '../realms/native.ts'
import type { Advice } from '../simulation/advice/advice.ts'
import type { Counters } from './counters.ts'
import { cureFor } from '../warnings/cures.ts'
import type { Events } from './events.ts'
import { warnOfFailure } from '../warnings/warnings.ts'

/** The entries that one invalidation concerns: a function, some tags, or, without both, all. */
export interface Invalidated {
  readonly function?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly soft: boolean
}

/** Counts and reports what concerns a cache as a whole rather than the calls of one function. */
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

  /** Reports that a callback of the cache failed that is not called for a single call, such as `waitUntil`. */
  callbackFailed(thrown: unknown): void {
    this.#failed('callback', toError(thrown))
  }

  /**
   * Reports that a read could not be reported to the policy. After the client was closed it is no failure: the program is about to
   * end.
   */
  touchFailed(thrown: unknown): void {
    const error = toError(thrown)
    if (cureFor(error).kind !== 'not-connected') this.#failed('touch', error)
  }

  /** Reports that the changes of a partition could not be asked for: near hits then have no proof. */
  nearFailed(thrown: unknown): void {
    const error = toError(thrown)
    if (cureFor(error).kind !== 'not-connected') this.#failed('near', error)
  }

  /** A recording has ended, because its file could not be written. */
  recordFailed(thrown: unknown): void {
    this.#failed('record', toError(thrown))
  }

  /** A simulation has shown what another policy or another bound would have saved. */
  advises(advice: Advice): void {
    if (this.#events.wants('advice')) this.#events.emit('advice', { cache: this.#cache, ...advice })
  }

  /** The breaker around the store changed its state. */
  breakerChanged(state: BreakerState, from: BreakerState): void {
    const { store } = this.#counters
    store.changed(state)
    if (!this.#events.wants('breaker')) return
    this.#events.emit('breaker', { cache: this.#cache, state, from, error: store.lastError })
  }

  #failed(during: 'callback' | 'touch' | 'near' | 'record', error: Error): void {
    this.#counters.stats.error++
    if (!this.#events.wants('error')) return warnOfFailure(this.#cache, undefined, during, error)
    const which = { cache: this.#cache, function: undefined, hash: undefined, durationMs: 0 }
    this.#events.emit('error', { ...which, during, error })
  }
}

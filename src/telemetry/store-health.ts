import { StoreError } from '../errors.ts'
import type { BreakerState } from '../flow/circuit-breaker.ts'
import { toError } from '../realms/native.ts'
import type { NearHealth } from './near-figures.ts'

/** How a cache gets on with its store, as far as the calls of this process have shown. */
export interface Health {
  /**
   * Whether the store is asked: `'closed'` as usual; `'open'` not at all, since it has failed several times in a row; `'half-open'`
   * by one call, to try it. Always `'closed'` without a breaker. Of a cache with shards, the worst state of any of them.
   */
  readonly state: BreakerState
  /** Since when it is in that state, by the clock of this process. */
  readonly since: Date
  /** The latest failure of the store, also after it has recovered; `undefined` if there was none. */
  readonly lastError: Error | undefined
  /** A moving average of how long lookups take that the store answers, in seconds; `undefined` if there was none. */
  readonly latency: number | undefined
  /** How what this process holds in front of the store keeps up with changes; `undefined` if it holds nothing (`near`). */
  readonly near: NearHealth | undefined
}

/** Figures of a store, in `stats()`. */
export interface StoreStats {
  /** Whether the store is asked. See {@link Health}. */
  readonly state: BreakerState
  /** How often the breaker has opened. */
  readonly opened: number
  /** The number of commands that the store did not answer within `storeTimeout`. */
  readonly timeouts: number
}

/** Records how the store does. */
export class StoreHealth {
  state: BreakerState = 'closed'
  opened = 0
  timeouts = 0
  lastError: Error | undefined
  #sinceMs = Date.now()

  get since(): Date {
    return new Date(this.#sinceMs)
  }

  changed(state: BreakerState): void {
    this.state = state
    this.#sinceMs = Date.now()
    if (state === 'open') this.opened++
  }

  failed(thrown: unknown): void {
    this.lastError = toError(thrown)
    if (thrown instanceof StoreError && thrown.reason === 'timeout') this.timeouts++
  }

  get stats(): StoreStats {
    const { state, opened, timeouts } = this
    return { state, opened, timeouts }
  }
}

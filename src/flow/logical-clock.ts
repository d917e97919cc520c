import { monotonicMs } from './timers.ts'

/**
 * What another machine's clock shows, as far as it was heard of: a logical clock that follows a physical one.
 *
 * It never shows the same twice, never goes back, and is always ahead of what was heard last, so that what a caller does
 * after an answer is later than what the answer tells of. (Lamport, "Time, Clocks, and the Ordering of Events in a
 * Distributed System", CACM 1978; Kulkarni et al., "Logical Physical Clocks", OPODIS 2014.)
 */
export class LogicalClock {
  readonly #elapsedMs: () => number
  #aheadUs = Number.NEGATIVE_INFINITY
  #lastUs = 0

  /** @param elapsedMs A clock of this machine that never goes back; default {@link monotonicMs}. */
  constructor(elapsedMs: () => number = monotonicMs) {
    this.#elapsedMs = elapsedMs
  }

  /** An answer told the time. The one that was the shortest under way told it best. */
  hear(atUs: number): void {
    this.#aheadUs = Math.max(this.#aheadUs, atUs - Math.floor(this.#elapsedMs() * 1000))
    this.#lastUs = Math.max(this.#lastUs, atUs)
  }

  /**
   * The time there, in microseconds.
   *
   * @param count How many moments are wanted, each a microsecond after the other: this is the last of them.
   */
  now(count: number = 1): number {
    this.#lastUs = Math.max(this.#lastUs + count, this.#aheadUs + Math.floor(this.#elapsedMs() * 1000))
    return this.#lastUs
  }
}

import { monotonicMs } from './timers.ts'

/**
 * A logical clock that follows the physical clock of another machine, by the times in its replies.
 *
 * It never returns the same time twice, never goes back, and is always ahead of the last observed time. So an action that
 * follows a reply is later than the events in that reply. (Lamport, "Time, Clocks, and the Ordering of Events in a
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

  /**
   * Records a reply with a time, in microseconds since 1970. The reply with the shortest way back shows the difference of the
   * clocks best, and that is the one that counts.
   */
  observe(atUs: number): void {
    this.#aheadUs = Math.max(this.#aheadUs, atUs - Math.floor(this.#elapsedMs() * 1000))
    this.#lastUs = Math.max(this.#lastUs, atUs)
  }

  /**
   * Returns the time of the other machine, in microseconds since 1970.
   *
   * @param count How many times are taken, each a microsecond after the one before. The last of them is returned.
   */
  now(count: number = 1): number {
    this.#lastUs = Math.max(this.#lastUs + count, this.#aheadUs + Math.floor(this.#elapsedMs() * 1000))
    return this.#lastUs
  }
}

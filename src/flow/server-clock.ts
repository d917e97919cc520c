import { monotonicMs, wallMs } from './timers.ts'

/** For how long after the last answer that told the time the clock of a server is known. */
const KNOWN_FOR_MS = 10_000

/** By how much two clocks may drift apart: twice what NTP slews, in parts of the time that passes. */
const DRIFT = 0.001

/** Wider bounds are of no use. */
const WIDEST_US = 500_000

/** By how much this machine's clock of the day and its monotonic clock may part before it counts as having slept. */
const SLEPT_MS = 100

/**
 * What the clock of a server shows, within bounds.
 *
 * Each answer that tells the time was made between the sending of its question and its arrival. That bounds the difference
 * of the clocks; of several answers the narrowest bounds hold, wider by what clocks may drift apart since.
 *
 * A verdict that falls within the bounds has to ask the server. Outside of them it is as exact as the server's own, but for
 * this: **when the clock of the server jumps** (a failover, NTP that steps), this notices when it hears the time next, within
 * {@link KNOWN_FOR_MS} at the latest. Until then it shows what the clock would show without the jump. So an entry that
 * was stored before the jump is served for as long as it was to be served, in real time, and not longer. One that was
 * stored after a jump ahead says that it was stored in the future: who sees that asks for the time. One that was stored
 * after a jump back may count as expired too early. A jump shorter than a round trip may go unnoticed; the bounds are then
 * wrong by as much.
 *
 * A machine that slept while its monotonic clock stood still asks for the time.
 */
export class ServerClock {
  readonly #elapsedMs: () => number
  readonly #todayMs: () => number
  /** Bounds of the server's time less that of {@link monotonicMs}, as they were when it was heard last. */
  #lowUs = Number.NEGATIVE_INFINITY
  #highUs = Number.POSITIVE_INFINITY
  #heardMs = Number.NEGATIVE_INFINITY
  #todayWhenHeardMs = 0

  /**
   * @param elapsedMs A clock of this machine that never goes back; default {@link monotonicMs}.
   * @param todayMs The time of the day on this machine; only differences are used.
   */
  constructor(elapsedMs: () => number = monotonicMs, todayMs: () => number = wallMs) {
    this.#elapsedMs = elapsedMs
    this.#todayMs = todayMs
  }

  /**
   * An answer has come that tells the time.
   *
   * @param atUs Microseconds since 1970.
   * @param sentMs When the question was sent, by {@link monotonicMs}.
   */
  observe(atUs: number, sentMs: number): void {
    const nowMs = this.#elapsedMs()
    const low = atUs - nowMs * 1_000
    // The server's clock may have run faster than this one on the way.
    const high = atUs + 1 - sentMs * 1_000 + (nowMs - sentMs) * 1_000 * DRIFT
    const hasSlept = this.#hasSlept(nowMs)
    const driftUs = this.#driftUs(nowMs)
    const [lowBefore, highBefore] = [this.#lowUs - driftUs, this.#highUs + driftUs]
    const hasJumped = hasSlept || low > highBefore || high < lowBefore
    this.#lowUs = hasJumped ? low : Math.max(low, lowBefore)
    this.#highUs = hasJumped ? high : Math.min(high, highBefore)
    this.#heardMs = nowMs
    this.#todayWhenHeardMs = this.#todayMs()
  }

  /** Whether the bounds can be relied on. */
  get isKnown(): boolean {
    const nowMs = this.#elapsedMs()
    return (
      nowMs - this.#heardMs < KNOWN_FOR_MS && this.#highUs - this.#lowUs < WIDEST_US && !this.#hasSlept(nowMs)
    )
  }

  /** The time there in milliseconds, at the earliest. */
  get earliestMs(): number {
    const nowMs = this.#elapsedMs()
    return (this.#lowUs - this.#driftUs(nowMs)) / 1_000 + nowMs
  }

  /** The time there in milliseconds, at the latest. */
  get latestMs(): number {
    const nowMs = this.#elapsedMs()
    return (this.#highUs + this.#driftUs(nowMs)) / 1_000 + nowMs
  }

  #driftUs(nowMs: number): number {
    return this.#heardMs === Number.NEGATIVE_INFINITY ? 0 : (nowMs - this.#heardMs) * 1_000 * DRIFT
  }

  #hasSlept(nowMs: number): boolean {
    const passedMs = this.#todayMs() - this.#todayWhenHeardMs
    return Math.abs(passedMs - (nowMs - this.#heardMs)) > SLEPT_MS
  }
}

import { monotonicMs, wallMs } from './timers.ts'

/** For how long the clock of a server counts as known after the last reply with a time. */
const KNOWN_FOR_MS = 10_000

/** How fast two clocks may drift apart, as a share of the time that passes: twice the rate at which NTP slews a clock. */
const DRIFT = 0.001

/** Wider bounds count as unknown: they would decide too few questions. */
const WIDEST_US = 500_000

/** If the wall clock and the monotonic clock of this machine differ by more than this, the machine counts as having slept. */
const SLEPT_MS = 100

/** The time of a server, in milliseconds since 1970. */
export interface TimeBounds {
  /** The earliest possible time. */
  readonly earliestMs: number
  /** The latest possible time. */
  readonly latestMs: number
  /** Whether these bounds can be used. */
  readonly isKnown: boolean
}

/**
 * Estimates the time of a server, within bounds.
 *
 * The server writes each time after the request was sent, and before the reply arrives. So each reply gives bounds for the
 * difference between the two clocks. The bounds of all replies are intersected, and grow by the possible drift since then.
 *
 * If a moment lies within the bounds, whether it has passed can only be decided by asking the server. Outside of the bounds
 * the decision is as exact as one of the server, with one exception: **when the clock of the server jumps** (a failover, a
 * step of NTP), this class notices it at the next reply with a time. The bounds are unknown after {@link KNOWN_FOR_MS}, so
 * that is the longest delay. Until then it shows the time as if there had been no jump:
 *
 * - An entry that was stored before the jump is served for the intended time, in real time, and no longer.
 * - An entry that was stored after a jump ahead has a time in the future. A reader that finds such an entry asks for the time.
 * - An entry that was stored after a jump back may count as expired too early.
 *
 * A jump shorter than a round trip may not be noticed. The bounds are then wrong by the length of the jump.
 *
 * If the machine slept while its monotonic clock stood still, the time is unknown until the next reply.
 */
export class ServerClock {
  readonly #elapsedMs: () => number
  readonly #todayMs: () => number
  /** Bounds of the server's time minus that of {@link monotonicMs}, at the last reply with a time. */
  #lowUs = Number.NEGATIVE_INFINITY
  #highUs = Number.POSITIVE_INFINITY
  #observedMs = Number.NEGATIVE_INFINITY
  #todayWhenObservedMs = 0

  /**
   * @param elapsedMs A clock of this machine that never goes back; default {@link monotonicMs}.
   * @param todayMs The wall clock of this machine, of which only differences are used; default {@link wallMs}.
   */
  constructor(elapsedMs: () => number = monotonicMs, todayMs: () => number = wallMs) {
    this.#elapsedMs = elapsedMs
    this.#todayMs = todayMs
  }

  /**
   * Records a reply with a time.
   *
   * @param atUs The time in the reply, in microseconds since 1970.
   * @param sentMs When the request was sent, by {@link monotonicMs}.
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
    this.#observedMs = nowMs
    this.#todayWhenObservedMs = this.#todayMs()
  }

  /** Whether the bounds can be used: they are recent and narrow, and the machine did not sleep. */
  get isKnown(): boolean {
    return this.#isKnownAt(this.#elapsedMs())
  }

  /** The bounds of the server's time now. Every clock of this machine is read once, since that is not cheap. */
  now(): TimeBounds {
    const nowMs = this.#elapsedMs()
    const driftUs = this.#driftUs(nowMs)
    return {
      earliestMs: (this.#lowUs - driftUs) / 1_000 + nowMs,
      latestMs: (this.#highUs + driftUs) / 1_000 + nowMs,
      isKnown: this.#isKnownAt(nowMs),
    }
  }

  #isKnownAt(nowMs: number): boolean {
    return (
      nowMs - this.#observedMs < KNOWN_FOR_MS &&
      this.#highUs - this.#lowUs < WIDEST_US &&
      !this.#hasSlept(nowMs)
    )
  }

  #driftUs(nowMs: number): number {
    return this.#observedMs === Number.NEGATIVE_INFINITY ? 0 : (nowMs - this.#observedMs) * 1_000 * DRIFT
  }

  #hasSlept(nowMs: number): boolean {
    const passedMs = this.#todayMs() - this.#todayWhenObservedMs
    return Math.abs(passedMs - (nowMs - this.#observedMs)) > SLEPT_MS
  }
}

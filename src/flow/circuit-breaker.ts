import { monotonicMs } from './timers.ts'

/** Whether the store is asked: `'closed'` as usual, `'open'` not at all, `'half-open'` by one command, to try it. */
export type BreakerState = 'closed' | 'open' | 'half-open'

export interface BreakerLimits {
  /** How many failures in a row open the breaker. */
  readonly failures: number
  /** For how long it is open the first time. */
  readonly openForMs: number
  /** For how long at most: each trial that fails doubles the time. */
  readonly maxOpenForMs: number
}

/** What {@link CircuitBreaker.admit} returns for a command that must not be sent. */
export const REFUSED = -1

/** Only a part of the time, at random: the processes of a service shall not all try at the same moment. */
const SHORTEST_PART = 0.5

/**
 * A circuit breaker: after some failures in a row nothing is sent for a while; then one command is tried.
 *
 * @see Nygard, "Release It!", 2nd edition, Pragmatic Bookshelf 2018, chapter 5.
 */
export class CircuitBreaker {
  readonly #limits: BreakerLimits
  readonly #onChange: (state: BreakerState, from: BreakerState) => void
  readonly #nowMs: () => number
  readonly #random: () => number
  #state: BreakerState = 'closed'
  #failures = 0
  #openForMs: number
  /** Until when it stays open; while it is half-open, until when it waits for the trial. */
  #untilMs = 0
  /** Changes with each success and each change of state: a failure counts only if neither came since its command was sent. */
  #epoch = 0

  /** @param onChange Called when the state has changed. It must not throw. */
  constructor(
    limits: BreakerLimits,
    onChange: (state: BreakerState, from: BreakerState) => void = () => {},
    nowMs: () => number = monotonicMs,
    random: () => number = Math.random,
  ) {
    this.#limits = limits
    this.#onChange = onChange
    this.#nowMs = nowMs
    this.#random = random
    this.#openForMs = limits.openForMs
  }

  get state(): BreakerState {
    return this.#state
  }

  /** A ticket for a command that is sent whatever the state, and whose outcome counts. */
  get ticket(): number {
    return this.#epoch
  }

  /** A ticket for a command, to be given to {@link failed}; {@link REFUSED} if it must not be sent now. */
  admit(): number {
    if (this.#state === 'closed') return this.#epoch
    const nowMs = this.#nowMs()
    if (nowMs < this.#untilMs) return REFUSED
    this.#untilMs = nowMs + this.#limits.maxOpenForMs // a trial that never ends is followed by another one
    this.#become('half-open')
    return this.#epoch
  }

  /** A command was answered. */
  succeeded(): void {
    this.#epoch++
    this.#failures = 0
    if (this.#state === 'closed') return
    this.#openForMs = this.#limits.openForMs
    this.#become('closed')
  }

  /**
   * A command was answered after its deadline: the store is there again, or it is slow. The next command tries it, without
   * waiting until the time is over.
   */
  answeredLate(): void {
    if (this.#state === 'open') this.#untilMs = this.#nowMs()
  }

  /** A command was not answered. */
  failed(ticket: number): void {
    if (ticket !== this.#epoch || this.#state === 'open') return
    if (this.#state === 'closed') {
      this.#failures++
      if (this.#failures < this.#limits.failures) return
    } else {
      this.#openForMs = Math.min(2 * this.#openForMs, this.#limits.maxOpenForMs)
    }
    this.#untilMs = this.#nowMs() + this.#openForMs * (SHORTEST_PART + (1 - SHORTEST_PART) * this.#random())
    this.#become('open')
  }

  #become(state: BreakerState): void {
    const from = this.#state
    if (state === from) return
    this.#state = state
    this.#epoch++
    this.#onChange(state, from)
  }
}

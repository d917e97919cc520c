import { monotonicMs } from './timers.ts'

const FIRST_MS = 1_000
const LONGEST_MS = 60_000

/** Names remembered; the one that failed longest ago is forgotten first. */
const LIMIT = 1_000

/** Growing pauses after failures: a second, two, four … up to a minute. */
export class Backoff<Cause> {
  readonly #elapsedMs: () => number
  readonly #pauses = new Map<
    string,
    { readonly ms: number; readonly untilMs: number; readonly cause: Cause }
  >()

  /** @param elapsedMs A clock of this machine that never goes back; default {@link monotonicMs}. */
  constructor(elapsedMs: () => number = monotonicMs) {
    this.#elapsedMs = elapsedMs
  }

  /** What the last failure was, while the pause after it lasts. */
  causeOfPause(name: string): Cause | undefined {
    const pause = this.#pauses.get(name)
    return pause !== undefined && this.#elapsedMs() < pause.untilMs ? pause.cause : undefined
  }

  failed(name: string, cause: Cause): void {
    const ms = Math.min(LONGEST_MS, 2 * (this.#pauses.get(name)?.ms ?? FIRST_MS / 2))
    this.#pauses.delete(name)
    this.#pauses.set(name, { ms, untilMs: this.#elapsedMs() + ms, cause })
    for (const oldest of this.#pauses.keys()) {
      if (this.#pauses.size <= LIMIT) break
      this.#pauses.delete(oldest)
    }
  }

  succeeded(name: string): void {
    this.#pauses.delete(name)
  }
}

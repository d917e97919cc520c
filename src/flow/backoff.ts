import { monotonicMs } from './timers.ts'

const FIRST_MS = 1_000
const LONGEST_MS = 60_000

/** The number of names that are remembered; the one that failed the longest ago is forgotten first. */
const LIMIT = 1_000

/** Pauses after failures: 1 second after the first, doubled by each further one, up to 1 minute. */
export class Backoff<Cause> {
  readonly #elapsedMs: () => number
  readonly #pauses = new Map<
    string,
    { readonly ms: number; readonly untilMs: number; readonly cause: Cause }
  >()

  /** @param elapsedMs A clock of this machine that never goes back; by default {@link monotonicMs}. */
  constructor(elapsedMs: () => number = monotonicMs) {
    this.#elapsedMs = elapsedMs
  }

  /** The cause of the last failure, while the pause after it lasts; otherwise `undefined`. */
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

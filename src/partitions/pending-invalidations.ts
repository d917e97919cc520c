import { StoreError } from '../errors.ts'
import { clearTimeout, monotonicMs, setTimeout } from '../flow/timers.ts'
import type { Hash } from '../keys/call-hash.ts'

/** Which entries an invalidation names, as far as that is known without reading them. */
export type Names = (index: string, hash: Hash, isTagged: boolean) => boolean

/** The pauses between attempts. */
const SHORTEST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

interface Pending {
  readonly names: Names
  /** Ends the pause before the next attempt. */
  wake: () => void
}

/**
 * Invalidations with `retryFor` that are not known to be carried out. While one is pending, no call of this process is served what
 * it names.
 *
 * Promise: done-or-rejects.
 */
export class PendingInvalidations {
  readonly #pending = new Set<Pending>()
  /** How often {@link giveUp} was called. */
  #givenUp = 0

  /** Whether there are any. */
  get isAny(): boolean {
    return this.#pending.size > 0
  }

  /** Whether an entry must not be served. */
  concern(index: string, hash: Hash, isTagged: boolean): boolean {
    if (this.#pending.size === 0) return false
    for (const { names } of this.#pending) if (names(index, hash, isTagged)) return true
    return false
  }

  /**
   * Tries an invalidation until it is carried out, or the time is over.
   *
   * What it names is withheld before the first attempt: its command may fail when it is carried out already, or be carried out
   * when it has failed.
   *
   * @param retryForMs `undefined` to try it once.
   * @throws What the last attempt threw.
   */
  async carryOut<T>(names: Names, retryForMs: number | undefined, attempt: () => Promise<T>): Promise<T> {
    if (retryForMs === undefined) return attempt()
    const pending: Pending = { names, wake: () => {} }
    const givenUp = this.#givenUp
    const untilMs = monotonicMs() + retryForMs
    this.#pending.add(pending)
    try {
      for (let pauseMs = SHORTEST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
        try {
          return await attempt()
        } catch (error) {
          const leftMs = untilMs - monotonicMs()
          if (!(error instanceof StoreError) || leftMs <= 0 || givenUp !== this.#givenUp) throw error
          await pause(pending, Math.min(leftMs, pauseMs * (0.5 + Math.random() / 2)))
          if (givenUp !== this.#givenUp) throw error
        }
      }
    } finally {
      this.#pending.delete(pending)
    }
  }

  /** The store answers again: the next attempts are made now. */
  tryNow(): void {
    for (const { wake } of this.#pending) wake()
  }

  /** Pending invalidations reject, unless the attempt that is under way succeeds. */
  giveUp(): void {
    this.#givenUp++
    this.tryNow()
  }
}

function pause(pending: Pending, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms) // it keeps the process alive: the invalidation was not carried out yet
    pending.wake = () => {
      clearTimeout(timer)
      resolve()
    }
  })
}

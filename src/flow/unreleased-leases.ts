import { clearTimeout, monotonicMs, setTimeout } from './timers.ts'

/** How long after a release that failed it is tried again. */
const RETRY_MS = 250

/** More are not remembered: leases end by themselves. */
const LIMIT = 1_000

interface Held {
  readonly hash: string
  readonly asker: string
}

/**
 * Leases whose load has ended, and whose release failed or may have been lost. Until they end by themselves, they are released
 * again; and the next call for the same entry in this process takes them over, instead of waiting for itself.
 */
export class UnreleasedLeases {
  readonly #release: (held: readonly Held[]) => Promise<unknown>
  readonly #leaseMs: number
  readonly #all = new Map<string, Held & { readonly untilMs: number }>()
  #timer: NodeJS.Timeout | undefined

  constructor(release: (held: readonly Held[]) => Promise<unknown>, leaseMs: number) {
    this.#release = release
    this.#leaseMs = leaseMs
  }

  add({ hash, asker }: Held): void {
    if (this.#all.size >= LIMIT) return
    this.#all.set(hash, { hash, asker, untilMs: monotonicMs() + this.#leaseMs })
    this.#retryLater()
  }

  /** The lease of an entry, which is then no longer released here. */
  take(hash: string): Held | undefined {
    const held = this.#all.get(hash)
    this.#all.delete(hash)
    return held === undefined || held.untilMs <= monotonicMs()
      ? undefined
      : { hash: held.hash, asker: held.asker }
  }

  close(): void {
    this.#all.clear()
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #retryLater(): void {
    this.#timer ??= setTimeout(() => void this.#retry(), RETRY_MS)
    this.#timer.unref?.()
  }

  async #retry(): Promise<void> {
    const nowMs = monotonicMs()
    for (const [hash, { untilMs }] of this.#all) if (untilMs <= nowMs) this.#all.delete(hash)
    const all = [...this.#all.values()]
    try {
      if (all.length > 0) await this.#release(all.map(({ hash, asker }) => ({ hash, asker })))
      for (const held of all) if (this.#all.get(held.hash) === held) this.#all.delete(held.hash)
    } catch {
      // until they end by themselves
    }
    this.#timer = undefined
    if (this.#all.size > 0) this.#retryLater()
  }
}

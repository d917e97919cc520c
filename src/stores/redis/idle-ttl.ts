import { monotonicMs } from '../../flow/timers.ts'

/**
 * The part of an idle TTL that may pass before this process renews it, and the longest time. Another process may have created
 * the keys again meanwhile, with the idle TTL that it knows.
 */
const RENEW_AFTER = 0.1
const RENEW_AT_LATEST_MS = 360_000

/** When this process last renewed the life of the keys of a partition, which slides with their use. */
export class IdleTtl {
  /** When the life of the keys is to be renewed, by {@link monotonicMs}. */
  #renewAtMs = 0

  /** Whether the keys have to be renewed by a command of their own. Then they count as renewed. */
  isDue(idleTtlMs: number | undefined): boolean {
    if (idleTtlMs === undefined || monotonicMs() < this.#renewAtMs) return false
    this.renewed(idleTtlMs)
    return true
  }

  /** The keys were renewed, as by every put. */
  renewed(idleTtlMs: number | undefined): void {
    if (idleTtlMs === undefined) return
    this.#renewAtMs = monotonicMs() + Math.min(idleTtlMs * RENEW_AFTER, RENEW_AT_LATEST_MS)
  }
}

import type { EvictionOrder, StoredResult } from '../../policies/eviction-order.ts'

/** The bounds of a cache; `Infinity` for none. */
export interface Bounds {
  readonly entries: number
  readonly bytes: number
}

/** A cache without values, which shows what a policy and a bound would do with the calls that it is told of. */
export class Shadow {
  misses = 0
  missMs = 0
  readonly #order: EvictionOrder
  readonly #bounds: Bounds
  /** The bytes of each entry. */
  readonly #bytes = new Map<string, number>()
  #used = 0

  constructor(order: EvictionOrder, bounds: Bounds) {
    this.#order = order
    this.#bounds = bounds
  }

  /** A call. @param isStored Whether its result is stored if it misses. */
  call(one: readonly [string], result: StoredResult, isStored: boolean): void {
    const [hash] = one
    if (this.#bytes.has(hash)) {
      this.#order.touch(one)
      return
    }
    this.misses++
    this.missMs += result.costMs
    if (isStored) this.#put(hash, { costMs: Math.max(1, result.costMs), bytes: Math.max(1, result.bytes) })
  }

  /** The number of entries. */
  get size(): number {
    return this.#bytes.size
  }

  #put(hash: string, stored: StoredResult): void {
    const { entries, bytes } = this.#bounds
    if (stored.bytes > bytes) return
    while ((this.#bytes.size >= entries || this.#used + stored.bytes > bytes) && this.#evict());
    this.#bytes.set(hash, stored.bytes)
    this.#used += stored.bytes
    this.#order.insert(hash, stored)
  }

  #evict(): boolean {
    const victims = this.#order.evict(1)
    for (const victim of victims) {
      this.#used -= this.#bytes.get(victim) ?? 0
      this.#bytes.delete(victim)
    }
    return victims.length > 0
  }
}

import type { EvictionOrder, StoredResult } from '../../policies/eviction-order.ts'
import type { Bound } from '../bound.ts'

/** A cache without values, which shows what a policy and a bound would do with the calls that it is told of. */
export class Shadow {
  misses = 0
  missMs = 0
  readonly #order: EvictionOrder
  readonly #bound: Bound
  /** What each entry takes of the bound. */
  readonly #taken = new Map<string, number>()
  #used = 0

  constructor(order: EvictionOrder, bound: Bound) {
    this.#order = order
    this.#bound = bound
  }

  /** A call. @param isStored Whether its result is stored if it misses. */
  call(one: readonly [string], result: StoredResult, isStored: boolean): void {
    const [hash] = one
    if (this.#taken.has(hash)) {
      this.#order.touch(one)
      return
    }
    this.misses++
    this.missMs += result.costMs
    if (isStored) this.#put(hash, { costMs: Math.max(1, result.costMs), bytes: Math.max(1, result.bytes) })
  }

  /** The number of entries. */
  get size(): number {
    return this.#taken.size
  }

  #put(hash: string, stored: StoredResult): void {
    const { kind, limit } = this.#bound
    const taken = kind === 'entries' ? 1 : stored.bytes
    if (taken > limit) return
    while (this.#used + taken > limit && this.#evict());
    this.#taken.set(hash, taken)
    this.#used += taken
    this.#order.insert(hash, stored)
  }

  #evict(): boolean {
    const victims = this.#order.evict(1)
    for (const victim of victims) {
      this.#used -= this.#taken.get(victim) ?? 0
      this.#taken.delete(victim)
    }
    return victims.length > 0
  }
}

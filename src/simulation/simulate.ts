import type { EvictionOrder, StoredResult } from '../policies/eviction-order.ts'
import { type Bound, scaled } from './bound.ts'
import type { Trace } from './trace.ts'

/** What a simulated cache did with the requests of a trace; of a sample, with those of the sample. */
export interface Tally {
  readonly misses: number
  /** The time that misses cost, in milliseconds. */
  readonly missMs: number
  /** The bytes of the results of misses. */
  readonly missBytes: number
}

/** What is different from a cache with nothing but a policy and a bound. */
export interface SimulationOptions {
  /**
   * The probability with which a result is stored if another one has to be evicted for it, as the option `admit` of policies.
   * @default 1
   */
  readonly admit?: number | undefined
  /** Is told of each request whether it hit. */
  readonly onRequest?: ((isHit: boolean) => void) | undefined
}

/**
 * Runs a trace through a cache with an order of eviction, as a store does: a request is a lookup, and after a miss a put of the
 * same key. Entries are evicted until the new one fits, before it is inserted. What is larger than the bound is not stored.
 *
 * Entries have no end of their own, and nothing is invalidated.
 *
 * @param bound Of the whole cache; for a sample it is made smaller here.
 */
export function simulate(
  trace: Trace,
  order: EvictionOrder,
  bound: Bound,
  { admit = 1, onRequest }: SimulationOptions = {},
): Tally {
  const { ids, costsMs, bytes, isUnstorable, keys, rate } = trace
  const { kind, limit } = scaled(bound, rate)
  const entries = new SimulatedEntries(order, keys, limit, admit)
  let [misses, missMs, missBytes] = [0, 0, 0]
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number
    const isHit = entries.touch(id)
    onRequest?.(isHit)
    if (isHit) continue
    const [costMs, size] = [costsMs?.[i], bytes?.[i]]
    misses++
    missMs += costMs ?? 0
    missBytes += size ?? 0
    if (isUnstorable[i] === 1) continue
    // Where nothing tells of them, all results are alike. A store tells a policy that a result costs 1 ms at least.
    const stored = { costMs: Math.max(1, costMs ?? 1), bytes: Math.max(1, size ?? 1) }
    entries.put(id, kind === 'entries' ? 1 : stored.bytes, stored)
  }
  return { misses, missMs, missBytes }
}

/** The entries of a simulated cache: which are there, and what they take of the bound. */
class SimulatedEntries {
  readonly #order: EvictionOrder
  readonly #limit: number
  readonly #admit: number
  readonly #isStored: Uint8Array
  readonly #taken: Float64Array
  /** Reused, so that a hit allocates nothing. */
  readonly #one: [string] = ['']
  #used = 0

  constructor(order: EvictionOrder, keys: number, limit: number, admit: number) {
    this.#order = order
    this.#limit = limit
    this.#admit = admit
    this.#isStored = new Uint8Array(keys)
    this.#taken = new Float64Array(keys)
  }

  /** Reads an entry. Returns whether it was there. */
  touch(id: number): boolean {
    if (this.#isStored[id] === 0) return false
    this.#one[0] = String(id)
    this.#order.touch(this.#one)
    return true
  }

  /** @param taken What the entry takes of the bound: 1, or its bytes. */
  put(id: number, taken: number, stored: StoredResult): void {
    if (taken > this.#limit) return
    if (this.#used + taken > this.#limit && !this.#isAdmitted()) return
    while (this.#used + taken > this.#limit && this.#evict());
    this.#isStored[id] = 1
    this.#taken[id] = taken
    this.#used += taken
    this.#order.insert(String(id), stored)
  }

  #isAdmitted(): boolean {
    return this.#admit === 1 || Math.random() < this.#admit
  }

  #evict(): boolean {
    const victims = this.#order.evict(1)
    for (const victim of victims) {
      const id = Number(victim)
      this.#isStored[id] = 0
      this.#used -= this.#taken[id] as number
    }
    return victims.length > 0
  }
}

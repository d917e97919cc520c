import type { EvictionOrder, StoredResult } from '../eviction-order.ts'
import { EntryHeap, type HeapEntry } from './entry-heap.ts'

/** What is weighed of a result: what it costs, or that for each byte that it takes. */
export type Weigh = 'cost' | 'cost/size'

/** As in the script: the significant bits of a priority, and the least and the largest weight. */
const BITS = 28
const LEAST_WEIGHT = 2 ** -100
const LARGEST_WEIGHT = 2 ** 200
/** As in the script: how many times the highest priority may double while the amount is being subtracted. */
const HEADROOM = 3

interface Entry extends HeapEntry {
  frequency: number
  cost: number
  bytes: number
}

/** The order of GreedyDual-Size-Frequency: entries by their priority, and equal ones by when it was set. */
export class CostOrder implements EvictionOrder {
  readonly #entries = new Map<string, Entry>()
  readonly #heap = new EntryHeap<Entry>()
  readonly #weigh: Weigh
  readonly #bits: number
  /** The priority of the last victim. */
  #base = 0
  /** From which `#base` on it is worth a try to subtract it from all priorities. */
  #lowerFrom = 0
  #settings = 0

  /** @param bits How many significant bits of a priority count; another number only for tests. */
  constructor(weigh: Weigh, bits: number = BITS) {
    this.#weigh = weigh
    this.#bits = bits
  }

  touch(hashes: readonly string[], stored?: ReadonlyMap<string, StoredResult>): void {
    for (const hash of hashes) {
      const entry = this.#entries.get(hash)
      if (entry === undefined) continue
      const result = stored?.get(hash)
      if (result !== undefined) {
        entry.cost = (entry.cost + result.costMs) / 2
        entry.bytes = result.bytes
      }
      entry.frequency++
      this.#setPriority(entry)
      this.#heap.moved(entry)
    }
  }

  insert(hash: string, { costMs, bytes }: StoredResult): void {
    if (this.#entries.size === 0) this.#base = this.#lowerFrom = 0
    const entry = { hash, frequency: 1, cost: costMs, bytes, priority: 0, setAt: 0, place: 0 }
    this.#entries.set(hash, entry)
    this.#setPriority(entry)
    this.#heap.add(entry)
  }

  evict(count: number): string[] {
    const victims: string[] = []
    while (victims.length < count) {
      const victim = this.#heap.first
      if (victim === undefined) break
      this.#base = victim.priority
      this.remove([victim.hash])
      victims.push(victim.hash)
    }
    return victims
  }

  remove(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const entry = this.#entries.get(hash)
      if (entry === undefined) continue
      this.#heap.delete(entry)
      this.#entries.delete(hash)
    }
  }

  size(): number {
    return this.#entries.size
  }

  #setPriority(entry: Entry): void {
    const weight = this.#weightOf(entry)
    if (weight > LEAST_WEIGHT && this.#base > weight * 2 ** (this.#bits - 8)) this.#lower(weight)
    entry.priority = roundedDown(this.#base + weight, this.#bits)
    entry.setAt = ++this.#settings
  }

  #weightOf({ frequency, cost, bytes }: Entry): number {
    const weight = (frequency * cost) / (this.#weigh === 'cost' ? 1 : Math.max(1, bytes))
    return Math.min(Math.max(weight, LEAST_WEIGHT), LARGEST_WEIGHT)
  }

  /**
   * Subtracts from all priorities at once what the base has more than a weight, if that is exact and worth it. The script does it
   * in pieces.
   */
  #lower(weight: number): void {
    if (this.#base < this.#lowerFrom) return
    this.#lowerFrom = 2 * this.#base
    let highest = 0
    for (const { priority } of this.#entries.values()) highest = Math.max(highest, priority)
    const unit = 2 ** Math.max(exponentOf(highest) + HEADROOM - this.#bits, exponentOf(weight) - 1)
    const amount = (Math.floor(this.#base / unit) - 1) * unit
    if (amount <= this.#base / 2) return
    for (const entry of this.#entries.values()) entry.priority -= amount
    this.#base -= amount
    this.#lowerFrom = 0
  }
}

const DOUBLE = new DataView(new ArrayBuffer(8))

/** The exponent of a positive number whose mantissa is from 0.5 up to, but not including, 1. */
function exponentOf(number: number): number {
  DOUBLE.setFloat64(0, number)
  return ((DOUBLE.getUint16(0) >>> 4) & 0x7ff) - 1022
}

/** A positive number with that many significant bits. */
function roundedDown(number: number, bits: number): number {
  const unit = 2 ** (exponentOf(number) - bits)
  return Math.floor(number / unit) * unit
}

import type { EvictionOrder } from '../eviction-order.ts'

/** The order of LFU: entries in buckets of equal count, and within a bucket from the least to the most recently used. */
export class FrequencyOrder implements EvictionOrder {
  readonly #counts = new Map<string, number>()
  readonly #buckets = new Map<number, Set<string>>()

  touch(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const count = this.#counts.get(hash)
      if (count === undefined) continue
      this.#leave(hash, count)
      this.#enter(hash, count + 1)
    }
  }

  insert(hash: string): void {
    this.#enter(hash, 1)
  }

  evict(count: number): string[] {
    const victims: string[] = []
    while (victims.length < count && this.#counts.size > 0) {
      let lowest = Number.POSITIVE_INFINITY
      for (const present of this.#buckets.keys()) lowest = Math.min(lowest, present)
      for (const hash of this.#buckets.get(lowest) ?? []) {
        victims.push(hash)
        this.remove([hash])
        if (victims.length === count) break
      }
    }
    return victims
  }

  remove(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const count = this.#counts.get(hash)
      if (count === undefined) continue
      this.#leave(hash, count)
      this.#counts.delete(hash)
    }
  }

  size(): number {
    return this.#counts.size
  }

  #enter(hash: string, count: number): void {
    this.#counts.set(hash, count)
    const bucket = this.#buckets.get(count)
    if (bucket === undefined) this.#buckets.set(count, new Set([hash]))
    else bucket.add(hash)
  }

  #leave(hash: string, count: number): void {
    const bucket = this.#buckets.get(count)
    bucket?.delete(hash)
    if (bucket?.size === 0) this.#buckets.delete(count)
  }
}

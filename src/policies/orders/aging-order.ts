import type { EvictionOrder } from '../eviction-order.ts'

interface Rated {
  count: number
  priority: number
}

/**
 * The order of LFU with dynamic aging: entries in buckets of equal priority, and within a bucket from that whose priority was set
 * first to the last.
 */
export class AgingOrder implements EvictionOrder {
  readonly #entries = new Map<string, Rated>()
  readonly #buckets = new Map<number, Set<string>>()
  /** The priority of the last victim: no entry has a lower one. */
  #age = 0

  touch(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const entry = this.#entries.get(hash)
      if (entry === undefined) continue
      this.#leave(hash, entry)
      this.#enter(hash, entry.count + 1)
    }
  }

  insert(hash: string): void {
    this.#enter(hash, 1)
  }

  evict(count: number): string[] {
    const victims: string[] = []
    while (victims.length < count && this.#entries.size > 0) {
      let bucket = this.#buckets.get(this.#age)
      while (bucket === undefined) bucket = this.#buckets.get(++this.#age)
      for (const hash of bucket) {
        victims.push(hash)
        this.remove([hash])
        if (victims.length === count) break
      }
    }
    return victims
  }

  remove(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const entry = this.#entries.get(hash)
      if (entry === undefined) continue
      this.#leave(hash, entry)
      this.#entries.delete(hash)
    }
  }

  size(): number {
    return this.#entries.size
  }

  #enter(hash: string, count: number): void {
    const priority = this.#age + count
    this.#entries.set(hash, { count, priority })
    const bucket = this.#buckets.get(priority)
    if (bucket === undefined) this.#buckets.set(priority, new Set([hash]))
    else bucket.add(hash)
  }

  #leave(hash: string, { priority }: Rated): void {
    const bucket = this.#buckets.get(priority)
    bucket?.delete(hash)
    if (bucket?.size === 0) this.#buckets.delete(priority)
  }
}

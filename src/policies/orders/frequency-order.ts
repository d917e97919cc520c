import type { EvictionOrder } from '../eviction-order.ts'

interface Rated {
  readonly count: number
  readonly priority: number
}

/**
 * The order of LFU: entries in buckets of equal priority, and within a bucket from that whose priority was set first to the last. The
 * priority is the count of accesses; with aging, that and the age of the cache when it was set.
 */
export class FrequencyOrder implements EvictionOrder {
  readonly #entries = new Map<string, Rated>()
  readonly #buckets = new Map<number, Set<string>>()
  readonly #isAging: boolean
  /** With aging, the priority of the last victim: no entry has a lower one. */
  #age = 0

  constructor(isAging = false) {
    this.#isAging = isAging
  }

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
      for (const hash of this.#lowest()) {
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

  /** The bucket of the lowest priority. */
  #lowest(): ReadonlySet<string> {
    let lowest = this.#age
    if (this.#isAging) {
      while (!this.#buckets.has(lowest)) lowest++
      this.#age = lowest
    } else {
      lowest = Number.POSITIVE_INFINITY
      for (const priority of this.#buckets.keys()) lowest = Math.min(lowest, priority)
    }
    return this.#buckets.get(lowest) as ReadonlySet<string>
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

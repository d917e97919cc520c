import type { EvictionOrder } from '../eviction-order.ts'

/** Entries in no order; each has the same chance to leave. */
export class RandomOrder implements EvictionOrder {
  readonly #hashes: string[] = []
  readonly #places = new Map<string, number>()
  readonly #random: () => number

  /** @param random Yields numbers from 0 up to, but not including, 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  touch(): void {}

  insert(hash: string): void {
    this.#places.set(hash, this.#hashes.push(hash) - 1)
  }

  evict(count: number): string[] {
    const victims: string[] = []
    while (victims.length < count && this.#hashes.length > 0) {
      const hash = this.#hashes[Math.floor(this.#random() * this.#hashes.length)] as string
      this.remove([hash])
      victims.push(hash)
    }
    return victims
  }

  remove(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const place = this.#places.get(hash)
      if (place === undefined) continue
      // The last one takes the free place, so that nobody else has to move.
      const last = this.#hashes.pop() as string
      if (last !== hash) {
        this.#hashes[place] = last
        this.#places.set(last, place)
      }
      this.#places.delete(hash)
    }
  }

  size(): number {
    return this.#hashes.length
  }
}

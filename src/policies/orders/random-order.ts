import type { EvictionOrder } from '../eviction-order.ts'

/** The order of RR: an array of entries, each of which is evicted with the same chance. */
export class RandomOrder implements EvictionOrder {
  readonly #hashes: string[] = []
  readonly #positions = new Map<string, number>()
  readonly #random: () => number

  /** @param random Yields numbers from 0 up to, but not including, 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  touch(): void {}

  insert(hash: string): void {
    this.#positions.set(hash, this.#hashes.push(hash) - 1)
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
      const position = this.#positions.get(hash)
      if (position === undefined) continue
      // The last entry moves to the free position, so that no other has to move.
      const last = this.#hashes.pop() as string
      if (last !== hash) {
        this.#hashes[position] = last
        this.#positions.set(last, position)
      }
      this.#positions.delete(hash)
    }
  }

  size(): number {
    return this.#hashes.length
  }
}

import type { EvictionOrder } from '../eviction-order.ts'
import { Queue, QueueNode } from './queue.ts'

/** The order of FIFO, LRU and MRU: a queue of entries from the oldest to the newest. */
export class LinkedOrder implements EvictionOrder {
  readonly #nodes = new Map<string, QueueNode>()
  readonly #queue = new Queue()
  readonly #moves: boolean
  readonly #evictsAt: 'oldest' | 'newest'

  /**
   * @param moves Whether a read moves its entry to the newest end.
   * @param evictsAt The end at which entries are evicted.
   */
  constructor(moves: boolean, evictsAt: 'oldest' | 'newest') {
    this.#moves = moves
    this.#evictsAt = evictsAt
  }

  touch(hashes: readonly string[]): void {
    if (!this.#moves) return
    for (const hash of hashes) {
      const node = this.#nodes.get(hash)
      if (node === undefined) continue
      this.#queue.remove(node)
      this.#queue.push(node)
    }
  }

  insert(hash: string): void {
    const node = new QueueNode(hash)
    this.#nodes.set(hash, node)
    this.#queue.push(node)
  }

  evict(count: number): string[] {
    const victims: string[] = []
    while (victims.length < count) {
      const victim = this.#queue[this.#evictsAt]
      if (victim === undefined) break
      this.remove([victim.hash])
      victims.push(victim.hash)
    }
    return victims
  }

  remove(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const node = this.#nodes.get(hash)
      if (node === undefined) continue
      this.#queue.remove(node)
      this.#nodes.delete(hash)
    }
  }

  size(): number {
    return this.#nodes.size
  }
}

import type { EvictionOrder } from '../eviction-order.ts'
import { Queue, QueueNode } from './queue.ts'

class MarkedNode extends QueueNode {
  isMarked = false
}

/** The order of SIEVE: a queue of entries, each with a mark, and a hand in it. */
export class SieveOrder implements EvictionOrder {
  readonly #nodes = new Map<string, MarkedNode>()
  readonly #queue = new Queue<MarkedNode>()
  /** The entry at which the next eviction begins to look; `undefined` for the oldest one. */
  #hand: MarkedNode | undefined

  touch(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const node = this.#nodes.get(hash)
      if (node !== undefined) node.isMarked = true
    }
  }

  insert(hash: string): void {
    const node = new MarkedNode(hash)
    this.#nodes.set(hash, node)
    this.#queue.push(node)
  }

  evict(count: number): string[] {
    const victims: string[] = []
    while (victims.length < count) {
      const node = this.#hand ?? this.#queue.oldest
      if (node === undefined) break
      if (node.isMarked) {
        node.isMarked = false
        this.#hand = this.#queue.after(node)
      } else {
        this.#hand = node
        victims.push(node.hash)
        this.remove([node.hash])
      }
    }
    return victims
  }

  remove(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const node = this.#nodes.get(hash)
      if (node === undefined) continue
      if (this.#hand === node) this.#hand = this.#queue.after(node)
      this.#queue.remove(node)
      this.#nodes.delete(hash)
    }
  }

  size(): number {
    return this.#nodes.size
  }
}

import type { EvictionOrder } from '../eviction-order.ts'

interface Node {
  hash: string
  isMarked: boolean
  older: Node
  newer: Node
}

/** The order of SIEVE: a linked list of entries from the oldest to the newest, each with a mark, and a hand in it. */
export class SieveOrder implements EvictionOrder {
  readonly #nodes = new Map<string, Node>()
  /** A node without an entry, before the oldest and after the newest. */
  readonly #ring: Node
  /** The entry at which the next eviction begins to look; the ring for the oldest one. */
  #hand: Node

  constructor() {
    const ring = { hash: '', isMarked: false } as Node
    ring.older = ring.newer = ring
    this.#ring = this.#hand = ring
  }

  touch(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const node = this.#nodes.get(hash)
      if (node !== undefined) node.isMarked = true
    }
  }

  insert(hash: string): void {
    const newest = this.#ring.older
    const node = { hash, isMarked: false, older: newest, newer: this.#ring }
    newest.newer = this.#ring.older = node
    this.#nodes.set(hash, node)
  }

  evict(count: number): string[] {
    const victims: string[] = []
    while (victims.length < count && this.#nodes.size > 0) {
      const node = this.#hand === this.#ring ? this.#ring.newer : this.#hand
      this.#hand = node
      if (node.isMarked) {
        node.isMarked = false
        this.#hand = node.newer
      } else {
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
      if (this.#hand === node) this.#hand = node.newer
      node.older.newer = node.newer
      node.newer.older = node.older
      this.#nodes.delete(hash)
    }
  }

  size(): number {
    return this.#nodes.size
  }
}

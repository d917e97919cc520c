import type { EvictionOrder } from '../eviction-order.ts'

interface Node {
  hash: string
  older: Node
  newer: Node
}

/** The order of FIFO, LRU and MRU: a linked list of entries from the oldest to the newest. */
export class LinkedOrder implements EvictionOrder {
  readonly #nodes = new Map<string, Node>()
  readonly #moves: boolean
  readonly #evictsAt: 'oldest' | 'newest'
  /** A node without an entry, before the oldest and after the newest: the list then has no ends to treat specially. */
  readonly #ring: Node

  /**
   * @param moves Whether a read moves its entry to the newest end.
   * @param evictsAt The end at which entries are evicted.
   */
  constructor(moves: boolean, evictsAt: 'oldest' | 'newest') {
    this.#moves = moves
    this.#evictsAt = evictsAt
    const ring = { hash: '' } as Node
    ring.older = ring.newer = ring
    this.#ring = ring
  }

  touch(hashes: readonly string[]): void {
    if (!this.#moves) return
    for (const hash of hashes) {
      const node = this.#nodes.get(hash)
      if (node === undefined) continue
      unlink(node)
      this.#append(node)
    }
  }

  insert(hash: string): void {
    const node = { hash } as Node
    this.#nodes.set(hash, node)
    this.#append(node)
  }

  evict(count: number): string[] {
    const victims: string[] = []
    while (victims.length < count && this.#nodes.size > 0) {
      const { hash } = this.#evictsAt === 'oldest' ? this.#ring.newer : this.#ring.older
      this.remove([hash])
      victims.push(hash)
    }
    return victims
  }

  remove(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const node = this.#nodes.get(hash)
      if (node === undefined) continue
      unlink(node)
      this.#nodes.delete(hash)
    }
  }

  size(): number {
    return this.#nodes.size
  }

  #append(node: Node): void {
    node.newer = this.#ring
    node.older = this.#ring.older
    node.older.newer = this.#ring.older = node
  }
}

function unlink(node: Node): void {
  node.older.newer = node.newer
  node.newer.older = node.older
}

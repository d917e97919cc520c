import type { EvictionOrder } from '../eviction-order.ts'

interface Node {
  hash: string
  older: Node
  newer: Node
}

/** Entries in a row from the oldest to the newest; what a hit does, and at which end they leave, is the policy's. */
export class LinkedOrder implements EvictionOrder {
  readonly #nodes = new Map<string, Node>()
  readonly #moves: boolean
  readonly #leavesAt: 'oldest' | 'newest'
  /** Stands before the oldest and behind the newest, so that the row has no end to take care of. */
  readonly #ring: Node

  /** @param moves Whether a hit moves its entry to the newest end. */
  constructor(moves: boolean, leavesAt: 'oldest' | 'newest') {
    this.#moves = moves
    this.#leavesAt = leavesAt
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
      const { hash } = this.#leavesAt === 'oldest' ? this.#ring.newer : this.#ring.older
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

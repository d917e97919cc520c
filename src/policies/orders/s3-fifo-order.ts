import type { EvictionOrder } from '../eviction-order.ts'

interface Node {
  hash: string
  /** How often it was read since it came into its queue, at most 3. */
  reads: number
  isInMain: boolean
  older: Node
  newer: Node
}

/** The order of S3-FIFO: a small queue, a main queue, and the names of what was evicted from the small one. */
export class S3FifoOrder implements EvictionOrder {
  readonly #nodes = new Map<string, Node>()
  readonly #small = new Queue()
  readonly #main = new Queue()
  readonly #ghosts = new Map<string, Node>()
  readonly #ghost = new Queue()

  touch(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const node = this.#nodes.get(hash)
      if (node !== undefined && node.reads < 3) node.reads++
    }
  }

  insert(hash: string): void {
    const ghost = this.#ghosts.get(hash)
    if (ghost !== undefined) this.#forget(ghost)
    const node = newNode(hash)
    node.isInMain = ghost !== undefined
    this.#nodes.set(hash, node)
    this.#queueOf(node).push(node)
  }

  evict(count: number): string[] {
    const victims: string[] = []
    while (victims.length < count && this.#nodes.size > 0) {
      const { size } = this.#nodes
      const victim = this.#isInSmall() ? this.#fromSmall() : this.#fromMain()
      if (victim === undefined) continue // all of the small queue has gone on
      victims.push(victim.hash)
      this.#nodes.delete(victim.hash)
      while (this.#ghost.length > Math.floor((9 * size) / 10)) this.#forget(this.#ghost.oldest)
      if (!victim.isInMain) this.#remember(victim.hash)
    }
    return victims
  }

  remove(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const node = this.#nodes.get(hash)
      if (node === undefined) continue
      this.#queueOf(node).unlink(node)
      this.#nodes.delete(hash)
    }
  }

  size(): number {
    return this.#nodes.size
  }

  /** The small queue is to have a tenth of the entries, and at least one. */
  #isInSmall(): boolean {
    const { length } = this.#small
    return length > 0 && length >= Math.floor(this.#nodes.size / 10)
  }

  #fromSmall(): Node | undefined {
    while (this.#small.length > 0) {
      const node = this.#small.oldest
      this.#small.unlink(node)
      if (node.reads < 2) return node
      node.reads = 0
      node.isInMain = true
      this.#main.push(node)
    }
    return undefined
  }

  #fromMain(): Node {
    for (;;) {
      const node = this.#main.oldest
      this.#main.unlink(node)
      if (node.reads === 0) return node
      node.reads--
      this.#main.push(node)
    }
  }

  #remember(hash: string): void {
    const ghost = newNode(hash)
    this.#ghosts.set(hash, ghost)
    this.#ghost.push(ghost)
  }

  #forget(ghost: Node): void {
    this.#ghosts.delete(ghost.hash)
    this.#ghost.unlink(ghost)
  }

  #queueOf({ isInMain }: Node): Queue {
    return isInMain ? this.#main : this.#small
  }
}

const newNode = (hash: string): Node => ({ hash, reads: 0, isInMain: false }) as Node

/** A linked list, with a node without an entry before the oldest and after the newest. */
class Queue {
  length = 0
  readonly #ring: Node

  constructor() {
    const ring = newNode('')
    ring.older = ring.newer = ring
    this.#ring = ring
  }

  get oldest(): Node {
    return this.#ring.newer
  }

  push(node: Node): void {
    node.newer = this.#ring
    node.older = this.#ring.older
    node.older.newer = this.#ring.older = node
    this.length++
  }

  unlink(node: Node): void {
    node.older.newer = node.newer
    node.newer.older = node.older
    this.length--
  }
}

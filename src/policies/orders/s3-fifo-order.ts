import type { EvictionOrder } from '../eviction-order.ts'
import { Queue, QueueNode } from './queue.ts'

class Node extends QueueNode {
  /** How often it was read since it came into its queue, at most 3. */
  reads = 0
  isInMain = false
}

/** The order of S3-FIFO: a small queue, a main queue, and the names of what was evicted from the small one. */
export class S3FifoOrder implements EvictionOrder {
  readonly #nodes = new Map<string, Node>()
  readonly #small = new Queue<Node>()
  readonly #main = new Queue<Node>()
  readonly #ghosts = new Map<string, QueueNode>()
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
    const node = new Node(hash)
    node.isInMain = ghost !== undefined
    this.#nodes.set(hash, node)
    this.#queueOf(node).push(node)
  }

  evict(count: number): string[] {
    const victims: string[] = []
    while (victims.length < count && this.#nodes.size > 0) {
      const { size } = this.#nodes
      const victim = this.#isInSmall() ? this.#fromSmall() : this.#fromMain()
      if (victim === undefined) continue // all of the small queue has moved on
      victims.push(victim.hash)
      this.#nodes.delete(victim.hash)
      while (this.#ghost.length > Math.floor((9 * size) / 10)) this.#forget(this.#ghost.oldest as QueueNode)
      if (!victim.isInMain) this.#remember(victim.hash)
    }
    return victims
  }

  remove(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const node = this.#nodes.get(hash)
      if (node === undefined) continue
      this.#queueOf(node).remove(node)
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
    for (let node = this.#small.oldest; node !== undefined; node = this.#small.oldest) {
      this.#small.remove(node)
      if (node.reads < 2) return node
      node.reads = 0
      node.isInMain = true
      this.#main.push(node)
    }
    return undefined
  }

  #fromMain(): Node {
    for (;;) {
      const node = this.#main.oldest as Node
      this.#main.remove(node)
      if (node.reads === 0) return node
      node.reads--
      this.#main.push(node)
    }
  }

  #remember(hash: string): void {
    const ghost = new QueueNode(hash)
    this.#ghosts.set(hash, ghost)
    this.#ghost.push(ghost)
  }

  #forget(ghost: QueueNode): void {
    this.#ghosts.delete(ghost.hash)
    this.#ghost.remove(ghost)
  }

  #queueOf({ isInMain }: Node): Queue<Node> {
    return isInMain ? this.#main : this.#small
  }
}

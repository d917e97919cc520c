/** An entry in a {@link Queue}. */
export class QueueNode {
  readonly hash: string
  older: this
  newer: this

  /** It stands alone, until a queue takes it. */
  constructor(hash: string) {
    this.hash = hash
    this.older = this.newer = this
  }
}

/** Entries from the oldest to the newest: a linked list, from which each can be taken at once. */
export class Queue<Node extends QueueNode> {
  length = 0
  /** A node without an entry, before the oldest and after the newest: the list then has no ends to treat specially. */
  readonly #ring: Node

  constructor() {
    this.#ring = new QueueNode('') as Node
  }

  /** `undefined` if the queue is empty. */
  get oldest(): Node | undefined {
    return this.after(this.#ring)
  }

  /** `undefined` if the queue is empty. */
  get newest(): Node | undefined {
    const { older } = this.#ring
    return older === this.#ring ? undefined : older
  }

  /** The next newer one; `undefined` for the newest. */
  after({ newer }: Node): Node | undefined {
    return newer === this.#ring ? undefined : newer
  }

  /** Adds a node at the newest end. */
  push(node: Node): void {
    const ring = this.#ring
    node.newer = ring
    node.older = ring.older
    node.older.newer = ring.older = node
    this.length++
  }

  /** @param node One that is in the queue. */
  remove(node: Node): void {
    node.older.newer = node.newer
    node.newer.older = node.older
    this.length--
  }
}

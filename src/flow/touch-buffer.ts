import { clearTimeout, setTimeout } from './timers.ts'

/** As many items as fit into one command. */
export const TOUCHES_A_PIECE = 1_000

/** How a {@link TouchBuffer} collects. */
interface TouchBufferOptions<Item> {
  /** Returns the name of an item: reads of the same name count once. Without it, each read counts. */
  readonly nameOf?: ((item: Item) => string) | undefined
  /** Called when an item is added to an empty buffer. */
  readonly onFirst?: (() => void) | undefined
  /** So many items are reported at once; by default as many as fit into one command. */
  readonly limit?: number
}

/**
 * Collects entries that were read, and reports many of them to the policy at once. A reader does not wait for the report.
 * (The read buffer of Caffeine.)
 */
export class TouchBuffer<Item> {
  readonly #forMs: number
  readonly #touch: (items: readonly Item[]) => void
  readonly #nameOf: ((item: Item) => string) | undefined
  readonly #onFirst: (() => void) | undefined
  readonly #limit: number
  #waiting: Item[] = []
  /**
   * The items by name, where reads of the same name count once. Each batch gets a new `Map`: V8 links a `Map` that was cleared
   * to its old table, which keeps the old items alive.
   */
  #named: Map<string, Item> | undefined
  #timer: NodeJS.Timeout | undefined

  /**
   * @param forMs How long items are collected, in milliseconds, unless the limit is reached before.
   * @param touch Gets the items, in the order in which each was last read.
   */
  constructor(
    forMs: number,
    touch: (items: readonly Item[]) => void,
    { nameOf, onFirst, limit = TOUCHES_A_PIECE }: TouchBufferOptions<Item> = {},
  ) {
    this.#limit = limit
    this.#onFirst = onFirst
    this.#forMs = forMs
    this.#touch = touch
    this.#nameOf = nameOf
  }

  /** The number of items that are not reported yet. */
  get size(): number {
    return this.#named === undefined ? this.#waiting.length : this.#named.size
  }

  add(item: Item): void {
    if (this.#onFirst !== undefined && this.size === 0) this.#onFirst()
    if (this.#nameOf === undefined) this.#waiting.push(item)
    else this.#replace(this.#nameOf(item), item)
    if (this.size >= this.#limit) return this.flush()
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => this.flush(), this.#forMs)
    this.#timer.unref?.() // reads that are not reported yet do not keep the process alive
  }

  /** Moves the item to the end, since its last read counts. */
  #replace(name: string, item: Item): void {
    this.#named ??= new Map()
    this.#named.delete(name)
    this.#named.set(name, item)
  }

  /** Reports the collected items now. */
  flush(): void {
    const items = this.#named === undefined ? this.#waiting : [...this.#named.values()]
    this.clear()
    if (items.length > 0) this.#touch(items)
  }

  /** Forgets the collected items. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting = []
    this.#named = undefined
  }
}

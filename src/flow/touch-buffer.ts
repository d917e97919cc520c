import { clearTimeout, setTimeout } from './timers.ts'

/** As many as fit into one command. */
const LIMIT = 1_000

/** Gathers what was read, so that its readers wait for nothing else, and many are touched at once. (The read buffer of Caffeine.) */
export class TouchBuffer<Item> {
  readonly #forMs: number
  readonly #touch: (items: readonly Item[]) => void
  readonly #nameOf: ((item: Item) => string) | undefined
  readonly #onFirst: (() => void) | undefined
  #waiting: Item[] = []
  /** Where reads of the same name count once. A new one each time: what V8 keeps of one that is cleared, lives on in it. */
  #named: Map<string, Item> | undefined
  #timer: NodeJS.Timeout | undefined

  /**
   * @param forMs How long they wait, unless a thousand have come together before.
   * @param touch Told of them, in the order in which they were read last.
   * @param nameOf Reads of the same name count once; default: each counts.
   * @param onFirst Called when an item comes and none waits yet.
   */
  constructor(
    forMs: number,
    touch: (items: readonly Item[]) => void,
    nameOf?: (item: Item) => string,
    onFirst?: () => void,
  ) {
    this.#onFirst = onFirst
    this.#forMs = forMs
    this.#touch = touch
    this.#nameOf = nameOf
  }

  /** How many items wait to be touched. */
  get size(): number {
    return this.#named === undefined ? this.#waiting.length : this.#named.size
  }

  add(item: Item): void {
    if (this.#onFirst !== undefined && this.size === 0) this.#onFirst()
    if (this.#nameOf === undefined) this.#waiting.push(item)
    else this.#replace(this.#nameOf(item), item)
    if (this.size >= LIMIT) return this.flush()
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => this.flush(), this.#forMs)
    this.#timer.unref?.() // touches that wait keep no process alive
  }

  /** The last read counts: it goes to the end. */
  #replace(name: string, item: Item): void {
    this.#named ??= new Map()
    this.#named.delete(name)
    this.#named.set(name, item)
  }

  /** Touches now what waits. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.size === 0) return
    const items = this.#named === undefined ? this.#waiting : [...this.#named.values()]
    this.#waiting = []
    this.#named = undefined
    this.#touch(items)
  }
}

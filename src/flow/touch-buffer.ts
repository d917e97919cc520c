/** As many as fit into one command. */
const LIMIT = 1_000

/** Gathers what was read, so that an entry read often is touched once in a while. (The read buffer of Caffeine.) */
export class TouchBuffer<Item> {
  readonly #everyMs: number
  readonly #touch: (items: readonly Item[]) => void
  #pending = new Map<string, Item>()
  #timer: NodeJS.Timeout | undefined

  /** @param touch Told at most once in `everyMs`, unless a thousand have come together before. */
  constructor(everyMs: number, touch: (items: readonly Item[]) => void) {
    this.#everyMs = everyMs
    this.#touch = touch
  }

  add(name: string, item: Item): void {
    // The last read counts: it goes to the end.
    this.#pending.delete(name)
    this.#pending.set(name, item)
    if (this.#pending.size >= LIMIT) this.#flush()
    // Touches that wait keep no process alive.
    else this.#timer ??= setTimeout(() => this.#flush(), this.#everyMs).unref()
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const items = [...this.#pending.values()]
    this.#pending = new Map()
    this.#touch(items)
  }
}

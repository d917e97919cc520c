/** An item in the order of a {@link Sieve}, which links the items themselves: so there is no other object for each. */
export interface Sifted<Item> {
  /** What the item takes, in bytes. Changed by {@link Sieve.resize} only while the item is in the order. */
  bytes: number
  /** Set by the reader of the item. */
  isVisited: boolean
  newer: Item | undefined
  older: Item | undefined
}

/**
 * The order in which items are evicted where there are too many, or too large ones: SIEVE.
 *
 * New items are the newest, and a hit moves nothing: it only sets a mark. A hand goes from the oldest to the newest; it removes the
 * marks that it finds, and evicts the first item without one.
 *
 * @see Zhang, Yang, Yue, Vigfusson, Rashmi, "SIEVE is Simpler than LRU", NSDI 2024.
 */
export class Sieve<Item extends Sifted<Item>> {
  readonly #maxItems: number
  readonly #maxBytes: number
  readonly #evict: (item: Item) => void
  #newest: Item | undefined
  #oldest: Item | undefined
  /** The next one to look at; `undefined` for the oldest. */
  #hand: Item | undefined
  #size = 0
  #bytes = 0

  /** @param evict Called with an item that was taken out. */
  constructor(maxItems: number, maxBytes: number, evict: (item: Item) => void) {
    this.#maxItems = maxItems
    this.#maxBytes = maxBytes
    this.#evict = evict
  }

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Adds an item, which then has the place of the newest, and evicts others where there are too many. */
  add(item: Item): void {
    item.isVisited = false
    item.older = this.#newest
    if (this.#newest === undefined) this.#oldest = item
    else this.#newest.newer = item
    this.#newest = item
    this.#size++
    this.#bytes += item.bytes
    this.#fit(item)
  }

  /** Tells that an item in the order takes more or less than before. */
  resize(item: Item, bytes: number): void {
    this.#bytes += bytes - item.bytes
    item.bytes = bytes
    this.#fit(item)
  }

  /** Takes an item out. It then refers to no other one: a removed item that is old must not keep others in memory. */
  remove(item: Item): void {
    const { newer, older } = item
    if (this.#hand === item) this.#hand = newer
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    item.newer = undefined
    item.older = undefined
    this.#size--
    this.#bytes -= item.bytes
  }

  /** @param spared An item that is evicted only if it is the last one. */
  #fit(spared: Item): void {
    while (this.#size > this.#maxItems || (this.#bytes > this.#maxBytes && this.#size > 1)) {
      const victim = this.#next(spared)
      this.remove(victim)
      this.#evict(victim)
    }
  }

  #next(spared: Item): Item {
    let item = this.#hand ?? (this.#oldest as Item)
    while (item.isVisited || item === spared) {
      item.isVisited = false
      item = item.newer ?? (this.#oldest as Item)
    }
    this.#hand = item
    return item
  }
}

import { monotonicMs, nextTick } from './timers.ts'

/** Items that are sent together, and their results. */
export class Batch<Item, Result> {
  readonly items: Item[]
  /** By {@link monotonicMs}: when the first item of this turn was added. */
  readonly beganMs: number
  /** One result an item, in order. The code that adds an item handles the rejection. */
  readonly results: Promise<readonly Result[]>
  weight: number
  resolve!: (results: readonly Result[]) => void
  reject!: (error: unknown) => void

  constructor(item: Item, weight: number, beganMs: number) {
    this.items = [item]
    this.weight = weight
    this.beganMs = beganMs
    this.results = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }
}

/**
 * Sends the items of one turn of the event loop together.
 *
 * A single item is sent at the end of the same turn, so batching adds nothing to its latency. Many items are sent in batches, so
 * that one side works on a batch while the other one prepares or reads the next. An item that is too heavy for a batch is sent
 * alone and last, so that no other item waits for it.
 */
export class Batcher<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>
  readonly #weigh: (item: Item) => number
  readonly #batchWeight: number
  #beganMs = 0
  #size = 0
  /** The batch that the next item joins if it fits; it is also in the list of waiting batches. */
  #open: Batch<Item, Result> | undefined
  #waiting: Batch<Item, Result>[] = []
  #heavy: Batch<Item, Result>[] = []

  /**
   * @param run Yields one result an item, in order; its rejection is that of every item of the batch.
   * @param batchWeight The largest weight of a batch.
   * @param weigh The weight of an item; default 1.
   */
  constructor(
    run: (items: readonly Item[]) => Promise<readonly Result[]>,
    batchWeight: number,
    weigh: (item: Item) => number = () => 1,
  ) {
    this.#run = run
    this.#batchWeight = batchWeight
    this.#weigh = weigh
  }

  /** The number of items that wait to be sent. */
  get size(): number {
    return this.#size
  }

  /** The result of an item. */
  ask(item: Item): Promise<Result> {
    const batch = this.add(item)
    const at = batch.items.length - 1
    return batch.results.then((results) => results[at] as Result)
  }

  /**
   * The batch in which an item leaves, as the last of its items so far. Whoever calls this registers with its results, and
   * goes on in the async context in which that was done: no other object is made for an item.
   */
  add(item: Item): Batch<Item, Result> {
    if (this.#size++ === 0) {
      this.#beganMs = monotonicMs()
      // nextTick, not a microtask: it runs when all promises that this turn settled have been heard.
      nextTick(() => this.#flush())
    }
    const weight = this.#weigh(item)
    const open = this.#open
    if (open !== undefined && open.weight + weight <= this.#batchWeight) {
      open.items.push(item)
      open.weight += weight
      return open
    }
    const batch = new Batch<Item, Result>(item, weight, this.#beganMs)
    if (weight >= this.#batchWeight) {
      this.#heavy.push(batch)
    } else {
      this.#waiting.push(batch)
      this.#open = batch
    }
    return batch
  }

  #flush(): void {
    const [waiting, heavy] = [this.#waiting, this.#heavy]
    this.#size = 0
    this.#open = undefined
    this.#waiting = []
    if (heavy.length > 0) this.#heavy = []
    for (const batch of waiting) this.#send(batch)
    for (const batch of heavy) this.#send(batch)
  }

  #send({ items, resolve, reject }: Batch<Item, Result>): void {
    this.#run(items).then(resolve, reject)
  }
}

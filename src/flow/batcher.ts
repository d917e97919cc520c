import { monotonicMs, nextTick } from './timers.ts'

/**
 * Batches that are under way at a time, where there are more: of small entries, 2,048. More would not be faster: this many keep the
 * server and the client at work.
 */
const MOST_UNDER_WAY = 32

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
 * alone and last, so that no other item waits for it. Where there are very many batches, some are under way at a time and the
 * others wait: so there is time for other work in between, and neither side holds all of it at once.
 */
export class Batcher<Item, Result> {
  /** Batches beyond {@link MOST_UNDER_WAY}, which are sent one by one as others end. */
  readonly #backlog: Batch<Item, Result>[] = []
  #backlogSize = 0
  /** How many batches of the backlog are under way. */
  #workers = 0
  readonly #run: (items: readonly Item[], sentMs: number) => Promise<readonly Result[]>
  readonly #weigh: (item: Item) => number
  readonly #batchWeight: number
  #beganMs = 0
  #size = 0
  /** The batch that the next item joins if it fits; it is also in the list of waiting batches. */
  #open: Batch<Item, Result> | undefined
  #waiting: Batch<Item, Result>[] = []
  #heavy: Batch<Item, Result>[] = []

  /**
   * @param run Yields one result an item, in order; its rejection is that of every item of the batch. `sentMs` tells when the
   *   batch was sent, by {@link monotonicMs}.
   * @param batchWeight The largest weight of a batch.
   * @param weigh The weight of an item; default 1.
   */
  constructor(
    run: (items: readonly Item[], sentMs: number) => Promise<readonly Result[]>,
    batchWeight: number,
    weigh: (item: Item) => number = () => 1,
  ) {
    this.#run = run
    this.#batchWeight = batchWeight
    this.#weigh = weigh
  }

  /** The number of items that wait to be sent. */
  get size(): number {
    return this.#size + this.#backlogSize
  }

  /** The result of an item. */
  ask(item: Item): Promise<Result> {
    const batch = this.add(item)
    const at = batch.items.length - 1
    return batch.results.then((results) => results[at] as Result)
  }

  /**
   * The batch in which an item is sent, as the last of its items so far. Whoever calls this registers with its results, and
   * goes on in the async context in which that was done: no other object is made for an item.
   */
  add(item: Item): Batch<Item, Result> {
    if (this.#size++ === 0) {
      this.#beganMs = monotonicMs()
      // nextTick, not a microtask: it runs after the handlers of all promises that this turn settled.
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
    const isMuch = waiting.length + heavy.length > MOST_UNDER_WAY
    for (const batches of [waiting, heavy]) {
      for (const batch of batches) {
        if (isMuch) this.#sendInTurn(batch)
        else void this.#send(batch, batch.beganMs) // it is sent in the turn in which it began
      }
    }
  }

  async #send({ items, resolve, reject }: Batch<Item, Result>, sentMs: number): Promise<void> {
    try {
      resolve(await this.#run(items, sentMs))
    } catch (error) {
      reject(error)
    }
  }

  #sendInTurn(batch: Batch<Item, Result>): void {
    this.#backlog.push(batch)
    this.#backlogSize += batch.items.length
    if (this.#workers < MOST_UNDER_WAY) void this.#work()
  }

  /** Sends batches of the backlog, one after the other, until there are none. */
  async #work(): Promise<void> {
    this.#workers++
    for (let batch = this.#backlog.shift(); batch !== undefined; batch = this.#backlog.shift()) {
      this.#backlogSize -= batch.items.length
      await this.#send(batch, monotonicMs())
    }
    this.#workers--
  }
}

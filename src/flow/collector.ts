import { monotonicMs, nextTick } from './timers.ts'

/**
 * Lets what is asked for in one turn of the event loop travel together.
 *
 * A lone item leaves at the end of the same turn, so batching adds nothing to its latency. Many items leave in batches, so
 * that one side works on a batch while the other one prepares or reads the next. What is too heavy for a batch leaves
 * alone and last, so that nobody waits for it.
 */
export class Collector<Item> {
  readonly #send: (items: readonly Item[]) => void
  readonly #weigh: (item: Item) => number
  readonly #batchWeight: number
  /** By {@link monotonicMs}: when the first of the items came that leave next, or left last. */
  beganMs = 0
  #items: Item[] = []

  /**
   * @param send Sends a batch. It throws nothing.
   * @param batchWeight How much travels in one batch.
   * @param weigh The weight of an item.
   */
  constructor(send: (items: readonly Item[]) => void, batchWeight: number, weigh: (item: Item) => number) {
    this.#send = send
    this.#batchWeight = batchWeight
    this.#weigh = weigh
  }

  /** How many items wait to leave. */
  get size(): number {
    return this.#items.length
  }

  add(item: Item): void {
    // nextTick, not a microtask: it runs when all promises that this turn settled have been heard.
    if (this.#items.push(item) === 1) {
      this.beganMs = monotonicMs()
      nextTick(() => this.#flush())
    }
  }

  #flush(): void {
    const items = this.#items
    this.#items = []
    if (items.length === 1) return this.#send(items)
    const heavy: Item[] = []
    let batch: Item[] = []
    let weight = 0
    for (const item of items) {
      const more = this.#weigh(item)
      if (more >= this.#batchWeight) {
        heavy.push(item)
        continue
      }
      if (weight > 0 && weight + more > this.#batchWeight) {
        this.#send(batch)
        batch = []
        weight = 0
      }
      batch.push(item)
      weight += more
    }
    if (batch.length > 0) this.#send(batch)
    for (const item of heavy) this.#send([item])
  }
}

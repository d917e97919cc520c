import { monotonicMs, nextTick } from './timers.ts'

/** Who waits for the result of an item. */
export interface Waiter<Result> {
  resolve(result: Result): void
  reject(error: unknown): void
}

/**
 * Lets what is asked for in one turn of the event loop travel together.
 *
 * A lone item leaves at the end of the same turn, so batching adds nothing to its latency. Many items leave in pieces, so
 * that one side works on a piece while the other one prepares or reads the next. What is too heavy for a piece leaves
 * alone and last, so that nobody waits for it.
 */
export class Batcher<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>
  readonly #weigh: (item: Item) => number
  readonly #pieceWeight: number
  /** By {@link monotonicMs}: when the first of the items came that leave next, or left last. */
  beganMs = 0
  #items: Item[] = []
  #waiters: Waiter<Result>[] = []

  /**
   * @param run Yields one result an item, in order; its rejection is that of every item of the piece.
   * @param pieceWeight How much travels in one piece.
   * @param weigh The weight of an item; default 1.
   */
  constructor(
    run: (items: readonly Item[]) => Promise<readonly Result[]>,
    pieceWeight: number,
    weigh: (item: Item) => number = () => 1,
  ) {
    this.#run = run
    this.#pieceWeight = pieceWeight
    this.#weigh = weigh
  }

  /** How many items wait to leave. */
  get size(): number {
    return this.#items.length
  }

  ask(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => this.add(item, { resolve, reject }))
  }

  /** The same without a promise. A waiter throws nothing. */
  add(item: Item, waiter: Waiter<Result>): void {
    // nextTick, not a microtask: it runs when all promises that this turn settled have been heard.
    if (this.#items.push(item) === 1) {
      this.beganMs = monotonicMs()
      nextTick(() => this.#flush())
    }
    this.#waiters.push(waiter)
  }

  #flush(): void {
    const items = this.#items
    const waiters = this.#waiters
    this.#items = []
    this.#waiters = []
    const heavy: number[] = []
    let piece: Item[] = []
    let pieceWaiters: Waiter<Result>[] = []
    let weight = 0
    for (let i = 0; i < items.length; i++) {
      const more = this.#weigh(items[i] as Item)
      if (more >= this.#pieceWeight && items.length > 1) {
        heavy.push(i)
        continue
      }
      if (weight > 0 && weight + more > this.#pieceWeight) {
        this.#send(piece, pieceWaiters)
        piece = []
        pieceWaiters = []
        weight = 0
      }
      piece.push(items[i] as Item)
      pieceWaiters.push(waiters[i] as Waiter<Result>)
      weight += more
    }
    if (piece.length > 0) this.#send(piece, pieceWaiters)
    for (const i of heavy) this.#send([items[i] as Item], [waiters[i] as Waiter<Result>])
  }

  #send(items: readonly Item[], waiters: readonly Waiter<Result>[]): void {
    this.#run(items).then(
      (results) => {
        for (let i = 0; i < waiters.length; i++) waiters[i]?.resolve(results[i] as Result)
      },
      (error: unknown) => {
        for (const waiter of waiters) waiter.reject(error)
      },
    )
  }
}

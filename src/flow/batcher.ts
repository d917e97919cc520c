import { Collector } from './collector.ts'

/** An item, and who waits for its result. */
interface Request<Item, Result> {
  readonly item: Item
  resolve(result: Result): void
  reject(error: unknown): void
}

/** Answers what is asked for in one turn of the event loop by one command, each by a promise of its own. */
export class Batcher<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>
  readonly #requests: Collector<Request<Item, Result>>

  /**
   * @param run Yields one result an item, in order; its rejection is that of every item of the batch.
   * @param batchWeight How much travels in one batch.
   * @param weigh The weight of an item; default 1.
   */
  constructor(
    run: (items: readonly Item[]) => Promise<readonly Result[]>,
    batchWeight: number,
    weigh: (item: Item) => number = () => 1,
  ) {
    this.#run = run
    this.#requests = new Collector(
      (requests) => this.#send(requests),
      batchWeight,
      ({ item }) => weigh(item),
    )
  }

  /** How many items wait to leave. */
  get size(): number {
    return this.#requests.size
  }

  ask(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => this.#requests.add({ item, resolve, reject }))
  }

  #send(requests: readonly Request<Item, Result>[]): void {
    this.#run(requests.map(({ item }) => item)).then(
      (results) => {
        for (let i = 0; i < requests.length; i++) requests[i]?.resolve(results[i] as Result)
      },
      (error: unknown) => {
        for (const request of requests) request.reject(error)
      },
    )
  }
}

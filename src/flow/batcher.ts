/** An item on its way, and who waits for its result. */
interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * Lets what is asked for in one turn of the event loop travel together.
 *
 * A lone item leaves at the end of the same turn, so batching adds nothing to its latency. Many items leave in pieces, so
 * that one side works on a piece while the other one prepares or reads the next.
 */
export class Batcher<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>
  readonly #pieceSize: (items: number) => number
  #waiting: Waiting<Item, Result>[] = []

  /**
   * @param run Yields one result an item, in order; its rejection is that of every item of the piece.
   * @param pieceSize How many items travel in a piece, when there are so many in all.
   */
  constructor(
    run: (items: readonly Item[]) => Promise<readonly Result[]>,
    pieceSize: (items: number) => number,
  ) {
    this.#run = run
    this.#pieceSize = pieceSize
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      // nextTick, not a microtask: it runs when all promises that this turn settled have been heard.
      if (this.#waiting.push({ item, resolve, reject }) === 1) process.nextTick(() => this.#flush())
    })
  }

  #flush(): void {
    const waiting = this.#waiting
    this.#waiting = []
    const size = this.#pieceSize(waiting.length)
    for (let start = 0; start < waiting.length; start += size) {
      this.#send(start === 0 && waiting.length <= size ? waiting : waiting.slice(start, start + size))
    }
  }

  #send(piece: readonly Waiting<Item, Result>[]): void {
    this.#run(piece.map(({ item }) => item)).then(
      (results) => {
        for (const [i, { resolve }] of piece.entries()) resolve(results[i] as Result)
      },
      (error: unknown) => {
        for (const { reject } of piece) reject(error)
      },
    )
  }
}

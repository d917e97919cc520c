import type { Call } from './call.ts'
import type { Invocation } from './execute.ts'
import type { PendingRow, RowLoader } from './row-loader.ts'

/** A row of a list that is to be loaded. */
interface PlacedRow extends PendingRow {
  /** How many calls came before it in the list. */
  readonly place: number
}

/** The calls of one list: when each call is known to be a hit or a miss, the misses load their rows together. */
export class ListBatch {
  readonly #loader: RowLoader
  /** Each with its place in the list. */
  readonly #undecided = new Map<Call, number>()
  /** What is to be loaded, by call hash: an id that is twice in the list is loaded once. */
  readonly #loads = new Map<string, Promise<unknown>>()
  #pending: PlacedRow[] = []
  #entered = 0
  #isComplete = false

  constructor(loader: RowLoader) {
    this.#loader = loader.another() // each list is loaded in the context of its caller
  }

  /** A call that may have to load its row. */
  enter(call: Call): void {
    this.#undecided.set(call, this.#entered++)
  }

  /** All calls have entered. */
  complete(): void {
    this.#isComplete = true
    this.#goIfAllDecided()
  }

  /** Loads the row that a call misses. */
  load(call: Invocation | Call): Promise<unknown> {
    // The batch does not wait for calls that wait for another process, nor for those that look nothing up.
    const place = this.#undecided.get(call as Call)
    if (place === undefined) return this.#loader.loadOne(call)
    return this.#loadTogether(call as Call, place)
  }

  #loadTogether(call: Call, place: number): Promise<unknown> {
    const load = this.#loads.get(call.hash) ?? this.#waitForRow(call, place)
    this.#loads.set(call.hash, load)
    this.leave(call)
    return load
  }

  #waitForRow(call: Call, place: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#pending.push({ call, place, resolve, reject }))
  }

  /** A call loads nothing, or not with the others. The rows are loaded when each call has left or misses its row. */
  leave(call: Call): void {
    if (this.#undecided.delete(call)) this.#goIfAllDecided()
  }

  #goIfAllDecided(): void {
    if (!this.#isComplete || this.#undecided.size > 0 || this.#pending.length === 0) return
    // In the order of the list, although what is near or large may have been found to be missing earlier or later.
    const pending = this.#pending.sort((one, other) => one.place - other.place)
    this.#pending = []
    void this.#loader.load(pending)
  }
}

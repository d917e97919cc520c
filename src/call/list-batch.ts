import type { Call } from './call.ts'
import type { Invocation } from './execute.ts'
import type { PendingRow, RowLoader } from './row-loader.ts'

/** The calls of one list: when each call is known to be a hit or a miss, the misses load their rows together. */
export class ListBatch {
  readonly #loader: RowLoader
  readonly #undecided = new Set<Call>()
  /** Of each call, how many came before it in the list. */
  readonly #places = new Map<Call, number>()
  /** What is to be loaded, by call hash: an id that is twice in the list is loaded once. */
  readonly #loads = new Map<string, Promise<unknown>>()
  #pending: PendingRow[] = []
  #isComplete = false

  constructor(loader: RowLoader) {
    this.#loader = loader.another() // each list is loaded in the context of its caller
  }

  /** A call that may have to load its row. */
  enter(call: Call): void {
    this.#undecided.add(call)
    this.#places.set(call, this.#places.size)
  }

  /** All calls have entered. */
  complete(): void {
    this.#isComplete = true
    this.#goIfAllDecided()
  }

  /** Loads the row that a call misses. */
  load(call: Invocation | Call): Promise<unknown> {
    // The batch does not wait for calls that wait for another process, nor for those that look nothing up.
    if (!this.#isUndecided(call)) return this.#loader.loadOne(call)
    const load = this.#loads.get(call.hash) ?? this.#waitForRow(call)
    this.#loads.set(call.hash, load)
    this.leave(call)
    return load
  }

  #isUndecided(call: Invocation | Call): call is Call {
    return this.#undecided.has(call as Call)
  }

  #waitForRow(call: Call): Promise<unknown> {
    return new Promise((resolve, reject) => this.#pending.push({ call, resolve, reject }))
  }

  /** A call loads nothing, or not with the others. The rows are loaded when each call has left or misses its row. */
  leave(call: Call): void {
    if (this.#undecided.delete(call)) this.#goIfAllDecided()
  }

  #goIfAllDecided(): void {
    if (!this.#isComplete || this.#undecided.size > 0 || this.#pending.length === 0) return
    // In the order of the list, although what is near or large may have been found to be missing earlier or later.
    const placeOf = ({ call }: PendingRow): number => this.#places.get(call as Call) ?? 0
    const pending = this.#pending.sort((one, other) => placeOf(one) - placeOf(other))
    this.#pending = []
    void this.#loader.load(pending)
  }
}

import type { Hash } from '../keys/call-hash.ts'

/**
 * What became of a call: a result came from the store, or from what this process holds; there was none; it was stale, and served;
 * the call joined an equal one in flight.
 */
export type CallOutcome = 'hit' | 'near' | 'miss' | 'stale' | 'join'

/** How a run of the function ended: its result was stored, or not. */
export type RunOutcome = 'store' | 'skip'

/**
 * Gets each call of a cache, by the call hash. Unlike a listener of events it gets no object that has to be made, and it takes no
 * warning's place.
 */
export interface CallObserver {
  /** A call was looked up. A call of `wrapMany` is reported once for each id. */
  called(fn: string, hash: Hash, outcome: CallOutcome): void
  /** The function returned, for a call that missed or behind one that was served. */
  ran(fn: string, hash: Hash, outcome: RunOutcome, bytes: number, computeMs: number): void
}

/** The observers of one cache. */
export class CallObservers {
  /** `undefined` if there is none: that is all that a call without one has to look at. */
  current: CallObserver | undefined
  readonly #all = new Set<CallObserver>()

  add(observer: CallObserver): void {
    this.#all.add(observer)
    this.#choose()
  }

  remove(observer: CallObserver): void {
    this.#all.delete(observer)
    this.#choose()
  }

  #choose(): void {
    const all = [...this.#all]
    this.current = all.length > 1 ? inTurn(all) : all[0]
  }
}

const inTurn = (observers: readonly CallObserver[]): CallObserver => ({
  called: (...told) => observers.forEach((each) => each.called(...told)),
  ran: (...told) => observers.forEach((each) => each.ran(...told)),
})

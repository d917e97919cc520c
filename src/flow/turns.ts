import { setImmediate } from './timers.ts'

/** Gives turns of the event loop to pieces of work, in the order in which they ask: no two of them work in one turn. */
export class Turns {
  readonly #waiting: (() => void)[] = []
  #isTaken = false

  /** Takes a turn. @returns `undefined` if that is this one, and otherwise a promise that resolves in it. */
  take(): Promise<void> | undefined {
    if (this.#isTaken) return new Promise((resolve) => this.#waiting.push(resolve))
    this.#isTaken = true
    this.#endLater()
    return undefined
  }

  #endLater(): void {
    setImmediate(() => {
      const next = this.#waiting.shift()
      if (next === undefined) {
        this.#isTaken = false
      } else {
        this.#endLater()
        next()
      }
    })
  }
}

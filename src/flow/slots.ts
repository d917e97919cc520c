/** The end of a wait for a slot. */
export interface SlotWaiter {
  /** Resolves when it has a slot; rejects with what {@link giveUp} was given. */
  readonly entered: Promise<void>
  /** Stops waiting. Nothing happens to one that has its slot. */
  giveUp(reason: unknown): void
}

interface Queued {
  enter(): void
}

/** So many slots for what may run at the same time. Whoever finds none waits; slots are given in the order of asking. */
export class Slots {
  readonly #limit: number
  #taken = 0
  readonly #queue = new Set<Queued>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Takes a slot, which has to be released; `undefined` if there is one at once. */
  take(): SlotWaiter | undefined {
    if (this.#taken < this.#limit) {
      this.#taken++
      return undefined
    }
    const queue = this.#queue
    let giveUp: (reason: unknown) => void = () => {}
    const entered = new Promise<void>((resolve, reject) => {
      const queued: Queued = { enter: resolve }
      queue.add(queued)
      giveUp = (reason) => {
        if (queue.delete(queued)) reject(reason as Error)
      }
    })
    return { entered, giveUp }
  }

  /** Gives a slot to the one that has waited longest. */
  release(): void {
    for (const next of this.#queue) {
      this.#queue.delete(next)
      next.enter()
      return
    }
    this.#taken--
  }
}

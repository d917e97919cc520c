import { clearTimeout, setImmediate, setTimeout } from './timers.ts'

/** Is given work that goes on behind callers. */
export type WaitUntil = (work: Promise<void>) => void

/** Who works, and may be given up before the work has ended. */
export interface Abandonable {
  /** Calls that function once, if the work is given up or has been. */
  whenGivenUp(act: () => void): void
}

/** The work of one cache that is under way: counted, so that somebody can wait for its end. */
export class Background {
  readonly #waitUntil: WaitUntil | undefined
  readonly #onFailed: (error: unknown) => void
  #underWay = 0
  #whenIdle: (() => void)[] = []

  /**
   * @param waitUntil Given each piece of work that no caller waits for, as a promise that never rejects.
   * @param onFailed Called with what `waitUntil` threw.
   */
  constructor(waitUntil?: WaitUntil, onFailed: (error: unknown) => void = () => {}) {
    this.#waitUntil = waitUntil
    this.#onFailed = onFailed
  }

  /** Whether somebody is to be told of work that no caller waits for. */
  get isTold(): boolean {
    return this.#waitUntil !== undefined
  }

  /** Something begins. Whoever calls this calls {@link end} once. */
  begin(): void {
    this.#underWay++
  }

  end(): void {
    this.#underWay--
    if (this.#underWay > 0) return
    const waiting = this.#whenIdle
    this.#whenIdle = []
    for (const wake of waiting) wake()
  }

  /**
   * Counts work until its promise settles.
   *
   * @param worker If he is given up, the work is not counted any more.
   * @returns That promise.
   */
  add<T>(work: Promise<T>, worker?: Abandonable): Promise<T> {
    this.begin()
    let isOver = false
    const end = () => {
      if (!isOver) this.end()
      isOver = true
    }
    work.then(end, end)
    worker?.whenGivenUp(end)
    return work
  }

  /** The same for work that no caller waits for: `waitUntil` is given it. */
  addBehind(work: Promise<unknown>, worker?: Abandonable): void {
    void this.add(work, worker)
    this.tell(work, worker)
  }

  /** Gives work to `waitUntil`, in the async context of whoever calls this. */
  tell(work: Promise<unknown>, worker?: Abandonable): void {
    if (this.#waitUntil === undefined) return
    const settled = new Promise<void>((resolve) => {
      const end = () => resolve()
      work.then(end, end)
      worker?.whenGivenUp(end)
    })
    try {
      const result: unknown = this.#waitUntil(settled)
      // The type says that it returns nothing; an async function is accepted all the same.
      Promise.resolve(result).catch(this.#onFailed)
    } catch (error) {
      this.#onFailed(error)
    }
  }

  /**
   * Waits until nothing is under way, including what begins meanwhile.
   *
   * @param timeoutMs The longest that it waits.
   * @param flush Called again and again: sends at once what waits to be sent.
   * @returns Whether nothing was left.
   */
  async drain(timeoutMs: number, flush: () => void): Promise<boolean> {
    let isLate = false
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        isLate = true
        resolve()
      }, timeoutMs)
    })
    try {
      for (;;) {
        await new Promise(setImmediate) // what was asked for in this turn of the event loop leaves
        flush()
        if (this.#underWay === 0) return true
        if (isLate) return false
        await Promise.race([late, new Promise<void>((resolve) => this.#whenIdle.push(resolve))])
      }
    } finally {
      clearTimeout(timer)
    }
  }
}

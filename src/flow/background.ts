import { clearTimeout, setImmediate, setTimeout } from './timers.ts'

/** A function that is given each piece of background work, as a promise that never rejects. */
export type WaitUntil = (work: Promise<void>) => void

/** A load that may be given up before it has ended. */
export interface Abandonable {
  /** Calls a function once, as soon as the load is given up, or at once if it was already. */
  whenGivenUp(act: () => void): void
}

/** Counts the work of one cache that is under way, so that `drain` can wait for its end. */
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

  /** Whether the option `waitUntil` is given. */
  get isTold(): boolean {
    return this.#waitUntil !== undefined
  }

  /** Counts work that begins; each call needs one call of {@link end}. */
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
   * Counts work that begins.
   *
   * @param worker The load that does the work: if it is given up, the work is not counted any more.
   * @returns To be called at the end of the work.
   */
  start(worker?: Abandonable): () => void {
    this.begin()
    let isOver = false
    const end = () => {
      if (!isOver) this.end()
      isOver = true
    }
    worker?.whenGivenUp(end)
    return end
  }

  /**
   * Counts work until its promise settles.
   *
   * @param worker The load that does the work: if it is given up, the work is not counted any more.
   * @returns The promise of the work.
   */
  add<T>(work: Promise<T>, worker?: Abandonable): Promise<T> {
    const end = this.start(worker)
    work.then(end, end)
    return work
  }

  /** Counts work that no caller waits for, and gives it to `waitUntil`. */
  addBehind(work: Promise<unknown>, worker?: Abandonable): void {
    void this.add(work, worker)
    this.tell(work, worker)
  }

  /** Gives work to `waitUntil`, in the async context of this call. */
  tell(work: Promise<unknown>, worker?: Abandonable): void {
    if (this.#waitUntil === undefined) return
    const settled = new Promise<void>((resolve) => {
      const end = () => resolve()
      work.then(end, end)
      worker?.whenGivenUp(end)
    })
    try {
      const result: unknown = this.#waitUntil(settled)
      // By its type it returns nothing, but an async function is accepted, too.
      Promise.resolve(result).catch(this.#onFailed)
    } catch (error) {
      this.#onFailed(error)
    }
  }

  /**
   * Waits until no work is under way, including work that begins meanwhile.
   *
   * @param timeoutMs The longest time to wait, in milliseconds.
   * @param flush Called repeatedly: sends at once what waits to be sent.
   * @returns Whether all work ended in time.
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
        await new Promise(setImmediate) // commands of this turn of the event loop are sent first
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

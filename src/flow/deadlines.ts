import { clearTimeout, monotonicMs, setTimeout } from './timers.ts'

/** Something that is called when its time is over, unless it is ended before. */
export interface Deadline {
  end(): void
}

/** Deadlines of many, with one timer for all that last equally long. */
export class Deadlines {
  readonly #keepsAlive: boolean
  readonly #queues = new Map<number, Queue>()

  /** @param keepsAlive Whether the process lives on until they are over. */
  constructor(keepsAlive: boolean) {
    this.#keepsAlive = keepsAlive
  }

  /**
   * @param ms `Infinity` for never.
   * @param onOver Called once, from a timer: in no particular async context. Throws nothing.
   */
  after(ms: number, onOver: () => void): Deadline {
    if (ms === Number.POSITIVE_INFINITY) return NEVER
    let queue = this.#queues.get(ms)
    if (queue === undefined) {
      queue = new Queue(ms, this.#keepsAlive, () => this.#queues.delete(ms))
      this.#queues.set(ms, queue)
    }
    return new Waiting(queue, onOver)
  }
}

const NEVER: Deadline = { end: () => {} }

class Waiting implements Deadline {
  readonly onOver: () => void
  readonly dueMs: number
  readonly #queue: Queue

  constructor(queue: Queue, onOver: () => void) {
    this.onOver = onOver
    this.dueMs = monotonicMs() + queue.ms
    this.#queue = queue
    queue.add(this)
  }

  end(): void {
    this.#queue.delete(this)
  }
}

/** Those that last equally long end in the order in which they began. */
class Queue {
  readonly ms: number
  readonly #keepsAlive: boolean
  readonly #onEmpty: () => void
  readonly #waiting = new Set<Waiting>()
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number, keepsAlive: boolean, onEmpty: () => void) {
    this.ms = ms
    this.#keepsAlive = keepsAlive
    this.#onEmpty = onEmpty
  }

  add(waiting: Waiting): void {
    this.#waiting.add(waiting)
    if (this.#timer === undefined) this.#arm(this.ms)
    else if (this.#keepsAlive && this.#waiting.size === 1) this.#timer.ref?.()
  }

  /** The timer stays for those that come next: setting one for each would cost more. */
  delete(waiting: Waiting): void {
    if (this.#waiting.delete(waiting) && this.#waiting.size === 0) this.#timer?.unref?.()
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), ms)
    if (!this.#keepsAlive) this.#timer.unref?.()
  }

  #look(): void {
    this.#timer = undefined
    const nowMs = monotonicMs()
    for (const waiting of this.#waiting) {
      // A timer may be a little early by that clock.
      if (waiting.dueMs - nowMs >= 1) return this.#arm(waiting.dueMs - nowMs)
      this.#waiting.delete(waiting)
      waiting.onOver()
    }
    if (this.#timer === undefined) this.#onEmpty()
  }
}

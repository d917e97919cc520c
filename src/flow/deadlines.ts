import { clearTimeout, monotonicMs, setTimeout } from './timers.ts'

/** A function that is called when its time is over, unless the deadline is ended before. */
export interface Deadline {
  end(): void
}

/** Many deadlines, with one timer for all deadlines of the same length. */
export class Deadlines {
  readonly #keepsAlive: boolean
  readonly #queues = new Map<number, Queue>()

  /** @param keepsAlive Whether the process stays alive until they are over. */
  constructor(keepsAlive: boolean) {
    this.#keepsAlive = keepsAlive
  }

  /**
   * Starts a deadline.
   *
   * @param ms Its length in milliseconds; `Infinity` for a deadline that is never over.
   * @param onOver Called once, from a timer and so outside the async context of the call. It must not throw.
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
  /**
   * The neighbours in the queue. The queue is a linked list, since a `Set` that changes all the time keeps removed members alive:
   * V8 links its old tables to the new ones.
   */
  before: Waiting | undefined = undefined
  behind: Waiting | undefined = undefined
  isQueued = false
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

/** Deadlines of one length. They end in the order in which they began, so the list is always sorted. */
class Queue {
  readonly ms: number
  readonly #keepsAlive: boolean
  readonly #onEmpty: () => void
  #first: Waiting | undefined
  #last: Waiting | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number, keepsAlive: boolean, onEmpty: () => void) {
    this.ms = ms
    this.#keepsAlive = keepsAlive
    this.#onEmpty = onEmpty
  }

  add(waiting: Waiting): void {
    const isAlone = this.#first === undefined
    waiting.isQueued = true
    waiting.before = this.#last
    if (this.#last === undefined) this.#first = waiting
    else this.#last.behind = waiting
    this.#last = waiting
    if (this.#timer === undefined) this.#arm(this.ms)
    else if (this.#keepsAlive && isAlone) this.#timer.ref?.()
  }

  /** Ends a deadline. The timer stays for the next ones: setting a timer for each would cost more. */
  delete(waiting: Waiting): void {
    if (this.#remove(waiting) && this.#keepsAlive && this.#first === undefined) this.#timer?.unref?.()
  }

  /** Removes a deadline. Returns whether it was in the queue. */
  #remove(waiting: Waiting): boolean {
    if (!waiting.isQueued) return false
    const { before, behind } = waiting
    if (before === undefined) this.#first = behind
    else before.behind = behind
    if (behind === undefined) this.#last = before
    else behind.before = before
    waiting.before = undefined
    waiting.behind = undefined
    waiting.isQueued = false
    return true
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), ms)
    if (!this.#keepsAlive) this.#timer.unref?.()
  }

  #look(): void {
    this.#timer = undefined
    const nowMs = monotonicMs()
    for (let waiting = this.#first; waiting !== undefined; waiting = this.#first) {
      // A timer may fire a little early by the monotonic clock.
      if (waiting.dueMs - nowMs >= 1) return this.#arm(waiting.dueMs - nowMs)
      this.#remove(waiting)
      waiting.onOver()
    }
    if (this.#timer === undefined) this.#onEmpty()
  }
}

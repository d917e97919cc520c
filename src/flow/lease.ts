import { randomBytes } from 'node:crypto'
import { closeQuietly, OwnWatch, weakly } from './own-watch.ts'
import { within } from './timeout.ts'
import { UnreleasedLeases } from './unreleased-leases.ts'
import { clearInterval, clearTimeout, monotonicMs, setInterval, setTimeout } from './timers.ts'

/** The operations of the store on the leases of one partition. */
export interface LeaseBackend<Request> {
  /** Asks for a lease, for an asker. */
  ask(request: Request, asker: string): Promise<Answer>
  /** Prolongs leases; `false` for one that was lost. */
  renew(held: readonly Held[]): Promise<readonly boolean[]>
  release(held: readonly Held[]): Promise<void>
  /**
   * Calls the watcher when leases end; resolves to `undefined` if the store cannot report that. May be called again for the same
   * watcher: the first watch is closed when there is a second one.
   */
  watch(watcher: Watcher): Promise<Watch | undefined>
}

/** A registered {@link Watcher}. */
interface Watch {
  close(): Promise<void>
}

/** A result is available; or the lease was taken; or another holder has it. */
export type Answer =
  | { readonly state: 'available'; readonly atUs: number }
  | { readonly state: 'taken' | 'held'; readonly atUs: number; readonly untilUs: number }

interface Watcher {
  ended(hash: string): void
  lost(): void
  restored(): void
}

/** Waits for the store in a step of a call, and rejects when the call has no time left for it. */
type Bounded = <T>(ask: () => Promise<T>) => Promise<T>

/** The call that takes the lease of an entry. */
interface Holder {
  readonly hash: string
}

/** A lease that is held, or may be, by the name under which it was asked for. */
interface Held extends Holder {
  readonly asker: string
}

/**
 * What waiting for a lease came to: an {@link Answer}; `'ended'` if the other process has finished, successfully or not;
 * `'late'` if the time was up.
 */
export type LeaseOutcome =
  | (Answer & { readonly state: 'available' | 'taken' })
  | { readonly state: 'ended' }
  | { readonly state: 'late' }

/** How often to ask if no messages are received. */
const POLL_MS = 50

/** How often to ask though messages are received: one may be lost, or its sender may not be allowed to publish. (Promise: no-vain-wait.) */
const LOOK_AGAIN_MS = 500

/** The longest wait for a connection for messages: a small part of the time that a call waits for the store. */
const WATCH_TIMEOUT_MS = 100

/** A lease is renewed when this part of it has passed, so that one renewal may fail. */
const RENEW_AFTER = 1 / 3

/** The leases of one partition: takes them, waits for them, and renews them while their loads go on. */
export class Leases<Request> {
  readonly #backend: LeaseBackend<Request>
  readonly #leaseMs: number
  /** By holder, not by entry: after an invalidation two calls may load the same entry, and each ends its own lease. */
  readonly #held = new Map<Holder, Held>()
  /** Those of `#held` that are asked for, and not renewed yet. */
  readonly #asked = new WeakSet<Held>()
  readonly #unreleased: UnreleasedLeases
  /** Those of `#held` that are renewed no more. */
  readonly #lost = new WeakSet<Held>()
  /** What the names of its askers begin with. */
  readonly #self = randomBytes(9).toString('base64url')
  #askers = 0
  readonly #waiting = new Map<string, Set<(hasEnded: boolean) => void>>()
  readonly #open: OwnWatch = new OwnWatch(this)
  #watching: Promise<void> | undefined
  #isWatched = false
  /** Whether the connection for messages was not there in time: it is waited for no more until it is. */
  #isWatchLate = false
  #timer: NodeJS.Timeout | undefined
  #isRenewing = false

  readonly #watcher: Watcher = {
    ended: (hash) => this.#wake(hash, true),
    lost: () => {
      this.#isWatched = false
      this.#watching = undefined // the next call of `take` watches again, if `restored` is not called before
      for (const hash of this.#waiting.keys()) this.#wake(hash, false)
    },
    restored: () => {
      this.#isWatched = true
    },
  }

  /** The watcher that the store gets. It does not keep this object in memory. */
  readonly #weakWatcher: Watcher = weakly(this.#watcher)

  constructor(backend: LeaseBackend<Request>, leaseMs: number) {
    this.#backend = backend
    this.#leaseMs = leaseMs
    this.#unreleased = new UnreleasedLeases((held) => backend.release(held), leaseMs)
  }

  /** Whether a lease is held, or waited for. */
  get isInUse(): boolean {
    return this.#held.size > 0 || this.#waiting.size > 0
  }

  /** Ends the present waits: each caller that waits for a lease of another holder asks for it at once. */
  stopWaiting(): void {
    for (const hash of this.#waiting.keys()) this.#wake(hash, false)
  }

  /** Closes the watch. Leases are kept; the next call of `take` watches again. */
  close(): void {
    this.#watcher.lost()
    this.#unreleased.close()
    this.#open.close()
  }

  /**
   * Waits until a result is available, the lease is free, or the lease of another holder has ended; at the latest until `untilMs`.
   *
   * @param untilMs By {@link monotonicMs}.
   * @param onWait Called once, if another holder has the lease.
   * @param bounded Limits how long each step waits for the store.
   */
  async take(
    holder: Holder,
    request: Request,
    untilMs: number,
    onWait: () => void,
    bounded: Bounded = (ask) => ask(),
  ): Promise<LeaseOutcome> {
    if (!this.#isWatched) await bounded(() => this.#watch())
    let hasWaited = false
    for (;;) {
      // First listen, then ask: so the message of a lease that ends after the answer is received.
      const ending = this.#endingOf(holder.hash)
      const isWatched = this.#isWatched
      try {
        const answer = await bounded(() => this.tryToTake(holder, request))
        if (isNotHeld(answer)) return answer
        const leftMs = untilMs - monotonicMs()
        if (leftMs <= 0) return { state: 'late' }
        if (!hasWaited) onWait()
        hasWaited = true
        // If the process of the holder died, no message reports the end of its lease.
        const leaseMs = (answer.untilUs - answer.atUs) / 1000 + 1
        const hasEnded = await ending.endsWithin(
          Math.min(leftMs, leaseMs, isWatched ? LOOK_AGAIN_MS : POLL_MS),
        )
        if (hasEnded) return { state: 'ended' }
      } finally {
        ending.close()
      }
    }
  }

  /**
   * Asks once, without waiting.
   *
   * Until the answer is known the lease counts as held, and after a failure until {@link end}: the answer may be lost on its way,
   * or come when the holder has stopped waiting.
   */
  async tryToTake(holder: Holder, request: Request): Promise<Answer> {
    const known = this.#held.get(holder)
    const held = known ??
      this.#unreleased.take(holder.hash) ?? { hash: holder.hash, asker: `${this.#self}${this.#askers++}` }
    this.#asked.add(held)
    this.#keep(holder, held)
    const answer = await this.#backend.ask(request, held.asker).finally(() => this.#asked.delete(held))
    if (answer.state !== 'taken' && known === undefined && this.#held.get(holder) === held) this.end(holder)
    return answer
  }

  /** Stops renewing a lease, and returns it; `undefined` if there is none. */
  end(holder: Holder): Held | undefined {
    const held = this.#held.get(holder)
    this.#held.delete(holder)
    if (this.#held.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    return held
  }

  /** The release of a lease failed: it is tried again, or the lease is taken over by the next call for the same entry. */
  notReleased(held: Held): void {
    this.#unreleased.add(held)
  }

  #keep(holder: Holder, held: Held): void {
    this.#held.set(holder, held)
    if (this.#timer !== undefined) return
    this.#timer = setInterval(() => void this.#renew(), this.#leaseMs * RENEW_AFTER)
    this.#timer.unref?.() // the work itself keeps the process alive, or nothing does
  }

  async #renew(): Promise<void> {
    const all = [...this.#held.values()].filter((held) => !this.#lost.has(held) && !this.#asked.has(held))
    if (all.length === 0 || this.#isRenewing) return
    this.#isRenewing = true
    try {
      const areHeld = await this.#backend.renew(all)
      all.forEach((held, i) => {
        if (areHeld[i] !== true) this.#lost.add(held)
      })
    } catch {
      // the next one may succeed in time
    } finally {
      this.#isRenewing = false
    }
  }

  /** Resolves when messages are received, or after {@link WATCH_TIMEOUT_MS}; at once if another one has waited in vain for that. */
  async #watch(): Promise<void> {
    if (this.#isWatched) return
    this.#watching ??= this.#tryToWatch()
    if (this.#isWatchLate) return
    await within(this.#watching, WATCH_TIMEOUT_MS, () => new Error()).catch(() => {
      this.#isWatchLate = true
    })
  }

  #tryToWatch(): Promise<void> {
    const watching: Promise<void> = this.#backend.watch(this.#weakWatcher).then(
      (watch) => {
        if (this.#watching !== watching) return closeQuietly(watch) // closed or lost meanwhile
        this.#isWatched = watch !== undefined
        this.#isWatchLate = false
        this.#open.keep(watch)
      },
      () => {
        this.#isWatchLate = false
        if (this.#watching === watching) this.#watching = undefined // the next call of `take` tries again; until then this one polls
      },
    )
    return watching
  }

  #wake(hash: string, hasEnded: boolean): void {
    for (const wake of this.#waiting.get(hash) ?? []) wake(hasEnded)
  }

  /** `endsWithin` resolves to whether the lease has ended: `false` when the time is up, or messages are lost. */
  #endingOf(hash: string): { endsWithin(ms: number): Promise<boolean>; close(): void } {
    let timer: NodeJS.Timeout | undefined
    let wake: (hasEnded: boolean) => void = () => {}
    const ended = new Promise<boolean>((resolve) => {
      wake = resolve
    })
    const waiting = this.#waiting.get(hash) ?? new Set()
    this.#waiting.set(hash, waiting.add(wake))
    return {
      endsWithin: (ms) => {
        timer = setTimeout(wake, ms, false)
        return ended
      },
      close: () => {
        clearTimeout(timer)
        waiting.delete(wake)
        if (waiting.size === 0) this.#waiting.delete(hash)
      },
    }
  }
}

const isNotHeld = (answer: Answer): answer is Answer & { readonly state: 'available' | 'taken' } =>
  answer.state !== 'held'

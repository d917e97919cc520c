import { StoreError } from '../errors.ts'
import { type CircuitBreaker, REFUSED } from '../flow/circuit-breaker.ts'
import type { Deadline, Deadlines } from '../flow/deadlines.ts'
import { setImmediate } from '../flow/timers.ts'
import type { Hash } from '../keys/call-hash.ts'
import type { KeyPair } from '../keys/key-names.ts'
import { spelled } from '../validation/duration.ts'
import type { AbstractPolicy } from '../policies/policy.ts'
import { messageOf } from '../realms/native.ts'
import type { StoreHealth } from '../telemetry/store-health.ts'
import {
  type ChangeLog,
  type ChangesAt,
  type ChangesSince,
  type ChangeWatcher,
  hasChangeLog,
  type HeldLease,
  type InvalidationReport,
  type LeaseAnswer,
  type LeaseRequest,
  type LeaseWatcher,
  type KeySpace,
  type Lookup,
  type LookupOptions,
  type NewEntry,
  type PutReport,
  type Store,
  type Watch,
} from './store.ts'
import { isUnavailable } from './unavailable.ts'

export interface GuardSettings {
  /** The deadline of a command; `Infinity` for none. */
  readonly timeoutMs: number
  /** The deadline of a command on a whole partition, or of a portion of it: no call waits for these. */
  readonly wholeTimeoutMs: number
  readonly deadlines: Deadlines
  /** `undefined` to ask the store whatever happened before. */
  readonly breaker: CircuitBreaker | undefined
  /** Told of each failure. */
  readonly health: StoreHealth
}

/**
 * A store whose answers are waited for no longer than a deadline, and which is left alone after failures in a row. Callers decide
 * what a failure means to them.
 *
 * Invalidations are tried in any state: they must be carried out, or be known to have failed.
 */
export class GuardedStore implements Store, ChangeLog {
  readonly #store: Store
  readonly #settings: GuardSettings

  constructor(store: Store, settings: GuardSettings) {
    this.#store = store
    this.#settings = settings
  }

  accept(policy: AbstractPolicy): void {
    this.#store.accept(policy)
  }

  get(space: KeySpace, hashes: readonly Hash[], options?: LookupOptions): Promise<readonly Lookup[]> {
    const ticket = this.#admit()
    if (ticket === REFUSED) return this.#refuse()
    return this.#timed('get', ticket, this.#store.get(space, hashes, options))
  }

  touch(space: KeySpace, hashes: readonly Hash[]): Promise<void> {
    const ticket = this.#admit()
    return ticket === REFUSED
      ? this.#refuse()
      : this.#timed('touch', ticket, this.#store.touch(space, hashes))
  }

  put(space: KeySpace, entries: readonly NewEntry[]): Promise<PutReport> {
    const ticket = this.#admit()
    if (ticket === REFUSED) return this.#refuse()
    return this.#inPortions('put', ticket, this.#settings.timeoutMs, (onPortion) =>
      this.#store.put(space, entries, onPortion),
    )
  }

  now(space: KeySpace): Promise<number> {
    const ticket = this.#admit()
    return ticket === REFUSED ? this.#refuse() : this.#timed('now', ticket, this.#store.now(space))
  }

  register(registry: string, space: KeySpace): Promise<void> {
    const ticket = this.#admit()
    if (ticket === REFUSED) return this.#refuse()
    return this.#timed('register', ticket, this.#store.register(registry, space))
  }

  /**
   * A lease that is granted after the deadline is given back, in any state of the breaker: nobody else would, and other processes
   * would wait for it. A client may send the command long after the deadline, when it is connected again.
   */
  lease(
    space: KeySpace,
    requests: readonly LeaseRequest[],
    leaseMs: number,
  ): Promise<readonly LeaseAnswer[]> {
    const ticket = this.#admit()
    if (ticket === REFUSED) return this.#refuse()
    const asked = this.#store.lease(space, requests, leaseMs)
    return this.#timed('lease', ticket, asked, (answers) => {
      const taken: HeldLease[] = requests.filter((_, i) => answers[i]?.state === 'taken')
      if (taken.length > 0) this.#store.release(space, taken).catch(() => {}) // they end by themselves
    })
  }

  renew(space: KeySpace, held: readonly HeldLease[], leaseMs: number): Promise<readonly boolean[]> {
    const ticket = this.#admit()
    if (ticket === REFUSED) return this.#refuse()
    return this.#timed('renew', ticket, this.#store.renew(space, held, leaseMs))
  }

  release(space: KeySpace, held: readonly HeldLease[]): Promise<void> {
    const ticket = this.#admit()
    return ticket === REFUSED
      ? this.#refuse()
      : this.#timed('release', ticket, this.#store.release(space, held))
  }

  /** Has no deadline here: whoever waits for a watch limits that, and a late one has to be closed. */
  watch(space: KeySpace, watcher: LeaseWatcher): Promise<Watch | undefined> {
    return this.#settings.breaker?.state === 'open' ? this.#refuse() : this.#store.watch(space, watcher)
  }

  recordsChanges(policy: AbstractPolicy): boolean {
    return this.#log.recordsChanges(policy)
  }

  changes(space: KeySpace): Promise<ChangesAt> {
    const ticket = this.#admit()
    return ticket === REFUSED ? this.#refuse() : this.#timed('changes', ticket, this.#log.changes(space))
  }

  listen(space: KeySpace, heard: number | undefined, ttlMs: number): Promise<ChangesSince> {
    const ticket = this.#admit()
    if (ticket === REFUSED) return this.#refuse()
    return this.#timed('listen', ticket, this.#log.listen(space, heard, ttlMs))
  }

  /** Has no deadline here, as {@link watch} has none. */
  watchChanges(space: KeySpace, watcher: ChangeWatcher): Promise<Watch | undefined> {
    if (this.#settings.breaker?.state === 'open') return this.#refuse()
    return this.#log.watchChanges(space, watcher)
  }

  size(space: KeySpace): Promise<number> {
    const ticket = this.#admit()
    return ticket === REFUSED ? this.#refuse() : this.#whole('size', ticket, () => this.#store.size(space))
  }

  bytes(space: KeySpace): Promise<number> {
    const ticket = this.#admit()
    if (ticket === REFUSED) return this.#refuse()
    return this.#whole('bytes', ticket, (onPortion) => this.#store.bytes?.(space, onPortion) ?? cannotTell())
  }

  invalidate(space: KeySpace, hashes: readonly Hash[], soft?: boolean): Promise<InvalidationReport> {
    return this.#timed('invalidate', this.#ticket, this.#store.invalidate(space, hashes, soft))
  }

  invalidateFunction(space: KeySpace, part: Hash, soft?: boolean): Promise<InvalidationReport> {
    return this.#whole('invalidateFunction', this.#ticket, (onPortion) =>
      this.#store.invalidateFunction(space, part, soft, onPortion),
    )
  }

  invalidateTags(space: KeySpace, tags: readonly string[], soft?: boolean): Promise<InvalidationReport> {
    return this.#whole('invalidateTags', this.#ticket, (onPortion) =>
      this.#store.invalidateTags(space, tags, soft, onPortion),
    )
  }

  purge(space: KeySpace): Promise<InvalidationReport> {
    return this.#whole('purge', this.#ticket, () => this.#store.purge(space))
  }

  /** A purge begins with it. */
  registered(registry: string): Promise<readonly KeyPair[]> {
    return this.#whole('registered', this.#ticket, () => this.#store.registered(registry))
  }

  close(): Promise<void> {
    return this.#timed('close', this.#ticket, this.#store.close())
  }

  /** No cache asks for it whose store has none. */
  get #log(): ChangeLog {
    if (!hasChangeLog(this.#store)) throw new StoreError('This store has no log of changes.')
    return this.#store
  }

  #admit(): number {
    const { breaker } = this.#settings
    return breaker === undefined ? 0 : breaker.admit()
  }

  get #ticket(): number {
    return this.#settings.breaker?.ticket ?? 0
  }

  #refuse(): Promise<never> {
    const { lastError } = this.#settings.health
    return Promise.reject(
      new StoreError(
        `The store is not asked, since it has failed several times in a row: ${messageOf(lastError)}`,
        { cause: lastError, reason: 'open' },
      ),
    )
  }

  #whole<T>(what: keyof Store, ticket: number, ask: (onPortion: () => void) => Promise<T>): Promise<T> {
    return this.#inPortions(what, ticket, this.#settings.wholeTimeoutMs, ask)
  }

  /** What is answered within a deadline that starts again as long as portions are done. */
  #inPortions<T>(
    what: keyof Store,
    ticket: number,
    timeoutMs: number,
    ask: (onPortion: () => void) => Promise<T>,
  ): Promise<T> {
    let isAhead = false
    const onPortion = () => {
      isAhead = true
    }
    const again = () => {
      const wasAhead = isAhead
      isAhead = false
      return wasAhead
    }
    return this.#timed(what, ticket, ask(onPortion), undefined, timeoutMs, again)
  }

  /**
   * What the store answers, within a deadline.
   *
   * @param onLate Given an answer that comes later.
   * @param goesOn Asked at the deadline, whether it starts again.
   */
  #timed<T>(
    what: keyof Store,
    ticket: number,
    asked: Promise<T>,
    onLate?: (answer: T) => void,
    timeoutMs: number = this.#settings.timeoutMs,
    goesOn?: () => boolean,
  ): Promise<T> {
    const { deadlines, breaker } = this.#settings
    return new Promise((resolve, reject) => {
      let isOver = false
      let isAnswered = false
      let deadline: Deadline
      const begin = (): void => {
        deadline = deadlines.after(timeoutMs, () => {
          // Where this process itself was busy, the answer may be there, and only not read yet.
          setImmediate(() => {
            if (isAnswered) return
            if (goesOn?.() === true) return begin()
            isOver = true
            const error = tooLate(what, timeoutMs)
            this.#failed(ticket, error, true)
            reject(error)
          })
        })
      }
      begin()
      asked.then(
        (answer) => {
          if (isOver) {
            breaker?.answeredLate()
            return onLate?.(answer)
          }
          isAnswered = true
          deadline.end()
          breaker?.succeeded()
          resolve(answer)
        },
        (error: unknown) => {
          if (isOver) {
            if (!isUnavailable(error)) breaker?.answeredLate()
            return
          }
          isAnswered = true
          deadline.end()
          this.#failed(ticket, error, isUnavailable(error))
          reject(error)
        },
      )
    })
  }

  #failed(ticket: number, error: unknown, isGone: boolean): void {
    const { breaker, health } = this.#settings
    health.failed(error)
    if (isGone) breaker?.failed(ticket)
    else breaker?.succeeded() // it has answered
  }
}

const cannotTell = (): Promise<never> =>
  Promise.reject(
    new StoreError('This store does not tell how many bytes it holds: it lacks the method bytes.'),
  )

const tooLate = (what: string, timeoutMs: number): StoreError =>
  new StoreError(`The store did not answer at ${what} within ${spelled(timeoutMs)} (storeTimeout).`, {
    reason: 'timeout',
  })

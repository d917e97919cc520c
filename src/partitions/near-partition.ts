import { type Change, Hearing, type Question } from '../flow/hearing.ts'
import { closeQuietly, OwnWatch, weakly } from '../flow/own-watch.ts'
import { ShortLivedMap } from '../flow/short-lived-map.ts'
import { monotonicMs, setImmediate } from '../flow/timers.ts'
import { TouchBuffer, TOUCHES_A_PIECE } from '../flow/touch-buffer.ts'
import type { Hash } from '../keys/call-hash.ts'
import type { ChangesAt, ChangesSince, ChangeWatcher, Watch } from '../stores/store.ts'
import { NearEntry, type NearFacts } from './near-entry.ts'
import type { NearFunction } from './near-function.ts'
import type { NearTier } from './near-tier.ts'

/** What is asked of the store for the entries of one partition. */
export interface NearBackend {
  changes(): Promise<ChangesAt>
  listen(heard: number | undefined, ttlMs: number): Promise<ChangesSince>
  watch(watcher: ChangeWatcher): Promise<Watch | undefined>
  /** Reports reads to the policy. Never rejects. */
  touch(hashes: readonly Hash[]): Promise<void>
  /** The store could not be asked in the background. */
  failed(error: unknown): void
  /** A clock in milliseconds that goes on while the machine sleeps. */
  readonly todayMs: () => number
  /** How many lookups and puts were sent: {@link Partition.epoch}. */
  epoch(): number
}

/** The log of changes is prolonged when this part of its life has passed. */
const PROLONG_AFTER = 1 / 3

/** The pause after a failure, in which the store is asked only if a call waits for the answer: it doubles with each failure. */
const SHORTEST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 10_000

/** The largest number of near hits that wait to be reported to the policy. */
const MOST_TOUCHES = 10_000

/**
 * What this process holds of one partition, and what it has heard of the changes there.
 *
 * Nothing is asked of the store while nobody calls: no timer runs but that for touches.
 */
export class NearPartition {
  /** The name of the key that holds the index: it stands for the partition. */
  readonly index: string
  readonly hearing: Hearing
  /** The wall clock, which goes on while the machine sleeps; that of the store, if it is one in this process. */
  readonly todayMs: () => number
  readonly #tier: NearTier
  readonly #backend: NearBackend
  #entries = new ShortLivedMap<NearEntry>()
  readonly #open: OwnWatch = new OwnWatch(this)
  #watching: Promise<void> | undefined
  #isClosed = false
  #proving: Promise<void> | undefined
  /** A background question waits until then, after failures. */
  #pauseUntilMs = 0
  #pauseMs = 0
  /** When the log was prolonged for the last time. */
  #listenedMs = Number.NEGATIVE_INFINITY
  /** Entries that were asked for before everything was dropped are not held. */
  #sinceEpoch = 0
  /** Entries with near hits that wait to be reported to the policy. */
  readonly #used: TouchBuffer<NearEntry>
  readonly #watcher: ChangeWatcher = {
    changed: (message) => {
      this.hearing.hear(message)
      if (this.hearing.isMissing) this.proveBehind()
    },
    lost: () => {
      this.#watching = undefined // the next question watches again, if `restored` is not called before
      this.hearing.lost()
    },
    restored: () => {
      this.#watching ??= Promise.resolve()
      this.hearing.lost()
    },
  }

  constructor(index: string, tier: NearTier, backend: NearBackend) {
    this.index = index
    this.#tier = tier
    this.#backend = backend
    this.todayMs = backend.todayMs
    const touch = (used: readonly NearEntry[]) => void this.#touch(used)
    this.#used = new TouchBuffer<NearEntry>(tier.touchEveryMs, touch, { limit: MOST_TOUCHES })
    const holder = { drop: (change: Change) => this.#drop(change), dropAll: () => this.#flush() }
    this.hearing = new Hearing(holder, monotonicMs, backend.todayMs)
    this.proveBehind()
  }

  /** Whether messages about changes are received. */
  get isListening(): boolean {
    return this.#open.isOpen && this.#watching !== undefined
  }

  get(hash: Hash): NearEntry | undefined {
    return this.#entries.get(hash)
  }

  /**
   * How long ago it was proven that what is held is right, in milliseconds; `Infinity` for no proof.
   *
   * @param nowMs By {@link monotonicMs}.
   * @param todayMs By {@link todayMs}.
   */
  proofAgeMs(nowMs: number, todayMs: number): number {
    const { provenMs, provenWallMs } = this.hearing
    return Math.max(nowMs - provenMs, todayMs - provenWallMs)
  }

  /**
   * When something ends that lasts for so long from a moment on.
   *
   * @param sinceMs The moment, by {@link monotonicMs}.
   * @param lifeMs `undefined` for no end.
   */
  endOf(
    sinceMs: number,
    lifeMs: number = Number.POSITIVE_INFINITY,
  ): Pick<NearFacts, 'untilMs' | 'untilTodayMs'> {
    const leftMs = lifeMs - (monotonicMs() - sinceMs)
    return { untilMs: sinceMs + lifeMs, untilTodayMs: this.todayMs() + leftMs }
  }

  /**
   * Holds an entry that was read or stored, unless it may have changed since.
   *
   * @param epoch That of the partition when it was asked for.
   */
  keep(fn: NearFunction, facts: NearFacts, epoch: number): void {
    const { hash, label } = facts
    if (this.#isClosed || epoch < this.#sinceEpoch || this.hearing.refuses(hash, label)) return
    const held = this.#entries.get(hash)
    if (held !== undefined && held.fn === fn && held.label >= label) return
    const entry = new NearEntry(this, fn, facts)
    if (held !== undefined) this.#remove(held)
    if (!this.#tier.hasRoomFor(entry.bytes)) return
    this.#entries.set(hash, entry)
    this.#tier.add(entry)
  }

  /** Lets go of entries that this process is about to change, or has changed. */
  dropEach(hashes: readonly Hash[]): void {
    for (const hash of hashes) {
      const entry = this.#entries.get(hash)
      if (entry !== undefined) this.#remove(entry)
    }
  }

  /** Lets go of all entries whose call hashes begin with a part. */
  dropPart(part: Hash): void {
    for (const entry of this.#entries.values()) if (entry.hash.startsWith(part)) this.#remove(entry)
  }

  dropAll(): void {
    this.#sinceEpoch = this.#backend.epoch()
    for (const entry of this.#entries.values()) this.#remove(entry)
  }

  /**
   * This process has changed entries, and has let go of them.
   *
   * @param number That of the change; `undefined` if there is no log any more, so that other changes are not recorded either.
   */
  changed(number: number | undefined): void {
    if (number === undefined) this.hearing.answered(undefined, true, this.hearing.question())
    else this.hearing.changed(number)
  }

  /** This process has stored entries: those that are held of them are outdated. */
  stored(hashes: readonly Hash[], number: number | undefined): void {
    if (number !== undefined) this.#drop({ number, previous: 0, isAll: false, hashes, parts: [] })
    this.changed(number)
  }

  /**
   * This process has changed entries that it does not know: near hits wait until it has heard of that.
   *
   * @param least `least` of a question at the time when the store was asked to change them.
   */
  changedUnknown(number: number | undefined, least: number): void {
    if (number === undefined) return this.changed(undefined)
    this.hearing.require(number, least)
    if (!this.hearing.hasReached(number)) this.proveBehind()
  }

  /** A lookup has told how far the log of changes is. */
  answered(changes: ChangesAt | undefined, question: Question): void {
    if (changes !== undefined) this.hearing.answered(changes.number, changes.hasEntries, question)
    if (this.hearing.isMissing || this.#isToBeProlonged) this.proveBehind()
  }

  /** Asks the store how far the log of changes is. Calls that ask meanwhile wait for the same answer. */
  prove(): Promise<void> {
    this.#proving ??= this.#prove().finally(() => {
      this.#proving = undefined
    })
    return this.#proving
  }

  /** As {@link prove}, but no caller waits. */
  proveBehind(): void {
    if (this.#proving !== undefined || (this.#pauseMs > 0 && monotonicMs() < this.#pauseUntilMs)) return
    this.prove().catch((error: unknown) => this.#backend.failed(error))
  }

  /** A near hit on an entry is to be reported to the policy. */
  use(entry: NearEntry): void {
    entry.isUsed = true
    this.#used.add(entry)
  }

  /** Reports near hits to the policy now. */
  flush(): void {
    this.#used.flush()
  }

  resize(entry: NearEntry, bytes: number): void {
    this.#tier.resize(entry, bytes)
  }

  /** The tier has taken an entry out. */
  evicted(entry: NearEntry): void {
    this.#entries.delete(entry.hash, entry)
    if (this.#entries.size === 0) this.#entries = new ShortLivedMap() // it never shrinks
    entry.fn.unlink(entry)
    entry.release()
  }

  /** Lets go of everything, for good. */
  close(): void {
    this.#isClosed = true
    this.#used.clear()
    this.dropAll()
    this.#open.close()
  }

  #remove(entry: NearEntry): void {
    this.#tier.remove(entry)
    this.evicted(entry)
  }

  #drop({ isAll, hashes, parts, number }: Change): void {
    for (const hash of hashes) {
      const entry = this.#entries.get(hash)
      if (entry !== undefined && entry.label < number) this.#outdated(entry)
    }
    if (!isAll && parts.length === 0) return
    for (const entry of this.#entries.values()) {
      if (entry.label >= number) continue
      if (isAll || parts.some((part) => entry.hash.startsWith(part))) this.#outdated(entry)
    }
  }

  #flush(): void {
    if (this.#entries.size > 0) this.#tier.figures.flushed++
    this.dropAll()
  }

  #outdated(entry: NearEntry): void {
    this.#tier.figures.dropped++
    this.#remove(entry)
  }

  async #touch(used: readonly NearEntry[]): Promise<void> {
    for (const entry of used) entry.isUsed = false
    for (let first = 0; first < used.length; first += TOUCHES_A_PIECE) {
      await this.#backend.touch(used.slice(first, first + TOUCHES_A_PIECE).map(({ hash }) => hash))
    }
  }

  get #isToBeProlonged(): boolean {
    return monotonicMs() - this.#listenedMs > this.#tier.logTtlMs * PROLONG_AFTER
  }

  async #prove(): Promise<void> {
    const beganMs = monotonicMs()
    try {
      const hasEntries = await this.#ask()
      this.#pauseMs = 0
      if (!hasEntries || this.hearing.provenMs >= beganMs) return
      // The message of the last change may have arrived with the answer, over the other connection.
      await new Promise((resolve) => setImmediate(resolve))
      if (this.hearing.provenMs >= beganMs) return
      this.hearing.lost()
      await this.#ask()
    } catch (error) {
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * this.#pauseMs || SHORTEST_PAUSE_MS)
      this.#pauseUntilMs = monotonicMs() + this.#pauseMs
      throw error
    }
  }

  /** Asks for the number of the last change, or for all changes if some are missing. Returns whether there are entries. */
  async #ask(): Promise<boolean> {
    this.#watch()
    const question = this.hearing.question()
    const { figures } = this.#tier
    if (!this.hearing.isMissing && !this.#isToBeProlonged) {
      figures.questions++
      const { number, hasEntries } = await this.#backend.changes()
      this.hearing.answered(number, hasEntries, question)
      return hasEntries
    }
    figures.catchUps++
    const changes = await this.#backend.listen(this.hearing.heard, this.#tier.logTtlMs)
    this.#listenedMs = question.askedMs
    this.hearing.caughtUp(changes, question)
    return changes.hasEntries
  }

  /** Messages only make it fast: a gap shows where one is missing. So nobody waits for the connection, and it may fail. */
  #watch(): void {
    if (this.#watching !== undefined || this.#isClosed) return
    const watching: Promise<void> = this.#backend.watch(weakly(this.#watcher)).then(
      (watch) => {
        if (this.#watching !== watching || this.#isClosed) return closeQuietly(watch)
        this.#open.keep(watch)
      },
      () => {
        if (this.#watching === watching) this.#watching = undefined
      },
    )
    this.#watching = watching
  }
}

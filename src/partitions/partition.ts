import type { Background } from '../flow/background.ts'
import { Backoff } from '../flow/backoff.ts'
import { type Batch, Batcher } from '../flow/batcher.ts'
import { Leases } from '../flow/lease.ts'
import type { Question } from '../flow/hearing.ts'
import { MovingAverage } from '../flow/moving-average.ts'
import { InFlightTable } from '../flow/in-flight.ts'
import { monotonicMs, wallMs } from '../flow/timers.ts'
import { TouchBuffer } from '../flow/touch-buffer.ts'
import type { Hash } from '../keys/call-hash.ts'
import { NearPartition } from './near-partition.ts'
import type { NearTier } from './near-tier.ts'
import type { PendingInvalidations } from './pending-invalidations.ts'
import type { WrittenChanges } from './written-changes.ts'
import type { Counters } from '../telemetry/counters.ts'
import type {
  ChangeLog,
  HeldLease,
  LeaseAnswer,
  LeaseRequest,
  Lookup,
  NewEntry,
  KeySpace,
  Store,
} from '../stores/store.ts'

/** The outcome of putting one entry. */
export interface Stored {
  readonly stored: boolean
  /** Whether it was not stored because there was no room, as its metadata say. */
  readonly isDeclined: boolean
  /** Whether the same put has evicted it again. */
  readonly isEvicted: boolean
  /** Whether it was not stored, since it is larger than the bound of bytes. */
  readonly isTooLarge: boolean
  /** The time of the put, by the clock of the store. */
  readonly atMs: number
  /** The number of entries that the whole batch evicted; 0 for all entries of it but the first. */
  readonly evicted: number
  /** The number of the last change after the put; `undefined` without a log of changes. */
  readonly changes: number | undefined
  /** When the put was sent, by {@link monotonicMs}. */
  readonly sentMs: number
}

/** Bytes in one command: about this much keeps client and server at work at the same time. */
const PIECE_BYTES = 65_536

/** The smallest weight of an entry: a small one costs by its number, not by its bytes. */
const ENTRY_BYTES = 1_024

/** Entries of more bytes are remembered, so that the next lookup knows what it asks for. */
const LARGE_BYTES = 8_192
const LARGE_LIMIT = 1_000

/** A registration is renewed when this part of the lifetime of the key space has passed. */
const RENEW_AFTER = 0.1
const RENEW_AT_LATEST_MS = 3_600_000

/**
 * Touches are sent this long after the read, or before the next put: so a caller that makes one call at a time sees the exact
 * order, and waits for no touch.
 */
const TOUCH_WITHIN_MS = 5

/**
 * A load needs the time of its lookup, as a token. If at least this number of misses is expected of a batch, the time is asked for
 * in the same command batch. Without a miss, that costs a twentieth of what asking later does.
 */
const WORTH_A_TIME = 1 / 20

/** A call whose entry is looked up. */
export interface LookedUp {
  readonly hash: Hash
  /** Whether entries of its function have tags, which then have to be known. */
  readonly isTagged: boolean
}

/** What holds for all partitions of a cache. */
export interface PartitionSettings {
  /** The Redis key of the set that lists the key pairs in use; `undefined` with scope `'cache'`. */
  readonly registry: string | undefined
  /** The longest delay with which reads are reported to the policy; `undefined` to report them before each put. */
  readonly touchEveryMs: number | undefined
  readonly counters: Pick<Counters, 'lookups' | 'puts'>
  readonly pending: PendingInvalidations
  /** What this process has changed last. */
  readonly written: WrittenChanges
  /** Counts the work that is under way for the cache. */
  readonly background: Background
  /** Called when a read could not be recorded for the policy. No call fails because of it. */
  readonly onTouchFailed: (error: unknown) => void
  /** Called when the changes of a partition could not be asked for, for its near tier. */
  readonly onNearFailed: (error: unknown) => void
}

/**
 * One key pair of the store, the calls in flight for its entries, and the commands to it: requests of one turn of the event loop
 * are sent together.
 */
export class Partition<C> {
  readonly keySpace: KeySpace
  /** Calls in flight in this process, by call hash. */
  readonly inFlight: InFlightTable<C> = new InFlightTable<C>()
  /** Calls that refresh entries in the background, by call hash. */
  readonly refreshing: InFlightTable<C> = new InFlightTable<C>()
  /** Loads that failed recently, by call hash: whether a fallback is served in place of such an error, or callers are told of it. */
  readonly failures: Backoff<'fallback' | 'told'> = new Backoff()
  /** The logical clock of this process: how many commands were sent, with lookups or with entries to put. */
  epoch: number = 0
  /** What this process holds in front of the store; `undefined` until a function asks for it. */
  near: NearPartition | undefined
  readonly #store: Store
  readonly #settings: PartitionSettings
  readonly #registry: string | undefined
  readonly #lookups: Batcher<LookedUp, Lookup>
  /** Those whose entries may come as text. */
  readonly #textLookups: Batcher<LookedUp, Lookup>
  readonly #peeks: Batcher<LookedUp, Lookup>
  readonly #writes: Batcher<NewEntry, Stored>
  readonly #times: Batcher<undefined, number>
  readonly #misses = new MovingAverage(1, 1 / 64)
  readonly #touches: TouchBuffer<Hash> | undefined
  readonly #large = new Map<string, number>()
  readonly #leases = new Map<number, Leases<UnaskedLease>>()
  readonly #releases: Batcher<HeldLease, undefined>
  /** Commands under way, and what waits to become one. */
  #underWay = 0
  /** Resolves the promise that `waitUntil` got for the waiting touches. */
  #onTouched: (() => void) | undefined
  #registration: Promise<void> | undefined
  #renewAtMs = 0

  /**
   * @param settings What holds for all partitions of the cache.
   */
  constructor(store: Store, keySpace: KeySpace, settings: PartitionSettings) {
    const { registry, touchEveryMs } = settings
    this.#store = store
    this.#registry = registry
    this.#settings = settings
    this.keySpace = keySpace
    const weigh = ({ hash }: LookedUp): number => this.#largeBytes(hash) ?? ENTRY_BYTES
    this.#lookups = new Batcher((calls, sentMs) => this.#getAll(calls, sentMs, false), PIECE_BYTES, weigh)
    this.#textLookups = new Batcher((calls, sentMs) => this.#getAll(calls, sentMs, true), PIECE_BYTES, weigh)
    this.#peeks = new Batcher(
      async (calls) =>
        store.get(keySpace, hashesOf(calls), {
          isTagged: areTagged(calls),
          isNumbered: this.near !== undefined,
        }),
      PIECE_BYTES,
      weigh,
    )
    this.#writes = new Batcher((entries) => this.#putAll(entries), PIECE_BYTES, bytesOf)
    this.#releases = new Batcher(async (held) => {
      await store.release(keySpace, held)
      return held.map(() => undefined)
    }, LEASES_A_PIECE)
    this.#times = new Batcher(async (askers) => {
      const atUs = await store.now(keySpace)
      return askers.map(() => atUs)
    }, Number.POSITIVE_INFINITY)
    if (keySpace.policy.readsChangeOrder) {
      this.#touches = new TouchBuffer<Hash>(
        touchEveryMs ?? TOUCH_WITHIN_MS,
        (hashes) => void this.#touch(hashes),
        {
          nameOf: touchEveryMs === undefined ? undefined : (hash) => hash,
          onFirst: settings.background.isTold ? () => this.#tellOfTouches() : undefined,
        },
      )
    }
  }

  /**
   * Looks the entry of a call up, together with all that are asked for in this turn: it is the last one of that batch so
   * far. Code that awaits the results of the batch goes on in its own async context.
   *
   * @param asText Whether the value may come as text; such lookups have batches of their own.
   */
  lookUp(call: LookedUp, asText: boolean): Batch<LookedUp, Lookup> {
    // Large values take less time as bytes.
    const isText = asText && this.#largeBytes(call.hash) === undefined
    return (isText ? this.#textLookups : this.#lookups).add(call)
  }

  /** The bytes of an entry; `undefined` for one that is not known to be large. */
  #largeBytes(hash: Hash): number | undefined {
    return this.#large.size === 0 ? undefined : this.#large.get(hash)
  }

  /** Whether the entry of a call must not be served, since its invalidation was not carried out yet. */
  isWithheld({ hash, isTagged }: LookedUp): boolean {
    return this.#settings.pending.concern(this.keySpace.keys[0], hash, isTagged)
  }

  /** Begins to hold entries, and to listen to their changes. */
  openNear(tier: NearTier): NearPartition {
    const store = this.#store as Store & ChangeLog
    const { keySpace } = this
    this.near = new NearPartition(keySpace.keys[0], tier, {
      changes: () => this.#counted(store.changes(keySpace)),
      listen: (heard, ttlMs) => this.#counted(store.listen(keySpace, heard, ttlMs)),
      watch: async (watcher) => store.watchChanges(keySpace, watcher),
      touch: (hashes) => this.#touch(hashes),
      failed: this.#settings.onNearFailed,
      todayMs: () => store.todayMs?.() ?? wallMs(),
      epoch: () => this.epoch,
    })
    return this.near
  }

  /** Looks an entry up again for a call. */
  look(call: LookedUp): Promise<Lookup> {
    return this.#lookups.ask(call)
  }

  put(entry: NewEntry): Promise<Stored> {
    return this.#writes.ask(entry)
  }

  /** Whether something is under way here, or waits to be sent: until it has ended, no other partition may have this key space. */
  get isInUse(): boolean {
    return (
      this.#underWay > 0 ||
      this.inFlight.size > 0 ||
      this.refreshing.size > 0 ||
      this.#lookups.size > 0 ||
      this.#textLookups.size > 0 ||
      this.#peeks.size > 0 ||
      this.#writes.size > 0 ||
      (this.#touches?.size ?? 0) > 0 ||
      [...this.#leases.values()].some(({ isInUse }) => isInUse)
    )
  }

  /** Looks an entry up without telling the policy, together with all that are asked for in this turn. */
  peek(call: LookedUp): Promise<Lookup> {
    return this.#peeks.ask(call)
  }

  /** Invalidates entries. Calls under way are neither joined nor stored any more. Returns how many entries existed. */
  async invalidate(hashes: readonly Hash[], soft: boolean): Promise<number> {
    for (const hash of hashes) this.inFlight.drop(hash)
    this.near?.dropEach(hashes)
    const pieces: Promise<number>[] = []
    for (let i = 0; i < hashes.length; i += HASHES_A_PIECE) {
      pieces.push(this.#invalidate(hashes.slice(i, i + HASHES_A_PIECE), soft))
    }
    return (await Promise.all(pieces)).reduce((sum, count) => sum + count, 0)
  }

  async #invalidate(hashes: readonly Hash[], soft: boolean): Promise<number> {
    const { count, changes } = await this.#store.invalidate(this.keySpace, hashes, soft)
    this.#settings.written.note(this.keySpace.keys[0], changes)
    this.near?.dropEach(hashes) // those that were looked up meanwhile
    this.near?.changed(changes)
    return count
  }

  /** A token for a load that begins now. */
  now(): Promise<number> {
    return this.#times.ask(undefined)
  }

  /** The leases with a length of `leaseMs` milliseconds. */
  leases(leaseMs: number): Leases<UnaskedLease> {
    let leases = this.#leases.get(leaseMs)
    if (leases === undefined) {
      const asks = new Batcher<LeaseRequest, LeaseAnswer>(
        async (requests) => this.#store.lease(this.keySpace, requests, leaseMs),
        LEASES_A_PIECE,
      )
      const renewals = new Batcher<HeldLease, boolean>(
        async (held) => this.#store.renew(this.keySpace, held, leaseMs),
        LEASES_A_PIECE,
      )
      leases = new Leases(
        {
          ask: (request, asker) => asks.ask({ ...request, asker }),
          renew: (held) => Promise.all(held.map((each) => renewals.ask(each))),
          release: async (held) => this.#store.release(this.keySpace, held),
          watch: async (watcher) => this.#store.watch(this.keySpace, watcher),
        },
        leaseMs,
      )
      this.#leases.set(leaseMs, leases)
    }
    return leases
  }

  release(held: HeldLease): Promise<void> {
    return this.#counted(this.#releases.ask(held))
  }

  /** Sends the waiting touches at once. */
  flush(): void {
    this.#touches?.flush()
    this.near?.flush()
  }

  /** Calls that wait for leases of other processes ask for them at once. */
  stopWaiting(): void {
    for (const leases of this.#leases.values()) leases.stopWaiting()
  }

  /** Closes the watches, and lets go of what is held near. The partition may be used again after it, and then opens them again. */
  close(): void {
    for (const leases of this.#leases.values()) leases.close()
    this.near?.close()
    this.near = undefined
  }

  /** Adds the partition to its registry, if that is due: before its first load, so that a purge finds it. */
  register(): Promise<void> | undefined {
    if (this.#registry === undefined) return undefined
    const nowMs = monotonicMs()
    if (nowMs >= this.#renewAtMs) {
      this.#renewAtMs =
        nowMs +
        Math.min(
          (this.keySpace.limits.idleTtlMs ?? Number.POSITIVE_INFINITY) * RENEW_AFTER,
          RENEW_AT_LATEST_MS,
        )
      this.#registration = this.#counted(this.#registerNow(this.#registry))
      this.#settings.background.tell(this.#registration) // a lookup does not wait for it
    }
    return this.#registration
  }

  async #registerNow(registry: string): Promise<void> {
    try {
      await this.#store.register(registry, this.keySpace)
      this.#registration = undefined
    } catch (error) {
      this.#renewAtMs = 0
      throw error
    }
  }

  async #getAll(calls: readonly LookedUp[], sentMs: number, asText: boolean): Promise<readonly Lookup[]> {
    const hashes = hashesOf(calls)
    this.epoch++
    this.register()?.catch(() => {}) // the load gets the error
    const isTimed = this.#misses.value * hashes.length > WORTH_A_TIME
    const { near } = this
    const isNumbered = near !== undefined
    const question = near?.hearing.question()
    let lookups: readonly Lookup[]
    this.#begin()
    try {
      const isTagged = areTagged(calls)
      lookups = await this.#store.get(this.keySpace, hashes, { isTimed, isTagged, asText, isNumbered })
    } finally {
      this.#end()
    }
    if (near !== undefined) near.answered(lookups[0]?.changes, question as Question)
    this.#settings.counters.lookups.observe(monotonicMs() - sentMs, hashes.length)
    let hits = 0
    for (let i = 0; i < hashes.length; i++) {
      const value = lookups[i]?.value
      if (value === undefined) continue
      hits++
      this.#learn(hashes[i] as Hash, value)
    }
    if (hits > 0 && this.#touches === undefined) this.#settings.background.tell(this.#touch(hashes))
    this.#misses.add(hashes.length - hits, hashes.length)
    return lookups
  }

  #learn(hash: Hash, { length }: Buffer | string): void {
    this.#touches?.add(hash)
    if (length <= LARGE_BYTES) return
    if (this.#large.size >= LARGE_LIMIT) this.#large.clear()
    this.#large.set(hash, length)
  }

  /** A touch that is lost changes the order of eviction, and no value: no call waits for it, or fails because of it. */
  async #touch(hashes: readonly Hash[]): Promise<void> {
    const onTouched = this.#onTouched
    this.#onTouched = undefined
    this.#begin()
    try {
      await this.#store.touch(this.keySpace, hashes)
    } catch (error) {
      this.#settings.onTouchFailed(error)
    } finally {
      this.#end()
      onTouched?.()
    }
  }

  #tellOfTouches(): void {
    const touched = new Promise<void>((resolve) => {
      this.#onTouched = resolve
    })
    this.#settings.background.tell(touched)
  }

  #begin(): void {
    this.#underWay++
    this.#settings.background.begin()
  }

  #end(): void {
    this.#underWay--
    this.#settings.background.end()
  }

  #counted<T>(work: Promise<T>): Promise<T> {
    this.#begin()
    const end = () => this.#end()
    work.then(end, end)
    return work
  }

  async #putAll(entries: readonly NewEntry[]): Promise<Stored[]> {
    this.epoch++
    if (this.#settings.touchEveryMs === undefined) this.#touches?.flush() // which entries are evicted depends on them
    const beganMs = monotonicMs()
    const report = await this.#counted(this.#store.put(this.keySpace, entries))
    const { atUs, evicted, stored, evictedAtOnce, declined, tooLarge, changes } = report
    this.#settings.counters.puts.observe(monotonicMs() - beganMs, entries.length)
    this.#settings.written.note(this.keySpace.keys[0], changes)
    this.near?.stored(
      entries.map(({ hash }) => hash),
      changes,
    )
    const atMs = Math.floor(atUs / 1_000)
    return stored.map((flag, i) => ({
      stored: flag,
      isDeclined: !flag && (declined?.has((entries[i] as NewEntry).hash) ?? false),
      isEvicted: evictedAtOnce?.has((entries[i] as NewEntry).hash) ?? false,
      isTooLarge: !flag && tooLarge?.has((entries[i] as NewEntry).hash) === true,
      atMs,
      evicted: i === 0 ? evicted : 0,
      changes,
      sentMs: beganMs,
    }))
  }
}

/** A request for a lease, of whichever asker. */
export type UnaskedLease = Omit<LeaseRequest, 'asker'>

/** Entries that are invalidated by one command. */
const HASHES_A_PIECE = 500

/** Leases, or requests for leases, in one command. */
const LEASES_A_PIECE = 500

const bytesOf = ({ value }: NewEntry): number => Math.max(ENTRY_BYTES, value.length)

const hashesOf = (calls: readonly LookedUp[]): readonly Hash[] => calls.map(({ hash }) => hash)

/** Whether the tags of some of their entries have to be known. */
const areTagged = (calls: readonly LookedUp[]): boolean => calls.some(({ isTagged }) => isTagged)

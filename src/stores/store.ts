import type { Hash } from '../keys/call-hash.ts'
import type { KeyPair } from '../keys/key-names.ts'
import type { AbstractPolicy } from '../policies/policy.ts'

/** How much a key pair may hold, and for how long. */
export interface Limits {
  /** Entries; `Infinity` for no bound. */
  readonly maxSize: number
  /** Bytes of all values as they are stored; `undefined` or `Infinity` for no bound. */
  readonly maxBytes?: number | undefined
  /** How long the keys of the key pair live after the last read or write; `undefined` for no end. */
  readonly idleTtlMs: number | undefined
}

/** The keys of a partition, with its policy and limits. */
export interface KeySpace {
  readonly policy: AbstractPolicy
  readonly keys: KeyPair
  readonly limits: Limits
  /** The arguments that the policy's `calcExtArgs` returned. */
  readonly ext: readonly (string | Buffer)[]
}

/** What a lookup returns besides the values. */
export interface LookupOptions {
  /** Whether the time of the lookup is needed exactly, for a token; default no. */
  readonly isTimed?: boolean | undefined
  /** Whether the lookup checks that the tags of the entries are known; default no. */
  readonly isTagged?: boolean | undefined
  /**
   * Whether values may come as text, decoded from UTF-8, instead of as bytes; default no. A store that has no use for that
   * gives bytes.
   */
  readonly asText?: boolean | undefined
  /** Whether the lookup reads the number of the last change, for a near tier; default no. Needs a {@link ChangeLog}. */
  readonly isNumbered?: boolean | undefined
}

/** What a lookup found. */
export interface Lookup {
  /**
   * The time of the lookup in microseconds, by the clock of the store; also a token, as of {@link EntryStore.now}. `undefined` if
   * it was not asked for, and no entry that was found depends on it.
   */
  readonly atUs: number | undefined
  /** The time of the lookup in milliseconds, by the clock of the store: exact enough to judge the entry. */
  readonly nowMs: number
  /** `undefined` if there is none, it has expired, or it is that of another call. */
  readonly value: Buffer | string | undefined
  /** When the entry ends, by the clock of the store; `undefined` if it has no end of its own. */
  readonly expiresAtMs: number | undefined
  /** Until when the entry is fresh; `undefined` if it has no end of its own. */
  readonly freshUntilMs: number | undefined
  /** When its load began, in microseconds; `undefined` for what is stored without a trailer, by another program. */
  readonly beganUs: number | undefined
  /** When it was stored, by the clock of the store. */
  readonly storedAtMs: number | undefined
  /** How long its function took, in milliseconds. */
  readonly computeMs: number | undefined
  /** The serializer that wrote it, as of `serializerMark`. */
  readonly serializer: number | undefined
  /** Whether its tags are known; `false` also if the lookup did not ask for them. */
  readonly isTagged: boolean
  /** Whether what is stored there belongs to another call. */
  readonly isMisplaced: boolean
  /** How far the log of changes was when the entry was read, or a moment before; `undefined` if that was not asked for. */
  readonly changes: ChangesAt | undefined
}

/** What is stored with an entry besides its value and its end. */
export interface EntryMetadata {
  /** The name of the serializer that wrote the value. */
  readonly serializer?: string | undefined
  /** How long its function took, in whole milliseconds; default 0. */
  readonly computeMs?: number | undefined
  /** What it costs to compute again, for a policy that weighs results; default `computeMs`, and at least 1. */
  readonly cost?: number | undefined
  /** For how long it is fresh; default as long as it lives. */
  readonly freshMs?: number | undefined
  /** Its tags; `undefined` for a function that has none. */
  readonly tags?: readonly string[] | undefined
  /**
   * Who asked for the lease of the load, which the put ends. A put whose lease was lost does not replace an entry whose load
   * began later.
   */
  readonly asker?: string | undefined
  /** Whether loads that began before the token (without a token: before now) are refused from now on. */
  readonly overrules?: boolean | undefined
  /** Whether the entry is stored only if it replaces another one, or if none has to be evicted for it. */
  readonly ifRoom?: boolean | undefined
}

/** An entry to store. */
export interface NewEntry {
  readonly hash: Hash
  readonly value: string | Buffer
  /** The lifetime of the entry; `undefined` for no end. */
  readonly ttlMs: number | undefined
  /**
   * When the load began. The put is refused if the entry was invalidated since, or if the load of the existing entry began
   * later. With `undefined` it is never refused.
   */
  readonly token: number | undefined
  readonly metadata?: EntryMetadata | undefined
}

/** The outcome of a put. */
export interface PutReport {
  /**
   * When the entries count as stored, in microseconds, by the clock of the store: no later than the put, and less than a second
   * earlier.
   */
  readonly atUs: number
  readonly evicted: number
  readonly expired: number
  /** Whether each entry was stored, in the order given. */
  readonly stored: readonly boolean[]
  /**
   * Those entries that were stored, and that this put has evicted again: where more come than fit, or where the policy evicts what
   * was used last. `undefined` for none.
   */
  readonly evictedAtOnce?: ReadonlySet<Hash> | undefined
  /** Those entries that were not stored because there was no room for them, as their metadata say; `undefined` for none. */
  readonly declined?: ReadonlySet<Hash> | undefined
  /** Which of the entries that were not stored are larger than `maxBytes`. What was stored for them is removed. */
  readonly tooLarge?: ReadonlySet<Hash> | undefined
  /**
   * The number of the last change, those of this put included: what it stored is right as of this number. `undefined` if there is
   * no log of changes.
   */
  readonly changes: number | undefined
}

/** The outcome of an invalidation or of a purge. */
export interface InvalidationReport {
  /** How many entries there were. */
  readonly count: number
  /** The number of its last change; `undefined` if there is no log of changes. */
  readonly changes: number | undefined
}

/** How far the log of changes of a partition is at a moment. */
export interface ChangesAt {
  /** The number of the last change before that moment; `undefined` if there is no log. */
  readonly number: number | undefined
  /** Whether the partition had entries then. If it had none, its entries may have been lost without a message. */
  readonly hasEntries: boolean
}

/**
 * What one script has removed or replaced. An entry that is held elsewhere, and was read before this change, must not be used
 * any more if the message names it. The message may name entries that have not changed.
 */
export interface ChangeMessage {
  /** Microseconds of the clock of the store, or more: unique in its partition, and higher than `previous`. */
  readonly number: number
  /** The number of the change before it. */
  readonly previous: number
  /** Whether it names all entries of the partition. */
  readonly isAll: boolean
  /** The entries that it names. */
  readonly hashes: readonly Hash[]
  /** What the call hashes of further entries begin with that it names. */
  readonly parts: readonly Hash[]
}

/** What {@link ChangeLog.listen} tells. */
export interface ChangesSince {
  /** The number of the last change. */
  readonly number: number
  /** As of {@link ChangesAt.hasEntries}. */
  readonly hasEntries: boolean
  /**
   * Whether `messages` are all changes after the number given. If not, that number is not in the log, or not any more: everything
   * that is held must be dropped.
   */
  readonly isWhole: boolean
  /** The changes after the number given, the oldest first; none if they are not whole. */
  readonly messages: readonly ChangeMessage[]
}

/** A request for the lease of an entry. */
export interface LeaseRequest {
  readonly hash: Hash
  /**
   * Who asks: the name of the lease, and of no other one. An asker that asks again gets the lease that it already has, in case
   * that it has not got the answer to its first request.
   */
  readonly asker: string
  /**
   * The end of freshness of the entry that the caller found unusable: any other fresh entry is usable. 0 if that end is not
   * known; `undefined` if the caller found no entry: any fresh entry is usable.
   */
  readonly seenMs: number | undefined
}

/** The answer to a request for a lease. */
export type LeaseAnswer =
  /** A usable entry exists by now. */
  | { readonly state: 'available'; readonly atUs: number }
  /** The asker has the lease. */
  | { readonly state: 'taken'; readonly atUs: number; readonly untilUs: number }
  /** Another asker has the lease. */
  | { readonly state: 'held'; readonly atUs: number; readonly untilUs: number }

/** A lease that is held. */
export interface HeldLease {
  readonly hash: Hash
  readonly asker: string
}

/**
 * Where entries live.
 *
 * Every method may be called at any time with up to 1,000 entries. No put stores what was invalidated after its token, by
 * `invalidate`, `invalidateFunction`, `invalidateTags` or `purge`, nor replaces an entry whose load began after its token.
 * Those four end the leases of the entries that they invalidate. With `soft`, entries with a grace period become stale instead of
 * being removed.
 */
export interface EntryStore {
  /**
   * Whether entries lie in this process, where nothing fails and nothing is waited for; default no. Around any other store a
   * cache puts a deadline and a circuit breaker.
   */
  readonly isInProcess?: boolean
  /** The clock of a store in this process, in milliseconds, if a program may move it; default that of this process. */
  todayMs?(): number
  /**
   * Told of a policy before it is used here.
   * @throws {PolicyError} if it cannot run here.
   */
  accept(policy: AbstractPolicy): void
  /** Reads entries, in the order asked for, without telling the policy. */
  get(space: KeySpace, hashes: readonly Hash[], options?: LookupOptions): Promise<readonly Lookup[]>
  /** Tells the policy that entries were read, in that order, and prolongs the idle TTL of the partition. */
  touch(space: KeySpace, hashes: readonly Hash[]): Promise<void>
  /**
   * Stores entries, evicting those that the policy names while the partition is full, and ends the leases of their loads.
   *
   * @param onPortion Called when a portion of the work is done, if the store works in portions: a deadline then starts again.
   */
  put(space: KeySpace, entries: readonly NewEntry[], onPortion?: () => void): Promise<PutReport>
  /** Invalidates some entries, whether they exist or not. */
  invalidate(space: KeySpace, hashes: readonly Hash[], soft?: boolean): Promise<InvalidationReport>
  /**
   * Invalidates all entries whose call hash begins with `part`.
   *
   * @param onPortion Called when a portion is done, if the store works in portions: a deadline then starts again.
   */
  invalidateFunction(
    space: KeySpace,
    part: Hash,
    soft?: boolean,
    onPortion?: () => void,
  ): Promise<InvalidationReport>
  /**
   * Invalidates all entries that have one of these tags.
   *
   * @param onPortion Called when a portion is done, if the store works in portions: a deadline then starts again.
   */
  invalidateTags(
    space: KeySpace,
    tags: readonly string[],
    soft?: boolean,
    onPortion?: () => void,
  ): Promise<InvalidationReport>
  /** Removes all entries of the partition. */
  purge(space: KeySpace): Promise<InvalidationReport>
  /** Entries that can be read now. */
  size(space: KeySpace): Promise<number>
  /** The bytes that are stored for entries, their metadata included. A store without it cannot tell. */
  bytes?(space: KeySpace, onPortion?: () => void): Promise<number>
  /** The clock of the store, in microseconds: a token for a load that begins now. */
  now(space: KeySpace): Promise<number>
  /** Adds a partition to a registry, which lives as long as its partitions. */
  register(registry: string, space: KeySpace): Promise<void>
  /** All key pairs in a registry. */
  registered(registry: string): Promise<readonly KeyPair[]>
}

/** Leases: the right to load an entry, for one caller at a time. */
export interface LeaseStore {
  /** Gives leases of `leaseMs` milliseconds, unless there is a usable entry by now. */
  lease(space: KeySpace, requests: readonly LeaseRequest[], leaseMs: number): Promise<readonly LeaseAnswer[]>
  /** Prolongs leases. Returns for each whether it is still held. */
  renew(space: KeySpace, held: readonly HeldLease[], leaseMs: number): Promise<readonly boolean[]>
  /** Ends leases whose load stored no entry. */
  release(space: KeySpace, held: readonly HeldLease[]): Promise<void>
}

/** Messages about partitions. */
export interface Notifications {
  /**
   * Calls a watcher when leases end: by a put, a release or an invalidation. Resolves when every end from now on will be
   * reported; to `undefined` if the store cannot report them.
   */
  watch(space: KeySpace, watcher: LeaseWatcher): Promise<Watch | undefined>
  /** Closes the connections that the store opened itself. The store may be used again after it. */
  close(): Promise<void>
}

/**
 * The log of changes of a partition: which entries were removed or replaced, in order, so that near tiers drop theirs. A store
 * without these methods can have no near tier in front of it.
 *
 * A log exists only while somebody listens: {@link listen} creates it and prolongs its life. While there is none, nothing is
 * recorded. Its numbers prove what was heard: whoever has heard the change with the last number, and every one before it since
 * it read an entry, knows that this entry is in the store as it was read, as long as the partition has entries at all.
 *
 * Recorded is every put, eviction, removal of an expired entry, invalidation, soft invalidation and purge,
 * and the beginning of a partition that had no entries. What the partition has lost otherwise is recorded when a write finds it
 * empty; until then {@link ChangesAt.hasEntries} tells. The log holds a limited number of messages.
 */
export interface ChangeLog {
  /** Whether everything that happens to entries with this policy is recorded; not so if other programs write them, too. */
  recordsChanges(policy: AbstractPolicy): boolean
  /** How far the log is. `hasEntries` is the older part of the answer. */
  changes(space: KeySpace): Promise<ChangesAt>
  /**
   * Lets the log live for at least `ttlMs` from now on, and returns what has changed.
   *
   * @param heard The number of the last change that is known; `undefined` for none.
   */
  listen(space: KeySpace, heard: number | undefined, ttlMs: number): Promise<ChangesSince>
  /**
   * Calls a watcher with every change that is recorded. Resolves when every change from now on will be reported; to `undefined`
   * if the store cannot report them, and {@link listen} has to be called instead.
   */
  watchChanges(space: KeySpace, watcher: ChangeWatcher): Promise<Watch | undefined>
}

/** All that a cache asks of a store. */
export interface Store extends EntryStore, LeaseStore, Notifications, Partial<ChangeLog> {}

/** Learns when messages may be missing. */
export interface Watcher {
  /** Messages may be missed, or have been missed, until `restored` is called. */
  lost(): void
  restored(): void
}

/** Is called when leases end. */
export interface LeaseWatcher extends Watcher {
  /** The lease of this entry ended. */
  ended(hash: Hash): void
}

/** Is called with changes. */
export interface ChangeWatcher extends Watcher {
  /** Messages may come twice, and some may be missing: compare their numbers. */
  changed(message: ChangeMessage): void
}

/** A registered watcher; `close` ends its calls. */
export interface Watch {
  close(): Promise<void>
}

/** Whether a store has a log of changes. */
export const hasChangeLog = (store: Store): store is Store & ChangeLog =>
  CHANGE_LOG.every((method) => typeof store[method] === 'function')

const CHANGE_LOG = [
  'recordsChanges',
  'changes',
  'listen',
  'watchChanges',
] as const satisfies (keyof ChangeLog)[]

import type { Hash } from '../keys/call-hash.ts'
import type { KeyPair } from '../keys/key-names.ts'
import type { AbstractPolicy } from '../policies/policy.ts'

/** How much a key pair may hold, and for how long. */
export interface Limits {
  /** Entries; `Infinity` for no bound. */
  readonly maxSize: number
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
}

/** What is stored with an entry besides its value and its end. */
export interface EntryMetadata {
  /** The name of the serializer that wrote the value. */
  readonly serializer?: string | undefined
  /** How long its function took, in whole milliseconds; default 0. */
  readonly computeMs?: number | undefined
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
  /** The time of the put in microseconds, by the clock of the store. */
  readonly atUs: number
  readonly evicted: number
  readonly expired: number
  /** Whether each entry was stored, in the order given. */
  readonly stored: readonly boolean[]
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
  /**
   * Told of a policy before it is used here.
   * @throws {PolicyError} if it cannot run here.
   */
  accept(policy: AbstractPolicy): void
  /** Reads entries, in the order asked for, without telling the policy. */
  get(space: KeySpace, hashes: readonly Hash[], options?: LookupOptions): Promise<readonly Lookup[]>
  /** Tells the policy that entries were read, in that order, and prolongs the idle TTL of the partition. */
  touch(space: KeySpace, hashes: readonly Hash[]): Promise<void>
  /** Stores entries, evicting those that the policy names while the partition is full, and ends the leases of their loads. */
  put(space: KeySpace, entries: readonly NewEntry[]): Promise<PutReport>
  /** Invalidates entries. Returns how many there were. */
  invalidate(space: KeySpace, hashes: readonly Hash[], soft?: boolean): Promise<number>
  /**
   * Invalidates all entries whose call hash begins with `part`. Returns how many there were.
   *
   * @param onPortion Called when a portion is done, if the store works in portions: a deadline then starts again.
   */
  invalidateFunction(space: KeySpace, part: Hash, soft?: boolean, onPortion?: () => void): Promise<number>
  /**
   * Invalidates all entries that have one of these tags. Returns how many there were.
   *
   * @param onPortion Called when a portion is done, if the store works in portions: a deadline then starts again.
   */
  invalidateTags(
    space: KeySpace,
    tags: readonly string[],
    soft?: boolean,
    onPortion?: () => void,
  ): Promise<number>
  /** Removes all entries. Returns how many there were. */
  purge(space: KeySpace): Promise<number>
  /** Entries that can be read now. */
  size(space: KeySpace): Promise<number>
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
  watch(space: KeySpace, watcher: LeaseWatcher): Promise<LeaseWatch | undefined>
  /** Closes the connections that the store opened itself. The store may be used again after it. */
  close(): Promise<void>
}

/** All that a cache asks of a store. */
export interface Store extends EntryStore, LeaseStore, Notifications {}

/** Is called when leases end. */
export interface LeaseWatcher {
  /** The lease of this entry ended. */
  ended(hash: Hash): void
  /** Leases may end, or have ended, without a call of `ended`, until `restored` is called. */
  lost(): void
  restored(): void
}

/** A registered {@link LeaseWatcher}; `close` ends its calls. */
export interface LeaseWatch {
  close(): Promise<void>
}

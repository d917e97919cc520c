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

/** The keys of a partition, and all that governs it. */
export interface KeySpace {
  readonly policy: AbstractPolicy
  readonly keys: KeyPair
  readonly limits: Limits
  /** What the policy's `calcExtArgs` gave. */
  readonly ext: readonly (string | Buffer)[]
}

/** What a lookup is to tell besides the entries. */
export interface LookupOptions {
  /** Whether the moment is to be known exactly, for a token; default no. */
  readonly isTimed?: boolean | undefined
  /** Whether it matters that the tags of the entries are known; default no. */
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
   * When, in microseconds, by the clock of the store; it also is a token, as of {@link EntryStore.now}. `undefined` if nobody
   * asked for it, and nothing that was found depends on it.
   */
  readonly atUs: number | undefined
  /** When, in milliseconds, by the clock of the store, as exactly as it matters for what was found. */
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
  /** Whether its tags are known; `false` also where nobody asked for them. */
  readonly isTagged: boolean
  /** Whether what is stored there belongs to another call. */
  readonly isMisplaced: boolean
}

/** What is to be known of an entry besides its value and its end. */
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
   * The lease under which it was computed, to be handed over to who waits for it; -1 for one that was lost. Whoever computed
   * under a lease that is another's by now, or nobody's, does not replace what was computed later.
   */
  readonly lease?: number | undefined
  /** Whether what began to be computed before the token, or without one before now, is no longer to be stored. */
  readonly overrules?: boolean | undefined
}

/** An entry to store. */
export interface NewEntry {
  readonly hash: Hash
  readonly value: string | Buffer
  /** Its own lifetime; `undefined` for none. */
  readonly ttlMs: number | undefined
  /**
   * When its computation began. It is refused if it was invalidated since, or if what is there began to be computed later;
   * `undefined` stores it in any case.
   */
  readonly token: number | undefined
  readonly metadata?: EntryMetadata | undefined
}

/** What became of entries to store. */
export interface PutReport {
  /** When, in microseconds, by the clock of the store. */
  readonly atUs: number
  readonly evicted: number
  readonly expired: number
  /** In the order given. */
  readonly stored: readonly boolean[]
}

/** An entry that somebody wants to compute. */
export interface LeaseRequest {
  readonly hash: Hash
  /**
   * Until when the entry was fresh that was seen and will not do: any other one will. 0 for an entry of which that is not
   * noted; `undefined` for none that was seen: any fresh one will do.
   */
  readonly seenMs: number | undefined
}

/** What became of such a request. */
export type LeaseAnswer =
  /** There is an entry by now. */
  | { readonly state: 'available'; readonly atUs: number }
  /** It is the caller's to compute; `lease` names the right to do so. */
  | { readonly state: 'taken'; readonly atUs: number; readonly lease: number }
  /** Another one computes it. */
  | { readonly state: 'held'; readonly atUs: number; readonly untilUs: number }

/** A lease that is held. */
export interface HeldLease {
  readonly hash: Hash
  readonly lease: number
}

/**
 * Where entries live.
 *
 * Every method may be called at any time with up to 1,000 entries. No put stores what was invalidated after its token, by
 * `invalidate`, `invalidateFunction`, `invalidateTags` or `purge`, nor replaces an entry whose load began after its token.
 * Those four end the leases of what they invalidate, and are told whether it is to be removed or, where it has a time of
 * grace, only to grow stale (`soft`).
 */
export interface EntryStore {
  /**
   * Told of a policy before it is used here.
   * @throws {PolicyError} if it cannot run here.
   */
  accept(policy: AbstractPolicy): void
  /** Reads entries, in the order asked for, without telling the policy. */
  get(space: KeySpace, hashes: readonly Hash[], options?: LookupOptions): Promise<readonly Lookup[]>
  /** Tells the policy that entries were read, in that order, and prolongs the lifetime of the partition if that slides. */
  touch(space: KeySpace, hashes: readonly Hash[]): Promise<void>
  /** Stores entries, evicting those that the policy names while the partition is full, and hands leases over. */
  put(space: KeySpace, entries: readonly NewEntry[]): Promise<PutReport>
  /** Invalidates entries. Returns how many there were. */
  invalidate(space: KeySpace, hashes: readonly Hash[], soft?: boolean): Promise<number>
  /** Invalidates all entries whose hash begins so. Returns how many there were. */
  invalidateFunction(space: KeySpace, part: Hash, soft?: boolean): Promise<number>
  /** Invalidates all entries that have one of these tags. Returns how many there were. */
  invalidateTags(space: KeySpace, tags: readonly string[], soft?: boolean): Promise<number>
  /** Removes all entries. Returns how many there were. */
  purge(space: KeySpace): Promise<number>
  /** Entries that can be read now. */
  size(space: KeySpace): Promise<number>
  /** The clock of the store, in microseconds: a token for a computation that begins now. */
  now(space: KeySpace): Promise<number>
  /** Notes that a partition is in use, in a list that lives as long as they do. */
  register(registry: string, space: KeySpace): Promise<void>
  /** All key pairs noted in a list. */
  registered(registry: string): Promise<readonly KeyPair[]>
}

/** The right to compute entries, given to one caller at a time. */
export interface LeaseStore {
  /** Gives leases for so long, after a second look at the entries. */
  lease(space: KeySpace, requests: readonly LeaseRequest[], leaseMs: number): Promise<readonly LeaseAnswer[]>
  /** Prolongs leases. Returns their new names; 0 for one that was lost. */
  renew(space: KeySpace, held: readonly HeldLease[], leaseMs: number): Promise<readonly number[]>
  /** Gives leases back without an entry. */
  release(space: KeySpace, held: readonly HeldLease[]): Promise<void>
}

/** What is told of partitions while somebody listens. */
export interface Notifications {
  /**
   * Hears of leases that end, whether handed over, given back or ended by an invalidation. Resolves when all that end from
   * now on will be heard of; to `undefined` where the store has no way to tell.
   */
  watch(space: KeySpace, watcher: LeaseWatcher): Promise<LeaseWatch | undefined>
  /** Ends what the store opened of its own. It may be used again after. */
  close(): Promise<void>
}

/** All that a cache asks of a store. */
export interface Store extends EntryStore, LeaseStore, Notifications {}

/** Who is told of leases that end. */
export interface LeaseWatcher {
  /** The lease of this entry ended. */
  ended(hash: Hash): void
  /** Some may have ended that were not heard of, and until `restored` more of them may. */
  lost(): void
  restored(): void
}

/** What hears of them. */
export interface LeaseWatch {
  close(): Promise<void>
}

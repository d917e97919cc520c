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

/**
 * What is kept of entries besides their values, and so has to be asked for at every read. Each is off until a function of
 * the cache needs it.
 */
export interface Aspects {
  /** When entries end. */
  expiry: boolean
  /** Until when they are fresh. */
  freshness: boolean
  /** That their tags are known. */
  tags: boolean
}

/** A key pair, and all that governs it. */
export interface KeySpace {
  readonly policy: AbstractPolicy
  readonly keys: KeyPair
  readonly limits: Limits
  /** What the policy's `calcExtArgs` gave. */
  readonly ext: readonly (string | Buffer)[]
  readonly aspects: Readonly<Aspects>
}

/** What a lookup found. */
export interface Lookup {
  /**
   * When, in microseconds, by the clock of the store; it also is a token, as of {@link Store.now}. `undefined` if nobody
   * asked for it, and nothing that was found depends on it.
   */
  readonly atUs: number | undefined
  /** `undefined` if there is none, or it has expired. */
  readonly value: Buffer | undefined
  /** When the entry ends, by the clock of the store; `undefined` if it has no end of its own. */
  readonly expiresAtMs: number | undefined
  /** Until when the entry is fresh; `undefined` if nothing is noted of that. */
  readonly freshUntilMs: number | undefined
  /** How long its computation took, if that is noted. */
  readonly computeMs: number | undefined
  /** When it was stored, by the clock of the store, if that is noted. */
  readonly storedAtMs: number | undefined
  /** Whether its tags are known; `true` also where nobody asks for them. */
  readonly isTagged: boolean
}

/** What is to be noted of an entry besides its value and its end. */
export interface EntryMetadata {
  /** For how long it is fresh. */
  readonly freshMs?: number | undefined
  /** How long its computation took. */
  readonly computeMs?: number | undefined
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
  /** When its computation began. It is refused if it was invalidated since; `undefined` stores it in any case. */
  readonly token: number | undefined
  readonly note?: EntryMetadata | undefined
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
export interface LeaseWish {
  readonly hash: Hash
  /**
   * Until when the entry was fresh that was seen and will not do: any other one will. 0 for an entry of which that is not
   * noted; `undefined` for none that was seen: any fresh one will do.
   */
  readonly seenMs: number | undefined
}

/** What became of such a wish. */
export type LeaseAnswer =
  /** There is an entry by now. */
  | { readonly state: 'there'; readonly atUs: number }
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
 * `invalidate`, `invalidateFunction`, `invalidateTags` or `purge`. Those four end the leases of what they invalidate,
 * and are told whether it is to be removed or, where it has a time of grace, only to grow stale (`soft`).
 */
export interface Store {
  /**
   * Told of a policy before it is used here.
   * @throws {PolicyError} if it cannot run here.
   */
  accept(policy: AbstractPolicy): void
  /**
   * Reads entries, in the order asked for, without telling the policy.
   * @param isTimed Whether the moment is to be known in any case; default false.
   */
  get(place: KeySpace, hashes: readonly Hash[], isTimed?: boolean): Promise<readonly Lookup[]>
  /** Tells the policy that entries were read, in that order, and prolongs the lifetime of the place if that slides. */
  touch(place: KeySpace, hashes: readonly Hash[]): Promise<void>
  /** Stores entries, evicting whom the policy names while the place is full, and hands leases over. */
  put(place: KeySpace, entries: readonly NewEntry[]): Promise<PutReport>
  /** Invalidates entries. Returns how many there were. */
  invalidate(place: KeySpace, hashes: readonly Hash[], soft?: boolean): Promise<number>
  /** Invalidates all entries whose hash begins so. Returns how many there were. */
  invalidateFunction(place: KeySpace, part: Hash, soft?: boolean): Promise<number>
  /** Invalidates all entries that have one of these tags. Returns how many there were. */
  invalidateTags(place: KeySpace, tags: readonly string[], soft?: boolean): Promise<number>
  /** Removes all entries. Returns how many there were. */
  purge(place: KeySpace): Promise<number>
  /** Entries that can be read now. */
  size(place: KeySpace): Promise<number>
  /** The clock of the store, in microseconds: a token for a computation that begins now. */
  now(place: KeySpace): Promise<number>
  /** Gives the right to compute entries to one caller at a time, for so long, after a second look at them. */
  lease(place: KeySpace, wishes: readonly LeaseWish[], leaseMs: number): Promise<readonly LeaseAnswer[]>
  /** Prolongs leases. Returns their new names; 0 for one that was lost. */
  renew(place: KeySpace, held: readonly HeldLease[], leaseMs: number): Promise<readonly number[]>
  /** Gives leases back without an entry. */
  release(place: KeySpace, held: readonly HeldLease[]): Promise<void>
  /**
   * Hears of leases that end, whether handed over, given back or ended by an invalidation. Resolves when all that end from
   * now on will be heard of; to `undefined` where the store has no way to tell.
   */
  watch(place: KeySpace, watcher: LeaseWatcher): Promise<LeaseWatch | undefined>
  /** Notes that a place is in use, in a list that lives as long as they do. */
  register(registry: string, place: KeySpace): Promise<void>
  /** All key pairs noted in a list. */
  registered(registry: string): Promise<readonly KeyPair[]>
  /** Ends what the store opened of its own. It may be used again after. */
  close(): Promise<void>
}

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

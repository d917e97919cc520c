import type { Hash } from '../keys/call-hash.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import type { AbstractPolicy } from '../policies/abstract-policy.ts'

/** How much a key pair may hold, and for how long. */
export interface Limits {
  /** Entries; `Infinity` for no bound. */
  readonly maxSize: number
  /** Lifetime of the key pair as a whole; `undefined` for no end. */
  readonly ttlMs: number | undefined
  /** Whether reads and writes prolong that lifetime. */
  readonly sliding: boolean
}

/** A key pair, and all that governs it. */
export interface Place {
  readonly policy: AbstractPolicy
  readonly keys: KeyPair
  readonly limits: Limits
  /** What the policy's `calcExtArgs` gave. */
  readonly ext: readonly (string | Buffer)[]
}

/** What a lookup found. */
export interface Lookup {
  /** When, in microseconds, by the clock of the store. It is also the token that a later put proves itself with. */
  readonly atUs: number
  /** `undefined` if there is none, or it has expired. */
  readonly value: Buffer | undefined
  /** When the entry ends, by the clock of the store; `undefined` if it has no end of its own. */
  readonly expiresAtMs: number | undefined
}

/** An entry to store. */
export interface NewEntry {
  readonly hash: Hash
  readonly value: string | Buffer
  /** Its own lifetime; `undefined` for none. */
  readonly ttlMs: number | undefined
  /** When its computation began. It is refused if it was invalidated since; `undefined` stores it in any case. */
  readonly token: number | undefined
}

/** What became of entries to store. */
export interface PutReport {
  readonly evicted: number
  readonly expired: number
  /** In the order given. */
  readonly stored: readonly boolean[]
}

/**
 * Where entries live.
 *
 * Every method may be called at any time with up to 1,000 entries; `get`, `put`, `invalidate` and `purge` are atomic
 * toward each other in that no put stores what was invalidated after its token.
 */
export interface Store {
  /**
   * Told of a policy before it is used here.
   * @throws {PolicyError} if it cannot run here.
   */
  accept(policy: AbstractPolicy): void
  /** Reads entries, in the order asked for, and tells the policy that they were read. */
  get(place: Place, hashes: readonly Hash[]): Promise<readonly Lookup[]>
  /** Reads entries without telling the policy. */
  peek(place: Place, hashes: readonly Hash[]): Promise<readonly Lookup[]>
  /** Tells the policy that entries were read, with `peek` before. */
  touch(place: Place, hashes: readonly Hash[]): Promise<void>
  /** Stores entries, evicting whom the policy names while the place is full. */
  put(place: Place, entries: readonly NewEntry[]): Promise<PutReport>
  /** Removes entries, and refuses those whose computation is under way. Returns how many there were. */
  invalidate(place: Place, hashes: readonly Hash[]): Promise<number>
  /** Removes all entries, and refuses those whose computation is under way. Returns how many there were. */
  purge(place: Place): Promise<number>
  /** Entries that can be read now. */
  size(place: Place): Promise<number>
  /** The clock of the store, in microseconds: a token for a computation that begins now. */
  now(place: Place): Promise<number>
  /** Notes that a place is in use, in a list that lives as long as they do. */
  register(registry: string, place: Place): Promise<void>
  /** All key pairs noted in a list. */
  registered(registry: string): Promise<readonly KeyPair[]>
}

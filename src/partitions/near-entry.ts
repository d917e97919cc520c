import type { Sifted } from '../flow/sieve.ts'
import type { Hash } from '../keys/call-hash.ts'
import { decode } from '../serializers/encoding.ts'
import { copyTree, freezeTree, textBytes, treeOf } from '../serializers/tree.ts'
import type { NearFunction } from './near-function.ts'
import type { NearPartition } from './near-partition.ts'

/** About what an entry takes beside its value: this object, its names, and its places in the tables. */
const ENTRY_BYTES = 400

/** What is known of a stored result that is held. */
export interface NearFacts {
  readonly hash: Hash
  /** The number of the last change when it was read or stored, or a moment before it was read. */
  readonly label: number
  /** The stored result, out of its envelope. */
  readonly stored: Buffer | string
  readonly storedAtMs: number | undefined
  readonly freshUntilMs: number | undefined
  readonly computeMs: number | undefined
  /** Until when it is fresh, by the clocks of {@link NearPartition}; `Infinity` for no end. */
  readonly untilMs: number
  readonly untilTodayMs: number
}

/**
 * How the result is given to callers:
 *
 * - `'stored'`: not known yet; the first near hit decodes it, and decides.
 * - `'shared'`: it cannot be changed, and all callers get the same.
 * - `'copied'`: each caller gets a copy of the decoded value.
 * - `'decoded'`: each caller gets a value of its own that is decoded for it.
 */
type Form = 'stored' | 'shared' | 'copied' | 'decoded'

/** A result that this process holds in front of the store. */
export class NearEntry implements NearFacts, Sifted<NearEntry> {
  bytes: number
  isVisited = false
  newer: NearEntry | undefined = undefined
  older: NearEntry | undefined = undefined
  /** Whether a near hit on it waits to be reported to the policy. */
  isUsed = false
  /** By which its function finds it without a call hash; `undefined` if it does not. */
  key: string | undefined = undefined
  readonly partition: NearPartition
  readonly fn: NearFunction
  readonly hash: Hash
  readonly label: number
  readonly storedAtMs: number | undefined
  readonly freshUntilMs: number | undefined
  readonly computeMs: number | undefined
  readonly untilMs: number
  readonly untilTodayMs: number
  #form: Form = 'stored'
  #stored: Buffer | string | undefined
  #value: unknown = undefined

  constructor(partition: NearPartition, fn: NearFunction, facts: NearFacts) {
    const { stored } = facts
    this.partition = partition
    this.fn = fn
    this.hash = facts.hash
    this.label = facts.label
    this.storedAtMs = facts.storedAtMs
    this.freshUntilMs = facts.freshUntilMs
    this.computeMs = facts.computeMs
    this.untilMs = facts.untilMs
    this.untilTodayMs = facts.untilTodayMs
    this.#stored = typeof stored === 'string' ? stored : ownBytes(stored)
    this.bytes = ENTRY_BYTES + (typeof stored === 'string' ? textBytes(stored) : stored.length)
  }

  /** The stored result. Not for an entry that is held as a value. */
  get stored(): Buffer | string {
    return this.#stored as Buffer | string
  }

  /** Whether a caller gets the result at once: no schema has to look at it before. */
  get isReady(): boolean {
    return this.#form !== 'stored' || !this.fn.isChecked
  }

  /**
   * The result, for one caller.
   * @throws {SerializerError}
   */
  result(): unknown {
    if (this.#form === 'shared') return this.#value
    if (this.#form === 'copied') return copyTree(this.#value)
    const value = decode(this.fn.serializer, this.stored)
    return this.#form === 'decoded' ? value : this.hold(value)
  }

  /** Decides in which form a decoded value, which nobody else has, is held. Returns what its first caller gets. */
  hold(value: unknown): unknown {
    if (this.#stored === undefined) return value // it was let go meanwhile
    const tree = treeOf(value)
    const isPrimitive = Object(value) !== value
    // What the serializer of a user returns may be anything, and belong to anybody.
    if (tree === undefined || !(isPrimitive || this.fn.serializer.isBuiltIn)) {
      if (!this.fn.isChecked) this.#form = 'decoded'
      return value
    }
    const isShared = isPrimitive || (this.fn.isFrozen && tree.isFreezable)
    this.#form = isShared ? 'shared' : 'copied'
    this.#value = isShared ? freezeTree(value) : value
    this.#stored = undefined
    this.partition.resize(this, ENTRY_BYTES + tree.bytes)
    return this.result()
  }

  /** Lets go of the result: something may still refer to this object for a while. */
  release(): void {
    this.#form = 'stored'
    this.#stored = undefined
    this.#value = undefined
  }
}

/** Bytes that a client or a pool gives may be part of a large buffer, which they would keep in memory. */
function ownBytes(stored: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(stored.length)
  stored.copy(own)
  return own
}

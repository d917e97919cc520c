import type { EvictionOrder } from '../../policies/eviction-order.ts'
import { ExpiryQueue } from './expiry-queue.ts'
import type { NewEntry } from '../store.ts'
import { TagIndex } from './tag-index.ts'

/** As in the scripts: how many invalidations are remembered, and for how long. */
const FENCE_LIMIT = 10_000
const FENCE_TTL_US = 86_400_000_000

/** As in the scripts: how many entries are dealt with at a time, and how many expired ones a write removes at the most. */
const CHUNK = 1_000

/** Until when an entry is fresh, how long its computation took, and when it was stored. */
interface Freshness {
  readonly untilMs: number
  readonly computeMs: number
  readonly storedMs: number
}

/** When what was invalidated. It outlives the entries. */
export class Fence {
  /** In the order of time: `h:` begins the name of an entry, `f:` of a function, `t:` of a tag. */
  readonly #raisedUs = new Map<string, number>()
  /** Everything is deemed invalidated then. */
  #floorUs = 0

  raise(kind: 'h:' | 'f:' | 't:', names: readonly string[], atUs: number): void {
    for (const name of names) {
      const raisedUs = this.#raisedUs.get(kind + name) ?? 0
      this.#raisedUs.delete(kind + name)
      this.#raisedUs.set(kind + name, Math.max(raisedUs, atUs))
    }
    for (const [member, raisedUs] of this.#raisedUs) {
      if (this.#raisedUs.size <= FENCE_LIMIT) break
      this.#raisedUs.delete(member)
      this.#floorUs = Math.max(this.#floorUs, raisedUs)
    }
  }

  raiseFloor(atUs: number): void {
    this.#raisedUs.clear()
    this.#floorUs = atUs
  }

  /** Whether a computation that began at `token` is kept from storing one of these. */
  refuses(members: readonly string[], token: number, atUs: number): boolean {
    const raised = members.map((member) => this.#raisedUs.get(member) ?? 0)
    return Math.max(this.#floorUs, ...raised) >= token || atUs - token >= FENCE_TTL_US
  }
}

/** What a `MemoryStore` keeps for one key pair: what the scripts keep in its keys. */
export class MemoryContent {
  readonly values: Map<string, Buffer> = new Map<string, Buffer>()
  readonly expiry: ExpiryQueue = new ExpiryQueue()
  readonly fresh: Map<string, Freshness> = new Map<string, Freshness>()
  readonly tags: TagIndex = new TagIndex()
  readonly order: EvictionOrder
  /** When the whole ends. */
  expiresAtMs: number = Number.POSITIVE_INFINITY

  constructor(order: EvictionOrder) {
    this.order = order
  }

  get isEmpty(): boolean {
    return this.values.size === 0
  }

  /** Lets the whole live on, if it would end before: another cache may have results that live longer. */
  prolong(untilMs: number): void {
    if (this.expiresAtMs < untilMs) this.expiresAtMs = untilMs
  }

  /**
   * Stores entries as if all came at the same moment, and returns how many were evicted for them: what is there already is
   * replaced and counts as used, then room is made for what is new.
   */
  store(
    entries: readonly (readonly [name: string, entry: NewEntry])[],
    atMs: number,
    maxSize: number,
  ): number {
    const added = new Set<string>()
    const used = new Set<string>()
    for (const [name, entry] of entries) {
      if (!this.values.has(name)) added.add(name)
      else if (!added.has(name)) used.add(name)
      this.#keep(name, entry, atMs)
    }
    this.order.touch([...used])
    return this.#admit([...added], maxSize)
  }

  /** Lets entries in, as many at a time as there may be, and returns how many left for them. */
  #admit(names: readonly string[], maxSize: number): number {
    const step = Math.min(maxSize, CHUNK)
    let evicted = 0
    for (let first = 0; first < names.length; first += step) {
      const some = names.slice(first, first + step)
      evicted += this.makeRoom(some.length, maxSize)
      for (const name of some) this.order.insert(name)
    }
    return evicted
  }

  #keep(name: string, { value, ttlMs, note }: NewEntry, atMs: number): void {
    this.#forget(name)
    this.values.set(name, Buffer.from(value))
    if (ttlMs !== undefined) this.expiry.set(name, atMs + ttlMs)
    if (note?.freshMs !== undefined) {
      this.fresh.set(name, { untilMs: atMs + note.freshMs, computeMs: note.computeMs ?? 0, storedMs: atMs })
    }
    if (note?.tags !== undefined) this.tags.set(name, note.tags)
  }

  /** Evicts until so many more fit in, and returns how many left. */
  makeRoom(more: number, maxSize: number): number {
    const excess = this.order.size() + more - maxSize
    if (excess <= 0) return 0
    const victims = this.order.evict(excess)
    for (const victim of victims) this.#forget(victim)
    return victims.length
  }

  /** Removes expired entries; returns how many. */
  sweep(nowMs: number): number {
    const expired = this.expiry.takeExpired(nowMs, CHUNK)
    this.#discard(expired)
    return expired.length
  }

  /** Invalidates entries, and returns how many there were. One with a time of grace grows stale if it may. */
  drop(names: readonly string[], soft: boolean, atMs: number): number {
    const present = names.filter((name) => this.values.has(name))
    this.#discard(soft ? present.filter((name) => !this.#soften(name, atMs)) : present)
    return present.length
  }

  /** As the scripts see it: whether there is an entry to be had, given the one that was seen and will not do. */
  isThere(name: string, seenMs: number | undefined, atUs: number): boolean {
    if (!this.values.has(name) || (this.expiry.get(name) ?? Number.POSITIVE_INFINITY) * 1000 <= atUs)
      return false
    const untilMs = this.fresh.get(name)?.untilMs
    if (seenMs !== undefined && (untilMs === undefined || untilMs === seenMs)) return false
    return untilMs === undefined || untilMs * 1000 > atUs
  }

  /**
   * Whether there is an entry whose load began after a token.
   * @param otherwise The answer for an entry of which that is not known.
   */
  isNewer(name: string, token: number, otherwise: boolean, atMs: number): boolean {
    if (!this.values.has(name) || (this.expiry.get(name) ?? Number.POSITIVE_INFINITY) <= atMs) return false
    const noted = this.fresh.get(name)
    // What was stored later than now was so before the clock was set back: times tell nothing then.
    if (noted === undefined || noted.storedMs > atMs) return otherwise
    return (noted.storedMs - noted.computeMs) * 1000 > token
  }

  #soften(name: string, atMs: number): boolean {
    const noted = this.fresh.get(name)
    const endsMs = this.expiry.get(name)
    if (noted === undefined || endsMs === undefined) return false
    if (noted.untilMs > atMs) {
      this.fresh.set(name, { ...noted, untilMs: atMs })
      this.expiry.set(name, endsMs - (noted.untilMs - atMs))
    }
    return true
  }

  #discard(names: readonly string[]): void {
    this.order.remove(names)
    for (const name of names) this.#forget(name)
  }

  #forget(name: string): void {
    this.values.delete(name)
    this.expiry.delete(name)
    this.fresh.delete(name)
    this.tags.delete(name)
  }
}

import type { EvictionOrder, StoredResult } from '../../policies/eviction-order.ts'
import { ChangedNames } from './change-log.ts'
import { ExpiryQueue } from './expiry-queue.ts'
import type { NewEntry } from '../store.ts'
import {
  bareEntry,
  hasEnded,
  labelOf,
  readEntry,
  type StoredEntry,
  timesText,
  trailerOf,
} from '../trailer.ts'
import { TagIndex } from './tag-index.ts'

/** As in the scripts: how many invalidations are remembered, and for how long. */
const FENCE_LIMIT = 10_000
const FENCE_TTL_US = 86_400_000_000

/** As in the scripts: how many entries are processed at a time, and how many expired ones a write removes at the most. */
const CHUNK = 1_000

/** The generation is always the same, since an index of tags in memory is never lost. */
const TAGS_GENERATION = 0

/** Records what was invalidated and when. It outlives the entries. */
export class Fence {
  /** The time of each invalidation, the oldest first: `h:` begins the name of an entry, `f:` of a function, `t:` of a tag. */
  readonly #raisedUs = new Map<string, number>()
  /** Everything counts as invalidated at this time. */
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

  /** Whether an entry with these members must not be stored if its load began at `token`. */
  refuses(members: readonly string[], token: number, atUs: number): boolean {
    const raised = members.map((member) => this.#raisedUs.get(member) ?? 0)
    return Math.max(this.#floorUs, ...raised) >= token || atUs - token >= FENCE_TTL_US
  }
}

/** The data of one key pair in a `MemoryStore`: the same that the scripts keep in Redis keys. */
export class PartitionData {
  /** The values as in Redis: each with its trailer, unless values are stored bare. */
  readonly values: Map<string, Buffer> = new Map<string, Buffer>()
  /** When entries end, for the sweep. */
  readonly expiry: ExpiryQueue = new ExpiryQueue()
  readonly tags: TagIndex = new TagIndex()
  readonly order: EvictionOrder
  /** What the operation that is under way removes or replaces. */
  readonly changed: ChangedNames = new ChangedNames()
  /** When the whole partition expires. */
  expiresAtMs: number = Number.POSITIVE_INFINITY
  readonly #partition: string | undefined

  /** @param partition The result of `partitionMark`; `undefined` if values are stored bare. */
  constructor(order: EvictionOrder, partition: string | undefined) {
    this.order = order
    this.#partition = partition
  }

  /** Reads an entry with the fields of its trailer; `undefined` if there is none. */
  read(name: string): StoredEntry | undefined {
    const stored = this.values.get(name)
    if (stored === undefined) return undefined
    if (this.#partition === undefined) return bareEntry(stored)
    const entry = readEntry(stored, name, this.#partition)
    entry.isTagged = entry.tagsGeneration === TAGS_GENERATION
    return entry
  }

  get isEmpty(): boolean {
    return this.values.size === 0
  }

  /** Prolongs the life of the partition, and never shortens it: another cache may have results that live longer. */
  prolong(untilMs: number): void {
    if (this.expiresAtMs < untilMs) this.expiresAtMs = untilMs
  }

  /**
   * Stores entries as of one moment. Existing entries are replaced and count as used; then new ones are inserted. Returns how
   * many entries were evicted for them.
   */
  store(entries: readonly NewEntry[], atUs: number, maxSize: number): number {
    const added = new Set<string>()
    const used = new Set<string>()
    const results = new Map<string, StoredResult>()
    for (const entry of entries) {
      const { hash } = entry
      if (!this.values.has(hash)) added.add(hash)
      else if (!added.has(hash)) used.add(hash)
      results.set(hash, this.#keep(entry, atUs))
    }
    this.changed.entries([...new Set(entries.map(({ hash }) => hash))])
    this.order.touch([...used], results)
    return this.#insertAll([...added], results, maxSize)
  }

  /** Inserts entries, at most `maxSize` at a time. Returns how many were evicted for them. */
  #insertAll(names: readonly string[], results: ReadonlyMap<string, StoredResult>, maxSize: number): number {
    const step = Math.min(maxSize, CHUNK)
    let evicted = 0
    for (let first = 0; first < names.length; first += step) {
      const some = names.slice(first, first + step)
      evicted += this.evictFor(some.length, maxSize)
      for (const name of some) this.order.insert(name, results.get(name) as StoredResult)
    }
    return evicted
  }

  #keep({ hash, value, ttlMs, token, metadata }: NewEntry, atUs: number): StoredResult {
    const { serializer = '', computeMs = 0, cost = Math.max(1, computeMs), freshMs, tags } = metadata ?? {}
    const atMs = Math.floor(atUs / 1_000)
    this.#forget(hash)
    let stored = Buffer.from(value)
    if (this.#partition !== undefined) {
      const label = labelOf(hash, this.#partition, serializer)
      const generation = tags && TAGS_GENERATION
      const last = trailerOf(label, token ?? atUs, atMs, timesText(computeMs, freshMs, ttlMs), generation)
      stored = Buffer.concat([stored, Buffer.from(last)])
    }
    this.values.set(hash, stored)
    if (ttlMs !== undefined) this.expiry.set(hash, atMs + ttlMs)
    if (tags !== undefined) this.tags.set(hash, tags)
    return { costMs: cost, bytes: stored.length }
  }

  /** Evicts until `more` new entries fit into `maxSize`. Returns how many were evicted. */
  evictFor(more: number, maxSize: number): number {
    const excess = this.order.size() + more - maxSize
    if (excess <= 0) return 0
    const victims = this.order.evict(excess)
    this.changed.entries(victims)
    for (const victim of victims) this.#forget(victim)
    return victims.length
  }

  /** Removes expired entries; returns how many. */
  sweep(nowMs: number): number {
    const expired = this.expiry.takeExpired(nowMs, CHUNK)
    this.changed.entries(expired)
    this.#discard(expired)
    return expired.length
  }

  /** Invalidates entries, and returns how many there were. With `soft`, entries with a grace period become stale. */
  drop(names: readonly string[], soft: boolean, atMs: number): number {
    const present = new Set(names.filter((name) => this.values.has(name)))
    const dropped = soft ? names.filter((name) => !this.#soften(name, atMs)) : names
    this.changed.entries(dropped)
    this.#discard(dropped.filter((name) => present.has(name)))
    return present.size
  }

  /** As in the scripts: whether there is a fresh entry other than the one that the caller found unusable. */
  isAvailable(name: string, seenMs: number | undefined, atUs: number): boolean {
    const entry = this.read(name)
    if (entry === undefined || hasEnded(entry, atUs / 1_000)) return false
    const untilMs = entry.freshUntilMs
    if (seenMs !== undefined && (untilMs === undefined || untilMs === seenMs)) return false
    return untilMs === undefined || untilMs * 1000 > atUs
  }

  /**
   * When the load of the stored entry began, in microseconds: `'unknown'` for an entry without a trailer; `undefined` for no
   * entry, for an expired one, and for a time in the future, which was recorded before the clock was set back.
   */
  beganUs(name: string, atUs: number): number | 'unknown' | undefined {
    const entry = this.read(name)
    if (entry === undefined || entry.isMisplaced) return undefined
    if (entry.beganUs === undefined) return 'unknown'
    return hasEnded(entry, atUs / 1_000) || entry.beganUs > atUs ? undefined : entry.beganUs
  }

  /** Makes an entry with a grace period stale. Returns whether it has one. */
  #soften(name: string, atMs: number): boolean {
    const entry = this.read(name)
    const { value, expiresAtMs, freshUntilMs, storedAtMs = 0, computeMs = 0 } = entry ?? {}
    if (value === undefined || expiresAtMs === undefined || freshUntilMs === undefined) return false
    if (expiresAtMs === freshUntilMs) return false
    this.changed.entries([name])
    if (freshUntilMs > atMs) {
      const endsMs = Math.max(storedAtMs, expiresAtMs - (freshUntilMs - atMs))
      const last = (this.values.get(name) as Buffer).toString('latin1', value.length)
      const times = timesText(computeMs, Math.max(0, atMs - storedAtMs), endsMs - storedAtMs)
      const staleLast = last.replace(/ \d+ \d+ \d+(?= t|$)/, ` ${times}`)
      this.values.set(name, Buffer.concat([value as Buffer, Buffer.from(staleLast)]))
      this.expiry.set(name, endsMs)
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
    this.tags.delete(name)
  }
}

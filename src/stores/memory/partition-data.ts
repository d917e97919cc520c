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

/** As in the scripts: how many entries are processed at a time. */
const CHUNK = 1_000

/** As in the scripts: how many expired entries a write removes at the most. */
const FEW_ENTRIES = 100

/** The generation is always the same, since an index of tags in memory is never lost. */
const TAGS_GENERATION = 0

/** How much a partition may hold. */
export interface Bounds {
  readonly maxSize: number
  readonly maxBytes: number
}

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

/** When a load began, in microseconds. */
export type Began = number | 'unknown' | undefined

/** What became of an entry to store: the script of a put replies with the same. */
export type PutOutcome = 'stored' | 'refused' | 'declined' | 'too-large'

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
  /** The bytes of all values. */
  bytes = 0
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
   * Stores entries as of one moment. Existing entries are replaced and count as used; then new ones are inserted. A value that is
   * larger than `maxBytes` is not stored, and what was stored for it is removed.
   *
   * @param isRefused Gets the time when the load of the existing entry began: the result of {@link beganUs}.
   */
  store(
    entries: readonly NewEntry[],
    atUs: number,
    bounds: Bounds,
    isRefused: (entry: NewEntry, beganUs: Began) => boolean = () => false,
  ): { readonly evicted: number; readonly outcomes: readonly PutOutcome[] } {
    const began = new Map<string, Began>()
    const added = new Set<string>()
    const used = new Set<string>()
    const results = new Map<string, StoredResult>()
    const outcomes = entries.map((entry): PutOutcome => {
      const { hash, token, metadata } = entry
      if (!began.has(hash)) began.set(hash, this.beganUs(hash, atUs))
      if (isRefused(entry, began.get(hash))) return 'refused'
      const stored = this.#storedBytes(entry, atUs)
      if (metadata?.ifRoom && !this.#hasRoom(hash, stored.length, added.size, bounds)) return 'declined'
      if (stored.length > bounds.maxBytes) {
        if (!results.has(hash)) this.#dropForLarger(hash)
        return 'too-large'
      }
      began.set(hash, token ?? atUs)
      if (!this.values.has(hash)) added.add(hash)
      else if (!added.has(hash)) used.add(hash)
      this.#keep(entry, stored, Math.floor(atUs / 1_000))
      const { computeMs = 0, cost = Math.max(1, computeMs) } = metadata ?? {}
      results.set(hash, { costMs: cost, bytes: stored.length })
      return 'stored'
    })
    this.changed.entries([...results.keys()])
    this.order.touch([...used], results)
    for (const hash of added) this.bytes -= (results.get(hash) as StoredResult).bytes // until they are inserted
    const evicted = this.#fitReplaced(used, results, bounds) + this.#insertAll([...added], results, bounds)
    return { evicted, outcomes }
  }

  /** Whether an entry is there already, or fits beside `added` new ones without an eviction. */
  #hasRoom(hash: string, bytes: number, added: number, { maxSize, maxBytes }: Bounds): boolean {
    return this.values.has(hash) || (this.order.size() + added < maxSize && this.bytes + bytes <= maxBytes)
  }

  /** A value is not stored, since it is too large. An older one must not be served after it. */
  #dropForLarger(hash: string): void {
    if (!this.values.has(hash)) return
    this.changed.entries([hash])
    this.#discard([hash])
  }

  /**
   * Makes room for existing entries whose values have become larger. One that the policy names is kept, and counts as new; unless
   * there are none but them: then the first ones are evicted.
   */
  #fitReplaced(
    used: ReadonlySet<string>,
    results: ReadonlyMap<string, StoredResult>,
    { maxBytes }: Bounds,
  ): number {
    if (used.size === 0) return 0
    const kept: string[] = []
    let evicted = 0
    while (this.bytes > maxBytes) {
      const [victim] = this.order.evict(1)
      if (victim !== undefined && used.has(victim)) {
        kept.push(victim)
        continue
      }
      const gone = victim ?? kept.shift()
      if (gone === undefined) break
      this.#removeVictims([gone])
      evicted++
    }
    for (const hash of kept) this.order.insert(hash, results.get(hash) as StoredResult)
    return evicted
  }

  /** Inserts entries, at most as many at a time as fit. Returns how many were evicted for them. */
  #insertAll(names: readonly string[], results: ReadonlyMap<string, StoredResult>, bounds: Bounds): number {
    const bytesOf = (name: string): number => (results.get(name) as StoredResult).bytes
    const step = Math.min(bounds.maxSize, CHUNK)
    let evicted = 0
    for (let first = 0; first < names.length; ) {
      let end = first + 1
      let bytes = bytesOf(names[first] as string)
      while (end < names.length && end - first < step) {
        const next = bytesOf(names[end] as string)
        if (bytes + next > bounds.maxBytes) break
        bytes += next
        end++
      }
      const some = names.slice(first, end)
      evicted += this.evictFor(some.length, bytes, bounds)
      for (const name of some) this.order.insert(name, results.get(name) as StoredResult)
      this.bytes += bytes
      first = end
    }
    return evicted
  }

  /** What is stored for an entry: its value, and the trailer. */
  #storedBytes({ hash, value, ttlMs, token, metadata }: NewEntry, atUs: number): Buffer {
    const { serializer = '', computeMs = 0, freshMs, tags } = metadata ?? {}
    const bytes = Buffer.from(value)
    if (this.#partition === undefined) return bytes
    const label = labelOf(hash, this.#partition, serializer)
    const generation = tags && TAGS_GENERATION
    const atMs = Math.floor(atUs / 1_000)
    const last = trailerOf(label, token ?? atUs, atMs, timesText(computeMs, freshMs, ttlMs), generation)
    return Buffer.concat([bytes, Buffer.from(last)])
  }

  #keep({ hash, ttlMs, metadata }: NewEntry, stored: Buffer, atMs: number): void {
    this.#forget(hash)
    this.#setValue(hash, stored)
    if (ttlMs !== undefined) this.expiry.set(hash, atMs + ttlMs)
    if (metadata?.tags !== undefined) this.tags.set(hash, metadata.tags)
  }

  #setValue(hash: string, stored: Buffer): void {
    this.bytes += stored.length - (this.values.get(hash)?.length ?? 0)
    this.values.set(hash, stored)
  }

  /** Evicts until so many more entries and bytes fit. Returns how many were evicted. */
  evictFor(more: number, moreBytes: number, { maxSize, maxBytes }: Bounds): number {
    const excess = this.order.size() + more - maxSize
    let evicted = 0
    if (excess > 0) {
      const victims = this.order.evict(excess)
      this.#removeVictims(victims)
      evicted = victims.length
    }
    while (this.bytes + moreBytes > maxBytes) {
      const victims = this.order.evict(1)
      if (victims.length === 0) break
      this.#removeVictims(victims)
      evicted++
    }
    return evicted
  }

  #removeVictims(victims: readonly string[]): void {
    this.changed.entries(victims)
    for (const victim of victims) this.#forget(victim)
  }

  /** Removes expired entries; returns how many. */
  sweep(nowMs: number): number {
    const expired = this.expiry.takeExpired(nowMs, FEW_ENTRIES)
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
  beganUs(name: string, atUs: number): Began {
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
      this.#setValue(name, Buffer.concat([value as Buffer, Buffer.from(staleLast)]))
      this.expiry.set(name, endsMs)
    }
    return true
  }

  #discard(names: readonly string[]): void {
    this.order.remove(names)
    for (const name of names) this.#forget(name)
  }

  #forget(name: string): void {
    this.bytes -= this.values.get(name)?.length ?? 0
    this.values.delete(name)
    this.expiry.delete(name)
    this.tags.delete(name)
  }
}

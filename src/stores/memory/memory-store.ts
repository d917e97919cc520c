import { checkNames } from '../../options/checks.ts'
import { OptionError } from '../../errors.ts'
import { setImmediate } from '../../flow/timers.ts'
import type { Hash } from '../../keys/call-hash.ts'
import type { KeyPair } from '../../keys/key-names.ts'
import type { AbstractPolicy } from '../../policies/policy.ts'
import { lookUpAt, partitionMark, StoredEntry } from '../trailer.ts'
import { Fence, MemoryContent } from './partition-data.ts'
import type {
  HeldLease,
  LeaseAnswer,
  LeaseWatch,
  LeaseWatcher,
  LeaseWish,
  Lookup,
  NewEntry,
  KeySpace,
  PutReport,
  Store,
} from '../store.ts'

/** What a `MemoryStore` can be told. */
export interface MemoryStoreOptions {
  /**
   * The clock of the store, in milliseconds since 1970, for tests that must not wait.
   * @default Date.now
   */
  readonly clock?: (() => number) | undefined
}

/** What a `MemoryStore` knows of an entry beside its end; `undefined` where that is not known. */
export interface NotedOfEntry {
  readonly freshUntilMs: number | undefined
  readonly beganUs: number | undefined
  readonly storedAtMs: number | undefined
  readonly tags: readonly string[] | undefined
}

/**
 * Entries in this process: the same policies, limits and guarantees, without a server.
 *
 * For tests, for development, and for a machine without Redis. Values are kept as serialized bytes, so that nobody's
 * change of a result reaches anybody else.
 */
export class MemoryStore implements Store {
  readonly #clock: () => number
  readonly #contents = new Map<string, MemoryContent>()
  readonly #fences = new Map<string, Fence>()
  readonly #registries = new Map<string, Map<string, KeyPair>>()
  /** Until when entries are leased. */
  readonly #leases = new Map<string, Map<string, number>>()
  readonly #watchers = new Map<string, Set<LeaseWatcher>>()
  #lastUs = 0

  /** @throws {OptionError} for an unknown option, or a clock that is no function. */
  constructor(options: MemoryStoreOptions = {}) {
    checkNames(options, ['clock'], 'new MemoryStore')
    const { clock = () => Date.now() } = options
    if (typeof clock !== 'function') {
      throw new OptionError('clock: give a function that returns milliseconds since 1970, such as Date.now.')
    }
    this.#clock = clock
  }

  accept(policy: AbstractPolicy): void {
    policy.createOrder()
  }

  async get(place: KeySpace, hashes: readonly Hash[]): Promise<readonly Lookup[]> {
    const content = this.#contentOf(place)
    const atUs = this.#tick()
    const entries = hashes.map((hash) => content.read(hash) ?? new StoredEntry())
    return lookUpAt(entries, atUs / 1_000, atUs)
  }

  async touch(place: KeySpace, hashes: readonly Hash[]): Promise<void> {
    const content = this.#contentOf(place)
    content.order.touch(hashes)
    const { idleTtlMs } = place.limits
    if (idleTtlMs !== undefined) content.prolong(this.#clock() + idleTtlMs)
  }

  async put(place: KeySpace, entries: readonly NewEntry[]): Promise<PutReport> {
    const content = this.#contentOf(place)
    const fence = this.#fenceOf(place)
    const atUs = this.#tick()
    const atMs = Math.floor(atUs / 1000)
    const expired = content.sweep(atMs)
    const { maxSize, idleTtlMs } = place.limits
    const untilMs = atMs + (idleTtlMs ?? Number.POSITIVE_INFINITY)
    if (content.isEmpty) content.expiresAtMs = untilMs
    else content.prolong(untilMs)
    let evicted = content.makeRoom(0, maxSize) // the bound may have been lowered
    const began = new Map<string, number | 'unknown' | undefined>()
    const named = entries.map((entry) => [entry.hash, entry] as const)
    const stored = named.map(([name, entry]) => {
      const { token, metadata } = entry
      if (!began.has(name)) began.set(name, content.beganUs(name, atUs))
      if (token !== undefined && fence.refuses(membersOf(place, name, entry), token, atUs)) return false
      if (this.#isOvertaken(place, entry, began.get(name))) return false
      if (metadata?.overrules) fence.raise('h:', [name], token ?? atUs)
      began.set(name, token ?? atUs)
      return true
    })
    evicted += content.store(
      named.filter((_, i) => stored[i]),
      atUs,
      maxSize,
    )
    named.forEach(([name, { metadata }], i) => {
      if (metadata?.lease !== undefined) this.#handOver(place, name, metadata.lease)
      if (metadata?.overrules && stored[i]) this.#endLease(place, name)
    })
    return { atUs, evicted, expired, stored }
  }

  /** As in the scripts: whether the load of what is there began later than that of an entry to store. */
  #isOvertaken(
    place: KeySpace,
    { hash, token, metadata }: NewEntry,
    beganUs: number | 'unknown' | undefined,
  ): boolean {
    if (token === undefined || beganUs === undefined) return false
    if (beganUs !== 'unknown') return beganUs > token
    return metadata?.lease !== undefined && this.#leasesOf(place).get(hash) !== metadata.lease
  }

  async invalidate(place: KeySpace, hashes: readonly Hash[], soft = false): Promise<number> {
    return this.#drop(
      place,
      () => hashes,
      soft,
      (fence, atUs) => fence.raise('h:', hashes, atUs),
    )
  }

  async invalidateFunction(place: KeySpace, part: Hash, soft = false): Promise<number> {
    const isOwn = (name: string) => name.startsWith(part)
    for (const name of [...this.#leasesOf(place).keys()].filter(isOwn)) this.#endLease(place, name)
    const own = ({ values }: MemoryContent) => [...values.keys()].filter(isOwn)
    return this.#drop(place, own, soft, (fence, atUs) => fence.raise('f:', [part], atUs))
  }

  async invalidateTags(place: KeySpace, names: readonly string[], soft = false): Promise<number> {
    const tagged = ({ tags }: MemoryContent) => [...new Set(names.flatMap((name) => tags.having(name)))]
    return this.#drop(place, tagged, soft, (fence, atUs) => fence.raise('t:', names, atUs))
  }

  async purge(place: KeySpace): Promise<number> {
    const size = await this.size(place)
    this.#contents.delete(place.keys[0])
    this.#fenceOf(place).raiseFloor(this.#tick())
    for (const name of this.#leasesOf(place).keys()) this.#endLease(place, name)
    return size
  }

  async size(place: KeySpace): Promise<number> {
    const { values, expiry } = this.#contentOf(place)
    return values.size - expiry.countExpired(this.#clock())
  }

  async now(): Promise<number> {
    return this.#tick()
  }

  async lease(
    place: KeySpace,
    wishes: readonly LeaseWish[],
    leaseMs: number,
  ): Promise<readonly LeaseAnswer[]> {
    const content = this.#contentOf(place)
    const leases = this.#leasesOf(place)
    const atUs = this.#tick()
    for (const [name, untilUs] of leases) if (untilUs <= atUs) leases.delete(name)
    return wishes.map(({ hash: name, seenMs }): LeaseAnswer => {
      if (content.isThere(name, seenMs, atUs)) return { state: 'there', atUs }
      const untilUs = leases.get(name)
      if (untilUs !== undefined) return { state: 'held', atUs, untilUs }
      const lease = atUs + leaseMs * 1000
      leases.set(name, lease)
      return { state: 'taken', atUs, lease }
    })
  }

  async renew(place: KeySpace, held: readonly HeldLease[], leaseMs: number): Promise<readonly number[]> {
    const leases = this.#leasesOf(place)
    const atUs = this.#tick()
    return held.map(({ hash: name, lease }) => {
      if (leases.get(name) !== lease) return 0
      const renewed = Math.max(atUs + leaseMs * 1000, lease + 1)
      leases.set(name, renewed)
      return renewed
    })
  }

  async release(place: KeySpace, held: readonly HeldLease[]): Promise<void> {
    for (const { hash, lease } of held) this.#handOver(place, hash, lease)
  }

  async watch(place: KeySpace, watcher: LeaseWatcher): Promise<LeaseWatch> {
    const all = this.#watchers
    const [index] = place.keys
    const watchers = entryOf(all, index, () => new Set()).add(watcher)
    return {
      async close() {
        watchers.delete(watcher)
        if (watchers.size === 0 && all.get(index) === watchers) all.delete(index)
      },
    }
  }

  async close(): Promise<void> {}

  async register(registry: string, place: KeySpace): Promise<void> {
    entryOf(this.#registries, registry, () => new Map()).set(place.keys[0], place.keys)
  }

  async registered(registry: string): Promise<readonly KeyPair[]> {
    return [...(this.#registries.get(registry)?.values() ?? [])]
  }

  /** What lies in a place, for tests and inspection: entries with when they end, and what is noted of them. */
  *entriesOf(
    place: KeySpace,
  ): Generator<readonly [hash: string, value: Buffer, expiresAtMs: number | undefined, noted: NotedOfEntry]> {
    const content = this.#contentOf(place)
    for (const [hash, stored] of content.values) {
      const { value = stored, expiresAtMs, freshUntilMs, beganUs, storedAtMs } = content.read(hash) ?? {}
      yield [
        hash,
        value as Buffer,
        expiresAtMs,
        { freshUntilMs, beganUs, storedAtMs, tags: content.tags.of(hash) },
      ]
    }
  }

  /** Drops entries, ends their leases, and keeps loads that are under way from storing them. */
  #drop(
    place: KeySpace,
    namesIn: (content: MemoryContent) => readonly string[],
    soft: boolean,
    raise: (fence: Fence, atUs: number) => void,
  ): number {
    const content = this.#contentOf(place)
    const atUs = this.#tick()
    const atMs = Math.floor(atUs / 1000)
    content.sweep(atMs)
    const names = namesIn(content)
    for (const name of names) this.#endLease(place, name)
    raise(this.#fenceOf(place), atUs)
    return content.drop(names, soft, atMs)
  }

  /** Ends a lease of the caller's; one that was lost meanwhile is another's. */
  #handOver(place: KeySpace, name: string, lease: number): void {
    if (this.#leasesOf(place).get(name) === lease) this.#endLease(place, name)
  }

  #endLease(place: KeySpace, name: string): void {
    if (!this.#leasesOf(place).delete(name)) return
    // Not before whoever ends it has what he waits for.
    for (const watcher of this.#watchers.get(place.keys[0]) ?? []) setImmediate(() => watcher.ended(name))
  }

  #contentOf(place: KeySpace): MemoryContent {
    const [index] = place.keys
    let content = this.#contents.get(index)
    if (content === undefined || content.expiresAtMs <= this.#clock()) {
      content = new MemoryContent(
        place.policy.createOrder(),
        place.policy.storesBareValues ? undefined : partitionMark(place.keys[1]),
      )
      this.#contents.set(index, content)
    }
    return content
  }

  /** What was invalidated stays so when the entries have ended. */
  #fenceOf(place: KeySpace): Fence {
    return entryOf(this.#fences, place.keys[0], () => new Fence())
  }

  #leasesOf(place: KeySpace): Map<string, number> {
    return entryOf(this.#leases, place.keys[0], () => new Map())
  }

  /** The clock in microseconds. No two ticks are equal, so that before and after are always told apart. */
  #tick(): number {
    this.#lastUs = Math.max(Math.floor(this.#clock() * 1000), this.#lastUs + 1)
    return this.#lastUs
  }
}

/** What the fence may have been raised for, of an entry. */
function membersOf({ policy }: KeySpace, name: string, { metadata }: NewEntry): string[] {
  const tags = metadata?.tags ?? []
  return [`h:${name}`, `f:${name.slice(0, policy.hashPartBytes)}`, ...tags.map((tag) => `t:${tag}`)]
}

function entryOf<V>(map: Map<string, V>, name: string, create: () => V): V {
  const value = map.get(name) ?? create()
  map.set(name, value)
  return value
}

import { checkNames } from '../../validation/checks.ts'
import { OptionError } from '../../errors.ts'
import { setImmediate } from '../../flow/timers.ts'
import type { Hash } from '../../keys/call-hash.ts'
import type { KeyPair } from '../../keys/key-names.ts'
import type { AbstractPolicy } from '../../policies/policy.ts'
import { lookUpAt, partitionMark, StoredEntry } from '../trailer.ts'
import { ChangeLogs } from './change-logs.ts'
import { type Began, Fence, PartitionData, type PutOutcome } from './partition-data.ts'
import { WatcherSets } from './watcher-sets.ts'
import type {
  ChangeLog,
  ChangesAt,
  ChangesSince,
  ChangeWatcher,
  HeldLease,
  InvalidationReport,
  LeaseAnswer,
  LeaseWatcher,
  LeaseRequest,
  Lookup,
  LookupOptions,
  NewEntry,
  KeySpace,
  PutReport,
  Store,
  Watch,
} from '../store.ts'

/** Options of a `MemoryStore`. */
export interface MemoryStoreOptions {
  /**
   * The clock of the store, in milliseconds since 1970, for tests that must not wait.
   * @default Date.now
   */
  readonly clock?: (() => number) | undefined
}

/** The metadata of an entry in a `MemoryStore`, except its end; `undefined` where it is not known. */
export interface StoredMetadata {
  readonly freshUntilMs: number | undefined
  readonly beganUs: number | undefined
  readonly storedAtMs: number | undefined
  readonly tags: readonly string[] | undefined
}

/**
 * Entries in this process: the same policies, limits and guarantees, without a server.
 *
 * For tests, for development, and for a machine without Redis. Values are kept as serialized bytes, so that a change of a
 * result by one caller does not affect other callers.
 */
export class MemoryStore implements Store, ChangeLog {
  readonly isInProcess = true
  readonly #clock: () => number
  readonly #dataByIndex = new Map<string, PartitionData>()
  readonly #fences = new Map<string, Fence>()
  readonly #registries = new Map<string, Map<string, KeyPair>>()
  /** The leases of each partition, by call hash. */
  readonly #leases = new Map<string, Map<string, Lease>>()
  readonly #watchers = new WatcherSets<LeaseWatcher>()
  readonly #logs: ChangeLogs
  #lastUs = 0

  /** @throws {OptionError} for an unknown option, or a clock that is not a function. */
  constructor(options: MemoryStoreOptions = {}) {
    checkNames(options, ['clock'], 'new MemoryStore')
    const { clock = () => Date.now() } = options
    if (typeof clock !== 'function') {
      throw new OptionError('clock: give a function that returns milliseconds since 1970, such as Date.now.')
    }
    this.#clock = clock
    this.#logs = new ChangeLogs(clock)
  }

  todayMs(): number {
    return this.#clock()
  }

  accept(policy: AbstractPolicy): void {
    policy.createOrder()
  }

  async get(
    space: KeySpace,
    hashes: readonly Hash[],
    { isNumbered = false }: LookupOptions = {},
  ): Promise<readonly Lookup[]> {
    const data = this.#dataOf(space)
    const atUs = this.#tick()
    const entries = hashes.map((hash) => data.read(hash) ?? new StoredEntry())
    return lookUpAt(entries, atUs / 1_000, atUs, isNumbered ? this.#changesOf(space) : undefined)
  }

  async touch(space: KeySpace, hashes: readonly Hash[]): Promise<void> {
    const data = this.#dataOf(space)
    data.order.touch(hashes)
    const { idleTtlMs } = space.limits
    if (idleTtlMs !== undefined) data.prolong(this.#clock() + idleTtlMs)
  }

  async put(space: KeySpace, entries: readonly NewEntry[]): Promise<PutReport> {
    let data = this.#dataOf(space)
    if (data.isEmpty) {
      this.#dataByIndex.delete(space.keys[0]) // as in the scripts, nothing of before is left: no name that the policy remembers
      data = this.#dataOf(space)
      data.changed.all()
    }
    const fence = this.#fenceOf(space)
    const atUs = this.#tick()
    const atMs = Math.floor(atUs / 1000)
    const expired = data.sweep(atMs)
    const { maxSize, maxBytes = Number.POSITIVE_INFINITY, idleTtlMs } = space.limits
    const bounds = { maxSize, maxBytes }
    const untilMs = atMs + (idleTtlMs ?? Number.POSITIVE_INFINITY)
    if (data.isEmpty) data.expiresAtMs = untilMs
    else data.prolong(untilMs)
    const evicted = data.evictFor(0, 0, bounds) // the bounds may have been lowered
    const put = data.store(entries, atUs, bounds, (entry, beganUs) => {
      const { hash, token, metadata } = entry
      const isInvalidated = token !== undefined && fence.refuses(membersOf(space, entry), token, atUs)
      const isRefused = isInvalidated || this.#isOlder(space, entry, beganUs)
      // Also if it is refused: the script says why.
      if (metadata?.overrules) fence.raise('h:', [hash], Math.min(token ?? atUs, atUs))
      return isRefused
    })
    entries.forEach(({ hash, metadata }) => {
      if (metadata?.asker !== undefined) this.#endOwnLease(space, hash, metadata.asker)
      if (metadata?.overrules) this.#endLease(space, hash)
    })
    const stored = put.outcomes.map((outcome) => outcome === 'stored')
    const hashesOf = (isOne: (hash: Hash, outcome: PutOutcome) => boolean): ReadonlySet<Hash> | undefined => {
      const some = entries.filter(({ hash }, i) => isOne(hash, put.outcomes[i] as PutOutcome))
      return some.length > 0 ? new Set(some.map(({ hash }) => hash)) : undefined
    }
    return {
      atUs,
      evicted: evicted + put.evicted,
      expired,
      stored,
      evictedAtOnce: hashesOf((hash, outcome) => outcome === 'stored' && !data.values.has(hash)),
      tooLarge: hashesOf((_, outcome) => outcome === 'too-large'),
      declined: hashesOf((_, outcome) => outcome === 'declined'),
      changes: this.#logs.record(space, data.changed, atUs),
    }
  }

  /** As in the scripts: whether the load of the existing entry began later than that of the entry to store. */
  #isOlder(space: KeySpace, { hash, token, metadata }: NewEntry, beganUs: Began): boolean {
    if (token === undefined || beganUs === undefined) return false
    if (beganUs !== 'unknown') return beganUs > token
    return metadata?.asker !== undefined && this.#leasesOf(space).get(hash)?.asker !== metadata.asker
  }

  async invalidate(space: KeySpace, hashes: readonly Hash[], soft = false): Promise<InvalidationReport> {
    return this.#drop(
      space,
      () => hashes,
      soft,
      (fence, atUs) => fence.raise('h:', hashes, atUs),
    )
  }

  async invalidateFunction(space: KeySpace, part: Hash, soft = false): Promise<InvalidationReport> {
    const isOwn = (name: string) => name.startsWith(part)
    for (const name of [...this.#leasesOf(space).keys()].filter(isOwn)) this.#endLease(space, name)
    const own = ({ values }: PartitionData) => [...values.keys()].filter(isOwn)
    this.#dataOf(space).changed.function(part)
    return this.#drop(space, own, soft, (fence, atUs) => fence.raise('f:', [part], atUs))
  }

  async invalidateTags(space: KeySpace, names: readonly string[], soft = false): Promise<InvalidationReport> {
    const tagged = ({ tags }: PartitionData) => [...new Set(names.flatMap((name) => tags.having(name)))]
    this.#dataOf(space).changed.number()
    return this.#drop(space, tagged, soft, (fence, atUs) => fence.raise('t:', names, atUs))
  }

  async purge(space: KeySpace): Promise<InvalidationReport> {
    const data = this.#dataOf(space)
    const count = data.values.size - data.expiry.countExpired(this.#clock())
    this.#dataByIndex.delete(space.keys[0])
    const atUs = this.#tick()
    this.#fenceOf(space).raiseFloor(atUs)
    for (const name of this.#leasesOf(space).keys()) this.#endLease(space, name)
    data.changed.all()
    return { count, changes: this.#logs.record(space, data.changed, atUs) }
  }

  async size(space: KeySpace): Promise<number> {
    const { values, expiry } = this.#dataOf(space)
    return values.size - expiry.countExpired(this.#clock())
  }

  async bytes(space: KeySpace): Promise<number> {
    return this.#dataOf(space).bytes
  }

  async now(): Promise<number> {
    return this.#tick()
  }

  async lease(
    space: KeySpace,
    requests: readonly LeaseRequest[],
    leaseMs: number,
  ): Promise<readonly LeaseAnswer[]> {
    const data = this.#dataOf(space)
    const leases = this.#leasesOf(space)
    const atUs = this.#tick()
    for (const [name, { untilUs }] of leases) if (untilUs <= atUs) leases.delete(name)
    return requests.map(({ hash: name, seenMs, asker }): LeaseAnswer => {
      if (data.isAvailable(name, seenMs, atUs)) return { state: 'available', atUs }
      const held = leases.get(name)
      if (held !== undefined && held.asker !== asker) return { state: 'held', atUs, untilUs: held.untilUs }
      const untilUs = atUs + leaseMs * 1000
      leases.set(name, { asker, untilUs })
      return { state: 'taken', atUs, untilUs }
    })
  }

  async renew(space: KeySpace, held: readonly HeldLease[], leaseMs: number): Promise<readonly boolean[]> {
    const leases = this.#leasesOf(space)
    const untilUs = this.#tick() + leaseMs * 1000
    return held.map(({ hash: name, asker }) => {
      const isHeld = leases.get(name)?.asker === asker
      if (isHeld) leases.set(name, { asker, untilUs })
      return isHeld
    })
  }

  async release(space: KeySpace, held: readonly HeldLease[]): Promise<void> {
    for (const { hash, asker } of held) this.#endOwnLease(space, hash, asker)
  }

  async watch(space: KeySpace, watcher: LeaseWatcher): Promise<Watch> {
    return this.#watchers.add(space, watcher)
  }

  recordsChanges({ storesBareValues }: AbstractPolicy): boolean {
    return !storesBareValues
  }

  async changes(space: KeySpace): Promise<ChangesAt> {
    return this.#changesOf(space)
  }

  async listen(space: KeySpace, heard: number | undefined, ttlMs: number): Promise<ChangesSince> {
    const since = this.#logs.listen(space, heard, ttlMs, this.#tick())
    return { ...since, hasEntries: !this.#dataOf(space).isEmpty }
  }

  async watchChanges(space: KeySpace, watcher: ChangeWatcher): Promise<Watch> {
    return this.#logs.watch(space, watcher)
  }

  async close(): Promise<void> {}

  async register(registry: string, space: KeySpace): Promise<void> {
    entryOf(this.#registries, registry, () => new Map()).set(JSON.stringify(space.keys), space.keys)
  }

  async registered(registry: string): Promise<readonly KeyPair[]> {
    return [...(this.#registries.get(registry)?.values() ?? [])]
  }

  /** The entries of a key space with their ends and metadata, for tests and inspection. */
  *entriesOf(
    space: KeySpace,
  ): Generator<
    readonly [hash: string, value: Buffer, expiresAtMs: number | undefined, noted: StoredMetadata]
  > {
    const data = this.#dataOf(space)
    for (const [hash, stored] of data.values) {
      const { value = stored, expiresAtMs, freshUntilMs, beganUs, storedAtMs } = data.read(hash) ?? {}
      yield [
        hash,
        value as Buffer,
        expiresAtMs,
        { freshUntilMs, beganUs, storedAtMs, tags: data.tags.of(hash) },
      ]
    }
  }

  /** Drops entries, ends their leases, and prevents loads that are under way from being stored. */
  #drop(
    space: KeySpace,
    namesIn: (data: PartitionData) => readonly string[],
    soft: boolean,
    raise: (fence: Fence, atUs: number) => void,
  ): InvalidationReport {
    const data = this.#dataOf(space)
    const atUs = this.#tick()
    const atMs = Math.floor(atUs / 1000)
    if (data.isEmpty) data.changed.all()
    data.sweep(atMs)
    const names = namesIn(data)
    for (const name of names) this.#endLease(space, name)
    raise(this.#fenceOf(space), atUs)
    const count = data.drop(names, soft, atMs)
    return { count, changes: this.#logs.record(space, data.changed, atUs) }
  }

  #changesOf(space: KeySpace): ChangesAt {
    return { number: this.#logs.numberOf(space), hasEntries: !this.#dataOf(space).isEmpty }
  }

  /** Ends the lease of that asker, if it still holds it. The lease of another asker stays. */
  #endOwnLease(space: KeySpace, name: string, asker: string): void {
    if (this.#leasesOf(space).get(name)?.asker === asker) this.#endLease(space, name)
  }

  #endLease(space: KeySpace, name: string): void {
    if (!this.#leasesOf(space).delete(name)) return
    // Later, so that the call that ends the lease returns first.
    for (const watcher of this.#watchers.of(space)) setImmediate(() => watcher.ended(name))
  }

  #dataOf(space: KeySpace): PartitionData {
    const [index] = space.keys
    let data = this.#dataByIndex.get(index)
    if (data === undefined || data.expiresAtMs <= this.#clock()) {
      data = new PartitionData(
        space.policy.createOrder(),
        space.policy.storesBareValues ? undefined : partitionMark(space.keys[1]),
      )
      this.#dataByIndex.set(index, data)
    }
    return data
  }

  /** The fence of a key space. It outlives the entries. */
  #fenceOf(space: KeySpace): Fence {
    return entryOf(this.#fences, space.keys[0], () => new Fence())
  }

  #leasesOf(space: KeySpace): Map<string, Lease> {
    return entryOf(this.#leases, space.keys[0], () => new Map())
  }

  /** The time in microseconds. No two ticks are equal, so that the order of any two events is known. */
  #tick(): number {
    this.#lastUs = Math.max(Math.floor(this.#clock() * 1000), this.#lastUs + 1)
    return this.#lastUs
  }
}

interface Lease {
  readonly asker: string
  readonly untilUs: number
}

/** The members of the fence that concern an entry. */
function membersOf({ policy }: KeySpace, { hash, metadata }: NewEntry): string[] {
  const tags = metadata?.tags ?? []
  return [`h:${hash}`, `f:${hash.slice(0, policy.hashPartBytes)}`, ...tags.map((tag) => `t:${tag}`)]
}

function entryOf<V>(map: Map<string, V>, name: string, create: () => V): V {
  const value = map.get(name) ?? create()
  map.set(name, value)
  return value
}

import { FuncCacheError, PolicyError, StoreError } from '../errors.ts'
import type { Background } from '../flow/background.ts'
import { inPieces } from '../flow/in-pieces.ts'
import { monotonicMs } from '../flow/timers.ts'
import { type Hash, toHash } from '../keys/call-hash.ts'
import type { FunctionIdentity } from '../keys/function-identity.ts'
import type { KeyPair } from '../keys/key-names.ts'
import { shardOf } from '../keys/shards.ts'
import type { Invalidation } from '../options/invalidation-options.ts'
import type { AbstractPolicy } from '../policies/policy.ts'
import { messageOf } from '../realms/native.ts'
import type { GuardedStores } from '../stores/guard.ts'
import type { InvalidationReport, KeySpace, Limits } from '../stores/store.ts'
import type { CacheReporter, Invalidated } from '../telemetry/cache-reporter.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { NearHealth } from '../telemetry/near-figures.ts'
import { healthOf } from './near-health.ts'
import { type Names, PendingInvalidations } from './pending-invalidations.ts'
import { WrittenChanges } from './written-changes.ts'
import type { NearPartition } from './near-partition.ts'
import { Partition, type PartitionSettings } from './partition.ts'
import { limitsOfShards } from './shard-limits.ts'

/** Partitions kept beside those in use; of shards, so many for each. A policy of a user may give every call a partition of its own. */
const KEPT = 1_000

/** With so many or more, it is noted which of them were used last. */
const RANKED = KEPT / 2

/** How many partitions are asked at a time where all are concerned. */
const AT_A_TIME = 1_000

/** How many of the least recently used partitions are looked at for each new one, to find some that are not in use. */
const LOOKED_AT = 4

/** What the partitions of a cache have in common. */
export interface PartitionsSettings {
  readonly stores: GuardedStores
  readonly policy: AbstractPolicy
  readonly limits: Limits
  /** Whether `limits.idleTtlMs` stays as it is; otherwise it grows with the results that live longest. */
  readonly isIdleTtlFixed: boolean
  /** The longest delay with which reads are reported to the policy; `undefined` to report them before each put. */
  readonly touchEveryMs: number | undefined
  readonly counters: Pick<Counters, 'lookups' | 'puts'>
  readonly background: Background
  readonly report: CacheReporter
}

/** Where the entry of a call lies. */
export interface EntryLocation<C> {
  readonly partition: Partition<C>
  readonly hash: Hash
}

/**
 * The partitions of one cache: finds that of a call, keeps those that were used recently, and carries out the operations
 * that concern more than one entry.
 *
 * @typeParam C A call in flight.
 */
export class Partitions<C> {
  readonly #settings: PartitionsSettings
  readonly #settingsOfEach: PartitionSettings
  readonly #hasAsciiHashes: boolean
  /** The least recently used comes first. */
  readonly #open = new Map<string, Partition<C>>()
  #latest: Partition<C> | undefined
  /** Whether several partitions may share a key pair, by different further arguments; their names then tell more than the index. */
  #hasExt = false
  readonly #pending = new PendingInvalidations()
  readonly #written = new WrittenChanges()
  readonly #shards: number
  readonly #kept: number
  /** The present limits; all partitions share this object, or those below. */
  readonly #limits: { -readonly [Name in keyof Limits]: Limits[Name] }
  /** The limits of each shard. */
  readonly #limitsOfShards: readonly Limits[]

  constructor(settings: PartitionsSettings) {
    const { policy, touchEveryMs, counters, background, report, limits } = settings
    this.#settings = settings
    this.#limits = { ...limits }
    this.#shards = policy.shards
    this.#kept = KEPT * policy.shards
    this.#limitsOfShards = limitsOfShards(this.#limits, policy.shards)
    this.#hasAsciiHashes = policy.hasAsciiHashes
    this.#settingsOfEach = {
      get registry() {
        return policy.registry
      },
      touchEveryMs,
      counters,
      background,
      pending: this.#pending,
      written: this.#written,
      onTouchFailed: (error) => report.touchFailed(error),
      onNearFailed: (error) => report.nearFailed(error),
    }
  }

  /** Whether some entries must not be served, as their invalidation was not carried out yet: see {@link Partition.isWithheld}. */
  get withholds(): boolean {
    return this.#pending.isAny
  }

  get policy(): AbstractPolicy {
    return this.#settings.policy
  }

  /**
   * The partition of a call, and the name of its entry there.
   *
   * @param args What the call hash is made of: the arguments, and whatever else tells calls apart.
   */
  locate(fn: FunctionIdentity, args: readonly unknown[]): EntryLocation<C> {
    const { policy } = this.#settings
    if (this.#shards > 1) return this.#locateShard(fn, args)
    const keys = policy.calcKeys(fn, args)
    const ext = policy.calcExtArgs(fn, args)
    const partition = ext === undefined ? this.#of(keys[0], keys, [], 0) : this.#withExt(keys, ext, 0)
    return { partition, hash: this.#hashOf(fn, args) }
  }

  /** The call hash says in which shard an entry lies. */
  #locateShard(fn: FunctionIdentity, args: readonly unknown[]): EntryLocation<C> {
    const { policy } = this.#settings
    const hash = this.#hashOf(fn, args)
    const shard = shardOf(hash, this.#shards)
    const keys = policy.keysOfShard(shard, fn)
    const ext = policy.calcExtArgs(fn, args)
    const partition = ext === undefined ? this.#of(keys[0], keys, [], shard) : this.#withExt(keys, ext, shard)
    return { partition, hash }
  }

  #hashOf(fn: FunctionIdentity, args: readonly unknown[]): Hash {
    const hash = this.#settings.policy.calcHash(fn, args)
    return this.#hasAsciiHashes ? (hash as Hash) : toHash(hash)
  }

  /** Calls with different further arguments need different partitions, since the commands of a partition share them. */
  #withExt(keys: KeyPair, extArgs: Iterable<string | Buffer | number>, shard: number): Partition<C> {
    this.#hasExt = true
    const ext = Array.from(extArgs, (arg) => (typeof arg === 'number' ? String(arg) : arg))
    return this.#of(JSON.stringify([keys[0], ...ext.map((arg) => arg.toString('latin1'))]), keys, ext, shard)
  }

  #of(name: string, keys: KeyPair, ext: readonly (string | Buffer)[], shard: number): Partition<C> {
    let partition = this.#open.get(name)
    if (partition === undefined) {
      const { policy, stores } = this.#settings
      const keySpace: KeySpace = { policy, keys, limits: this.#limitsOfShards[shard] as Limits, ext }
      partition = new Partition<C>(stores.ofShard(shard), keySpace, this.#settingsOfEach)
      if (this.#open.size >= this.#kept) this.#disposeUnused()
    } else if (partition === this.#latest || this.#open.size < RANKED) {
      return partition // most caches have few partitions: their ranks in the order need not be told each time
    } else {
      this.#open.delete(name)
    }
    this.#open.set(name, partition)
    this.#latest = partition
    return partition
  }

  /**
   * Disposes of partitions that are not in use. A second object for a partition in use would not know of its calls in
   * flight, so those that are in use move to the end: they are looked at again when all others were.
   */
  #disposeUnused(): void {
    let looked = 0
    for (const [name, partition] of this.#open) {
      if (looked++ === LOOKED_AT || this.#open.size < this.#kept) break
      this.#open.delete(name)
      if (partition.isInUse) this.#open.set(name, partition)
      else partition.close()
    }
  }

  /**
   * Lets the keys live for at least `lifeMs` after their last use, unless the option `idleTtl` fixes that time.
   *
   * @returns How long a result may live: less than that if the time is fixed and shorter.
   */
  provideFor(lifeMs: number): number {
    const { idleTtlMs = Number.POSITIVE_INFINITY } = this.#limits
    if (lifeMs <= idleTtlMs) return lifeMs
    if (this.#settings.isIdleTtlFixed) return idleTtlMs
    this.#limits.idleTtlMs = lifeMs === Number.POSITIVE_INFINITY ? undefined : lifeMs
    return lifeMs
  }

  /** Entries that can be read now: in the partition of a function, or in all. */
  async size(fn?: FunctionIdentity): Promise<number> {
    const { whole } = this.#settings.stores
    return sum(await inPieces(await this.#keySpaces(fn), AT_A_TIME, (keySpace) => whole.size(keySpace)))
  }

  /**
   * The bytes that are stored: in the partition of a function, or in all.
   * @throws {StoreError} if the store does not tell.
   */
  async bytes(fn?: FunctionIdentity): Promise<number> {
    const { whole } = this.#settings.stores
    const bytesOf = (keySpace: KeySpace): Promise<number> => {
      if (whole.bytes !== undefined) return whole.bytes(keySpace)
      throw new StoreError('This store does not tell how many bytes it holds: it lacks the method bytes.')
    }
    return sum(await inPieces(await this.#keySpaces(fn), AT_A_TIME, bytesOf))
  }

  /** Removes all entries from the partition of a function, or from all partitions. Returns how many there were. */
  async purge(fn?: FunctionIdentity): Promise<number> {
    const { policy, stores } = this.#settings
    // In a partition for all functions, purging those of one function purges all.
    const name = policy.scope === 'function' ? fn?.name : undefined
    return this.#undo(
      { function: name, soft: false },
      await this.#keySpaces(fn),
      (keySpace) => stores.whole.purge(keySpace),
      (near) => near.dropAll(),
    )
  }

  /** As {@link purge}, which `attempt` calls through the policy; tried again as the options say. */
  purgeBy(
    attempt: () => Promise<number>,
    fn: FunctionIdentity | undefined,
    retryForMs: number | undefined,
  ): Promise<number> {
    const own = fn !== undefined && this.policy.scope === 'function' ? this.#indexesOf(fn) : undefined
    return this.#carryOut((index) => own?.has(index) ?? true, retryForMs, attempt)
  }

  /**
   * Carries an invalidation out, and tries it again as the options say. From then on no call joins one that is in flight now, also
   * if the first attempt fails before it knows what is concerned.
   */
  #carryOut<T>(names: Names, retryForMs: number | undefined, attempt: () => Promise<T>): Promise<T> {
    if (retryForMs === undefined) return attempt()
    this.forgetInFlight()
    return this.#settings.background.add(this.#pending.carryOut(names, retryForMs, attempt))
  }

  /** Invalidates the entries of calls. Returns their call hashes, each once, and how many of them had an entry. */
  async invalidate(
    locations: readonly EntryLocation<C>[],
    { soft, retryForMs }: Invalidation,
  ): Promise<{ readonly hashes: readonly Hash[]; readonly count: number }> {
    const hashesOf = new Map<Partition<C>, Set<Hash>>()
    for (const { partition, hash } of locations) {
      const hashes = hashesOf.get(partition) ?? new Set<Hash>()
      hashesOf.set(partition, hashes.add(hash))
    }
    const indexed = new Map(Array.from(hashesOf, ([{ keySpace }, hashes]) => [keySpace.keys[0], hashes]))
    const counts = await this.#carryOut(
      (index, hash) => indexed.get(index)?.has(hash) === true,
      retryForMs,
      () =>
        Promise.all(Array.from(hashesOf, ([partition, hashes]) => partition.invalidate([...hashes], soft))),
    )
    return { hashes: [...hashesOf.values()].flatMap((each) => [...each]), count: sum(counts) }
  }

  /**
   * Invalidates all entries of a function. Returns how many there were.
   * @throws {PolicyError} if the call hashes do not tell the function.
   */
  async invalidateFunction(fn: FunctionIdentity, { soft, retryForMs }: Invalidation): Promise<number> {
    const { policy, stores } = this.#settings
    // With scope 'function', all entries of the partition belong to the function.
    const given = policy.calcHashPart(fn) ?? (policy.scope === 'function' ? '' : undefined)
    const part = given === undefined ? undefined : toHash(given)
    if (part?.length !== policy.hashPartBytes) {
      throw new PolicyError(
        `invalidateAll: call hashes of the policy '${policy.key}' do not tell the function. Override calcHashPart() and, ` +
          'with the number of its bytes, hashPartBytes beside calcHash(), or purge().',
      )
    }
    const indexes = this.#indexesOf(fn)
    const names: Names = (index, hash) => indexes.has(index) && hash.startsWith(part)
    return this.#carryOut(names, retryForMs, async () =>
      this.#undo(
        { function: fn.name, soft },
        this.#keySpacesOf(this.#pairsOf(fn)),
        (keySpace) => stores.whole.invalidateFunction(keySpace, part, soft),
        (near) => near.dropPart(part),
      ),
    )
  }

  /** Invalidates all entries that have one of these tags. Returns how many there were. */
  async invalidateTags(tags: readonly string[], { soft, retryForMs }: Invalidation): Promise<number> {
    const { stores } = this.#settings
    // Which tags an entry has is only known when it was read.
    const names: Names = (_index, _hash, isTagged) => isTagged
    return this.#carryOut(names, retryForMs, async () =>
      this.#undo({ tags, soft }, await this.#keySpaces(undefined), (keySpace) =>
        stores.whole.invalidateTags(keySpace, tags, soft),
      ),
    )
  }

  /** A text that tells of what this process has changed. */
  stamp(): string {
    return this.#written.stamp()
  }

  /** How what is held near keeps up with changes; `undefined` if nothing is held. */
  get nearHealth(): NearHealth | undefined {
    const all = [...this.#open.values()].flatMap(({ near }) => near ?? [])
    return all.length === 0 ? undefined : healthOf(all)
  }

  /** The store answers again: pending invalidations are tried now. */
  invalidatePending(): void {
    this.#pending.tryNow()
  }

  /** From now on no call joins one that is in flight now. */
  forgetInFlight(): void {
    for (const { inFlight } of this.#open.values()) inFlight.clear()
  }

  /** Sends the waiting touches of all partitions at once. */
  flush(): void {
    for (const partition of this.#open.values()) partition.flush()
  }

  /** Calls that wait for leases of other processes wait no longer: the store is left alone. */
  stopWaiting(): void {
    for (const partition of this.#open.values()) partition.stopWaiting()
  }

  /** Gives pending invalidations up, and closes the watches of leases. The partitions may be used again after it. */
  close(): void {
    this.#pending.giveUp()
    for (const partition of this.#open.values()) partition.close()
  }

  /**
   * Removes or invalidates entries of these key spaces, and returns how many. From then on no call joins one that is in flight
   * there: neither one that began before, nor one that began meanwhile, which may have read old data.
   *
   * Promises: no-old-call, near-at-once.
   *
   * @param drop Lets go of the entries that are held near; `undefined` if it is not known which they are.
   */
  async #undo(
    what: Invalidated,
    keySpaces: readonly KeySpace[],
    undo: (keySpace: KeySpace) => Promise<InvalidationReport>,
    drop?: (near: NearPartition) => void,
  ): Promise<number> {
    const beganMs = monotonicMs()
    this.#forgetInFlightAt(keySpaces)
    for (const near of this.#nearAt(keySpaces)) drop?.(near)
    const undoAt = async (keySpace: KeySpace): Promise<number> => {
      const leasts = new Map(this.#nearAt([keySpace]).map((near) => [near, near.hearing.question().least]))
      const { count, changes } = await undo(keySpace)
      this.#written.note(keySpace.keys[0], changes)
      for (const near of this.#nearAt([keySpace])) {
        if (drop === undefined) near.changedUnknown(changes, leasts.get(near) ?? 0)
        else near.changed(changes)
        drop?.(near) // also those that were looked up meanwhile
      }
      return count
    }
    try {
      const count = sum(await inPieces(keySpaces, AT_A_TIME, undoAt))
      this.#settings.report.invalidated(what, count, monotonicMs() - beganMs)
      return count
    } finally {
      this.#forgetInFlightAt(keySpaces)
    }
  }

  #forgetInFlightAt(keySpaces: readonly KeySpace[]): void {
    for (const { inFlight } of this.#openAt(keySpaces)) inFlight.clear()
  }

  #openAt(keySpaces: readonly KeySpace[]): readonly Partition<C>[] {
    const indexes = new Set(keySpaces.map(({ keys }) => keys[0]))
    if (this.#hasExt) return [...this.#open.values()].filter(({ keySpace }) => indexes.has(keySpace.keys[0]))
    return [...indexes].flatMap((index) => this.#open.get(index) ?? [])
  }

  #nearAt(keySpaces: readonly KeySpace[]): readonly NearPartition[] {
    return this.#openAt(keySpaces).flatMap(({ near }) => near ?? [])
  }

  async #keySpaces(fn: FunctionIdentity | undefined): Promise<readonly KeySpace[]> {
    const { policy, stores } = this.#settings
    const { registry } = policy
    if (fn !== undefined || registry === undefined) return this.#keySpacesOf(this.#pairsOf(fn))
    const pairs = await stores.whole.registered(registry)
    return this.#keySpacesOf(pairs.filter((pair) => policy.canHaveMade(pair)))
  }

  /** For what is done to whole partitions. Their bounds are not needed for that. */
  #keySpacesOf(pairs: readonly KeyPair[]): readonly KeySpace[] {
    const { policy } = this.#settings
    return pairs.map((keys) => ({ policy, keys, limits: this.#limits, ext: [] }))
  }

  #indexesOf(fn: FunctionIdentity): ReadonlySet<string> {
    return new Set(this.#pairsOf(fn).map(([index]) => index))
  }

  /**
   * The key pairs of a function, or of all, where no call is known: one for each shard.
   * @throws {PolicyError} if the policy cannot tell that.
   */
  #pairsOf(fn: FunctionIdentity | undefined): readonly KeyPair[] {
    const { policy } = this.#settings
    try {
      return policy.keysOfShards(fn)
    } catch (error) {
      if (error instanceof FuncCacheError) throw error
      const missing = fn === undefined ? 'the function and arguments' : 'the arguments'
      throw new PolicyError(
        `calcKeys() of the policy '${policy.key}' fails without ${missing} of a call (${messageOf(error)}), so that nothing ` +
          `can be done to ${fn === undefined ? 'all entries' : `the entries of ${fn.name}`} at once. ` +
          (fn === undefined ? 'Give the function, as in purge(fn) or getSize(fn), or let ' : 'Let ') +
          'calcKeys() return the key pair of all without them, or override purge() and getSize() of the policy.',
        { cause: error },
      )
    }
  }
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0)

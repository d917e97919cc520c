import { checkChoice, checkNames, shown } from '../validation/checks.ts'
import { OptionError, PolicyError } from '../errors.ts'
import type { LogicalClock } from '../flow/logical-clock.ts'
import { CallHash, toHash } from '../keys/call-hash.ts'
import type { FunctionIdentity } from '../keys/function-identity.ts'
import { KeyNames, type KeyPair, type KeyStyle, type Scope } from '../keys/key-names.ts'
import { shardOf } from '../keys/shards.ts'
import type { LuaSources, Verb } from '../lua/compose.ts'
import type { Command } from '../clients/port.ts'
import { Script } from '../clients/script.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { checkAdmit, checkShards, type PolicyOptions } from './policy-options.ts'

/** The scripts of a policy, one for each verb, with their SHA-1. */
export type LuaScripts = Readonly<Record<Verb, Script>>

/**
 * Tells what a result costs to compute again, a finite number from 0 on, in a unit of its own.
 *
 * @param ms How long its function took, in milliseconds, at least 1; for a known value, the mean of the latest runs in this process.
 */
export type CostOf = (result: never, ms: number, ...args: never[]) => number

/** What a policy can read of the cache that has it. */
export interface NamedCache {
  /** The name of the cache. */
  readonly name: string
  /** The beginning of all key names of the cache. */
  readonly prefix: string
  /** The largest number of entries in each key pair, or in all shards of one together; `Infinity` for no bound. */
  readonly maxSize: number
  /** The largest number of stored bytes in each key pair, or in all shards of one together; `Infinity` for no bound. */
  readonly maxBytes: number
}

/**
 * The partitions of that cache. This interface names the part of them that a policy uses: they are made for a policy, so
 * that policies cannot import them.
 */
interface PartitionsOfPolicy {
  size(fn?: FunctionIdentity): Promise<number>
  purge(fn?: FunctionIdentity): Promise<number>
}

/**
 * The base class of all policies: a policy decides which entries are evicted from a full cache, and how keys and entries are
 * named.
 *
 * A policy of your own has to define `key`, and `readLuaScripts` for a server (see {@link composeScripts}) or `createOrder` for a
 * `MemoryStore`. Everything else may be overridden.
 */
export abstract class AbstractPolicy {
  /** The name of the policy in key names, such as `'lru_t'`: a text without braces. */
  abstract readonly key: string

  /**
   * Whether a hit changes the order of eviction; if not, nothing is sent to the server for it.
   * @default true
   */
  readonly readsChangeOrder: boolean = true

  /**
   * Names of the keys that the policy keeps beside its index, in Lua `structure(1)`, `structure(2)` and so on.
   *
   * A name has letters, digits, `-` and `_`, and begins with a letter.
   * @default []
   */
  readonly structures: readonly string[] = []

  /**
   * Whether values are stored bare, without the trailer that tells their end and their call: for entries that another
   * program writes and reads, too. Functions of such a cache need `ttl: Infinity`, and have no `tags`, `cacheErrors` or times
   * of grace: nothing would tell when an entry ends, or what its tags are.
   * @default false
   */
  readonly storesBareValues: boolean = false

  /**
   * Whether the policy weighs what results cost; if not, functions of the cache cannot have the option `cost`.
   * @default false
   */
  readonly weighsResults: boolean = false

  /**
   * What a result costs to compute again, for functions without the option `cost`; `undefined` for the time that the function took.
   * @default undefined
   */
  readonly costOf: CostOf | undefined = undefined

  /** What shares one key pair and its `maxSize`: all functions of the cache, or each function by itself. */
  readonly scope: Scope
  /** How many key pairs there are where there would be one. */
  readonly shards: number
  /** The probability with which a new result is stored if the cache is full. */
  readonly admit: number
  readonly #keyStyle: KeyStyle
  readonly #callHash: CallHash
  #owner: { readonly cache: NamedCache; readonly partitions: PartitionsOfPolicy } | undefined
  #keyNames: KeyNames | undefined
  #luaScripts: LuaScripts | undefined

  /**
   * @param ownOptions The names of further options that the subclass takes.
   * @throws {OptionError} for an unknown option, and for a value that an option cannot have.
   */
  constructor(options: PolicyOptions = {}, ownOptions: readonly string[] = []) {
    checkNames(options, ['scope', 'keys', 'hash', 'shards', 'admit', ...ownOptions], 'a policy')
    this.scope = checkChoice(options.scope ?? 'cache', ['cache', 'function'], 'scope')
    this.#keyStyle = checkChoice(options.keys ?? 'cluster', ['cluster', 'plain'], 'keys')
    this.#callHash = new CallHash(options.hash)
    this.shards = checkShards(options.shards ?? 1)
    this.admit = checkAdmit(options.admit ?? 1)
  }

  /**
   * The cache that has this policy.
   * @throws {PolicyError} before a cache was made with it.
   */
  get cache(): NamedCache {
    return this.#owned.cache
  }

  /**
   * Binds the policy to its cache; called once, by the cache.
   * @throws {PolicyError} if another cache has this policy already, if key names cannot be made of its names, or if it has shards
   *   and names key pairs itself.
   * @throws {OptionError} for more shards than entries.
   * @internal
   */
  attach(cache: NamedCache, partitions: PartitionsOfPolicy): void {
    if (this.#owner !== undefined) {
      throw new PolicyError(
        `This policy '${this.key}' belongs to the cache '${this.#owner.cache.name}' already. Give each cache a new one.`,
      )
    }
    checkNamesOf(this)
    checkShardsOf(this, cache.maxSize)
    this.#owner = { cache, partitions }
  }

  /**
   * Releases the policy from a cache that could not be made, so that another cache may have it.
   * @internal
   */
  detach(): void {
    this.#owner = undefined
    this.#keyNames = undefined
    this.#luaScripts = undefined
  }

  /** Returns the names of the two keys for a call: index and values. On a cluster both must lie in one slot. */
  calcKeys(fn?: FunctionIdentity, args?: readonly unknown[]): KeyPair {
    const { shards } = this
    return this.keysOfShard(shards === 1 ? 0 : shardOf(toHash(this.calcHash(fn, args)), shards), fn)
  }

  /**
   * Returns the names of the two keys of a shard: of one function, or those that all functions share.
   * @internal
   */
  keysOfShard(shard: number, fn?: FunctionIdentity): KeyPair {
    return this.keyNames.pairOf(fn, shard)
  }

  /**
   * Returns the names of the two keys of each shard, where no call is known.
   * @internal
   */
  keysOfShards(fn?: FunctionIdentity): readonly KeyPair[] {
    if (this.shards === 1) return [this.calcKeys(fn)]
    return Array.from({ length: this.shards }, (_, shard) => this.keysOfShard(shard, fn))
  }

  /**
   * Returns the call hash, which names the entry of a call in its key pair: a text, which is sent as UTF-8, or bytes.
   *
   * Two different calls must never have the same hash. Digest what is long, and do not join parts without a separator: `'a' + 'bc'`
   * and `'ab' + 'c'` are the same text. The last eight characters are stored with the entry, so that one that was moved in Redis
   * is recognized: let hashes differ in them.
   * @throws {ArgumentsError} for arguments that cannot be told apart safely.
   */
  calcHash(fn?: FunctionIdentity, args: readonly unknown[] = []): Buffer | string {
    if (fn === undefined) throw new PolicyError('calcHash: a call hash needs the function that is called.')
    return this.#callHash.of(fn, args)
  }

  /**
   * Returns what the call hashes of one function, and of no other, begin with; `undefined` if they share no beginning.
   *
   * `invalidateAll` needs it if functions share a key pair. If you override `calcHash`, override this too.
   */
  calcHashPart(fn: FunctionIdentity): Buffer | string | undefined {
    return this.calcHash === AbstractPolicy.prototype.calcHash ? this.#callHash.functionPart(fn) : undefined
  }

  /** The length of {@link calcHashPart} in bytes, the same for all functions; 0 if it returns `undefined`. */
  get hashPartBytes(): number {
    return this.calcHash === AbstractPolicy.prototype.calcHash ? this.#callHash.functionPartBytes : 0
  }

  /**
   * Whether call hashes are known to be ASCII text, so that none has to be looked at.
   * @internal
   */
  get hasAsciiHashes(): boolean {
    return this.calcHash === AbstractPolicy.prototype.calcHash && this.#callHash.isAscii
  }

  /**
   * Whether equal arguments always give the same key pair and call hash. A method of yours may depend on more.
   * @internal
   */
  get locatesByArguments(): boolean {
    const own = AbstractPolicy.prototype
    return (
      this.calcKeys === own.calcKeys && this.calcHash === own.calcHash && this.calcExtArgs === own.calcExtArgs
    )
  }

  /** Returns further arguments of a call for the scripts, where they are in the table `ext`; `undefined` for none. */
  calcExtArgs(
    _fn?: FunctionIdentity,
    _args?: readonly unknown[],
  ): Iterable<string | Buffer | number> | undefined {
    return undefined
  }

  /**
   * Returns the texts of the scripts, one for each verb.
   * @throws {PolicyError} unless it is overridden.
   * @see {@link composeScripts}
   */
  readLuaScripts(): LuaSources {
    throw new PolicyError(
      `The policy '${this.key}' has no scripts for a server. Override readLuaScripts() to return ` +
        'composeScripts(lua), or use a MemoryStore.',
    )
  }

  /** The scripts with their SHA-1, made from {@link readLuaScripts} at the first use. */
  get luaScripts(): LuaScripts {
    this.#luaScripts ??= Object.fromEntries(
      Object.entries(this.readLuaScripts()).map(([verb, source]) => [verb, new Script(source)]),
    ) as unknown as LuaScripts
    return this.#luaScripts
  }

  /**
   * Returns one plain command that records reads, which costs the server a tenth of what a script costs; `undefined` if the script
   * `touch` is needed.
   *
   * @param _index The name of the key that holds the index.
   * @param _hashes The call hashes of the entries that were read, in this order.
   * @param _clock This process's estimate of the server's clock.
   */
  touchCommand(
    _index: string,
    _hashes: readonly (Buffer | string)[],
    _clock: LogicalClock,
  ): Command | undefined {
    return undefined
  }

  /**
   * Makes the order of eviction for a `MemoryStore`.
   * @throws {PolicyError} unless it is overridden.
   */
  createOrder(): EvictionOrder {
    throw new PolicyError(
      `The policy '${this.key}' cannot run in process. Override createOrder() to return an EvictionOrder, or use a Redis client.`,
    )
  }

  /** Counts the entries that can be read now: of one function's key pair, or of all key pairs. */
  getSize(fn?: FunctionIdentity): Promise<number> {
    return this.#owned.partitions.size(fn)
  }

  /** Removes all entries of one function's key pair, or of all key pairs, and returns how many there were. */
  purge(fn?: FunctionIdentity): Promise<number> {
    return this.#owned.partitions.purge(fn)
  }

  get #owned(): { readonly cache: NamedCache; readonly partitions: PartitionsOfPolicy } {
    if (this.#owner !== undefined) return this.#owner
    throw new PolicyError(
      `The policy '${this.key}' has no cache yet. Give it to new RedisFuncCache(name, policy, …) first.`,
    )
  }

  /** Makes the names of the cache's keys. */
  protected get keyNames(): KeyNames {
    const { name, prefix } = this.cache
    this.#keyNames ??= new KeyNames(prefix, name, this.key, this.scope, this.#keyStyle, this.shards)
    return this.#keyNames
  }

  /**
   * Whether a key pair that was found in the registry is one that this policy made. No other one is counted, purged or
   * invalidated: whoever can write to Redis could list the keys of another program there.
   *
   * If you override `calcKeys`, override this too. Without it, every key pair in the registry is used.
   */
  canHaveMade(keys: KeyPair): boolean {
    return this.calcKeys !== AbstractPolicy.prototype.calcKeys || this.keyNames.canHaveMade(keys)
  }

  /** The name of the set in Redis that lists the key pairs in use; `undefined` if the cache has one key pair. */
  get registry(): string | undefined {
    return this.scope === 'function' ? this.keyNames.registry : undefined
  }
}

/** Refuses names that cannot be part of key names, or could give two caches the same key. */
function checkNamesOf({ key, structures }: AbstractPolicy): void {
  if (typeof key !== 'string' || key === '' || /[{}]/.test(key)) {
    throw new PolicyError(
      `key: ${shown(key)} cannot be part of key names. Give the policy a text without braces, such as 'lifo'.`,
    )
  }
  const refused = structures.find((name, i) => !/^[a-z][\w-]*$/i.test(name) || structures.indexOf(name) !== i)
  if (refused !== undefined) {
    throw new PolicyError(
      `structures: ${shown(refused)} of the policy '${key}' cannot be part of key names. Give each a name of its own, of ` +
        'letters, digits, - and _, beginning with a letter.',
    )
  }
}

/** Refuses what cannot be divided among shards. */
function checkShardsOf(policy: AbstractPolicy, maxSize: number): void {
  const { shards, key } = policy
  if (shards === 1) return
  if (policy.calcKeys !== AbstractPolicy.prototype.calcKeys) {
    throw new PolicyError(
      `shards: the policy '${key}' overrides calcKeys(), so that the key pair of a call is not known by its hash. Leave shards ` +
        'out, or do not override calcKeys().',
    )
  }
  if (maxSize < shards) {
    throw new OptionError(
      `shards: ${maxSize} entries (maxSize) cannot be divided among ${shards} shards. Give fewer shards, or a larger maxSize: a ` +
        'hundred entries for each shard, better a thousand.',
    )
  }
}

import { checkChoice, checkNames, shown } from '../options/checks.ts'
import { PolicyError } from '../errors.ts'
import type { RemoteClock } from '../flow/server-clock.ts'
import { CallHash, type CallHashOptions } from '../keys/call-hash.ts'
import type { FunctionIdentity } from '../keys/function-identity.ts'
import { KeyNames, type KeyPair, type KeyStyle, type Scope } from '../keys/key-names.ts'
import type { LuaSources, Verb } from '../lua/compose.ts'
import type { Command } from '../clients/port.ts'
import { Script } from '../clients/script.ts'
import type { EvictionOrder } from './eviction-order.ts'

/** Scripts ready to run: their SHA-1 is known. */
export type LuaScripts = Readonly<Record<Verb, Script>>

/** The cache that has a policy, as its key names see it. */
export interface NamedCache {
  readonly name: string
  readonly prefix: string
  /** Entries at the most, in each key pair; `Infinity` for no bound. */
  readonly maxSize: number
}

/**
 * The partitions of that cache. This interface names the part of them that a policy uses: they are made for a policy, so
 * that policies cannot import them.
 */
interface PartitionsOfPolicy {
  size(fn?: FunctionIdentity): Promise<number>
  purge(fn?: FunctionIdentity): Promise<number>
}

/** What can be chosen of every policy. */
export interface PolicyOptions {
  /**
   * `'cache'` (default): all functions of the cache share one key pair, and its `maxSize`. `'function'`: each function
   * has a key pair of its own, with `maxSize` entries each.
   */
  readonly scope?: Scope | undefined
  /** `'cluster'` (default): key names that keep a key pair in one slot of a cluster. `'plain'`: without. */
  readonly keys?: KeyStyle | undefined
  /** How call hashes are digested: an algorithm, or an algorithm and how the digest is written. */
  readonly hash?: CallHashOptions | undefined
}

/**
 * Decides who leaves a full cache, and under which names a cache and its entries are known.
 *
 * A policy of your own needs `key`, and for a server `readLuaScripts` (see `composeScripts`), for a `MemoryStore`
 * `createOrder`. Everything else has a default to override.
 */
export abstract class AbstractPolicy {
  /** Part of the key names in Redis: `'lru'`, `'lru_t'`, … A text without braces. */
  abstract readonly key: string

  /** Whether a hit changes the order. If it does not, nothing is sent to the server for it. */
  readonly readsChangeOrder: boolean = true

  /**
   * Names of structures that the policy keeps beside its index: `structure(1)`, `structure(2)` … in Lua. Letters, digits, `-`
   * and `_`, beginning with a letter.
   */
  readonly structures: readonly string[] = []

  readonly scope: Scope
  readonly #keyStyle: KeyStyle
  readonly #callHash: CallHash
  #owner: { readonly cache: NamedCache; readonly partitions: PartitionsOfPolicy } | undefined
  #keyNames: KeyNames | undefined
  #luaScripts: LuaScripts | undefined

  constructor(options: PolicyOptions = {}) {
    checkNames(options, ['scope', 'keys', 'hash'], 'a policy')
    this.scope = checkChoice(options.scope ?? 'cache', ['cache', 'function'], 'scope')
    this.#keyStyle = checkChoice(options.keys ?? 'cluster', ['cluster', 'plain'], 'keys')
    this.#callHash = new CallHash(options.hash)
  }

  /**
   * The cache that took this policy.
   * @throws {PolicyError} as long as none has.
   */
  get cache(): NamedCache {
    return this.#owned.cache
  }

  /**
   * Called once, by the cache.
   * @throws {PolicyError} if another cache has this policy already, or if key names cannot be made of its names.
   * @internal
   */
  attach(cache: NamedCache, partitions: PartitionsOfPolicy): void {
    if (this.#owner !== undefined) {
      throw new PolicyError(
        `This policy '${this.key}' belongs to the cache '${this.#owner.cache.name}' already. Give each cache a new one.`,
      )
    }
    checkNamesOf(this)
    this.#owner = { cache, partitions }
  }

  /**
   * The cache that took this policy could not be made: another one may take it.
   * @internal
   */
  detach(): void {
    this.#owner = undefined
    this.#keyNames = undefined
    this.#luaScripts = undefined
  }

  /** Names of the two keys for a call: the index and the values. On a cluster both must lie in one slot. */
  calcKeys(fn?: FunctionIdentity, _args?: readonly unknown[]): KeyPair {
    return this.keyNames.pairOf(fn)
  }

  /**
   * The call's name inside its key pair: text, or bytes. Text is sent as UTF-8. No two calls may have the same one, so
   * digest what is long, and never join parts that could be divided otherwise.
   */
  calcHash(fn?: FunctionIdentity, args: readonly unknown[] = []): Buffer | string {
    if (fn === undefined) throw new PolicyError('calcHash: a call hash needs the function that is called.')
    return this.#callHash.of(fn, args)
  }

  /**
   * What the call hashes of a function, and of no other, begin with; `undefined` if nothing does. Then all its entries can
   * be invalidated only if it has a key pair of its own. Whoever overrides `calcHash` may override this too.
   */
  calcHashPart(fn: FunctionIdentity): Buffer | string | undefined {
    return this.calcHash === AbstractPolicy.prototype.calcHash ? this.#callHash.functionPart(fn) : undefined
  }

  /** How many bytes {@link calcHashPart} has; 0 if there is none. The same for all functions. */
  get hashPartBytes(): number {
    return this.calcHash === AbstractPolicy.prototype.calcHash ? this.#callHash.functionPartBytes : 0
  }

  /** Further arguments for the scripts, which find them in `ext`. */
  calcExtArgs(
    _fn?: FunctionIdentity,
    _args?: readonly unknown[],
  ): Iterable<string | Buffer | number> | undefined {
    return undefined
  }

  /** The texts of the scripts. */
  readLuaScripts(): LuaSources {
    throw new PolicyError(
      `The policy '${this.key}' has no scripts for a server. Override readLuaScripts() to return ` +
        'composeScripts(lua), or use a MemoryStore.',
    )
  }

  /** The scripts, read once. */
  get luaScripts(): LuaScripts {
    this.#luaScripts ??= Object.fromEntries(
      Object.entries(this.readLuaScripts()).map(([verb, source]) => [verb, new Script(source)]),
    ) as unknown as LuaScripts
    return this.#luaScripts
  }

  /**
   * The touch as one plain command, where one can do it: it costs the server a tenth of what a script costs. `undefined`
   * (default) for the script.
   *
   * @param clock That of the server, as far as it was heard of.
   */
  touchCommand(
    _index: string,
    _hashes: readonly (Buffer | string)[],
    _clock: RemoteClock,
  ): Command | undefined {
    return undefined
  }

  /** The same policy in process, for a `MemoryStore`. */
  createOrder(): EvictionOrder {
    throw new PolicyError(
      `The policy '${this.key}' cannot run in process. Override createOrder() to return an EvictionOrder, or use a Redis client.`,
    )
  }

  /** Entries that can be read now: of one function's key pair, or of all. */
  getSize(fn?: FunctionIdentity): Promise<number> {
    return this.#owned.partitions.size(fn)
  }

  /** Removes all entries, of one function's key pair or of all, and returns how many there were. */
  purge(fn?: FunctionIdentity): Promise<number> {
    return this.#owned.partitions.purge(fn)
  }

  get #owned(): { readonly cache: NamedCache; readonly partitions: PartitionsOfPolicy } {
    if (this.#owner !== undefined) return this.#owner
    throw new PolicyError(
      `The policy '${this.key}' has no cache yet. Give it to new RedisFuncCache(name, policy, …) first.`,
    )
  }

  /** The names of the cache's keys. */
  protected get keyNames(): KeyNames {
    const { name, prefix } = this.cache
    this.#keyNames ??= new KeyNames(prefix, name, this.key, this.scope, this.#keyStyle)
    return this.#keyNames
  }

  /** Name of the set that lists the key pairs in use; only where each function has its own. */
  get registry(): string | undefined {
    return this.scope === 'function' ? this.keyNames.registry : undefined
  }
}

/** Of what the policy calls itself and its structures, key names are made that no other cache may have. */
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

import { hash } from 'node:crypto'
import type { FunctionIdentity } from './function-identity.ts'
import { tagOfShard } from './shards.ts'
import { isWellFormed, wellFormed } from './well-formed.ts'

/** What shares one key pair and its `maxSize`: all functions of a cache, or each function by itself. */
export type Scope = 'cache' | 'function'

/** The style of key names: with a hash tag, which keeps a key pair in one slot of a cluster, or plain. */
export type KeyStyle = 'cluster' | 'plain'

/** The names of two keys: the index, which orders call hashes for eviction, and the values, from call hash to stored result. */
export type KeyPair = readonly [index: string, values: string]

const SUFFIX: Record<Scope, Record<KeyStyle, string>> = {
  cache: { plain: '', cluster: '-c' },
  function: { plain: '-m', cluster: '-cm' },
}

/**
 * Derives the names of a cache's keys; without shards the same names as the Python package `redis_func_cache`.
 *
 * No two caches that differ in prefix, name, policy, scope, style or number of shards have a key in common. Where the name alone
 * would not show where one of its parts ends and the next begins, a checksum of all parts follows.
 */
export class KeyNames {
  readonly #scope: Scope
  readonly #style: KeyStyle
  readonly #shards: number
  /** Begins every key name of the cache, up to where functions differ. */
  readonly #base: string
  /** Where the text begins that is a hash tag, if all functions share key pairs. */
  readonly #tagAt: number
  /** The key pairs that all functions share: one for each shard that was asked for. */
  readonly #shared: KeyPair[] = []
  readonly #pairs = new WeakMap<FunctionIdentity, KeyPair[]>()

  /** @param shards How many key pairs there are where there would be one. */
  constructor(
    prefix: string,
    cacheName: string,
    policyKey: string,
    scope: Scope,
    style: KeyStyle,
    shards: number = 1,
  ) {
    this.#scope = scope
    this.#style = style
    this.#shards = shards
    const parts = [prefix, cacheName, policyKey]
    // In front of a hash tag a prefix ends where the brace is, since no part has braces.
    const isTagged = scope === 'cache' && style === 'cluster'
    const isPlain =
      /^[^:#]*$/.test(policyKey) &&
      (isTagged || (prefix.endsWith(':') && !cacheName.includes(':'))) &&
      parts.every(isWellFormed)
    const [start, name, key] = parts.map(wellFormed) as [string, string, string]
    const told = [...parts, scope, style, ...(shards === 1 ? [] : [String(shards)])]
    const full = `${name}:${key}${suffixOf(scope, style, shards)}${isPlain ? '' : `#${checksumOf(told)}`}`
    this.#base = `${start}${full}`
    this.#tagAt = start.length
  }

  /** The key pair of a function, or the one that all functions share; of one shard. */
  pairOf(fn: FunctionIdentity | undefined, shard: number = 0): KeyPair {
    if (this.#scope === 'cache' || fn === undefined) return (this.#shared[shard] ??= this.#sharedBy(shard))
    let pairs = this.#pairs.get(fn)
    if (pairs === undefined) {
      pairs = []
      this.#pairs.set(fn, pairs)
    }
    return (pairs[shard] ??= pair(this.#baseOf(wellFormed(fn.name), fn.checksum, shard)))
  }

  /**
   * Whether this cache can have made a key pair, for some function. A set that others can write may list the keys of anybody.
   */
  canHaveMade([index, values]: KeyPair): boolean {
    const base = index.slice(0, -INDEX.length)
    if (index !== base + INDEX || values !== base + VALUES) return false
    if (this.#scope === 'cache') return this.#isShared(index)
    const start = `${this.#base}:`
    const found = base.startsWith(start) ? OF_FUNCTION.exec(base.slice(start.length)) : null
    if (found === null) return false
    const [, name, checksum, number = '0'] = found as unknown as [string, string, string, string?]
    const shard = Number(number)
    return shard < this.#shards && base === this.#baseOf(name, checksum, shard)
  }

  /** Name of the set that lists the key pairs in use where each function has its own. */
  get registry(): string {
    return `${this.#base}:functions`
  }

  #isShared(index: string): boolean {
    for (let shard = 0; shard < this.#shards; shard++)
      if (this.pairOf(undefined, shard)[0] === index) return true
    return false
  }

  #sharedBy(shard: number): KeyPair {
    if (this.#scope === 'function' || this.#style === 'plain') return pair(this.#ofShard(this.#base, shard))
    return pair(`${this.#base.slice(0, this.#tagAt)}{${this.#ofShard(this.#base.slice(this.#tagAt), shard)}}`)
  }

  /** What the key names of a function have in common. */
  #baseOf(name: string, checksum: string, shard: number): string {
    const last = this.#ofShard(checksum, shard)
    return `${this.#base}:${name}#${this.#style === 'cluster' ? `{${last}}` : last}`
  }

  /** Adds the number of a shard; in a hash tag also a number that leads to the slots of that shard. */
  #ofShard(text: string, shard: number): string {
    if (this.#shards === 1) return text
    const numbered = `${text}#${shard}`
    return this.#style === 'cluster' ? tagOfShard(numbered, shard, this.#shards) : numbered
  }
}

const INDEX = ':0'
const VALUES = ':1'

/** What follows the base in the key names of a function: its name, its checksum and, where there are several, its shard. */
const OF_FUNCTION = /^([^{}]*)#\{?([\w+/]{22})(?:#(\d+)(?:\.\d+)?)?\}?$/

/** Such as `-c`, and `-cs16` with 16 shards. */
function suffixOf(scope: Scope, style: KeyStyle, shards: number): string {
  const suffix = SUFFIX[scope][style]
  return shards === 1 ? suffix : `${suffix || '-'}s${shards}`
}

const pair = (base: string): KeyPair => [base + INDEX, base + VALUES]

/** As long as that of a function, and never the same: what is digested there is a list of other length. */
const checksumOf = (parts: readonly string[]): string =>
  hash('sha256', JSON.stringify(parts), 'base64').slice(0, 22)

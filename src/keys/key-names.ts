import { hash } from 'node:crypto'
import type { FunctionIdentity } from './function-identity.ts'
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
 * Derives the names of a cache's keys; the same names as the Python package `redis_func_cache`.
 *
 * No two caches that differ in prefix, name, policy, scope or style have a key in common. Where the name alone would not show
 * where one of its parts ends and the next begins, a checksum of all parts follows.
 */
export class KeyNames {
  readonly #scope: Scope
  readonly #style: KeyStyle
  /** Begins every key name of the cache, up to where functions differ. */
  readonly #base: string
  readonly #shared: KeyPair
  readonly #pairs = new WeakMap<FunctionIdentity, KeyPair>()

  constructor(prefix: string, cacheName: string, policyKey: string, scope: Scope, style: KeyStyle) {
    this.#scope = scope
    this.#style = style
    const parts = [prefix, cacheName, policyKey]
    // In front of a hash tag a prefix ends where the brace is, since no part has braces.
    const isTagged = scope === 'cache' && style === 'cluster'
    const isPlain =
      /^[^:#]*$/.test(policyKey) &&
      (isTagged || (prefix.endsWith(':') && !cacheName.includes(':'))) &&
      parts.every(isWellFormed)
    const [start, name, key] = parts.map(wellFormed) as [string, string, string]
    const full = `${name}:${key}${SUFFIX[scope][style]}${isPlain ? '' : `#${checksumOf([...parts, scope, style])}`}`
    this.#base = `${start}${full}`
    this.#shared = pair(isTagged ? `${start}{${full}}` : this.#base)
  }

  /** The key pair of a function, or the one they all share. */
  pairOf(fn: FunctionIdentity | undefined): KeyPair {
    if (this.#scope === 'cache' || fn === undefined) return this.#shared
    let names = this.#pairs.get(fn)
    if (names === undefined) {
      const tag = this.#style === 'cluster' ? `{${fn.checksum}}` : fn.checksum
      names = pair(`${this.#base}:${wellFormed(fn.name)}#${tag}`)
      this.#pairs.set(fn, names)
    }
    return names
  }

  /**
   * Whether this cache can have made a key pair, for some function. A set that others can write may list the keys of anybody.
   */
  canHaveMade([index, values]: KeyPair): boolean {
    const base = index.slice(0, -INDEX.length)
    if (index !== base + INDEX || values !== base + VALUES) return false
    if (this.#scope === 'cache') return index === this.#shared[0]
    const start = `${this.#base}:`
    return base.startsWith(start) && OF_FUNCTION[this.#style].test(base.slice(start.length))
  }

  /** Name of the set that lists the key pairs in use where each function has its own. */
  get registry(): string {
    return `${this.#base}:functions`
  }
}

const INDEX = ':0'
const VALUES = ':1'

/** What follows the base in the key names of a function: its name and its checksum. */
const OF_FUNCTION: Record<KeyStyle, RegExp> = {
  plain: /^[^{}]*#[\w+/]{22}$/,
  cluster: /^[^{}]*#\{[\w+/]{22}\}$/,
}

const pair = (base: string): KeyPair => [base + INDEX, base + VALUES]

/** As long as that of a function, and never the same: what is digested there is a list of other length. */
const checksumOf = (parts: readonly string[]): string =>
  hash('sha256', JSON.stringify(parts), 'base64').slice(0, 22)

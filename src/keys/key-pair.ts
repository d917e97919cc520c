import type { FunctionIdentity } from './function-identity.ts'

/** Whether all functions of a cache share one key pair, or each has its own. */
export type Scope = 'cache' | 'function'

/** Whether key names carry a hash tag, which keeps a key pair in one slot of a cluster. */
export type KeyStyle = 'cluster' | 'plain'

/** Names of the two keys: the index (who is where in the eviction order) and the values (hash → serialized result). */
export type KeyPair = readonly [index: string, values: string]

/** Derives the names of a cache's keys; the same names as the Python package `redis_func_cache`. */
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
    const suffix = { cache: { plain: '', cluster: '-c' }, function: { plain: '-m', cluster: '-cm' } }[scope][
      style
    ]
    const name = `${cacheName}:${policyKey}${suffix}`
    this.#base = `${prefix}${name}`
    this.#shared = pair(style === 'cluster' ? `${prefix}{${name}}` : this.#base)
  }

  /** The key pair of a function, or the one they all share. */
  pairOf(fn: FunctionIdentity | undefined): KeyPair {
    if (this.#scope === 'cache' || fn === undefined) return this.#shared
    let names = this.#pairs.get(fn)
    if (names === undefined) {
      const tag = this.#style === 'cluster' ? `{${fn.checksum}}` : fn.checksum
      names = pair(`${this.#base}:${fn.name}#${tag}`)
      this.#pairs.set(fn, names)
    }
    return names
  }

  /** Name of the set that lists the key pairs in use where each function has its own. */
  get registry(): string {
    return `${this.#base}:functions`
  }
}

const pair = (base: string): KeyPair => [`${base}:0`, `${base}:1`]

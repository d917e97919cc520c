import { hash } from 'node:crypto'
import { IdentityError } from '../errors.ts'
import { canonicalize } from './canonical/canonicalize.ts'
import type { CanonicalOptions } from './canonical/options.ts'
import { known } from './canonical/path.ts'
import { sourceTextOf } from './source-text.ts'

/** Any function. */
export type AnyFunction = (...args: never[]) => unknown

/** What makes calls of one function the calls of that function, and which parts of the arguments count. */
export interface IdentityOptions {
  /** The name that the user gave. */
  readonly name?: string | undefined
  /** What the function is called where the user gave no name; default its own name. */
  readonly ownName?: string | undefined
  readonly version?: string | number | undefined
  /** Whether the source text takes part; default true. */
  readonly source?: boolean | undefined
  readonly key?: ((...args: never[]) => unknown) | undefined
  readonly canonical?: CanonicalOptions | undefined
  /** How messages name the only argument; default `arguments[0]`. */
  readonly argumentName?: string | undefined
  /** Whether the first of the arguments stands for `this`. */
  readonly hasSelf?: boolean | undefined
  /** True for the one identity of results that are stored under keys. */
  readonly isOfKeys?: boolean | undefined
}

/** A function as caches know it: its name and version and, if no name was given, the digest of its source text. */
export class FunctionIdentity {
  readonly name: string
  readonly version: string | undefined
  /** The function as given. */
  readonly original: AnyFunction
  /** All of the identity, unambiguous: equal if and only if the functions are the same to a cache. */
  readonly text: string
  /** The digest of {@link text}, short enough for a key name. */
  readonly checksum: string
  /** True for the one identity of results that are stored under keys. */
  readonly isOfKeys: boolean
  readonly #argumentName: string | undefined
  readonly #key: ((...args: never[]) => unknown) | undefined
  readonly #canonical: CanonicalOptions
  readonly #hasSelf: boolean

  /** The identity of all results that are stored under keys of the user; no function has the same. */
  static ofKeys(canonical: CanonicalOptions): FunctionIdentity {
    return new FunctionIdentity(() => {}, {
      name: 'getOrSet',
      source: false,
      canonical,
      argumentName: 'key',
      isOfKeys: true,
    })
  }

  /** @throws {IdentityError} for a function without a name, or without a source text where that has to tell it. */
  constructor(original: AnyFunction, options: IdentityOptions = {}) {
    this.original = original
    this.name = options.name ?? options.ownName ?? original.name
    if (this.name === '') {
      throw new IdentityError(
        'A function without a name cannot be told apart from another one. Name it: wrap(fn, { name: … }).',
      )
    }
    if (/[{}]/.test(this.name)) {
      throw new IdentityError(
        `The function name '${this.name}' has braces, which mean something in key names. Choose another: wrap(fn, { name: … }).`,
      )
    }
    this.version = options.version === undefined ? undefined : String(options.version)
    const parts = [this.name, this.version ?? null, sourceDigest(this.name, original, options)]
    this.text = JSON.stringify(options.isOfKeys ? [...parts, 'keys'] : parts)
    this.checksum = hash('sha256', this.text, 'base64').slice(0, 22)
    this.#key = options.key
    this.#hasSelf = options.hasSelf ?? false
    this.#argumentName = options.argumentName
    this.isOfKeys = options.isOfKeys ?? false
    this.#canonical = {
      ...options.canonical,
      nameOf: (position) => this.#nameOf(position),
      isOfKeys: this.isOfKeys,
    }
  }

  /**
   * The canonical text of the arguments of a call, or of what `key` makes of them.
   * @throws {ArgumentsError} for what cannot be told apart safely.
   */
  argumentsText(args: readonly unknown[]): string {
    if (this.#key === undefined) return canonicalize(args, this.#canonical)
    const own = this.#hasSelf ? args.slice(1) : args
    const picked = known(this.#key(...(own as never[])), 'key(…)', 'key')
    return canonicalize(this.#hasSelf ? [args[0], picked] : [picked], this.#canonical)
  }

  /** The name of a position in messages: `key`, `id`, `this`, `key(…)` or `arguments[n]`. */
  #nameOf(position: number): string {
    if (this.#hasSelf && position === 0) return 'this'
    if (this.#key !== undefined) return 'key(…)'
    return this.#argumentName ?? `arguments[${position - Number(this.#hasSelf)}]`
  }
}

/** `null` where the source text takes no part. */
function sourceDigest(
  name: string,
  original: AnyFunction,
  { name: given, source = true }: IdentityOptions,
): string | null {
  const text = sourceTextOf(original)
  if (text === undefined && given === undefined) {
    throw new IdentityError(
      `${name}: this function has no source text that tells it from others, as bound and built-in functions and proxies ` +
        'have none. Name it: wrap(fn, { name: … }). Or wrap the function that is behind it.',
    )
  }
  if (!source) return null
  if (text === undefined) {
    throw new IdentityError(
      `source: ${name} has no source text, as bound and built-in functions and proxies have none. Leave the option out, and ` +
        'say version when the code changes.',
    )
  }
  return hash('sha256', text, 'base64')
}

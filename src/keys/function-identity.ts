import { hash } from 'node:crypto'
import { ArgumentsError, IdentityError } from '../errors.ts'
import { canonicalize } from './canonical/canonicalize.ts'
import type { CanonicalOptions } from './canonical/options.ts'
import { known } from './canonical/path.ts'
import { writeScalar } from './canonical/values.ts'
import { sourceTextOf } from './source-text.ts'

const BRACKET = 0x5b

/** Any function, whatever its parameters and result. */
export type AnyFunction = (...args: never[]) => unknown

/** The options that identify a function, and those that say which parts of its arguments count. */
export interface IdentityOptions {
  /** The option `name` of the function. */
  readonly name?: string | undefined
  /** The name to use without the option `name`; default the function's own name. */
  readonly ownName?: string | undefined
  readonly version?: string | number | undefined
  /** Whether the source text is part of the identity; default true. */
  readonly source?: boolean | undefined
  readonly key?: ((...args: never[]) => unknown) | undefined
  readonly canonical?: CanonicalOptions | undefined
  /** What messages call the only argument; default `arguments[0]`. */
  readonly argumentName?: string | undefined
  /** Whether the first argument is the picked part of `this`. */
  readonly hasSelf?: boolean | undefined
  /** Whether this is the identity of all values that are stored under keys. */
  readonly isOfKeys?: boolean | undefined
}

/** The identity of a function: its name, its version and, if no name was given, a digest of its source text. */
export class FunctionIdentity {
  /** The name of the function. */
  readonly name: string
  /** The version of the function, as text; `undefined` without the option `version`. */
  readonly version: string | undefined
  /** The function as it was given to the cache. */
  readonly original: AnyFunction
  /** The whole identity as one text: equal if and only if a cache takes two functions for the same. */
  readonly text: string
  /** A digest of {@link text}, short enough for a key name. */
  readonly checksum: string
  /** Whether this is the identity of all values that are stored under keys. */
  readonly isOfKeys: boolean
  readonly #argumentName: string | undefined
  readonly #key: ((...args: never[]) => unknown) | undefined
  readonly #canonical: CanonicalOptions
  readonly #hasSelf: boolean
  /** Whether the arguments alone tell calls apart, and all of them. */
  readonly #isPlain: boolean

  /** Makes the identity of all values that are stored under keys; no function has the same. */
  static ofKeys(canonical: CanonicalOptions): FunctionIdentity {
    return new FunctionIdentity(() => {}, {
      name: 'getOrSet',
      source: false,
      canonical,
      argumentName: 'key',
      isOfKeys: true,
    })
  }

  /** @throws {IdentityError} for a function without a name, or without a source text where its identity needs one. */
  constructor(original: AnyFunction, options: IdentityOptions = {}) {
    this.original = original
    this.name = options.name ?? options.ownName ?? original.name
    if (this.name === '') {
      throw new IdentityError(
        'This function has no name, so it cannot be told apart from others. Name it: wrap(fn, { name: … }).',
      )
    }
    if (/[{}]/.test(this.name)) {
      throw new IdentityError(
        `The function name '${this.name}' has braces, which mark the slot of a key in a cluster. Choose another name: wrap(fn, { name: … }).`,
      )
    }
    this.version = options.version === undefined ? undefined : String(options.version)
    const parts = [this.name, this.version ?? null, sourceDigest(this.name, original, options)]
    this.text = JSON.stringify(options.isOfKeys ? [...parts, 'keys'] : parts)
    this.checksum = hash('sha256', this.text, 'base64').slice(0, 22)
    this.#key = options.key
    this.#hasSelf = options.hasSelf ?? false
    const excludesNone = (options.canonical?.excludedPositions?.size ?? 0) === 0
    this.#isPlain = this.#key === undefined && !this.#hasSelf && excludesNone
    this.#argumentName = options.argumentName
    this.isOfKeys = options.isOfKeys ?? false
    const { encoders, excludedNames, excludedPositions } = options.canonical ?? {}
    this.#canonical = {
      encoders,
      excludedNames,
      excludedPositions,
      functionName: this.isOfKeys ? undefined : this.name,
      nameOf: (position) => this.#nameOf(position),
      isOfKeys: this.isOfKeys,
    }
  }

  /**
   * Writes the arguments of a call, or what `key` makes of them, as canonical text.
   * @throws {ArgumentsError} for values that cannot be told apart safely.
   */
  argumentsText(args: readonly unknown[]): string {
    if (this.#key === undefined) return canonicalize(args, this.#canonical)
    const own = this.#hasSelf ? args.slice(1) : args
    const picked = known(this.#key(...(own as never[])), 'key(…)', 'key')
    if (picked === undefined && own.some((arg) => arg !== undefined)) throw keyWithoutValue(this.name)
    return canonicalize(this.#hasSelf ? [args[0], picked] : [picked], this.#canonical)
  }

  /**
   * Writes arguments that are all primitives as a text that no other arguments have, for tables of this process; `undefined` for
   * other arguments, and where more than the arguments tells calls apart. It takes a part of the time that {@link argumentsText}
   * takes.
   */
  keyText(args: readonly unknown[]): string | undefined {
    if (!this.#isPlain) return undefined
    const [first] = args
    // A text is its own key. All other keys begin with a bracket.
    if (args.length === 1 && typeof first === 'string' && first.charCodeAt(0) !== BRACKET) return first
    let text = '['
    for (let i = 0; i < args.length; i++) {
      const scalar = writeScalar(args[i])
      if (scalar === '') return undefined
      text += i === 0 ? scalar : `,${scalar}`
    }
    return text
  }

  /** What messages call an argument: `key`, `id`, `this`, `key(…)` or `arguments[n]`. */
  #nameOf(position: number): string {
    if (this.#hasSelf && position === 0) return 'this'
    if (this.#key !== undefined) return 'key(…)'
    return this.#argumentName ?? `arguments[${position - Number(this.#hasSelf)}]`
  }
}

/** A function body without `return` gives all calls one key: each caller would get the result of the first one. */
const keyWithoutValue = (name: string): ArgumentsError =>
  new ArgumentsError(
    'key(…)',
    `${name}: the option \`key\` returned undefined, so all such calls would share one result. Is a \`return\` missing in it? If ` +
      'they are to share one, let it return null.',
  )

/** The digest of the source text; `null` if it is not part of the identity. */
function sourceDigest(
  name: string,
  original: AnyFunction,
  { name: given, source = true }: IdentityOptions,
): string | null {
  const text = sourceTextOf(original)
  if (text === undefined && given === undefined) {
    throw new IdentityError(
      `${name}: this function has no source text that tells it from others, as bound and built-in functions and proxies ` +
        'have none. Name it: wrap(fn, { name: … }); or wrap the original function.',
    )
  }
  if (!source) return null
  if (text === undefined) {
    throw new IdentityError(
      `source: ${name} has no source text, as bound and built-in functions and proxies have none. Leave source out, and ` +
        'change version when the code changes.',
    )
  }
  return hash('sha256', text, 'base64')
}

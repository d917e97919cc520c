import { hash } from 'node:crypto'
import { checkChoice, checkNames } from '../validation/checks.ts'
import { CANONICAL_FORM } from './canonical/canonicalize.ts'
import type { FunctionIdentity } from './function-identity.ts'
import { warnOfLargeArguments } from '../warnings/warnings.ts'
import { HashMemory, type HashOwner, type TextDigester } from './hash-memory.ts'

const ALGORITHMS = ['sha256', 'sha1', 'md5', 'sha512'] as const
const ENCODINGS = ['base64', 'hex', 'bytes'] as const

/** An algorithm that digests calls. */
export type HashAlgorithm = (typeof ALGORITHMS)[number]
/** The encoding in which a digest is written: `'base64'` and `'hex'` as text, `'bytes'` as it is. */
export type HashEncoding = (typeof ENCODINGS)[number]

/** A call hash: the name of an entry in its key pair, as text with one character for each byte. */
export type Hash = string

/**
 * Converts the result of a policy's `calcHash` to the one spelling that this process uses. ASCII text stays unchanged. Bytes, and
 * the UTF-8 of other text, become one character for each byte, so that a store can restore the bytes.
 */
export const toHash = (given: Buffer | string): Hash => {
  if (typeof given !== 'string') return given.toString('latin1')
  return NOT_ASCII.test(given) ? Buffer.from(given).toString('latin1') : given
}

/** Converts a call hash to the form in which it is sent to a server. */
export const bytesOfHash = (hash: Hash): Buffer | string =>
  NOT_ASCII.test(hash) ? Buffer.from(hash, 'latin1') : hash

const NOT_ASCII = /[^\0-\x7f]/

/** How calls are digested: an algorithm, or an algorithm and the encoding of the digest. */
export type CallHashOptions =
  | HashAlgorithm
  | {
      /**
       * The algorithm that digests calls. One that is named is taken whole.
       * @default SHA-256, of which the first 128 bits are taken
       */
      readonly algorithm?: HashAlgorithm | undefined
      /**
       * The encoding in which the digest is written.
       * @default 'base64'
       */
      readonly encoding?: HashEncoding | undefined
    }

/** How many characters (hex, base64) or bytes of a call hash identify its function. */
const FUNCTION_PART: Record<HashEncoding, number> = { base64: 8, hex: 12, bytes: 6 }

/**
 * How many characters or bytes of a digest are used if no algorithm is named: 128 bits, or a little more. That two calls have
 * the same digest by chance is as unlikely as that two random UUIDs are equal. An attacker who wants two calls to collide has
 * to digest about 2^64 calls.
 */
const SHORT_DIGEST: Record<HashEncoding, number> = { base64: 22, hex: 32, bytes: 16 }

/** Longer texts take 10 ms or more to be written and digested, at each call: a warning says so. */
const LARGE_ARGUMENTS = 1_000_000

/** What is calculated once for each function. */
interface Digester extends TextDigester {
  readonly owner: HashOwner
  /** The first part of the call hash, which comes before the digest of the call. */
  readonly part: string
}

/** The memory that all caches of the process share. */
const memory = /* @__PURE__ */ new HashMemory()

/**
 * Digests calls: the function and its arguments.
 *
 * The first six bytes of a call hash are the digest of the function alone, so that all entries of one function can be
 * found; the rest is the digest of function and arguments.
 */
export class CallHash {
  readonly #algorithm: HashAlgorithm
  readonly #encoding: HashEncoding
  readonly #digestLength: number
  readonly #digesters = new WeakMap<FunctionIdentity, Digester>()
  /** The digester of the last call. Most successive calls are of one function, and then the map is not needed. */
  #latest: { readonly fn: FunctionIdentity; readonly digester: Digester } | undefined

  /** @throws {OptionError} for an unknown algorithm or encoding. */
  constructor(options: CallHashOptions = {}) {
    const chosen = typeof options === 'string' ? { algorithm: options } : options
    checkNames(chosen, ['algorithm', 'encoding'], 'hash')
    const { algorithm, encoding = 'base64' } = chosen
    this.#algorithm = checkChoice(algorithm ?? 'sha256', ALGORITHMS, 'hash.algorithm')
    this.#encoding = checkChoice(encoding, ENCODINGS, 'hash.encoding')
    this.#digestLength = algorithm === undefined ? SHORT_DIGEST[this.#encoding] : Number.POSITIVE_INFINITY
  }

  /** The call hash of a call. */
  of(fn: FunctionIdentity, args: readonly unknown[]): Buffer | string {
    const digester = this.#digesterOf(fn)
    const callHash = memory.hashOf(digester.owner, fn.argumentsText(args), digester)
    return this.#encoding === 'bytes' ? Buffer.from(callHash, 'latin1') : callHash
  }

  /** Whether a call hash is ASCII text. */
  get isAscii(): boolean {
    return this.#encoding !== 'bytes'
  }

  /** How many bytes of a call hash identify its function. */
  get functionPartBytes(): number {
    return FUNCTION_PART[this.#encoding]
  }

  /** The beginning of all call hashes of a function. */
  functionPart(fn: FunctionIdentity): Buffer | string {
    const { part } = this.#digesterOf(fn)
    return this.#encoding === 'bytes' ? Buffer.from(part, 'latin1') : part
  }

  #digesterOf(fn: FunctionIdentity): Digester {
    if (this.#latest?.fn === fn) return this.#latest.digester
    let digester = this.#digesters.get(fn)
    if (digester === undefined) {
      const text = `${CANONICAL_FORM}\n${fn.text}\n`
      const part = this.#digest(text).slice(0, FUNCTION_PART[this.#encoding])
      const digest = (argumentsText: string) => {
        if (argumentsText.length > LARGE_ARGUMENTS) warnOfLargeArguments(fn.name, argumentsText.length)
        // `+` would make a text of two parts, which V8 has to follow whenever one of its characters is read.
        return [part, this.#digest(text + argumentsText)].join('')
      }
      digester = { owner: {}, part, digest }
      this.#digesters.set(fn, digester)
    }
    this.#latest = { fn, digester }
    return digester
  }

  #digest(text: string): string {
    const digest = hash(this.#algorithm, text, this.#encoding === 'bytes' ? 'binary' : this.#encoding)
    return digest.slice(0, this.#digestLength)
  }
}

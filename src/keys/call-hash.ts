import { hash } from 'node:crypto'
import { checkChoice, checkNames } from '../options/checks.ts'
import { CANONICAL_FORM } from './canonical/canonicalize.ts'
import type { FunctionIdentity } from './function-identity.ts'
import { warnOfLargeArguments } from '../telemetry/warnings.ts'
import { HashMemory, type HashOwner, type TextDigester } from './hash-memory.ts'

const ALGORITHMS = ['sha256', 'sha1', 'md5', 'sha512'] as const
const ENCODINGS = ['base64', 'hex', 'bytes'] as const

/** An algorithm that digests calls. */
export type HashAlgorithm = (typeof ALGORITHMS)[number]
/** The encoding in which a digest is written: `'base64'` and `'hex'` as text, `'bytes'` as it is. */
export type HashEncoding = (typeof ENCODINGS)[number]

/** A call hash: the name of an entry inside its key pair. One character for each of its bytes. */
export type Hash = string

/**
 * What a policy's `calcHash` returned, as it is written in this process: ASCII text stays as it is, everything else
 * becomes one character a byte, of UTF-8 for text. So there is one spelling, and a store can bring the bytes back.
 */
export const toHash = (given: Buffer | string): Hash => {
  if (typeof given !== 'string') return given.toString('latin1')
  return NOT_ASCII.test(given) ? Buffer.from(given).toString('latin1') : given
}

/** A call hash as it is sent to a server: the same bytes. */
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

/** How many characters (hex, base64) or bytes of a call hash tell its function. */
const FUNCTION_PART: Record<HashEncoding, number> = { base64: 8, hex: 12, bytes: 6 }

/**
 * How many characters or bytes of a digest are taken where no algorithm is named: 128 bits, or a little more. Two calls have
 * the same by chance as seldom as two random UUIDs are equal, and who chooses arguments to make two calls collide has to
 * digest 2^64 of them.
 */
const SHORT_DIGEST: Record<HashEncoding, number> = { base64: 22, hex: 32, bytes: 16 }

/** Longer texts take 10 ms or more to be written and digested, at each call: that is told. */
const LARGE_ARGUMENTS = 1_000_000

/** What is worked out once for each function. */
interface Digester extends TextDigester {
  readonly owner: HashOwner
  /** Comes before the digest, in the call hash. */
  readonly part: string
}

/** One for all caches of the process. */
const memory = /* @__PURE__ */ new HashMemory()

/**
 * Digests calls: which function, with which arguments.
 *
 * The first six bytes of a call hash are the digest of the function alone, so that all entries of one function can be
 * found; the rest is the digest of function and arguments.
 */
export class CallHash {
  readonly #algorithm: HashAlgorithm
  readonly #encoding: HashEncoding
  readonly #digestLength: number
  readonly #digesters = new WeakMap<FunctionIdentity, Digester>()
  /** Found without a look into the map: of many calls in a row, most are of one function. */
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

  /** How many bytes of a call hash tell its function. */
  get functionPartBytes(): number {
    return FUNCTION_PART[this.#encoding]
  }

  /** What the call hashes of a function begin with. */
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
        return part + this.#digest(text + argumentsText)
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

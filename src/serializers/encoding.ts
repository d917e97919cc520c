import { types } from 'node:util'
import { SerializerError } from '../errors.ts'
import { ignoreRejection, isPromise, messageOf } from '../realms/native.ts'
import { fidelityOf, findPart, LOST, TOO_DEEP } from './fidelity.ts'
import { REPLACEMENT } from './formats/text.ts'
import type { Serializer } from './serializer.ts'

/**
 * The beginning of stored errors, which the function has thrown: see `stored-error.ts`.
 *
 * No stored result begins with it:
 * - Text formats never begin with NUL, and `'auto'` writes another word after the NUL.
 * - V8 begins with 0xFF.
 * - In MessagePack and CBOR a leading 0 is the number 0, and nothing follows it.
 * - In BSON it would mean a document of 1.9 GB.
 * - The output of other serializers is escaped if it begins so: see `custom.ts`.
 */
export const ERROR_MARKER = '\0error\0'

let errorMarkerBytes: Buffer | undefined

/** Whether a stored error was read, which `decodeError` decodes, and not {@link decode}. */
export function isStoredError(stored: Buffer | string): stored is Buffer {
  if (typeof stored === 'string') return false // a stored error is always read as bytes: see isWholeText
  // For almost all results, the first byte decides.
  if (stored[0] !== 0) return false
  errorMarkerBytes ??= Buffer.from(ERROR_MARKER)
  return errorMarkerBytes.equals(stored.subarray(0, ERROR_MARKER.length))
}

/** The error for a value that no format can bring back. Only the caller whose function returned the value gets it. */
export class UnstorableError extends SerializerError {
  /** The part that cannot be stored, such as `'result.body is a ReadableStream'`. */
  readonly part: string

  constructor(part: string, message: string) {
    super(message)
    this.part = part
  }
}

/** An encoded result, and how faithfully the format brings it back. */
export interface Encoded {
  readonly stored: string | Buffer
  /** The bits of `fidelityOf`; 0 for serializers of users, for which this is not known. */
  readonly fidelity: number
}

/**
 * Encodes a result, and returns the bits of its fidelity too.
 *
 * @throws {SerializerError} as {@link encode} does.
 */
export function encodeResult(serializer: Serializer, value: unknown): Encoded {
  if (value === undefined) return { stored: '', fidelity: 0 }
  const fidelity = serializer.isBuiltIn ? fidelityOf(value) : 0
  return { stored: serialize(serializer, value, 'result', fidelity), fidelity }
}

/**
 * Encodes a result as a string or bytes; `undefined` becomes an empty string in every format.
 *
 * @throws {SerializerError} when the serializer throws (its error is the `cause`), or returns neither a string nor
 *   bytes, such as `undefined` or a promise.
 * @throws {UnstorableError} with a built-in serializer, for a value that no format brings back.
 */
export function encode(serializer: Serializer, value: unknown): string | Buffer {
  return encodeResult(serializer, value).stored
}

/** What to do about a value that cannot be stored. */
const WAY_OUT = {
  result: 'Return a value that it can store, or give this function another serializer.',
  error: 'Exclude it by `when` of `cacheErrors`, or give this function another serializer.',
}

/**
 * Calls the serializer and checks what it returned.
 *
 * @param noun What the value stands for, in messages.
 * @throws {SerializerError} as {@link encode} does.
 */
export function serialize(
  serializer: Serializer,
  value: unknown,
  noun: keyof typeof WAY_OUT,
  fidelity: number = serializer.isBuiltIn ? fidelityOf(value) : 0,
): string | Buffer {
  if (fidelity & LOST) {
    const part = findPart(value, LOST, noun)
    throw new UnstorableError(
      part,
      `Serializer '${serializer.name}' cannot store this ${noun}: ${part}, which cannot be brought back. ${WAY_OUT[noun]}`,
    )
  }
  if (fidelity & TOO_DEEP) {
    throw new SerializerError(
      `Serializer '${serializer.name}' cannot store this ${noun}: it is nested too deeply. ${WAY_OUT[noun]}`,
    )
  }
  let output: unknown
  try {
    output = serializer.serialize(value, fidelity)
  } catch (error) {
    throw new SerializerError(
      `Serializer '${serializer.name}' cannot store this ${noun}: ${reasonOf(error)}. ${WAY_OUT[noun]}`,
      { cause: error },
    )
  }
  if (typeof output === 'string') return output
  if (types.isUint8Array(output)) {
    return Buffer.isBuffer(output) ? output : Buffer.from(output.buffer, output.byteOffset, output.byteLength)
  }
  ignoreRejection(output)
  throw new SerializerError(
    `Serializer '${serializer.name}' made ${nounOf(output)} of this ${noun}. It must return a string, a Buffer or a ` +
      `Uint8Array synchronously; a promise is not possible.`,
  )
}

/**
 * Whether a reply that was decoded as UTF-8 is the text that was stored. If not, the entry has to be read again as bytes: the
 * text begins with NUL, as errors and binary forms do, or some of its bytes are not UTF-8.
 */
export const isWholeText = (text: string): boolean => text.charCodeAt(0) !== 0 && !text.includes(REPLACEMENT)

/**
 * Decodes a stored result.
 *
 * @param stored The stored bytes; or the text, if it {@link isWholeText}.
 * @throws {SerializerError} when the serializer throws (its error is the `cause`), or when a stored error is given: use
 *   {@link isStoredError} first where there may be one.
 */
export function decode(serializer: Serializer, stored: Buffer | string): unknown {
  if (stored.length === 0) return undefined
  if (isStoredError(stored)) {
    throw new SerializerError(
      'The stored entry is an error that the function threw, not a result. Give the function `cacheErrors` here too, as ' +
        'where the error was stored, or invalidate the entry.',
    )
  }
  try {
    if (typeof stored !== 'string') return serializer.deserialize(stored)
    return serializer.deserializeText === undefined
      ? serializer.deserialize(Buffer.from(stored))
      : serializer.deserializeText(stored)
  } catch (error) {
    throw new SerializerError(
      `Serializer '${serializer.name}' cannot read the stored entry (${stored.length} bytes): ${reasonOf(error)}. Was ` +
        `it written by another serializer or version? Invalidate the entry, or change the name of the cache.`,
      { cause: error },
    )
  }
}

/** The message of a thrown value, without a full stop at its end. */
export function reasonOf(error: unknown): string {
  return messageOf(error).replace(/\.$/, '')
}

function nounOf(output: unknown): string {
  if (output === undefined || output === null) return String(output)
  if (typeof output !== 'object') return `a ${typeof output}`
  return isPromise(output) ? 'a promise' : 'an object'
}

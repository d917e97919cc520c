import { types } from 'node:util'
import { SerializerError } from '../errors.ts'
import { ignoreRejection, isPromise, messageOf } from '../realms/native.ts'
import { fidelityOf, findPart, LOST } from './fidelity.ts'
import { REPLACEMENT } from './formats/text.ts'
import type { Serializer } from './serializer.ts'

/**
 * What is stored begins with it when the function did not return but throw: see `stored-error.ts`.
 *
 * No result is ever stored so. Text formats never begin with NUL, and `'auto'` with another word behind it; V8 begins with 0xFF; a leading 0 of MessagePack and
 * CBOR is the number 0, and all there is; of BSON it would be a document of 1.9 GB. What others make of it is stored
 * behind an escape: see `custom.ts`.
 */
export const ERROR_MARKER = '\0error\0'

let errorMarkerBytes: Buffer | undefined

/** Whether what is stored is an error the function threw: for `decodeError`, not for {@link decode}. */
export function isStoredError(stored: Buffer | string): stored is Buffer {
  if (typeof stored === 'string') return false // it is read as bytes: see isWholeText
  // The first byte tells for all but the oddest results.
  if (stored[0] !== 0) return false
  errorMarkerBytes ??= Buffer.from(ERROR_MARKER)
  return errorMarkerBytes.equals(stored.subarray(0, ERROR_MARKER.length))
}

/** A value that no format can bring back: it is returned to the one caller whose function returned it. */
export class UnstorableError extends SerializerError {
  /** Which part of it is to blame, such as `'result.body is a ReadableStream'`. */
  readonly part: string

  constructor(part: string, message: string) {
    super(message)
    this.part = part
  }
}

/** What is stored of a result, and what of it comes back. */
export interface Encoded {
  readonly stored: string | Buffer
  /** As of `fidelityOf`; 0 for serializers of users, of which that is not known. */
  readonly fidelity: number
}

/**
 * A result as what is stored, and what that was made of.
 *
 * @throws {SerializerError} as {@link encode} does.
 */
export function encodeResult(serializer: Serializer, value: unknown): Encoded {
  if (value === undefined) return { stored: '', fidelity: 0 }
  const fidelity = serializer.isBuiltIn ? fidelityOf(value) : 0
  return { stored: serialize(serializer, value, 'result', fidelity), fidelity }
}

/**
 * A result as what is stored: a string or bytes, and an empty string for `undefined`, whatever the format.
 *
 * @throws {SerializerError} when the serializer throws (its error is the `cause`), or returns neither a string nor
 *   bytes, such as `undefined` or a promise.
 * @throws {UnstorableError} with a serializer that is built in, for a value that none of them brings back.
 */
export function encode(serializer: Serializer, value: unknown): string | Buffer {
  return encodeResult(serializer, value).stored
}

/** What to do about what cannot be stored. */
const WAY_OUT = {
  result: 'Return something it knows, or give this function another serializer.',
  error: 'Leave it out by `when` of `cacheErrors`, or give this function another serializer.',
}

/**
 * What the serializer makes of a value, checked.
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
      `Uint8Array, and at once: a promise is too late.`,
  )
}

/**
 * Whether a reply that was decoded as UTF-8 is the text that was stored. Otherwise it has to be read as bytes: it begins with
 * NUL, as errors and binary forms do, or there are bytes in it that are no text.
 */
export const isWholeText = (text: string): boolean => text.charCodeAt(0) !== 0 && !text.includes(REPLACEMENT)

/**
 * What is stored as the result it was.
 *
 * @param stored Text only if {@link isWholeText}.
 * @throws {SerializerError} when the serializer throws (its error is the `cause`), or an error is stored, which is no
 *   result: ask {@link isStoredError} first where there may be one.
 */
export function decode(serializer: Serializer, stored: Buffer | string): unknown {
  if (stored.length === 0) return undefined
  if (isStoredError(stored)) {
    throw new SerializerError(
      'What is stored is an error that the function threw, not a result. Give the function `cacheErrors` here as ' +
        'where it was stored, or invalidate the entry.',
    )
  }
  try {
    if (typeof stored !== 'string') return serializer.deserialize(stored)
    return serializer.deserializeText === undefined
      ? serializer.deserialize(Buffer.from(stored))
      : serializer.deserializeText(stored)
  } catch (error) {
    throw new SerializerError(
      `Serializer '${serializer.name}' cannot read what is stored (${stored.length} bytes): ${reasonOf(error)}. Was ` +
        `it written by another serializer or version? Invalidate the entry, or change the name of the cache.`,
      { cause: error },
    )
  }
}

/** The message of what was thrown, without the full stop at its end. */
export function reasonOf(error: unknown): string {
  return messageOf(error).replace(/\.$/, '')
}

function nounOf(output: unknown): string {
  if (output === undefined || output === null) return String(output)
  if (typeof output !== 'object') return `a ${typeof output}`
  return isPromise(output) ? 'a promise' : 'an object'
}

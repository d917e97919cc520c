import { types } from 'node:util'
import { SerializerError } from '../errors.ts'
import { isPromise, messageOf } from '../realms/native.ts'
import type { Serializer } from './serializer.ts'

/**
 * What is stored begins with it when the function did not return but throw: see `stored-error.ts`.
 *
 * No result is ever stored so. Text formats never begin with NUL; V8 begins with 0xFF; a leading 0 of MessagePack and
 * CBOR is the number 0, and all there is; of BSON it would be a document of 1.9 GB. What others make of it is stored
 * behind an escape: see `custom.ts`.
 */
export const ERROR_MARKER = '\0error\0'

let errorMarkerBytes: Buffer | undefined

/** Whether what is stored is an error the function threw: for `decodeError`, not for {@link decode}. */
export function isStoredError(stored: Buffer): boolean {
  // The first byte tells for all but the oddest results.
  if (stored[0] !== 0) return false
  errorMarkerBytes ??= Buffer.from(ERROR_MARKER)
  return errorMarkerBytes.equals(stored.subarray(0, ERROR_MARKER.length))
}

/**
 * A result as what is stored: a string or bytes, and an empty string for `undefined`, whatever the format.
 *
 * @throws {SerializerError} when the serializer throws (its error is the `cause`), or returns neither a string nor
 *   bytes, such as `undefined` or a promise.
 */
export function encode(serializer: Serializer, value: unknown): string | Buffer {
  return value === undefined ? '' : serialize(serializer, value, 'result')
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
): string | Buffer {
  let output: unknown
  try {
    output = serializer.serialize(value)
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
  throw new SerializerError(
    `Serializer '${serializer.name}' made ${nounOf(output)} of this ${noun}. It must return a string, a Buffer or a ` +
      `Uint8Array, and at once: a promise is too late.`,
  )
}

/**
 * What is stored as the result it was.
 *
 * @throws {SerializerError} when the serializer throws (its error is the `cause`), or an error is stored, which is no
 *   result: ask {@link isStoredError} first where there may be one.
 */
export function decode(serializer: Serializer, stored: Buffer): unknown {
  if (stored.length === 0) return undefined
  if (isStoredError(stored)) {
    throw new SerializerError(
      'What is stored is an error that the function threw, not a result. Give the function `cacheErrors` here as ' +
        'where it was stored, or invalidate the entry.',
    )
  }
  try {
    return serializer.deserialize(stored)
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

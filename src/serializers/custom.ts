import { types } from 'node:util'
import { ignoreRejection, isPromise } from '../realms/native.ts'
import { isStoredError } from './encoding.ts'
import type { Serializer } from './serializer.ts'

/**
 * A serializer of your own, as an object of two synchronous functions.
 *
 * `T` is what the cached functions return; `undefined` is stored without the serializer. With `cacheErrors` it also gets errors, as
 * plain objects of strings, numbers, arrays and the values of the errors' properties. Errors that it refuses are not stored.
 * @example
 * const serializer: SerializerFunctions = {
 *   name: 'deflated',
 *   serialize: (value) => deflateSync(JSON.stringify(value)),
 *   deserialize: (stored) => JSON.parse(inflateSync(stored).toString()),
 * }
 */
export interface SerializerFunctions<T = unknown> {
  /**
   * The name of the serializer in errors and warnings.
   * @default 'custom'
   */
  readonly name?: string | undefined
  /** Turns a result into text or bytes. An error that it throws means that the result is not stored. */
  serialize(value: T): string | Uint8Array
  /**
   * Turns stored bytes back into the result. An error that it throws means that the entry counts as a miss.
   * @param stored What `serialize` returned, as bytes that nothing else uses.
   */
  deserialize(stored: Buffer): T
}

/** A serializer of your own, as an array of two synchronous functions: `[serialize, deserialize]`. */
export type SerializerPair<T = unknown> = readonly [
  serialize: SerializerFunctions<T>['serialize'],
  deserialize: SerializerFunctions<T>['deserialize'],
]

const NUL = '\0'

/**
 * Makes the functions of a user keep the contract of a {@link Serializer}.
 *
 * An output that is empty, consists of NUL bytes, or begins with NULs and `error\0`, is stored with one more NUL in front: an empty
 * text means `undefined`, and `\0error\0` an error. All other output is stored as it is. Bytes are copied in both directions,
 * since the functions may return what they were given.
 */
export function customSerializer(functions: SerializerFunctions): Serializer {
  return {
    name: functions.name ?? 'custom',
    serialize: (value) => {
      const output = functions.serialize(value)
      if (typeof output === 'string') return isAmbiguousText(output) ? NUL + output : output
      if (!types.isUint8Array(output)) return output // Wrong, and refused where every output is checked.
      return Buffer.concat(isAmbiguous(output) ? [Buffer.of(0), output] : [output])
    },
    deserialize: (stored) => {
      // An output with one more NUL in front has the same form, so it is recognized by it.
      const value = functions.deserialize(Buffer.from(isAmbiguous(stored) ? stored.subarray(1) : stored))
      if (isPromise(value)) {
        ignoreRejection(value)
        throw new TypeError('it returned a promise instead of the value')
      }
      return value
    },
  }
}

function isAmbiguousText(text: string): boolean {
  return text.length === 0 || (text.startsWith(NUL) && /^\0+(?:error\0|$)/.test(text))
}

function isAmbiguous(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return true
  if (bytes[0] !== 0) return false
  const end = bytes.findIndex((byte) => byte !== 0)
  return (
    end === -1 || isStoredError(Buffer.from(bytes.buffer, bytes.byteOffset + end - 1, bytes.length - end + 1))
  )
}

import { types } from 'node:util'
import { ignoreRejection, isPromise } from '../realms/native.ts'
import { isStoredError } from './encoding.ts'
import type { Serializer } from './serializer.ts'

/**
 * A serializer of the user's own. Both functions are synchronous; `undefined` never reaches them.
 *
 * `T` is what the cached functions return. With `cacheErrors` there are also errors to store, as plain objects of
 * strings, numbers, arrays, and the values of the properties of these errors; errors of functions whose serializer
 * throws at that are not cached.
 */
export interface SerializerFunctions<T = unknown> {
  /** Shown in errors and events; `'custom'` without it. */
  readonly name?: string | undefined
  serialize(value: T): string | Uint8Array
  /** @param stored What `serialize` returned, as bytes that nothing else uses. */
  deserialize(stored: Buffer): T
}

/** The same as two functions: `[serialize, deserialize]`. */
export type SerializerPair<T = unknown> = readonly [
  serialize: SerializerFunctions<T>['serialize'],
  deserialize: SerializerFunctions<T>['deserialize'],
]

const NUL = '\0'

/**
 * Makes functions of the user keep the contract of a {@link Serializer}.
 *
 * Outputs that are empty, hold nothing but NUL bytes, or begin with NULs and `error\0`, are stored behind one NUL more,
 * so that an empty string means `undefined`, and `\0error\0` an error, here too. Everything else is stored bare. Bytes
 * are copied in both directions: a pair may well return what it was given.
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
      // What is escaped is ambiguous still.
      const value = functions.deserialize(Buffer.from(isAmbiguous(stored) ? stored.subarray(1) : stored))
      if (isPromise(value)) {
        ignoreRejection(value)
        throw new TypeError('it returned a promise, and must return the value itself')
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

import type { Serializer } from './serializer.ts'

/**
 * A serializer of the user's own. Both functions are synchronous; `undefined` never reaches them.
 *
 * `T` is what the cached functions return.
 */
export interface SerializerFunctions<T = unknown> {
  /** Shown in errors and events; `'custom'` without it. */
  readonly name?: string
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
 * Outputs that are empty or hold nothing but NUL bytes are stored with one NUL more, so that an empty string means
 * `undefined` here too. Everything else is stored bare. Bytes are copied in both directions: a pair may well return
 * what it was given.
 */
export function customSerializer(functions: SerializerFunctions): Serializer {
  return {
    name: functions.name ?? 'custom',
    serialize: (value) => {
      const output = functions.serialize(value)
      if (typeof output === 'string') return isNulText(output) ? output + NUL : output
      if (!(output instanceof Uint8Array)) return output // Wrong, and refused where every output is checked.
      return Buffer.concat([output], output.length + (isNulBytes(output) ? 1 : 0))
    },
    deserialize: (stored) => {
      const value = functions.deserialize(
        Buffer.from(isNulBytes(stored) ? stored.subarray(0, stored.length - 1) : stored),
      )
      if (value instanceof Promise) {
        value.catch(() => {}) // Not the process's affair: what follows says all there is to say.
        throw new TypeError('it returned a promise, and must return the value itself')
      }
      return value
    },
  }
}

function isNulText(text: string): boolean {
  return text.length === 0 || (text.startsWith(NUL) && /^\0+$/.test(text))
}

function isNulBytes(bytes: Uint8Array): boolean {
  return bytes.length === 0 || (bytes[0] === 0 && bytes.every((byte) => byte === 0))
}

import { checkPeer, type Peer } from '../load-peer.ts'
import { refuseCborClaims } from './cbor-claims.ts'
import type { Serializer } from '../serializer.ts'
import { asFloat, isDigits, refuseDigits } from './text.ts'

/** The part of the package `cbor-x` that is used, declared here: the types of this library must not import a package that may be missing. */
export interface CborX {
  Encoder: new (options: object) => { encode(value: unknown): Uint8Array }
  Decoder: new (options: object) => { decode(stored: Uint8Array): unknown }
}

export const CBOR_X: Peer = { serializer: 'cbor', package: 'cbor-x', major: 1 }

/** The first byte of a number of eight bytes. */
const FLOAT_64 = 0xfb

/**
 * A serializer that writes CBOR (RFC 8949) by the package `cbor-x`: compact, and standardized. Dates, Maps, Sets, RegExps, bigints, Buffers, typed arrays, NaN
 * and `undefined` inside come back as they were. Everything is standard CBOR with registered tags (259 for Maps, 258
 * for Sets, 64 to 87 for typed arrays) that other implementations read; every value is complete in itself.
 *
 * `-0` comes back as `0`, an ArrayBuffer as a Buffer, an instance of a class as what its `toJSON` gives or as a plain
 * object, an Error with its message alone, a property named `__proto__` under another name, half a surrogate pair as
 * U+FFFD; Dates before the year -130,000 or after 130,000 can be a millisecond off. Functions, symbols, cycles, and
 * bigints of more than 13,900 digits are refused.
 *
 * @param module `await import('cbor-x')`.
 * @throws {SerializerError} for another package, and for a version that is too old.
 * @see https://www.rfc-editor.org/rfc/rfc8949
 * @see https://github.com/kriszyp/cbor-x
 */
export function cbor(module: CborX): Serializer {
  const { Encoder, Decoder } = checkPeer<CborX>(
    CBOR_X,
    module,
    (given) => typeof given.Encoder === 'function',
  )
  // Records would be private tags that need definitions from elsewhere. `variableMapSize` is RFC 8949's preferred form.
  const encoder = new Encoder({ useRecords: false, variableMapSize: true, useToJSON: true })
  // `copyBuffers`: results do not share memory with what is stored.
  const decoder = new Decoder({ useRecords: false, copyBuffers: true })
  return {
    name: 'cbor',
    isBuiltIn: true,
    serialize: (value) => {
      const bytes = encoder.encode(value)
      refuseCborClaims(bytes) // it could not be read
      return typeof value === 'number' && isDigits(bytes) ? asFloat(value, FLOAT_64) : bytes
    },
    deserialize: (stored) => {
      refuseDigits(stored)
      refuseCborClaims(stored)
      return decoder.decode(stored)
    },
  }
}

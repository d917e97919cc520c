import { types } from 'node:util'
import { checkPeer, type Peer } from '../load-peer.ts'
import { hasNested } from './has-nested.ts'
import type { Serializer } from '../serializer.ts'

/** The part of the package `bson` that is used, declared here: the types of this library must not import a package that may be missing. */
export interface Bson {
  serialize(document: { value: unknown }, options: object): Uint8Array
  deserialize(stored: Uint8Array, options: object): { value?: unknown }
  readonly BSONValue: unknown
}

export const BSON: Peer = { serializer: 'bson', package: 'bson', major: 5 }

/** The largest document that MongoDB accepts, in bytes. */
const MAX_BYTES = 16 * 1024 * 1024

/** `bson` writes into one buffer, and silently cuts strings off at its end: so it has to be larger than what is accepted. */
const SERIALIZE_OPTIONS = { minInternalBufferSize: MAX_BYTES + 1024 * 1024 }

/** Numbers are never written as int64, so every int64 that is read was a bigint. */
const DESERIALIZE_OPTIONS = { useBigInt64: true, promoteBuffers: true }

const REFUSAL =
  'BSON has no Maps, functions, symbols, invalid Dates, bigints beyond 64 bits, or flags of RegExps other than g, i and m'

const MIN_INT64 = -0x8000_0000_0000_0000n
const MAX_INT64 = 0x7fff_ffff_ffff_ffffn

/**
 * A serializer that writes BSON by MongoDB's package `bson`, as the document `{ value: <result> }`. Dates, RegExps, Buffers, bigints of 64 bits, `-0`,
 * NaN, ObjectIds and the other classes of `bson` come back as they were: those of the module that was passed in; by the
 * name `'bson'` those of its CommonJS build, as in MongoDB's driver.
 *
 * Properties that are `undefined` vanish, as in JSON, and in arrays become `null`. A Uint8Array comes back as a Buffer,
 * a `Long` as a bigint, other typed arrays, Sets and instances of classes as plain objects, `{ $ref, $id }` as a DBRef,
 * half a surrogate pair as U+FFFD. Maps, functions, symbols, cycles, larger bigints, invalid Dates, flags of
 * RegExps other than g, i and m, NUL in property names, properties named `_bsontype`, and results over 16 MiB are
 * refused.
 *
 * @param module `await import('bson')`.
 * @throws {SerializerError} for another package, and for a version that is too old.
 * @see https://bsonspec.org/spec.html
 * @see https://github.com/mongodb/js-bson
 */
export function bson(module: Bson): Serializer {
  // Version 4, which has no bigints, has no `BSONValue`.
  const format = checkPeer<Bson>(BSON, module, (given) => typeof given.BSONValue === 'function')
  return {
    name: 'bson',
    isBuiltIn: true,
    serialize: (value) => {
      if (hasNested(value, isSilentlyLost)) {
        throw new TypeError(REFUSAL)
      }
      const bytes = format.serialize({ value }, SERIALIZE_OPTIONS)
      if (bytes.length > MAX_BYTES) throw new RangeError('a BSON document ends at 16 MiB')
      return bytes
    },
    // Binary values come back as slices of the bytes they are read from: so those are a copy.
    deserialize: (stored) => {
      const document = format.deserialize(Buffer.from(stored), DESERIALIZE_OPTIONS)
      if (Object.keys(document).join() === 'value') return document.value
      throw new TypeError('this document is not { value: <result> }')
    },
  }
}

/** Whether a part is one that `bson` drops, wraps around (bigints) or sets to 1970 (invalid Dates) instead of refusing it. */
function isSilentlyLost(part: unknown): boolean {
  switch (typeof part) {
    case 'bigint':
      return part < MIN_INT64 || part > MAX_INT64
    case 'object':
      if (types.isDate(part)) return Number.isNaN(part.getTime())
      if (types.isRegExp(part)) return /[^gim]/.test(part.flags)
      return types.isMap(part)
    default:
      return typeof part === 'function' || typeof part === 'symbol'
  }
}

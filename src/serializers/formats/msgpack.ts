import { types } from 'node:util'
import { checkPeer, type Peer } from '../load-peer.ts'
import { hasNested } from './has-nested.ts'
import { refuseMsgpackClaims } from './msgpack-claims.ts'
import type { Serializer } from '../serializer.ts'
import { asFloat, isDigits, refuseDigits } from './text.ts'

/** The part of the package `msgpackr` that is used, declared here: the types of this library must not import a package that may be missing. */
export interface Msgpackr {
  Packr: new (options: object) => { pack(value: unknown): Uint8Array }
  Unpackr: new (options: object) => { unpack(stored: Uint8Array): unknown }
}

export const MSGPACKR: Peer = { serializer: 'msgpack', package: 'msgpackr', major: 1 }

/** A number of eight bytes follows. */
const FLOAT_64 = 0xcb

/** "Never used" in MessagePack. As the first byte it says: what follows holds Maps, and its objects are records. */
const HOLDS_MAPS = 0xc1

/**
 * A serializer that writes MessagePack by the package `msgpackr`: compact, and fast to read. Dates, Maps, Sets, RegExps, Errors (without their stack),
 * bigints, Buffers, typed arrays, NaN and `undefined` inside come back as they were.
 *
 * JSON-like values, Dates and Buffers are standard MessagePack that every implementation reads; other types use
 * extensions. MessagePack has one kind of map, which is needed for objects: a value that holds a Map is stored with a
 * leading 0xC1 and in msgpackr's record form, where objects and Maps differ. Every value is complete in itself.
 *
 * `-0` comes back as `0`, an instance of a class as what its `toJSON` gives or as a plain object, a property named
 * `__proto__` under another name, half a surrogate pair as U+FFFD. Functions, symbols and cycles are refused.
 *
 * @param module `await import('msgpackr')`.
 * @throws {SerializerError} for another package, and for a version that is too old.
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 * @see https://github.com/kriszyp/msgpackr
 */
export function msgpack(module: Msgpackr): Serializer {
  const { Packr, Unpackr } = checkPeer<Msgpackr>(
    MSGPACKR,
    module,
    (given) => typeof given.Unpackr === 'function',
  )
  // `moreTypes`: Sets, typed arrays, big bigints. `copyBuffers`: results do not share memory with what is stored.
  const plain = {
    moreTypes: true,
    copyBuffers: true,
    useRecords: false,
    variableMapSize: true,
    writeFunction: refuseFunction,
  }
  const records = { ...plain, useRecords: true }
  // Each gets options of its own, as constructors write to them.
  const packer = new Packr({ ...plain })
  const unpacker = new Unpackr({ ...plain })
  const recordPacker = new Packr({ ...records })
  const recordUnpacker = new Unpackr({ ...records })
  return {
    name: 'msgpack',
    isBuiltIn: true,
    serialize: (value) => {
      if (typeof value === 'number') {
        const bytes = packer.pack(value)
        return isDigits(bytes) ? asFloat(value, FLOAT_64) : bytes
      }
      if (!hasNested(value, types.isMap)) return packer.pack(value)
      return Buffer.concat([Buffer.of(HOLDS_MAPS), recordPacker.pack(value)])
    },
    deserialize: (stored) => {
      refuseDigits(stored)
      const isRecords = stored[0] === HOLDS_MAPS
      const packed = isRecords ? stored.subarray(1) : stored
      refuseMsgpackClaims(packed)
      return (isRecords ? recordUnpacker : unpacker).unpack(packed)
    },
  }
}

function refuseFunction(): never {
  throw new TypeError('MessagePack has no functions')
}

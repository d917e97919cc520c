import { Buffer } from 'node:buffer'
import process from 'node:process'
import { BY_CLONE, CHANGED, fidelityOf, withoutInstances } from '../fidelity.ts'
import { lossyJsonSerializer } from './json.ts'
import type { Serializer } from '../serializer.ts'
import { v8Serializer } from './v8.ts'

/**
 * The beginnings of stored values that are not JSON. JSON never begins with NUL, and stored errors have another word after it.
 * There are two of them, since Bun has a structured clone of its own.
 */
const MARKS = { v8: '\0v8\0', jsc: '\0jsc\0' } as const

const OWN_CLONE = process.versions['bun'] === undefined ? 'v8' : 'jsc'
const OTHER_CLONE = OWN_CLONE === 'v8' ? 'jsc' : 'v8'

/**
 * The default: JSON for every value that JSON brings back as it was, byte for byte as `JSON.stringify` writes it, so that any
 * program can read it. All other values (with Dates, Maps, Sets, bigints, typed arrays, NaN, `-0`, `undefined` in arrays, RegExps,
 * Errors, cycles) are structured clones, as with `'v8'`, after a mark.
 *
 * Instances of classes come back as plain objects, or as what their `toJSON` returns. Functions, symbols, promises, streams
 * and the like are refused. Node and Bun cannot read each other's structured clones: such an entry counts as a miss.
 */
export const autoSerializer: Serializer = {
  name: 'auto',
  isBuiltIn: true,
  losesOnly: CHANGED,
  serialize: (value, fidelity = fidelityOf(value)) => {
    if (!(fidelity & BY_CLONE)) return lossyJsonSerializer.serialize(value)
    return Buffer.concat([Buffer.from(MARKS[OWN_CLONE]), clone(value, fidelity)])
  },
  deserialize: (stored) => {
    if (stored[0] !== 0) return lossyJsonSerializer.deserialize(stored)
    const mark = MARKS[OWN_CLONE]
    if (beginsWith(stored, mark)) return v8Serializer.deserialize(stored.subarray(mark.length))
    if (!beginsWith(stored, MARKS[OTHER_CLONE])) throw new TypeError('it begins with an unknown mark')
    throw new TypeError(
      'another runtime wrote it, and Node and Bun do not read the structured clones of each other',
    )
  },
  // A stored value that begins with a mark is never read as text.
  deserializeText: (stored) => JSON.parse(stored) as unknown,
}

const beginsWith = (stored: Buffer, mark: string): boolean =>
  stored.toString('latin1', 0, mark.length) === mark

function clone(value: unknown, fidelity: number): Uint8Array {
  if (!(fidelity & CHANGED)) {
    try {
      return v8Serializer.serialize(value) as Uint8Array
    } catch {
      // A Proxy looks like a plain object, but cannot be cloned.
    }
  }
  return v8Serializer.serialize(withoutInstances(value)) as Uint8Array
}

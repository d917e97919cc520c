import { Buffer } from 'node:buffer'
import { types } from 'node:util'
import v8 from 'node:v8'
import { adopt, isForeign } from '../../realms/adopt.ts'
import { CHANGED } from '../fidelity.ts'
import type { Serializer } from '../serializer.ts'

/**
 * Node's structured clone. It restores Dates, Maps, Sets, RegExps, Errors, bigints, typed arrays, Buffers (as Buffers),
 * `undefined` and holes inside, cycles and shared references. It needs no package.
 *
 * Instances of classes come back as plain objects; functions and symbols are refused. Only the same runtime can read the
 * bytes, since Bun has a format of its own. A newer version may write bytes that an older one cannot read. Such an entry counts
 * as a miss.
 *
 * @see https://nodejs.org/api/v8.html#serialization-api
 */
export const v8Serializer: Serializer = {
  name: 'v8',
  isBuiltIn: true,
  losesOnly: CHANGED,
  serialize: (value) => v8.serialize(value),
  deserialize: (stored) => {
    read ??= reader()
    return read(stored)
  },
}

type Read = (stored: Buffer) => unknown

/** The first byte of everything that V8 writes. The version of the format follows. */
const FIRST_BYTE = 0xff

let read: Read | undefined

/** Makes the function that reads. Node makes objects of its own realm; the programs in Jest and in `vmThreads` of Vitest have others. */
function reader(): Read {
  const copying = copyingReader() ?? ((stored) => v8.deserialize(Buffer.from(stored)) as unknown)
  const sample = v8.deserialize(v8.serialize({ bytes: new Uint8Array(1) })) as { readonly bytes: object }
  // Vitest with jsdom replaces the classes of typed arrays alone.
  const isFromElsewhere = isForeign(sample, Object) || isForeign(sample.bytes, Uint8Array)
  return isFromElsewhere ? (stored) => adopt(copying(stored)) : copying
}

/**
 * Makes a function like `v8.deserialize`, except that typed arrays get memory of their own. With the original they would share
 * the memory of the stored bytes: writing to an array would change these, and its `buffer` would show the bytes around it.
 * Returns `undefined` in Bun, which has no class to extend, and whose `v8.deserialize` copies.
 */
function copyingReader(): Read | undefined {
  const { DefaultDeserializer } = v8
  // Called by V8 for every view of an ArrayBuffer. Documented, but missing in the types of the class.
  const readView = Reflect.get(DefaultDeserializer?.prototype ?? {}, '_readHostObject') as
    | (() => ArrayBufferView)
    | undefined
  if (readView === undefined) return undefined
  class CopyingDeserializer extends DefaultDeserializer {
    _readHostObject(): ArrayBufferView {
      return copyOf((readView as () => ArrayBufferView).call(this))
    }
  }
  return (stored) => {
    // Without this check, V8 would read the bytes as one of its oldest formats, in which a text such as `0` is a value.
    if (stored[0] !== FIRST_BYTE) throw new TypeError('it does not begin with the first byte of V8')
    const deserializer = new CopyingDeserializer(stored)
    deserializer.readHeader()
    const value: unknown = deserializer.readValue()
    const { byteOffset } = deserializer.readRawBytes(0)
    if (byteOffset !== stored.byteOffset + stored.length)
      throw new TypeError('there are bytes after the value')
    return value
  }
}

function copyOf(view: ArrayBufferView): ArrayBufferView {
  if (Buffer.isBuffer(view)) return Buffer.from(view)
  if (types.isDataView(view)) {
    return new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength))
  }
  return (view as Uint8Array).slice()
}

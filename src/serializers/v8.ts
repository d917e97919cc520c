import { DefaultDeserializer, serialize } from 'node:v8'
import type { Serializer } from './serializer.ts'

/**
 * Node's structured clone: Dates, Maps, Sets, RegExps, Errors, bigints, typed arrays, Buffers (as Buffers), `undefined`
 * and holes inside, cycles and shared references. No package needed.
 *
 * Instances of classes come back as plain objects; functions and symbols are refused. Only Node reads it, and a newer
 * Node may write what an older one cannot read (that is a miss, not an error).
 *
 * @see https://nodejs.org/api/v8.html#serialization-api
 */
export const v8Serializer: Serializer = {
  name: 'v8',
  serialize: (value) => serialize(value),
  deserialize: (stored) => {
    const deserializer = new CopyingDeserializer(stored)
    deserializer.readHeader()
    return deserializer.readValue()
  },
}

/**
 * `v8.deserialize`, except that typed arrays get memory of their own. Those of the original lie in the stored bytes:
 * writing to one would write to them, and its `buffer` would show everything around it.
 */
class CopyingDeserializer extends DefaultDeserializer {
  /** Called by V8 for every view of an ArrayBuffer. Documented, but missing in the types of the base class. */
  _readHostObject(): ArrayBufferView {
    const view = original._readHostObject.call(this)
    if (Buffer.isBuffer(view)) return Buffer.from(view)
    if (view instanceof DataView) {
      return new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength))
    }
    return (view as Uint8Array).slice()
  }
}

const original = DefaultDeserializer.prototype as unknown as { _readHostObject(): ArrayBufferView }

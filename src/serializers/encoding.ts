import { SerializerError } from '../errors.ts'
import type { Serializer } from './serializer.ts'

/**
 * A result as what is stored: a string or bytes, and an empty string for `undefined`, whatever the format.
 *
 * @throws {SerializerError} when the serializer throws (its error is the `cause`), or returns neither a string nor
 *   bytes, such as `undefined` or a promise.
 */
export function encode(serializer: Serializer, value: unknown): string | Buffer {
  if (value === undefined) return ''
  let output: unknown
  try {
    output = serializer.serialize(value)
  } catch (error) {
    throw new SerializerError(
      `Serializer '${serializer.name}' cannot store this result: ${reasonOf(error)}. Return something it knows, or ` +
        `give this function another serializer.`,
      { cause: error },
    )
  }
  if (typeof output === 'string') return output
  if (output instanceof Uint8Array) {
    return Buffer.isBuffer(output) ? output : Buffer.from(output.buffer, output.byteOffset, output.byteLength)
  }
  throw new SerializerError(
    `Serializer '${serializer.name}' made ${nounOf(output)} of this result. It must return a string, a Buffer or a ` +
      `Uint8Array, and at once: a promise is too late.`,
  )
}

/**
 * What is stored as the result it was.
 *
 * @throws {SerializerError} when the serializer throws; its error is the `cause`.
 */
export function decode(serializer: Serializer, stored: Buffer): unknown {
  if (stored.length === 0) return undefined
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

/** The message of what was thrown, which need not be an error, without the full stop at its end. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
}

function nounOf(output: unknown): string {
  if (output === undefined || output === null) return String(output)
  if (typeof output !== 'object') return `a ${typeof output}`
  return output instanceof Promise ? 'a promise' : 'an object'
}

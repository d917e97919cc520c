/**
 * Turns thrown values into stored bytes and back, so that they are thrown again in any process as they were.
 *
 * The bytes are {@link ERROR_MARKER} and a plain record (see `error-record.ts`) that the serializer has encoded. So values in
 * properties of an error are kept as faithfully as results. Everyone who can read the store can read the error, including the
 * stack with its paths.
 */
import { SerializerError } from '../../errors.ts'
import { decode, ERROR_MARKER, isStoredError, reasonOf, serialize } from '../encoding.ts'
import type { ErrorClasses } from './error-classes.ts'
import { recordOf, revive, type ThrowRecord, withValues } from './error-record.ts'
import type { Serializer } from '../serializer.ts'

/**
 * Turns a thrown value, an error or anything else, into what is stored.
 *
 * Each property that the serializer refuses is left out; if it refuses the rest together, because it is too large, all properties
 * are. Names, messages, stacks and causes remain.
 *
 * @throws {SerializerError} if the serializer refuses these as well, and for a thrown value that is no error and is refused.
 */
export function encodeError(serializer: Serializer, thrown: unknown): string | Buffer {
  const record = tryRecordOf(thrown)
  const attempts: readonly (() => ThrowRecord)[] = [
    () => record,
    () => withValues(record, (value) => canStore(serializer, value)),
    () => withValues(record, () => false),
  ]
  let failure: unknown
  for (const attempt of attempts) {
    try {
      return withMarker(serialize(serializer, attempt(), 'error'))
    } catch (error) {
      failure ??= error
    }
  }
  throw failure as SerializerError
}

/**
 * Turns what {@link encodeError} made back into a value to throw, a new one at every call.
 *
 * An error of a class that is unknown here becomes an instance of the nearest known class that its class extends; its `name` and
 * everything else stay as they were.
 *
 * @throws {SerializerError} for bytes that cannot be read.
 */
export function decodeError(serializer: Serializer, stored: Buffer, classes: ErrorClasses): unknown {
  if (!isStoredError(stored)) {
    throw new SerializerError('The stored value is a result of the function, not an error.')
  }
  const record = decode(serializer, stored.subarray(ERROR_MARKER.length))
  try {
    return revive(record, classes)
  } catch (error) {
    throw new SerializerError(
      `Serializer '${serializer.name}' does not bring back this error (${stored.length} bytes): ${reasonOf(error)}. ` +
        'Was it written by another serializer or version? Invalidate the entry, or change the name of the cache.',
      { cause: error },
    )
  }
}

function tryRecordOf(thrown: unknown): ThrowRecord {
  try {
    return recordOf(thrown)
  } catch (error) {
    throw new SerializerError(
      `The thrown value cannot be stored: ${reasonOf(error)}. Throw errors, or exclude it by \`when\` of \`cacheErrors\`.`,
      { cause: error },
    )
  }
}

function withMarker(output: string | Buffer): string | Buffer {
  return typeof output === 'string'
    ? ERROR_MARKER + output
    : Buffer.concat([Buffer.from(ERROR_MARKER), output])
}

/** Whether the serializer can store a value inside an object: some formats store more values there than at the top. */
function canStore(serializer: Serializer, value: unknown): boolean {
  try {
    serialize(serializer, { value }, 'error')
    return true
  } catch {
    return false
  }
}

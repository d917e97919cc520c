/**
 * What a function threw, as what is stored, and back: to be thrown again as it was, in any process.
 *
 * Stored are {@link ERROR_MARKER} and what the serializer makes of a plain record (see `error-record.ts`), so that
 * values in properties of the error are kept as well as results are. They lie in the store for all who can read it to
 * read, and so does the stack with its paths.
 */
import { SerializerError } from '../../errors.ts'
import { decode, ERROR_MARKER, isStoredError, reasonOf, serialize } from '../encoding.ts'
import type { ErrorClasses } from './error-classes.ts'
import { recordOf, revive, type ThrowRecord, withValues } from './error-record.ts'
import type { Serializer } from '../serializer.ts'

/**
 * What a function threw, an error or anything else, as what is stored.
 *
 * Properties that the serializer refuses are left out, each for itself; if it refuses the others together, as too
 * large, all are. Names, messages, stacks and causes remain.
 *
 * @throws {SerializerError} as `encode` does, when the serializer refuses these too, or a thrown value that is no error.
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
 * What {@link encodeError} stored, new at every call, and to be thrown.
 *
 * An error of a class that is not known here is of the nearest that is, among those the class extends; its `name` and
 * all else are as they were.
 *
 * @throws {SerializerError} when it cannot be read.
 */
export function decodeError(serializer: Serializer, stored: Buffer, classes: ErrorClasses): unknown {
  if (!isStoredError(stored)) {
    throw new SerializerError('What is stored is a result of the function, not an error.')
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
      `What was thrown cannot be stored: ${reasonOf(error)}. Throw errors, or leave it out by \`when\` of ` +
        '`cacheErrors`.',
      { cause: error },
    )
  }
}

function withMarker(output: string | Buffer): string | Buffer {
  return typeof output === 'string'
    ? ERROR_MARKER + output
    : Buffer.concat([Buffer.from(ERROR_MARKER), output])
}

/** Inside of an object, where formats take more than they take alone. */
function canStore(serializer: Serializer, value: unknown): boolean {
  try {
    serialize(serializer, { value }, 'error')
    return true
  } catch {
    return false
  }
}

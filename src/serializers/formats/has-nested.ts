import { types } from 'node:util'
import { isError } from '../../realms/native.ts'

/**
 * Whether a value, or any part of it, matches: array items, own enumerable properties, keys and values of Maps,
 * members of Sets, causes of errors. Cycles are followed once.
 *
 * For formats that would lose such parts silently. It runs when a result is stored, and never when it is read.
 */
export function hasNested(value: unknown, matches: (part: unknown) => boolean): boolean {
  return search(value, matches, new Set())
}

function search(part: unknown, matches: (part: unknown) => boolean, seen: Set<object>): boolean {
  if (matches(part)) return true
  if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part) || seen.has(part)) return false
  seen.add(part)
  if (Array.isArray(part) || types.isSet(part)) {
    for (const item of part) if (search(item, matches, seen)) return true
    return false
  }
  if (types.isMap(part)) {
    for (const [key, item] of part) if (search(key, matches, seen) || search(item, matches, seen)) return true
    return false
  }
  // The cause of an error is not enumerable.
  if (isError(part) && search(part.cause, matches, seen)) return true
  for (const item of Object.values(part)) if (search(item, matches, seen)) return true
  return false
}

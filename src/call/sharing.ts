import { isArrayPrototype, isPlainPrototype } from '../realms/native.ts'
import { autoSerializer } from '../serializers/formats/auto.ts'
import { decode, encode } from '../serializers/encoding.ts'
import { findLoss } from '../serializers/loss.ts'

/**
 * Returns a function that gives each follower a result that was not serialized: the value itself if it cannot be changed, or a
 * copy by the serializer 'auto' if that loses nothing. `undefined` if the value must not be shared, such as a stream.
 */
export function sharingOf(value: unknown): (() => unknown) | undefined {
  if (isUnchangeable(value)) return () => value
  try {
    const stored = Buffer.from(encode(autoSerializer, value))
    if (findLoss(autoSerializer, value, stored) !== undefined) return undefined
    return () => decode(autoSerializer, stored)
  } catch {
    return undefined
  }
}

/** Whether a value is a primitive, or made of frozen plain objects and arrays alone. */
function isUnchangeable(value: unknown, seen: Set<unknown> = new Set()): boolean {
  if (Object(value) !== value || seen.has(value)) return true
  seen.add(value)
  const object = value as object
  const prototype: object | null = Object.getPrototypeOf(object)
  if (!isPlainPrototype(prototype) && !isArrayPrototype(prototype)) return false
  if (!Object.isFrozen(object)) return false
  return Object.values(Object.getOwnPropertyDescriptors(object)).every(
    (property) => 'value' in property && isUnchangeable(property.value, seen),
  )
}

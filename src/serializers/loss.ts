import { types } from 'node:util'
import { isError, isPlainPrototype, nativeName } from '../realms/native.ts'
import { decode, reasonOf } from './encoding.ts'
import type { Serializer } from './serializer.ts'

/**
 * Finds the first part of a result that does not come back from the store unchanged, and describes it:
 * `'result.createdAt is a Date and comes back as a string'`. Returns `undefined` if everything comes back unchanged.
 *
 * It decodes and compares, which takes far longer than a call, and so is done once for each function. It quotes names of
 * properties, and never their values. An object without a prototype that comes back with the usual one counts as equal.
 *
 * @param stored What `encode` made of `value`.
 */
export function findLoss(
  serializer: Serializer,
  value: unknown,
  stored: string | Buffer,
): string | undefined {
  let returned: unknown
  try {
    returned = decode(serializer, typeof stored === 'string' ? Buffer.from(stored) : stored)
  } catch (error) {
    return `result cannot be read back: ${reasonOf(isError(error) && error.cause ? error.cause : error)}`
  }
  try {
    const comparison: Comparison = { seen: new Set(), vanished: undefined }
    return compare('result', value, returned, comparison) ?? comparison.vanished
  } catch {
    // A getter throws, or the value is too deep to walk. There is no warning then, since the call itself succeeded.
    return undefined
  }
}

interface Comparison {
  /** Objects that are being compared or were found equal, so that cycles end. */
  readonly seen: Set<object>
  /** The first property that was `undefined` and is missing now: reported only if there is no other loss. */
  vanished: string | undefined
}

/** The first difference at or below `path`. */
function compare(path: string, before: unknown, after: unknown, comparison: Comparison): string | undefined {
  if (Object.is(before, after)) return undefined
  if (!isObject(before) || !isObject(after) || kindOf(before) !== kindOf(after)) {
    return differ(path, describe(before), describe(after))
  }
  if (comparison.seen.has(before)) return undefined
  comparison.seen.add(before)
  if (types.isMap(before) && types.isMap(after)) {
    const loss = compareMaps(path, before, after, comparison)
    return loss ?? compareProperties(path, before, after, comparison)
  }
  if (isEqualInside(before, after, comparison) === false) return differ(path, kindOf(before), kindOf(after))
  return ArrayBuffer.isView(before) ? undefined : compareProperties(path, before, after, comparison)
}

function compareProperties(
  path: string,
  before: object,
  after: object,
  comparison: Comparison,
): string | undefined {
  for (const name of Reflect.ownKeys(before)) {
    if (!isSeen(before, name)) continue
    const place = path + accessOf(before, name)
    const item: unknown = Reflect.get(before, name)
    if (Object.hasOwn(after, name)) {
      const loss = compare(place, item, Reflect.get(after, name), comparison)
      if (loss !== undefined) return loss
    } else if (item === undefined) {
      comparison.vanished ??= `${place} is undefined and does not come back`
    } else {
      return `${place} is ${describe(item)} and does not come back`
    }
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length !== after.length) {
    return `${path} comes back with another length`
  }
  const added = Object.keys(after).find((name) => !Object.hasOwn(before, name))
  return added === undefined ? undefined : `${path}${accessOf(before, added)} does not exist and comes back`
}

/** Properties of errors count even if they are not enumerable; their stack does not. */
function isSeen(object: object, name: string | symbol): boolean {
  if (Object.prototype.propertyIsEnumerable.call(object, name)) return true
  return isError(object) && (name === 'message' || name === 'cause' || name === 'errors')
}

function compareMaps(
  path: string,
  before: ReadonlyMap<unknown, unknown>,
  after: ReadonlyMap<unknown, unknown>,
  comparison: Comparison,
): string | undefined {
  if (before.size !== after.size) return `${path} is a Map and comes back with another size`
  const others = after.entries()
  for (const [key, item] of before) {
    const [otherKey, otherItem] = others.next().value as [unknown, unknown]
    const place = typeof key === 'string' ? `${path}.get(${JSON.stringify(key)})` : `${path}.get(…)`
    const loss =
      compare(`a key of ${path}`, key, otherKey, comparison) ?? compare(place, item, otherItem, comparison)
    if (loss !== undefined) return loss
  }
  return undefined
}

function differ(path: string, before: string, after: string): string {
  return `${path} is ${before} and comes back as ${before === after ? 'a different one' : after}`
}

function describe(value: unknown): string {
  if (isObject(value)) return kindOf(value)
  switch (typeof value) {
    case 'number':
      if (Object.is(value, -0)) return '-0'
      return Number.isFinite(value) && value !== 0 ? 'a number' : String(value)
    case 'object':
      return 'null'
    case 'undefined':
      return 'undefined'
    default:
      return `a ${typeof value}`
  }
}

/** The kind of an object with its article, such as `a Map`. Objects of one kind count as equal if their parts are equal. */
function kindOf(value: object): string {
  if (typeof value === 'function') return 'a function'
  const prototype: object | null = Object.getPrototypeOf(value)
  if (isPlainPrototype(prototype)) return 'a plain object'
  const { constructor } = value as { constructor?: unknown }
  const ownName = typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'object'
  const name = (prototype === null ? undefined : nativeName(prototype)) ?? ownName
  return /^[AEIO]/i.test(name) ? `an ${name}` : `a ${name}`
}

/**
 * Compares content that is not in properties, or in too many of them to walk. It uses the methods of the built-in classes, which
 * work for objects of every realm. Returns `undefined` for objects without such content.
 */
function isEqualInside(before: object, after: object, comparison: Comparison): boolean | undefined {
  if (types.isDate(before) && types.isDate(after)) return Object.is(before.getTime(), after.getTime())
  if (types.isRegExp(before) && types.isRegExp(after)) {
    return String(before) === String(after) && before.lastIndex === after.lastIndex
  }
  if (types.isSet(before) && types.isSet(after)) {
    const members = [...after]
    return (
      before.size === after.size &&
      [...before].every((member, i) => compare('', member, members[i], comparison) === undefined)
    )
  }
  if (ArrayBuffer.isView(before) && ArrayBuffer.isView(after)) {
    return Buffer.compare(bytesOf(before), bytesOf(after)) === 0
  }
  return undefined
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)

function accessOf(container: object, name: string | symbol): string {
  if (typeof name === 'symbol') return `[${String(name)}]`
  if (Array.isArray(container) && /^\d+$/.test(name)) return `[${name}]`
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

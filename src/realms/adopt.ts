import { types } from 'node:util'
import { nativeName } from './native.ts'

/**
 * Sets the prototypes of a value, and of everything in it, to the built-in classes of this realm, so that its dates are
 * `instanceof Date` here. Changes the objects in place.
 */
export function adopt(value: unknown): unknown {
  const adopted = new Set<unknown>()
  const pending = [value]
  while (pending.length > 0) {
    const item = pending.pop()
    if (typeof item !== 'object' || item === null || adopted.has(item)) continue
    adopted.add(item)
    adoptAlone(item)
    if (types.isMap(item)) Map.prototype.forEach.call(item, (member, key) => pending.push(key, member))
    if (types.isSet(item)) Set.prototype.forEach.call(item, (member) => pending.push(member))
    if (ArrayBuffer.isView(item)) continue
    for (const { value: member } of Object.values(Object.getOwnPropertyDescriptors(item)))
      pending.push(member)
  }
  return value
}

function adoptAlone(item: object): void {
  const prototype: object | null = Object.getPrototypeOf(item)
  const name = prototype === null ? undefined : nativeName(prototype)
  const own = name === undefined ? undefined : (globalThis as Record<string, unknown>)[name]
  if (typeof own === 'function' && own.prototype !== prototype)
    Object.setPrototypeOf(item, own.prototype as object)
}

/** Whether an object comes from another realm: its prototype is not that of the given class. */
export function isForeign(made: object, type: { readonly prototype: object }): boolean {
  return Object.getPrototypeOf(made) !== type.prototype
}

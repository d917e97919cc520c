import { types } from 'node:util'
import { nativeName } from './native.ts'

/**
 * Gives a value, and all that it holds, the built-in classes of this realm, whichever realm made it: then its dates are
 * `instanceof Date` for the program that lives here. The value itself is changed; what it holds stays as it is.
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
    if (!ArrayBuffer.isView(item))
      pending.push(...Object.values(Object.getOwnPropertyDescriptors(item)).map(valueOf))
  }
  return value
}

const valueOf = (property: PropertyDescriptor): unknown => property.value

function adoptAlone(item: object): void {
  const prototype: object | null = Object.getPrototypeOf(item)
  const name = prototype === null ? undefined : nativeName(prototype)
  const own = name === undefined ? undefined : (globalThis as Record<string, unknown>)[name]
  if (typeof own === 'function' && own.prototype !== prototype)
    Object.setPrototypeOf(item, own.prototype as object)
}

/** Whether a function makes its objects in another realm than this one. */
export function isForeign(make: () => unknown): boolean {
  const made = make()
  return typeof made === 'object' && made !== null && Object.getPrototypeOf(made) !== Object.prototype
}

/**
 * Copies thrown values for the calls that joined the one that ran the function: a caller may change the error that it catches, and
 * no other caller must see that.
 */
import { types } from 'node:util'
import { isArrayPrototype, isError, nativeName } from '../../realms/native.ts'
import { CHANGED, fidelityOf, LOST } from '../fidelity.ts'

/**
 * Copies a thrown value: an error of the same class, with the same message, stack and properties, and with copies of the errors in
 * `cause` and `errors` and of plain data.
 *
 * A value that cannot be copied is returned itself: errors of classes with private fields and of the platform (DOMException),
 * frozen errors, and thrown handles. The same holds for the values of properties.
 */
export function copyOfThrown(thrown: unknown): unknown {
  try {
    return copy(thrown, new Map())
  } catch {
    return thrown // a Proxy or a getter threw
  }
}

function copy(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (copies.has(value)) return copies.get(value)
  if (isError(value)) return isCopyable(value) ? copyOfError(value, copies) : value
  if (isArrayPrototype(Object.getPrototypeOf(value)) && (value as unknown[]).some(isError)) {
    return (value as unknown[]).map((item) => copy(item, copies))
  }
  return fidelityOf(value) & (CHANGED | LOST) ? value : structuredClone(value)
}

function copyOfError(error: Error, copies: Map<object, unknown>): Error {
  const copied: Error = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error) as object) as Error
  Reflect.deleteProperty(copied, 'stack') // it would show this function
  copies.set(error, copied)
  for (const name of Reflect.ownKeys(error)) {
    const descriptor = Object.getOwnPropertyDescriptor(error, name) as PropertyDescriptor
    // In some engines the stack is an accessor that reads this one error only.
    const own =
      name === 'stack'
        ? { value: error.stack, writable: true, configurable: true, enumerable: false }
        : descriptor
    if ('value' in own) own.value = copy(own.value, copies)
    Object.defineProperty(copied, name, own)
  }
  return copied
}

/** Whether everything that an error consists of is visible from outside. */
function isCopyable(error: Error): boolean {
  if (!types.isNativeError(error)) return false
  for (let each = prototypeOf(error); each !== null; each = prototypeOf(each)) {
    if (nativeName(each) === undefined && hasPrivateParts(each)) return false
  }
  return true
}

const prototypeOf = (object: object): object | null => Object.getPrototypeOf(object) as object | null

/** Private fields, as written in sources and by compilers. */
const PRIVATE = /#[\p{ID_Start}$_]|__private|__classPrivate|WeakMap|WeakSet/u

const privacy = /* @__PURE__ */ new WeakMap<object, boolean>()

function hasPrivateParts(prototype: object): boolean {
  let has = privacy.get(prototype)
  if (has === undefined) {
    const { constructor } = prototype as { readonly constructor?: unknown }
    has = typeof constructor !== 'function' || PRIVATE.test(Function.prototype.toString.call(constructor))
    privacy.set(prototype, has)
  }
  return has
}

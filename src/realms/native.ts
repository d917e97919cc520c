/**
 * Recognizes values of all realms.
 *
 * A realm is a set of the built-in classes of JavaScript: `node:vm` makes more of them, and so do test runners that use it. A `Date`
 * of another realm is not `instanceof Date` here. For most kinds `types` of `node:util` tells; this module tells the others.
 */
import { types } from 'node:util'

const NATIVE = /^function (\w+)\(\) \{\s+\[native code\]\s+\}$/
const nativeNames = /* @__PURE__ */ new WeakMap<object, string>()

/**
 * The name of the native constructor that a prototype belongs to.
 *
 * The source text of a function cannot be forged, unlike its name, `instanceof` and `Symbol.toStringTag`.
 */
export function nativeName(prototype: object): string | undefined {
  const known = nativeNames.get(prototype)
  if (known !== undefined) return known
  // Fake timers of test runners replace the class by one of their own.
  if (prototype === Date.prototype) return 'Date'
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof constructor !== 'function' || constructor.prototype !== prototype) return undefined
  const name = NATIVE.exec(Function.prototype.toString.call(constructor))?.[1]
  if (name !== undefined) nativeNames.set(prototype, name)
  return name
}

/** Whether a prototype is that of plain objects, in any realm, or `null`. */
export function isPlainPrototype(prototype: object | null): boolean {
  if (prototype === null || prototype === Object.prototype) return true
  return Object.getPrototypeOf(prototype) === null && nativeName(prototype) === 'Object'
}

/** Whether a prototype is that of arrays, in any realm, and not of a subclass. */
export function isArrayPrototype(prototype: object | null): boolean {
  return prototype === Array.prototype || (prototype !== null && nativeName(prototype) === 'Array')
}

/** Works like `instanceof`, but for a built-in class also recognizes instances of other realms. */
export function isInstance(value: unknown, type: abstract new (...args: never[]) => unknown): boolean {
  if (value instanceof type) return true
  const name = nativeName(type.prototype as object)
  return name !== undefined && inherits(value, (prototype) => nativeName(prototype) === name)
}

/** Whether a value is an error: an instance of `Error`, of any realm, or of a class that extends it. */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || isErrorPrototype(value)
}

/** Whether a value is `Error.prototype` of any realm, or inherits from it: the prototype of a class of errors, or an instance. */
export function isErrorPrototype(value: unknown): value is Error {
  return inherits(value, (object) => object === Error.prototype || nativeName(object) === 'Error')
}

/** Whether a condition holds for an object or for one of its prototypes. */
function inherits(value: unknown, holds: (object: object) => boolean): boolean {
  if (typeof value !== 'object') return false
  for (let object: object | null = value; object !== null; object = Object.getPrototypeOf(object)) {
    if (holds(object)) return true
  }
  return false
}

/** Whether a value is a promise, of any realm or implementation. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { readonly then?: unknown }).then === 'function'
  )
}

/** Ignores the rejection of a promise that came where a value was needed: an error reports that already. */
export function ignoreRejection(promise: unknown): void {
  if (isPromise(promise)) promise.then(undefined, () => {})
}

/**
 * The message of a thrown value, which need not be an error. Never empty: an error without a message is told by its class, its
 * code, and the first of the errors that it stands for.
 */
export function messageOf(thrown: unknown): string {
  if (isError(thrown)) return String(thrown.message).trim() === '' ? summaryOf(thrown) : thrown.message
  try {
    return String(thrown) || 'an empty text was thrown'
  } catch {
    return Object.prototype.toString.call(thrown) // an object without a prototype, or whose toString throws
  }
}

function summaryOf(error: Error): string {
  const { code, errors } = error as { readonly code?: unknown; readonly errors?: unknown }
  const [first] = Array.isArray(errors) ? errors : []
  const name = classNameOf(error) || 'Error'
  const named = typeof code === 'string' && code !== '' ? `${name} (${code})` : name
  return isError(first) && first !== error ? `${named}: ${first.message || classNameOf(first)}` : named
}

/** The name of an error's class; the `name` of the error itself may be `Error` for all classes. */
export function classNameOf(error: Error): string {
  const { constructor } = error as { readonly constructor?: unknown }
  return (typeof constructor === 'function' && constructor.name) || error.name
}

/** Turns a thrown value into an error: a value that is no error becomes the `cause` of one. */
export function toError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(messageOf(thrown), { cause: thrown })
}

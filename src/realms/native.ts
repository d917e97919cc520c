/**
 * What a value is, in whatever realm it was made.
 *
 * A realm is a set of the built-in classes of JavaScript: `node:vm` makes more of them, and so do test runners on top of
 * it. A `Date` of another realm is no `instanceof Date` here. For most kinds `node:util`'s `types` tells; for the others,
 * what stands here.
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
  // Fake timers of test runners put a class of their own in its place.
  if (prototype === Date.prototype) return 'Date'
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof constructor !== 'function' || constructor.prototype !== prototype) return undefined
  const name = NATIVE.exec(Function.prototype.toString.call(constructor))?.[1]
  if (name !== undefined) nativeNames.set(prototype, name)
  return name
}

/** The prototype of plain objects, of this realm, of another one, or none. */
export function isPlainPrototype(prototype: object | null): boolean {
  if (prototype === null || prototype === Object.prototype) return true
  return Object.getPrototypeOf(prototype) === null && nativeName(prototype) === 'Object'
}

/** The prototype of arrays; not that of a subclass. */
export function isArrayPrototype(prototype: object | null): boolean {
  return prototype === Array.prototype || (prototype !== null && nativeName(prototype) === 'Array')
}

/** `instanceof`, which for a built-in class holds in whatever realm the value was made. */
export function isInstance(value: unknown, type: abstract new (...args: never[]) => unknown): boolean {
  if (value instanceof type) return true
  const name = nativeName(type.prototype as object)
  return name !== undefined && inherits(value, (prototype) => nativeName(prototype) === name)
}

/** An error: an instance of `Error` or of a class that extends it. */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || isErrorPrototype(value)
}

/** `Error.prototype`, or an object that inherits from it: that of a class of errors, or an instance. */
export function isErrorPrototype(value: unknown): value is Error {
  return inherits(value, (object) => object === Error.prototype || nativeName(object) === 'Error')
}

/** Whether that holds for an object or for one of its prototypes. */
function inherits(value: unknown, holds: (object: object) => boolean): boolean {
  if (typeof value !== 'object') return false
  for (let object: object | null = value; object !== null; object = Object.getPrototypeOf(object)) {
    if (holds(object)) return true
  }
  return false
}

/** A promise, also one that a program has put in the place of the native ones. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { readonly then?: unknown }).then === 'function'
  )
}

/** For a promise that came where a value was needed, which is said by an error: its rejection is not the process's affair. */
export function ignoreRejection(promise: unknown): void {
  if (isPromise(promise)) promise.then(undefined, () => {})
}

/** The message of what was thrown, which need not be an error; the name of its class if the message is empty. */
export function messageOf(thrown: unknown): string {
  if (isError(thrown)) return thrown.message || classNameOf(thrown)
  try {
    return String(thrown)
  } catch {
    return Object.prototype.toString.call(thrown) // without a prototype, or of no mind to tell
  }
}

/** The name of the class; that of the error itself may be `Error` for all of them. */
export function classNameOf(error: Error): string {
  const { constructor } = error as { readonly constructor?: unknown }
  return (typeof constructor === 'function' && constructor.name) || error.name
}

/** What was thrown as an error; what is none becomes the `cause` of one. */
export function toError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(messageOf(thrown), { cause: thrown })
}

/**
 * Determines what a serializer must be able to do to bring a value back unchanged. The value is walked once when it is stored,
 * and not when it is read.
 *
 * A property that is `undefined` counts as missing, an object without a prototype as a plain one, and an object that is referenced
 * twice as two equal ones, as JSON makes of it.
 */
import process from 'node:process'
import { types } from 'node:util'
import { isArrayPrototype, isPlainPrototype, isPromise, messageOf, nativeName } from '../realms/native.ts'

/** Bits of what {@link fidelityOf} returns; without any of them, JSON brings the value back as it was. */
export const BY_CLONE = 1
/** A part of the value changes in every format: instances of classes, properties named by symbols. */
export const CHANGED = 2
/** A part of the value is lost in every format: functions, streams, promises … */
export const LOST = 4
/** The value is nested too deeply to be walked, so nothing is known of its innermost parts. */
export const TOO_DEEP = 8

/** A value deeper or larger than this may have cycles, or reach one object in very many ways. */
const MAX_DEPTH = 200
const MAX_OBJECTS = 1_000_000

/** Which of {@link BY_CLONE}, {@link CHANGED}, {@link LOST} and {@link TOO_DEEP} hold for a value or any part of it. */
export function fidelityOf(value: unknown): number {
  try {
    return new Walk(undefined).of(value, 0)
  } catch (error) {
    if (error !== TOO_LARGE) return failed(error)
  }
  try {
    return new Walk(new Set()).of(value, 0)
  } catch (error) {
    return failed(error)
  }
}

/** For a value whose getter or Proxy threw, or that is nested too deeply. */
const failed = (error: unknown): number =>
  error instanceof RangeError && /call stack/i.test(error.message) ? TOO_DEEP : LOST

const TOO_LARGE = /* @__PURE__ */ new Error('too large to be walked without a set of the objects seen')

class Walk {
  /** Objects met so far: one that is met twice is left to structured clone. Kept only if needed, since it doubles the time. */
  readonly #seen: Set<object> | undefined
  #objects = 0

  constructor(seen: Set<object> | undefined) {
    this.#seen = seen
  }

  of(part: unknown, depth: number): number {
    switch (typeof part) {
      case 'string':
      case 'boolean':
        return 0
      case 'number':
        return Number.isFinite(part) && !Object.is(part, -0) ? 0 : BY_CLONE
      case 'object':
        return part === null ? 0 : this.#ofObject(part, depth)
      case 'undefined':
      case 'bigint':
        return BY_CLONE
      default:
        return LOST
    }
  }

  #ofObject(part: object, depth: number): number {
    if (this.#seen !== undefined) {
      if (this.#seen.has(part)) return BY_CLONE
      this.#seen.add(part)
    } else if (depth > MAX_DEPTH || ++this.#objects > MAX_OBJECTS) {
      throw TOO_LARGE
    }
    const prototype: object | null = Object.getPrototypeOf(part)
    if (prototype === Object.prototype || Array.isArray(part) || isPlainPrototype(prototype)) {
      return hasToJson(part) ? this.#ofJson(part, depth) : this.#ofPlain(part, prototype, depth)
    }
    if (isCloneable(part)) {
      let flags = BY_CLONE | changesOf(part, prototype)
      for (const [, item] of contentsOf(part)) flags |= this.of(item, depth + 1)
      return flags
    }
    // Lost even with a `toJSON`: what that returns is not their content.
    if (isPromise(part) || types.isKeyObject(part) || WEB_CLASSES.has(tagOf(part))) return LOST
    if (hasToJson(part)) return this.#ofJson(part, depth)
    return isOpaque(part) ? LOST : CHANGED | this.#ofProperties(part, depth)
  }

  /** For an object with a `toJSON`. As in JSON, a `toJSON` of the returned object is not called. */
  #ofJson(part: WithToJson, depth: number): number {
    const json = part.toJSON('')
    if (typeof json !== 'object' || json === null || isCloneable(json)) {
      return json === undefined ? CHANGED : CHANGED | this.of(json, depth + 1)
    }
    return CHANGED | this.#ofPlain(json, Object.getPrototypeOf(json), depth + 1)
  }

  #ofPlain(part: object, prototype: object | null, depth: number): number {
    if (Array.isArray(part)) return this.#ofArray(part, prototype, depth)
    return types.isArgumentsObject(part) ? CHANGED : this.#ofProperties(part, depth)
  }

  #ofProperties(part: object, depth: number): number {
    let flags = 0
    for (const name of Object.keys(part)) {
      const item = (part as Readonly<Record<string, unknown>>)[name]
      if (item !== undefined) flags |= this.of(item, depth + 1)
      if (flags & LOST) return flags
    }
    const symbols = Object.getOwnPropertySymbols(part)
    return symbols.some((name) => isEnumerable(part, name)) ? flags | CHANGED : flags
  }

  #ofArray(part: readonly unknown[], prototype: object | null, depth: number): number {
    let flags = isArrayPrototype(prototype) ? 0 : CHANGED
    // The array has holes, or properties of its own.
    if (Object.keys(part).length !== part.length) return flags | BY_CLONE | this.#ofProperties(part, depth)
    for (const item of part) {
      flags |= this.of(item, depth + 1)
      if (flags & LOST) return flags
    }
    return flags
  }
}

const isEnumerable = (part: object, name: symbol): boolean =>
  Object.prototype.propertyIsEnumerable.call(part, name)

interface WithToJson {
  toJSON(name: string): unknown
}

function hasToJson(part: object): part is WithToJson {
  return typeof (part as Partial<WithToJson>).toJSON === 'function'
}

/** Whether structured clone knows a part, as most formats other than JSON do. */
function isCloneable(part: object): boolean {
  if (ArrayBuffer.isView(part) || types.isArrayBuffer(part)) return true
  if (types.isDate(part) || types.isMap(part) || types.isSet(part) || types.isRegExp(part)) return true
  return types.isBoxedPrimitive(part) ? !types.isSymbolObject(part) : types.isNativeError(part)
}

/** The errors that structured clone brings back as they were; an AggregateError comes back as an Error. */
const KEPT_ERRORS: ReadonlySet<string | undefined> = /* @__PURE__ */ new Set([
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
])

/** Whether structured clone keeps the causes of errors: Bun drops them. */
const clonesCauses = process.versions['bun'] === undefined

/** The bits for a part that structured clone may change: it keeps built-in classes, but no properties added to their instances. */
function changesOf(part: object, prototype: object | null): number {
  if (Buffer.isBuffer(part)) return 0
  const name = prototype === null ? undefined : nativeName(prototype)
  if (name === undefined) return CHANGED
  if (ArrayBuffer.isView(part) || types.isStringObject(part)) return 0
  if (types.isRegExp(part) && part.lastIndex !== 0) return CHANGED
  if (types.isNativeError(part)) {
    const isKept = KEPT_ERRORS.has(name) && (clonesCauses || !Object.hasOwn(part, 'cause'))
    if (!isKept) return CHANGED
  }
  return Object.keys(part).length > 0 ? CHANGED : 0
}

/** Classes of the web platform, by the tag of their instances: `[object Response]`. */
const WEB_CLASSES: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'Response',
  'Request',
  'Headers',
  'FormData',
  'Blob',
  'File',
  'URLSearchParams',
  'ReadableStream',
  'WritableStream',
  'TransformStream',
  'AbortSignal',
  'AbortController',
  'EventTarget',
  'WebSocket',
])

/** Whether an instance shows nothing of its content from outside, or is work under way rather than data. */
function isOpaque(part: object): boolean {
  const seen = part as Readonly<Record<string | symbol, unknown>>
  if (typeof seen[Symbol.asyncIterator] === 'function') return true
  if (typeof seen['next'] === 'function' && typeof seen[Symbol.iterator] === 'function') return true
  if (typeof seen['on'] === 'function' && typeof seen['emit'] === 'function') return true
  if (types.isExternal(part) || isOfNativeClass(part)) return true
  const tag = tagOf(part)
  return tag !== 'Object' && typeof Reflect.get(globalThis, tag) === 'function'
}

/** Whether a part is of a built-in class, such as WeakMap or a format of `Intl`, whose content only the engine sees. */
function isOfNativeClass(part: object): boolean {
  for (
    let each: object | null = Object.getPrototypeOf(part);
    each !== null;
    each = Object.getPrototypeOf(each)
  ) {
    const name = nativeName(each)
    if (name !== undefined && name !== 'Object' && name !== 'Error') return true
  }
  return false
}

const tagOf = (part: object): string => Object.prototype.toString.call(part).slice('[object '.length, -1)

/** The parts of an object, and how each is reached. */
function contentsOf(part: object): readonly (readonly [access: string, item: unknown])[] {
  if (types.isMap(part)) {
    return [...part].flatMap(([key, item]) => [['.keys()', key] as const, ['.get(…)', item] as const])
  }
  if (types.isSet(part)) return Array.from(part, (item) => ['.values()', item])
  if (types.isNativeError(part)) return part.cause === undefined ? [] : [['.cause', part.cause]]
  if (isCloneable(part)) return []
  if (hasToJson(part)) return [['.toJSON()', part.toJSON('')]]
  const names = Object.keys(part)
  const items = names.map((name) => [accessTo(part, name), Reflect.get(part, name) as unknown] as const)
  return Array.isArray(part) ? items : items.filter(([, item]) => item !== undefined)
}

/**
 * Names the innermost part of a value for which one of the bits holds: `'result.body is a ReadableStream'`. It quotes names of
 * properties, and never their values.
 *
 * @param root What the value is, for the beginning of the path.
 */
export function findPart(value: unknown, bits: number, root: string): string {
  try {
    return find(root, value, bits, new Set())
  } catch (error) {
    return `${root} cannot be inspected: ${messageOf(error)}`
  }
}

function find(path: string, part: unknown, bits: number, around: Set<unknown>): string {
  if (typeof part !== 'object' || part === null) return `${path} is ${nounOf(part)}`
  around.add(part)
  const isPlain = Array.isArray(part) || isPlainPrototype(Object.getPrototypeOf(part))
  const isSeen = isPlain || isCloneable(part) || !(isOpaque(part) || WEB_CLASSES.has(tagOf(part)))
  const inside = isSeen ? contentsOf(part) : []
  for (const [access, item] of inside) {
    if (around.has(item)) return `${path}${access} leads back to an object around it`
    if (fidelityOf(item) & bits) return find(path + access, item, bits, around)
  }
  around.delete(part)
  return `${path} is ${nounOf(part)}`
}

function nounOf(part: unknown): string {
  if (part === undefined) return 'undefined'
  if (typeof part === 'number') return Object.is(part, -0) ? '-0' : String(part)
  if (typeof part !== 'object' || part === null) return `a ${typeof part}`
  if (Array.isArray(part) && isArrayPrototype(Object.getPrototypeOf(part))) {
    return 'an array with holes or properties of its own'
  }
  const ofClass = ownClassOf(part)
  const name = ofClass === '' || ofClass === 'Object' ? tagOf(part) : ofClass
  if (name === 'Object') return 'an object with properties that symbols name'
  return /^[AEIO]/i.test(name) ? `an ${name}` : `a ${name}`
}

/** The name of an object's own class. An inherited one says little: since Node 22, all iterators inherit that of `Iterator`. */
function ownClassOf(part: object): string {
  const prototype: object | null = Object.getPrototypeOf(part)
  const constructor: unknown =
    prototype === null ? undefined : Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  return typeof constructor === 'function' ? constructor.name : ''
}

function accessTo(container: object, name: string): string {
  if (Array.isArray(container) && /^\d+$/.test(name)) return `[${name}]`
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}

/**
 * Copies a value with plain objects in place of Proxies and instances of classes: what their `toJSON` returns, or else their own
 * properties. Structured clone then differs from JSON only where JSON loses something.
 */
export function withoutInstances(value: unknown): unknown {
  return copy(value, '', new Map())
}

function copy(part: unknown, name: string, copies: Map<object, unknown>): unknown {
  if (typeof part !== 'object' || part === null) return part
  if (copies.has(part)) return copies.get(part)
  if (types.isMap(part)) {
    const copied = new Map<unknown, unknown>()
    copies.set(part, copied)
    for (const [key, item] of part) copied.set(copy(key, '', copies), copy(item, '', copies))
    return copied
  }
  if (types.isSet(part)) {
    const copied = new Set<unknown>()
    copies.set(part, copied)
    for (const item of part) copied.add(copy(item, '', copies))
    return copied
  }
  if (isCloneable(part)) return part
  const json = hasToJson(part) ? part.toJSON(name) : part
  if (typeof json !== 'object' || json === null || isCloneable(json)) return json
  return copyProperties(part, json, copies)
}

/** Makes an array of holes, which copied items fill: it stays sparse where the original is. */
function emptyArray(length: number): unknown[] {
  const array: unknown[] = []
  array.length = length
  return array
}

function copyProperties(part: object, json: object, copies: Map<object, unknown>): unknown {
  const copied: object = Array.isArray(json) ? emptyArray(json.length) : {}
  copies.set(part, copied)
  for (const name of Object.keys(json)) {
    const item = copy(Reflect.get(json, name), name, copies)
    // Defined, not assigned: `__proto__` is a property like any other.
    Object.defineProperty(copied, name, { value: item, enumerable: true, writable: true, configurable: true })
  }
  return copied
}

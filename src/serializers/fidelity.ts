/**
 * What it takes to bring a value back as it was: one walk over it, when it is stored. Reads never look.
 *
 * A property that is `undefined` counts as left out, an object without a prototype as a plain one, and an object that is
 * held twice as two equal ones: JSON makes two of it.
 */
import process from 'node:process'
import { types } from 'node:util'
import { isArrayPrototype, isPlainPrototype, isPromise, messageOf, nativeName } from '../realms/native.ts'

/** Bits of what {@link fidelityOf} returns; without any of them, JSON brings the value back as it was. */
export const BY_CLONE = 1
/** Something becomes something else in every format: instances of classes, properties that symbols name. */
export const CHANGED = 2
/** Something cannot come back at all: functions, streams, promises … */
export const LOST = 4

/** Deeper, or with more objects than this, a value may have cycles, or hold an object in very many ways. */
const MAX_DEPTH = 200
const MAX_OBJECTS = 1_000_000

/** Which of {@link BY_CLONE}, {@link CHANGED} and {@link LOST} hold for a value and all that is in it. */
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

/** A getter or a Proxy threw. What is nested too deeply to be walked is so for every format, and each says so itself. */
const failed = (error: unknown): number =>
  error instanceof RangeError && /call stack/i.test(error.message) ? 0 : LOST

const TOO_LARGE = /* @__PURE__ */ new Error('too large to be walked without a note of what was seen')

class Walk {
  /** What is met twice is left to structured clone. Keeping this takes as long as all the rest, and is rarely needed. */
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
    // Whatever their `toJSON` gives, where they have one: that is not their content.
    if (isPromise(part) || types.isKeyObject(part) || WEB_CLASSES.has(tagOf(part))) return LOST
    if (hasToJson(part)) return this.#ofJson(part, depth)
    return isOpaque(part) ? LOST : CHANGED | this.#ofProperties(part, depth)
  }

  /** Of an object of which its `toJSON` says what it is; what that gives is not asked in turn. */
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
    // With holes, or with properties of its own.
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

/** What structured clone knows, and most formats but JSON. */
function isCloneable(part: object): boolean {
  if (ArrayBuffer.isView(part) || types.isArrayBuffer(part)) return true
  if (types.isDate(part) || types.isMap(part) || types.isSet(part) || types.isRegExp(part)) return true
  return types.isBoxedPrimitive(part) ? !types.isSymbolObject(part) : types.isNativeError(part)
}

/** What structured clone brings back as what it was; an AggregateError is an Error then. */
const KEPT_ERRORS: ReadonlySet<string | undefined> = /* @__PURE__ */ new Set([
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
])

/** Bun leaves out causes. */
const clonesCauses = process.versions['bun'] === undefined

/** Structured clone knows the built-in classes alone, and nothing of what was added to an instance. */
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

/** Classes of the web, by what their instances say of themselves: `[object Response]`. */
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

/** Whether an instance has nothing that can be seen from outside, or is work under way and no data. */
function isOpaque(part: object): boolean {
  const seen = part as Readonly<Record<string | symbol, unknown>>
  if (typeof seen[Symbol.asyncIterator] === 'function') return true
  if (typeof seen['next'] === 'function' && typeof seen[Symbol.iterator] === 'function') return true
  if (typeof seen['on'] === 'function' && typeof seen['emit'] === 'function') return true
  if (types.isExternal(part) || isOfNativeClass(part)) return true
  const tag = tagOf(part)
  return tag !== 'Object' && typeof Reflect.get(globalThis, tag) === 'function'
}

/** WeakMaps, formats of `Intl` …: what they hold lies in the engine. */
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

/** What lies in an object, and how it is reached. */
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
 * The innermost part of a value for which one of these bits holds: `'result.body is a ReadableStream'`. Contents are never
 * quoted, only names of properties.
 *
 * @param root What the value stands for.
 */
export function findPart(value: unknown, bits: number, root: string): string {
  try {
    return find(root, value, bits, new Set())
  } catch (error) {
    return `${root} cannot be looked at: ${messageOf(error)}`
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
  const { constructor } = part as { readonly constructor?: unknown }
  const ofClass = typeof constructor === 'function' ? constructor.name : ''
  const name = ofClass === '' || ofClass === 'Object' ? tagOf(part) : ofClass
  if (name === 'Object') return 'an object with properties that symbols name'
  return /^[AEIO]/i.test(name) ? `an ${name}` : `a ${name}`
}

function accessTo(container: object, name: string): string {
  if (Array.isArray(container) && /^\d+$/.test(name)) return `[${name}]`
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}

/**
 * The value with plain objects in the place of Proxies and of instances of classes: what their `toJSON` gives, or else their
 * own properties. What structured clone makes of it differs from what JSON makes of it only where JSON loses something.
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

/** All holes, which copied items fill. */
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
    // Never assigns: `__proto__` is a property like any other.
    Object.defineProperty(copied, name, { value: item, enumerable: true, writable: true, configurable: true })
  }
  return copied
}

import { types } from 'node:util'
import {
  type BuiltIn,
  builtInOf,
  className,
  describe,
  errorNames,
  extraNames,
  isArrayPrototype,
  isPlainPrototype,
} from './canonical-object.ts'
import { Place, refuse, type Step, symbolStep } from './canonical-place.ts'

/** Version of the form: part of every call hash; changes only when the form changes. */
export const CANONICAL_FORM = 1

/** How instances of a class are told apart in a call hash. */
export interface ArgumentEncoder<T = unknown> {
  /** The class; its subclasses are encoded too, unless an encoder before this one takes them. */
  readonly type: abstract new (
    ...args: never[]
  ) => T
  /** Stands in the text for the class. Default: `type.name`. */
  readonly name?: string
  /** All that tells one instance from another, as anything the form knows. */
  encode(value: T): unknown
}

/** What does not take part, and how instances of classes are told apart. */
export interface CanonicalOptions {
  /** Names of properties that do not take part, of arguments that are plain objects (not of parts deeper inside). */
  readonly excludedNames?: ReadonlySet<string>
  /** Positions of arguments that do not take part, from 0. */
  readonly excludedPositions?: ReadonlySet<number>
  /** Asked in this order, before anything else is known about an object; the first whose class fits is taken. */
  readonly encoders?: readonly ArgumentEncoder[]
}

/** Deeper is no identity of a call, and far deeper would overflow the stack. */
const MAX_DEPTH = 200

/** Up to this length a look at each character is cheaper than a call of `JSON.stringify`. */
const SHORT_TEXT = 40

const NO_OPTIONS: CanonicalOptions = {}

/**
 * Arguments as one well-formed text: the same for equal arguments, another for others.
 *
 * For arguments made of nothing but JSON it is their JSON, without spaces and with the properties sorted.
 * The whole form is specified in `docs/call-hash.md`.
 *
 * @throws {ArgumentsError} for what cannot be told apart safely, with its path and the ways out.
 */
export function canonicalize(args: readonly unknown[], options: CanonicalOptions = NO_OPTIONS): string {
  const excluded = options.excludedPositions
  let count = args.length
  // An excluded argument takes no part, not even by being given.
  if (excluded !== undefined) while (count > 0 && excluded.has(count - 1)) count--
  let root: Place | undefined
  let text = '['
  for (let position = 0; position < count; position++) {
    if (position > 0) text += ','
    if (excluded?.has(position)) {
      text += '~'
      continue
    }
    const value = args[position]
    const scalar = writeScalar(value)
    if (scalar !== '') text += scalar
    else text += writeObject(value, (root ??= new Place(undefined, 0, args, options)), position)
  }
  return `${text}]`
}

/** The text of a value without parts; empty for all others. */
function writeScalar(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? '-0' : `${value}`
    case 'string':
      return quote(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'undefined':
      return 'undefined'
    case 'bigint':
      return `${value}n`
    case 'object':
      return value === null ? 'null' : ''
    default:
      return ''
  }
}

/** The same as `JSON.stringify`, which escapes lone surrogates: the text stays well-formed, and they distinct. */
function quote(text: string): string {
  const { length } = text
  if (length > SHORT_TEXT) return JSON.stringify(text)
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x20 || unit === 0x22 || unit === 0x5c || (unit >= 0xd800 && unit <= 0xdfff)) {
      return JSON.stringify(text)
    }
  }
  return `"${text}"`
}

function write(value: unknown, parent: Place, step: Step): string {
  return writeScalar(value) || writeObject(value, parent, step)
}

/** An object, or a function or symbol, which only an encoder can save. */
function writeObject(value: unknown, parent: Place, step: Step, encodedBy?: ArgumentEncoder): string {
  let up = 1
  for (let place: Place | undefined = parent; place !== undefined; place = place.parent, up++) {
    if (place.value === value) return `^${up}`
  }
  if (parent.depth >= MAX_DEPTH) refuse(`nested more than ${MAX_DEPTH} levels deep`, parent, step)
  const { encoders } = parent.options
  if (encoders !== undefined) {
    const encoder = encoders.find((one) => one !== encodedBy && value instanceof one.type)
    if (encoder !== undefined) return writeEncoded(value, encoder, parent, step)
  }
  if (typeof value !== 'object' || value === null) return refuse(`a ${typeof value}`, parent, step)
  const prototype: object | null = Object.getPrototypeOf(value)
  if (Array.isArray(value)) {
    return isArrayPrototype(prototype) ? writeArray(value, parent, step) : writeInstance(value, parent, step)
  }
  if (isPlainPrototype(prototype)) return writePlain(value, parent, step)
  const builtIn = builtInOf(value)
  return builtIn === undefined
    ? writeInstance(value, parent, step)
    : writeBuiltIn(value, builtIn, parent, step)
}

function writePlain(value: object, parent: Place, step: Step): string {
  const names = sorted(Object.keys(value))
  if (Object.getOwnPropertySymbols(value).length > 0) {
    const builtIn = builtInOf(value)
    if (builtIn !== undefined) return writeBuiltIn(value, builtIn, parent, step)
    refuseSymbols(value, parent, step)
  }
  const excluded = parent.depth === 0 ? parent.options.excludedNames : undefined
  // Asked by the descriptor, so that an accessor is not run here and again when it is written.
  if (names.includes('toJSON') && !excluded?.has('toJSON')) {
    const toJSON: unknown = Object.getOwnPropertyDescriptor(value, 'toJSON')?.value
    if (typeof toJSON === 'function') return writeToJson(value, toJSON, 'Object', parent, step)
  }
  return writeProperties(value, names, parent, step, excluded)
}

function writeProperties(
  value: object,
  names: readonly string[],
  parent: Place,
  step: Step,
  excluded?: ReadonlySet<string>,
): string {
  let place: Place | undefined
  let text = '{'
  let separator = ''
  for (const name of names) {
    if (excluded?.has(name)) continue
    const item = (value as Record<string, unknown>)[name]
    let part = writeScalar(item)
    if (part === '')
      part = writeObject(item, (place ??= new Place(parent, step, value, parent.options)), name)
    text += `${separator}${quote(name)}:${part}`
    separator = ','
  }
  return `${text}}`
}

function writeArray(value: readonly unknown[], parent: Place, step: Step): string {
  const { length } = value
  const names = Object.keys(value)
  if (Object.getOwnPropertySymbols(value).length > 0) refuseSymbols(value, parent, step)
  // Elements come first among the names: if the last name is the last element, there is nothing else and no hole.
  const isDense = names.length === length && (length === 0 || names[length - 1] === `${length - 1}`)
  if (!isDense) return writeSparse(value, parent, step)
  let place: Place | undefined
  let text = '['
  for (let index = 0; index < length; index++) {
    if (index > 0) text += ','
    const item = value[index]
    const scalar = writeScalar(item)
    if (scalar !== '') text += scalar
    else text += writeObject(item, (place ??= new Place(parent, step, value, parent.options)), index)
  }
  text += ']'
  return isTemplate(value) ? text + writeProperties(value, ['raw'], parent, step) : text
}

/** An array with holes, or with properties that are no elements, such as the match of a regular expression. */
function writeSparse(value: readonly unknown[], parent: Place, step: Step): string {
  const place = new Place(parent, step, value, parent.options)
  const parts: string[] = []
  const extras: string[] = []
  let next = 0
  // Elements count whether or not they are enumerable, so all names are asked for.
  for (const name of Object.getOwnPropertyNames(value)) {
    const index = Number(name) >>> 0
    if (String(index) === name && index < value.length) {
      if (index > next) parts.push(`hole(${index - next})`)
      parts.push(write(value[index], place, index))
      next = index + 1
    } else if (Object.prototype.propertyIsEnumerable.call(value, name)) {
      extras.push(name)
    }
  }
  if (value.length > next) parts.push(`hole(${value.length - next})`)
  if (isTemplate(value)) extras.push('raw')
  const rest = extras.length === 0 ? '' : writeProperties(value, sorted(extras), parent, step)
  return `[${parts.join(',')}]${rest}`
}

/** The strings of a tagged template carry their raw text, which a tag function sees, as a hidden property. */
function isTemplate(value: object): boolean {
  if ((value as { raw?: unknown }).raw === undefined) return false
  return Object.getOwnPropertyDescriptor(value, 'raw')?.enumerable === false
}

function writeBuiltIn(value: object, builtIn: BuiltIn, parent: Place, step: Step): string {
  if (builtIn.name !== 'Arguments') refuseSymbols(value, parent, step)
  const place = new Place(parent, step, value, parent.options)
  const parts = builtIn.parts.map((part) => write(part.value, place, part.step))
  if (builtIn.text !== '' || parts.length === 0) parts.unshift(builtIn.text)
  const extras = extraNames(value, builtIn.elements)
  const rest = extras.length === 0 ? '' : writeProperties(value, sorted(extras), parent, step)
  return `${builtIn.name}(${parts.join(',')})${rest}`
}

/** An object of some class: an error, one that says by `toJSON` what it is, or one that cannot be told apart. */
function writeInstance(value: object, parent: Place, step: Step): string {
  if (types.isPromise(value) || typeof (value as { then?: unknown }).then === 'function') {
    return refuse(describe(value), parent, step)
  }
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return writeToJson(value, toJSON, className(value), parent, step)
  if (!types.isNativeError(value)) return refuse(describe(value), parent, step)
  refuseSymbols(value, parent, step)
  return `Error(${quote(className(value))},${writeProperties(value, errorNames(value), parent, step)})`
}

function writeToJson(value: object, toJSON: Function, name: string, parent: Place, step: Step): string {
  const json: unknown = toJSON.call(value, '')
  // As a reference to itself, all instances would be the same.
  if (json === value) refuse(`${describe(value)} whose toJSON returns the object itself`, parent, step)
  const place = new Place(parent, step, value, parent.options)
  return `toJSON(${quote(name)},${write(json, place, () => '.toJSON()')})`
}

function writeEncoded(value: unknown, encoder: ArgumentEncoder, parent: Place, step: Step): string {
  const encoded = encoder.encode(value)
  const name = quote(encoder.name ?? encoder.type.name)
  // What an encoder returns is not given to it again, so a Map may be encoded as a sorted Map.
  if (encoded === value) return `encoder(${name},${writeObject(value, parent, step, encoder)})`
  const place = new Place(parent, step, value, parent.options)
  const text = writeScalar(encoded) || writeObject(encoded, place, () => '.encode()', encoder)
  return `encoder(${name},${text})`
}

function refuseSymbols(value: object, parent: Place, step: Step): void {
  for (const symbol of Object.getOwnPropertySymbols(value)) {
    if (!Object.prototype.propertyIsEnumerable.call(value, symbol)) continue
    refuse('a property named by a symbol', new Place(parent, step, value, parent.options), symbolStep(symbol))
  }
}

/** Sorted by UTF-16 code units, in place. Most objects of a program are written in one order: look before sorting. */
function sorted(names: string[]): string[] {
  for (let i = 1; i < names.length; i++) {
    if ((names[i - 1] as string) > (names[i] as string)) return names.sort()
  }
  return names
}

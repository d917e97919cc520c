import { types } from 'node:util'
import { ignoreRejection, isArrayPrototype, isInstance, isPlainPrototype } from '../../realms/native.ts'
import type { ArgumentEncoder } from './options.ts'
import { type BuiltIn, builtInOf, className, describe, errorNames, extraNames } from './objects.ts'
import { Path, refuse, type Step, symbolStep } from './path.ts'
import { MANY_ITEMS, textOfScalars } from './scalar-lists.ts'

type ToJson = (this: unknown, key: string) => unknown

/** The greatest depth of arguments: deeper ones would overflow the stack. */
const MAX_DEPTH = 200

/** Up to this length, checking each character is cheaper than `JSON.stringify`. */
const SHORT_TEXT = 40

/** The number of names that are remembered: names that are data, such as ids, must not fill the memory. */
const MAX_LABELS = 1_000
const labels = new Map<string, string>()

/** Up to this length, sorting by insertion is cheaper than `sort`. */
const FEW_NAMES = 16

/** Writes a value without parts. Returns an empty text for an object, function or symbol. */
export function writeScalar(value: unknown): string {
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

/** Quotes a text as `JSON.stringify` does: escaped lone surrogates keep the text well-formed, and stay distinct. */
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

/** A property name as it is written before its value; remembered, since a program uses few names over and over. */
function label(name: string): string {
  const known = labels.get(name)
  if (known !== undefined) return known
  const text = `${quote(name)}:`
  if (labels.size < MAX_LABELS && name.length <= SHORT_TEXT) labels.set(name, text)
  return text
}

function write(value: unknown, parent: Path, step: Step): string {
  return writeScalar(value) || writeObject(value, parent, step)
}

/** Writes an object. Functions and symbols are refused unless an encoder accepts them. */
export function writeObject(value: unknown, parent: Path, step: Step, encodedBy?: ArgumentEncoder): string {
  let up = 1
  for (let path: Path | undefined = parent; path !== undefined; path = path.parent, up++) {
    if (path.value === value) return `^${up}`
  }
  if (parent.depth >= MAX_DEPTH) refuse(`nested more than ${MAX_DEPTH} levels deep`, parent, step)
  const { encoders } = parent.options
  if (encoders !== undefined) {
    const encoder = encoders.find((one) => one !== encodedBy && isInstance(value, one.type))
    if (encoder !== undefined) return writeEncoded(value, encoder, parent, step)
  }
  return writeKnown(value, parent, step)
}

function writeKnown(value: unknown, parent: Path, step: Step): string {
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

function writePlain(value: object, parent: Path, step: Step): string {
  const names = sorted(Object.keys(value))
  if (Object.getOwnPropertySymbols(value).length > 0) {
    const builtIn = builtInOf(value)
    if (builtIn !== undefined) return writeBuiltIn(value, builtIn, parent, step)
    refuseSymbols(value, parent, step)
  }
  const excluded = parent.depth === 0 ? parent.options.excludedNames : undefined
  // Read by its descriptor: an accessor would run here, and again when it is written.
  if (names.includes('toJSON') && !excluded?.has('toJSON')) {
    const toJSON: unknown = Object.getOwnPropertyDescriptor(value, 'toJSON')?.value
    if (typeof toJSON === 'function') return writeToJson(value, toJSON as ToJson, 'Object', parent, step)
  }
  return writeProperties(value, names, parent, step, excluded)
}

function writeProperties(
  value: object,
  names: readonly string[],
  parent: Path,
  step: Step,
  excluded?: ReadonlySet<string>,
): string {
  let path: Path | undefined
  let text = ''
  for (const name of names) {
    if (excluded?.has(name)) continue
    const item = (value as Record<string, unknown>)[name]
    let part = writeScalar(item)
    if (part === '') part = writeObject(item, (path ??= new Path(parent, step, value, parent.options)), name)
    text = text === '' ? label(name) + part : `${text},${label(name)}${part}`
  }
  return `{${text}}`
}

function writeArray(value: readonly unknown[], parent: Path, step: Step): string {
  const { length } = value
  if (Object.getOwnPropertySymbols(value).length > 0) refuseSymbols(value, parent, step)
  const quick = length < MANY_ITEMS ? undefined : textOfScalars(value)
  if (quick !== undefined) return quick
  const names = Object.keys(value)
  // Elements come first among the names: if the last name is the last element, there are no holes and no other properties.
  const isDense = names.length === length && (length === 0 || names[length - 1] === `${length - 1}`)
  if (!isDense) return writeSparse(value, parent, step)
  let path: Path | undefined
  let text = '['
  for (let index = 0; index < length; index++) {
    if (index > 0) text += ','
    const item = value[index]
    const scalar = writeScalar(item)
    if (scalar !== '') text += scalar
    else text += writeObject(item, (path ??= new Path(parent, step, value, parent.options)), index)
  }
  text += ']'
  return isTemplate(value) ? text + writeProperties(value, ['raw'], parent, step) : text
}

/** The text of an array with holes or with other properties, such as the match of a regular expression. */
function writeSparse(value: readonly unknown[], parent: Path, step: Step): string {
  const path = new Path(parent, step, value, parent.options)
  const parts: string[] = []
  const extras: string[] = []
  let next = 0
  // Elements that are not enumerable count too, so all names are read.
  for (const name of Object.getOwnPropertyNames(value)) {
    const index = Number(name) >>> 0
    if (String(index) === name && index < value.length) {
      if (index > next) parts.push(`hole(${index - next})`)
      parts.push(write(value[index], path, index))
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

/** Reads the hidden property `raw` of the strings of a tagged template, which a tag function can see. */
function isTemplate(value: object): boolean {
  return 'raw' in value && Object.getOwnPropertyDescriptor(value, 'raw')?.enumerable === false
}

function writeBuiltIn(value: object, builtIn: BuiltIn, parent: Path, step: Step): string {
  refuseSymbols(value, parent, step, builtIn.name)
  const path = new Path(parent, step, value, parent.options)
  const parts = builtIn.parts.map((part) => write(part.value, path, part.step))
  if (builtIn.text !== undefined) parts.unshift(builtIn.text)
  const extras = extraNames(value, builtIn.elements)
  const rest = extras.length === 0 ? '' : writeProperties(value, sorted(extras), parent, step)
  return `${builtIn.name}(${parts.join(',')})${rest}`
}

/** The text of an instance of a class: of an error, or of an object with `toJSON`; others are refused. */
function writeInstance(value: object, parent: Path, step: Step): string {
  if (types.isPromise(value) || typeof (value as { then?: unknown }).then === 'function') {
    return refuse(describe(value), parent, step)
  }
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function')
    return writeToJson(value, toJSON as ToJson, className(value), parent, step)
  if (!types.isNativeError(value)) return refuse(describe(value), parent, step)
  refuseSymbols(value, parent, step)
  return `Error(${quote(className(value))},${writeProperties(value, errorNames(value), parent, step)})`
}

function writeToJson(value: object, toJSON: ToJson, name: string, parent: Path, step: Step): string {
  const json: unknown = toJSON.call(value, '')
  ignoreRejection(json)
  // A reference to the instance itself would make all instances equal.
  if (json === value) refuse(`${describe(value)} whose toJSON returns the object itself`, parent, step)
  const path = new Path(parent, step, value, parent.options)
  return `toJSON(${quote(name)},${write(json, path, () => '.toJSON()')})`
}

function writeEncoded(value: unknown, encoder: ArgumentEncoder, parent: Path, step: Step): string {
  const encoded = encoder.encode(value)
  ignoreRejection(encoded) // a promise is refused below
  const name = quote(encoder.name ?? encoder.type.name)
  // A reference to the instance itself would make all instances equal, so it is written as without encoders.
  if (encoded === value) return `encoder(${name},${writeKnown(value, parent, step)})`
  const path = new Path(parent, step, value, parent.options)
  // The same encoder is not used for what it returned, so it may encode a Map as a sorted Map.
  const text = writeScalar(encoded) || writeObject(encoded, path, () => '.encode()', encoder)
  return `encoder(${name},${text})`
}

function refuseSymbols(value: object, parent: Path, step: Step, builtIn?: string): void {
  for (const symbol of Object.getOwnPropertySymbols(value)) {
    if (!Object.prototype.propertyIsEnumerable.call(value, symbol) || isOfRuntime(symbol, builtIn)) continue
    refuse('a property named by a symbol', new Path(parent, step, value, parent.options), symbolStep(symbol))
  }
}

/** Whether all objects of a class have a symbol: Deno keeps the content of a URL there. */
function isOfRuntime(symbol: symbol, builtIn: string | undefined): boolean {
  if (builtIn === 'URL') return Object.hasOwn(new URL('about:blank'), symbol)
  return builtIn === 'URLSearchParams' && Object.hasOwn(new URLSearchParams(), symbol)
}

/** Sorts names by UTF-16 code units, in place. */
function sorted(names: string[]): string[] {
  // Most objects of a program have their properties in sorted order already: check before sorting.
  for (let i = 1; i < names.length; i++) {
    const name = names[i] as string
    if ((names[i - 1] as string) <= name) continue
    if (names.length > FEW_NAMES) return names.sort()
    let at = i
    for (; at > 0 && (names[at - 1] as string) > name; at--) names[at] = names[at - 1] as string
    names[at] = name
  }
  return names
}

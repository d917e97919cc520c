import { Buffer } from 'node:buffer'
import nodeUrl from 'node:url'
import { isDeepStrictEqual, types } from 'node:util'
import { nativeName } from '../../realms/native.ts'
import type { Step } from './path.ts'

/** The parts of a built-in object, which is written as `name(text,part,part)`. */
export interface BuiltIn {
  readonly name: string
  /** A text that is written as it is, before the parts; nothing in it may look like structure. */
  readonly text: string | undefined
  /** The parts, each written in canonical form. */
  readonly parts: readonly Part[]
  /** How many of the own property names are elements, which are written already. */
  readonly elements: number
}

interface Part {
  readonly value: unknown
  readonly step: Step
}

type TypedArray = NodeJS.TypedArray
type Resizable = {
  readonly resizable?: boolean
  readonly growable?: boolean
  readonly maxByteLength?: number
}

/** From this length on, comparing with a copy is cheaper than listing all names. */
const MANY_ELEMENTS = 128

/** Functions that take a built-in object apart, by the name of its class. They return `undefined` for an object that is no real instance. */
const BUILT_INS: Readonly<Record<string, (value: object) => BuiltIn | undefined>> = {
  Object: (value: object) =>
    types.isArgumentsObject(value) ? list('Arguments', Array.from(value)) : undefined,
  Date: (value: object) =>
    types.isDate(value) ? form('Date', String(Date.prototype.getTime.call(value))) : undefined,
  RegExp: (value: object) => (types.isRegExp(value) ? regExp(value) : undefined),
  Map: (value: object) => (types.isMap(value) ? map(value) : undefined),
  Set: (value: object) => (types.isSet(value) ? form('Set', undefined, [...setParts(value)]) : undefined),
  Number: (value: object) =>
    types.isNumberObject(value) ? boxed('Number', Number.prototype, value) : undefined,
  String: (value: object) =>
    types.isStringObject(value) ? boxed('String', String.prototype, value) : undefined,
  Boolean: (value: object) =>
    types.isBooleanObject(value) ? boxed('Boolean', Boolean.prototype, value) : undefined,
  BigInt: (value: object) =>
    types.isBigIntObject(value) ? boxed('BigInt', BigInt.prototype, value) : undefined,
  ArrayBuffer: (value: object) =>
    types.isArrayBuffer(value) ? arrayBuffer('ArrayBuffer', value) : undefined,
  SharedArrayBuffer: (value: object) =>
    types.isSharedArrayBuffer(value) ? arrayBuffer('SharedArrayBuffer', value) : undefined,
  DataView: (value: object) => (types.isDataView(value) ? form('DataView', base64(value)) : undefined),
  Buffer: (value: object) => (types.isUint8Array(value) ? typedArray('Buffer', value) : undefined),
  URL: (value: object) => quoted('URL', value, (prototype: URL) => Reflect.get(prototype, 'href', value)),
  URLSearchParams: (value: object) =>
    quoted('URLSearchParams', value, (prototype: URLSearchParams) => prototype.toString.call(value)),
}

/** Takes a built-in object apart. Returns `undefined` for instances of other classes, including subclasses of built-in ones. */
export function builtInOf(value: object): BuiltIn | undefined {
  const prototype: object | null = Object.getPrototypeOf(value)
  if (prototype === null) return undefined
  const name = builtInName(prototype)
  if (name === undefined) return undefined
  if (types.isTypedArray(value) && typedArrayName(value) === name) return typedArray(name, value)
  return Object.hasOwn(BUILT_INS, name) ? BUILT_INS[name]?.(value) : undefined
}

/** The names of the own enumerable properties that were added to a built-in object. */
export function extraNames(value: object, elements: number): string[] {
  if (elements >= MANY_ELEMENTS && types.isTypedArray(value) && isBare(value)) return []
  return Object.keys(value).slice(elements)
}

/** The names of the properties of an error that count: all visible ones except the stack. */
export function errorNames(error: object): string[] {
  const names = new Set(Object.keys(error)).add('name').add('message')
  for (const name of ['cause', 'errors']) if (Object.hasOwn(error, name)) names.add(name)
  names.delete('stack')
  return [...names].sort()
}

/** The name of an object's class by its prototype; empty for a class without a name. */
export function className(value: object): string {
  const constructor: unknown = Object.getPrototypeOf(value)?.constructor
  const name: unknown = typeof constructor === 'function' ? constructor.name : ''
  return typeof name === 'string' ? name : ''
}

/** Describes a refused object in words. */
export function describe(value: object): string {
  if (types.isPromise(value)) return 'a promise'
  if (types.isGeneratorObject(value)) return 'a generator'
  if (types.isProxy(value)) return 'a proxy'
  const { next, then } = value as { next?: unknown; then?: unknown }
  if (typeof then === 'function') return 'a thenable'
  if (typeof next === 'function' && Symbol.iterator in value) return 'an iterator'
  const name = className(value)
  if (name === '') return 'an instance of a class without a name'
  return name === 'Object' ? 'an object with a prototype of its own' : `an instance of ${name}`
}

/** Built-in classes that are written in JavaScript, by Node or by a polyfill, and so have no native constructor. */
const URL_CLASSES = ['URL', 'URLSearchParams'] as const

function builtInName(prototype: object): string | undefined {
  // All realms that have this class share it.
  if (prototype === Buffer.prototype) return 'Buffer'
  for (const name of URL_CLASSES) {
    if (prototype === nodeUrl[name].prototype || prototype === globalThis[name]?.prototype) return name
  }
  return nativeName(prototype)
}

/** The name of the class of a typed array, by the getter that all typed arrays share; `undefined` for other objects. */
function typedArrayName(value: object): unknown {
  return Reflect.get(Object.getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag, value)
}

/** Whether a typed array certainly has no added properties. If `false`, its property names have to be listed. */
function isBare(array: TypedArray): boolean {
  const copy = Object.setPrototypeOf(array.slice(), Object.getPrototypeOf(array))
  return isDeepStrictEqual(array, copy)
}

function form(name: string, text?: string, parts: readonly Part[] = [], elements = 0): BuiltIn {
  return { name, text, parts, elements }
}

function list(name: string, values: readonly unknown[]): BuiltIn {
  const parts = values.map((value, step) => ({ value, step }))
  return form(name, undefined, parts, values.length)
}

function map(value: Map<unknown, unknown>): BuiltIn {
  const parts: Part[] = []
  for (const [key, item] of Map.prototype.entries.call(value)) {
    const index = parts.length / 2
    const named = typeof key === 'string' || typeof key === 'number'
    parts.push(
      { value: key, step: () => `.keys()[${index}]` },
      { value: item, step: () => (named ? `.get(${JSON.stringify(key)})` : `.values()[${index}]`) },
    )
  }
  return form('Map', undefined, parts)
}

function* setParts(value: Set<unknown>): Generator<Part> {
  let index = 0
  for (const item of Set.prototype.values.call(value)) {
    const at = index++
    yield { value: item, step: () => `.values()[${at}]` }
  }
}

function regExp(value: RegExp): BuiltIn {
  const { source, flags, lastIndex } = value
  const parts = Object.is(lastIndex, 0) ? [] : [{ value: lastIndex, step: 'lastIndex' }]
  return form('RegExp', `${JSON.stringify(source)},${JSON.stringify(flags)}`, parts)
}

function boxed(name: string, prototype: object, value: object): BuiltIn {
  // Not by `value.valueOf()`: an own property could replace that.
  const primitive: unknown = prototype.valueOf.call(value)
  const elements = typeof primitive === 'string' ? primitive.length : 0
  return form(name, undefined, [{ value: primitive, step: () => '.valueOf()' }], elements)
}

function arrayBuffer(name: string, value: ArrayBufferLike): BuiltIn {
  const { resizable, growable, maxByteLength } = value as Resizable
  const parts = resizable || growable ? [{ value: maxByteLength, step: 'maxByteLength' }] : []
  return form(name, Buffer.from(value).toString('base64'), parts)
}

function typedArray(name: string, value: TypedArray): BuiltIn {
  return form(name, base64(value), [], value.length)
}

function base64({ buffer, byteOffset, byteLength }: NodeJS.ArrayBufferView): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}

/** Reads an object by a getter or method of its class, which throws for objects that are no real instances. */
function quoted<Prototype>(
  name: string,
  value: object,
  read: (prototype: Prototype) => string,
): BuiltIn | undefined {
  try {
    return form(name, JSON.stringify(read(Object.getPrototypeOf(value))))
  } catch {
    return undefined
  }
}

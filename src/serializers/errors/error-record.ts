/**
 * Errors as plain records, which every format stores, and back:
 *
 *     { errors: [
 *         { classes: ['NotFoundError', 'Error'], name: 'NotFoundError', message: 'No 42', stack: '…', properties: [
 *           { name: 'id', value: 42 },
 *           { name: 'cause', hidden: true, error: 1 } ] },
 *         { … } ],
 *       thrown: { error: 0 } }
 *
 * All errors are in one flat list and refer to each other by number, so that causes can be long chains, shared, or cycles.
 * Properties are a list too, because no format keeps properties of every name: `__proto__` and `constructor` are refused or
 * renamed. `thrown` comes last, so that a YAML document that was cut off is recognized: it has no `thrown`.
 *
 * Kept are `name`, `message` and `stack`, own enumerable properties, and `cause`, `errors` and `code` even if they are not
 * enumerable. Own getters are read, and come back as values. Errors in arrays are kept as errors; errors in other values are
 * stored as the format stores them. Not kept are functions, symbols, properties named by symbols, private fields, and whether
 * the error was frozen.
 */
import { isError } from '../../realms/native.ts'
import type { ErrorClasses } from './error-classes.ts'

export interface ThrowRecord {
  readonly errors: readonly ErrorRecord[]
  /** What was thrown, which need not be an error. */
  readonly thrown: Slot
}

interface ErrorRecord extends Texts {
  /** The names of the error's class and of the classes it extends, the nearest first, up to `Error`. */
  readonly classes: readonly string[]
  readonly properties: readonly (Slot & PropertyName)[]
}

interface Texts {
  readonly name?: string
  readonly message?: string
  readonly stack?: string
}

interface PropertyName {
  readonly name: string
  /** Whether the property is not enumerable. */
  readonly hidden?: true
}

/** A value, or a reference to an error. Formats without `undefined` drop the property `value`: an empty slot is `undefined`. */
type Slot = Item | { readonly list: readonly Item[] }
type Item = { readonly value: unknown } | { readonly error: number }

/** The own properties that are kept although they are not enumerable, besides {@link TEXTS}. */
const HIDDEN: ReadonlySet<string> = new Set(['cause', 'errors', 'code'])

const TEXTS = ['name', 'message', 'stack'] as const

/** The number of connected errors that are kept; further ones are left out of their properties. */
const MAX_ERRORS = 100

/** Longer stacks are cut off: `Error.stackTraceLimit` is 10 lines by default, and may be Infinity. */
const MAX_STACK_LENGTH = 10_000

/** The number of classes that are kept of one error; `Error` stands for those beyond. */
const MAX_CLASSES = 32

/**
 * Makes the record of a thrown value.
 * @throws {TypeError} for functions and symbols; a Proxy may throw anything.
 */
export function recordOf(thrown: unknown): ThrowRecord {
  const found = new FoundErrors()
  const slot = found.slotOf(thrown)
  if (slot === undefined) throw new TypeError(`it is a ${typeof thrown}`)
  // The list grows during the loop, by the errors that the properties hold.
  const errors = Array.from(found.numbers.keys(), (error) => describe(error, found))
  return { errors, thrown: slot }
}

/** Copies a record without the values of properties that are not to be kept. */
export function withValues(record: ThrowRecord, isKept: (value: unknown) => boolean): ThrowRecord {
  const isSlotKept = (slot: Slot): boolean => !('value' in slot) || isKept(slot.value)
  const errors = record.errors.map((error) => {
    const properties = error.properties
      .filter(isSlotKept)
      .map((slot) => ('list' in slot ? { ...slot, list: slot.list.filter(isSlotKept) } : slot))
    return { ...error, properties }
  })
  return { ...record, errors }
}

/**
 * Makes the thrown value of a record that a serializer has read.
 *
 * Constructors are not run, since they may need arguments: a plain `Error` gets the prototype of the class.
 *
 * @throws {TypeError} for a value that is not a record.
 */
export function revive(record: unknown, classes: ErrorClasses): unknown {
  const { errors, thrown } = asObject(record)
  const records = asList(errors).map(asObject)
  const revived = records.map((one) => bareError(one, classes))
  for (const [i, one] of records.entries()) fill(revived[i] as Error, one, revived)
  return valueOf(thrown, revived)
}

/** Numbers the errors in the order in which they are found. */
class FoundErrors {
  readonly numbers = new Map<Error, number>()

  /** The slot of a value; `undefined` for a value that is left out. */
  slotOf(value: unknown): Slot | undefined {
    if (!Array.isArray(value) || !value.some(isError)) return this.#itemOf(value)
    return { list: value.map((item) => this.#itemOf(item)).filter((item) => item !== undefined) }
  }

  #itemOf(value: unknown): Item | undefined {
    if (typeof value === 'function' || typeof value === 'symbol') return undefined
    if (!isError(value)) return { value }
    const error = this.numbers.get(value) ?? this.numbers.size
    if (error >= MAX_ERRORS) return undefined
    this.numbers.set(value, error)
    return { error }
  }
}

function describe(error: Error, found: FoundErrors): ErrorRecord {
  const properties = Object.getOwnPropertyNames(error)
    .map((name) => propertyOf(error, name, found))
    .filter((property) => property !== undefined)
  return { classes: classNamesOf(error), ...textsOf(error), properties }
}

function propertyOf(error: Error, name: string, found: FoundErrors): (Slot & PropertyName) | undefined {
  const hidden = !isEnumerable(error, name)
  if (hidden && !HIDDEN.has(name)) return undefined
  try {
    const slot = found.slotOf(Reflect.get(error, name))
    return slot && (hidden ? { name, hidden, ...slot } : { name, ...slot })
  } catch {
    return undefined // A getter that throws, or a Proxy.
  }
}

/** Reads texts such as the message, own or inherited; enumerable ones are among the properties already. */
function textsOf(error: Error): Texts {
  const seen = TEXTS.filter((name) => !isEnumerable(error, name)).map((name) => [name, read(error, name)])
  const texts = Object.fromEntries(seen.filter(([, text]) => typeof text === 'string')) as Texts
  return texts.stack === undefined ? texts : { ...texts, stack: texts.stack.slice(0, MAX_STACK_LENGTH) }
}

function classNamesOf(error: Error): string[] {
  const names: string[] = []
  let prototype = prototypeOf(error)
  for (let i = 0; i < MAX_CLASSES && prototype !== null; i++) {
    const name = classNameOf(read(prototype, 'constructor'))
    prototype = prototypeOf(prototype)
    // The last one is Object, of this realm or another.
    if (typeof name === 'string' && prototype !== null) names.push(name)
  }
  return names
}

function classNameOf(constructor: unknown): unknown {
  return typeof constructor === 'function' ? read(constructor, 'name') : undefined
}

function bareError({ classes, name, message }: UnknownObject, known: ErrorClasses): Error {
  const prototype = known.prototypeOf(asList(classes).map(asText))
  const isDomException = classNamesOf(Object.create(prototype) as Error).includes('DOMException')
  // Only the constructor of DOMException can set its name and message.
  const error = isDomException ? new DOMException(asOptionalText(message), asOptionalText(name)) : new Error()
  Reflect.deleteProperty(error, 'stack') // it would show this function
  return Object.setPrototypeOf(error, prototype) as Error
}

function fill(error: Error, record: UnknownObject, revived: readonly Error[]): void {
  for (const property of asList(record['properties']).map(asObject)) {
    define(error, asText(property['name']), valueOf(property, revived), property['hidden'] !== true)
  }
  for (const name of TEXTS) {
    const text = asOptionalText(record[name])
    // The prototype of the class may have this text already.
    if (text !== undefined && read(error, name) !== text) define(error, name, text, false)
  }
}

/** Defines instead of assigning: `__proto__` is a property like any other, and setters of the class must not run. */
function define(error: Error, name: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, name, { value, enumerable, writable: true, configurable: true })
}

function valueOf(slot: unknown, revived: readonly Error[]): unknown {
  const { value, error, list } = asObject(slot)
  if (list !== undefined) return asList(list).map((item) => valueOf(item, revived))
  if (error === undefined) return value
  const found = typeof error === 'number' ? revived[error] : undefined
  if (found === undefined) throw new TypeError('it refers to an error that is not in the list')
  return found
}

function isEnumerable(object: object, name: string): boolean {
  return Object.prototype.propertyIsEnumerable.call(object, name)
}

function prototypeOf(object: object): object | null {
  return Object.getPrototypeOf(object) as object | null
}

/** Reads a property; `undefined` also for a getter that throws. */
function read(object: object, name: string): unknown {
  try {
    return Reflect.get(object, name)
  } catch {
    return undefined
  }
}

type UnknownObject = Readonly<Record<string, unknown>>

function asObject(value: unknown): UnknownObject {
  if (typeof value === 'object' && value !== null) return value as UnknownObject
  throw new TypeError(
    `there is ${value === null ? 'null' : `a value of type ${typeof value}`} where an object should be`,
  )
}

function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new TypeError('a list is missing')
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value
  throw new TypeError('a text is missing')
}

function asOptionalText(value: unknown): string | undefined {
  return value === undefined ? undefined : asText(value)
}

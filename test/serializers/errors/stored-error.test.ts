import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { types } from 'node:util'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SerializerError } from '../../../src/errors.ts'
import { customSerializer } from '../../../src/serializers/custom.ts'
import { ERROR_MARKER, isStoredError } from '../../../src/serializers/encoding.ts'
import { ErrorClasses } from '../../../src/serializers/errors/error-classes.ts'
import { jsonSerializer } from '../../../src/serializers/formats/json.ts'
import { resolveSerializer } from '../../../src/serializers/resolve-serializer.ts'
import type { Serializer } from '../../../src/serializers/serializer.ts'
import { decodeError, encodeError } from '../../../src/serializers/errors/stored-error.ts'
import { v8Serializer } from '../../../src/serializers/formats/v8.ts'
import { formats } from '../formats.ts'
import { thrownBy } from '../thrown.ts'
import { type SampleName, SAMPLES as values } from '../../../src/testing/sample-values.ts'
import { runs } from '../../random.ts'

class HttpError extends Error {
  readonly status: number
  constructor(status: number, message?: string, options?: ErrorOptions) {
    if (constructing === 'forbidden') throw new Error('a constructor was run')
    super(message, options)
    this.status = status
  }
  override get name(): string {
    // Not `this.constructor`, which an error may have as a property of its own.
    return (Object.getPrototypeOf(this) as HttpError).constructor.name
  }
  get isFatal(): boolean {
    return this.status >= 500
  }
}
class NotFoundError extends HttpError {
  constructor(what: { readonly id: number }) {
    super(404, `No ${what.id}`)
  }
}
class NamedError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NamedError'
  }
}
class CancelError extends DOMException {}

/** Constructors of stored errors are not to be run when these are read. */
let constructing: 'allowed' | 'forbidden' = 'allowed'

const classes = new ErrorClasses([HttpError, NotFoundError, NamedError, CancelError])

/** Bytes of a user's own, and texts that begin with the marker themselves. */
const bytesOfItsOwn = customSerializer({
  name: 'custom bytes',
  serialize: (value) => v8Serializer.serialize(value),
  deserialize: (stored) => v8Serializer.deserialize(stored),
})
const markedItself = customSerializer({
  name: 'custom text with the marker',
  serialize: (value) => `${ERROR_MARKER}${JSON.stringify(value)}`,
  deserialize: (stored) => JSON.parse(stored.subarray(ERROR_MARKER.length).toString()) as unknown,
})
const serializers = [...formats.map(({ name }) => resolveSerializer(name)), bytesOfItsOwn, markedItself]

describe.each(serializers)('$name', (serializer) => {
  const through = (thrown: unknown) => throughStore(serializer, thrown)

  test.each([
    ['an Error', new Error('no')],
    ['an Error without a message', new Error()],
    ['a message of many lines', new Error('one\n\n  two: \0 {"é"} 🙂\n---\n')],
    ['a TypeError', new TypeError('no')],
    ['a RangeError', new RangeError('no')],
    ['a SyntaxError', new SyntaxError('no')],
    ['a ReferenceError', new ReferenceError('no')],
    ['an EvalError', new EvalError('no')],
    ['a URIError', new URIError('no')],
    ['an error of a class', new HttpError(500, 'no')],
    ['an error of a class of a class', new NotFoundError({ id: 42 })],
    ['an error with a name of its own', new NamedError('no')],
    ['a cause', new HttpError(500, 'no', { cause: new NotFoundError({ id: 42 }) })],
    ['a cause that is no error', new Error('no', { cause: { reason: 'why', at: [1, null] } })],
    ['a cause that is undefined', new Error('no', { cause: undefined })],
    ['an enumerable cause', Object.assign(new Error('no'), { cause: new TypeError('why') })],
    ['an AggregateError', new AggregateError([new TypeError('a'), 'b', new NotFoundError({ id: 1 })], 'all')],
    ['an AggregateError of nothing', new AggregateError([])],
    [
      'errors in properties',
      Object.assign(new Error('no'), { inner: new TypeError('a'), more: [new Error('b')] }),
    ],
    ['an undefined property', Object.assign(new Error('no'), { a: undefined, b: 1 })],
    ['a hidden code', Object.defineProperty(new Error('no'), 'code', { value: 'E_NO' })],
    ['a frozen error', Object.freeze(new NotFoundError({ id: 42 }))],
    ['a system error', thrownBy(() => readFileSync('/there/is/none'))],
    ["an error of Node's", thrownBy(() => new URL('no'))],
    [
      'an enumerable message',
      Object.defineProperty(new Error(), 'message', { value: 'no', enumerable: true }),
    ],
    ['an enumerable stack', Object.defineProperty(new Error(), 'stack', { value: 'no', enumerable: true })],
    ['a name that is not a text', Object.assign(new Error('no'), { name: 5 })],
  ])('brings back %s', (_, error) => {
    const returned = through(error)
    assertSame(returned, error)
    expect(returned).not.toBe(error)
    expect(types.isNativeError(returned)).toBe(true)
    expect(String(returned)).toBe(String(error))
  })

  test('brings back properties of all names, in their order', () => {
    const pollutants = [
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'hasOwnProperty',
      'toJSON',
      'then',
    ]
    const refusedByFormats = ['nul \0', '$ref', '_bsontype', '', 'a b', 'é', '1']
    const odd = [...pollutants, ...refusedByFormats, 'list', 'value', 'error', 'hidden', 'errors']
    const error = new Error('no')
    for (const name of odd) define(error, name, { is: name })
    const returned = through(error)
    assertSame(returned, error)
    expect(Object.getPrototypeOf(returned)).toBe(Error.prototype)
    expect(Object.keys(returned as Error)).toEqual(Object.keys(error))
  })

  test('pollutes no prototype', () => {
    const before = [Error.prototype, Object.prototype].map((one) => Reflect.ownKeys(one))
    const error = define(new Error('no'), '__proto__', { polluted: true })
    const returned = through(error) as Error & { polluted?: boolean }
    expect([returned.polluted, ({} as { polluted?: boolean }).polluted]).toEqual([undefined, undefined])
    expect(Object.getOwnPropertyDescriptor(returned, '__proto__')?.value).toEqual({ polluted: true })
    expect([Error.prototype, Object.prototype].map((one) => Reflect.ownKeys(one))).toEqual(before)
  })

  test('leaves out properties that are functions or symbols, named by symbols, or hidden', () => {
    const error = Object.assign(new Error('no'), {
      a: 1,
      retry: () => 'again',
      tag: Symbol('tag'),
      [Symbol('b')]: 2,
      list: [new Error('c'), () => 3, Symbol('d'), 4],
    })
    define(error, 'secret', 'x', false)
    const returned = through(error) as typeof error
    expect(Reflect.ownKeys(returned).toSorted()).toEqual(['a', 'list', 'message', 'stack'])
    expect([returned.a, returned.list.length, returned.list[1]]).toEqual([1, 2, 4])
    expect(returned.list[0]).toEqual(new Error('c'))
  })

  test('leaves out what cannot be stored, and nothing else', () => {
    const trap = Object.defineProperty({}, 'inside', { enumerable: true, get: fail })
    const cause = Object.assign(new TypeError('why'), { trap, c: 3 })
    const error = Object.assign(new HttpError(500, 'no', { cause }), {
      a: 1,
      trap,
      b: 'x',
      list: [cause, trap, 2],
    })
    const returned = through(error) as typeof error
    expect(returned).toBeInstanceOf(HttpError)
    expect([returned.message, returned.stack]).toEqual([error.message, error.stack])
    expect({ ...returned }).toEqual({ status: 500, a: 1, b: 'x', list: [returned.cause, 2] })
    expect({ ...(returned.cause as object) }).toEqual({ c: 3 })
  })

  test('reads getters of the error, and skips those that throw', () => {
    const error = new Error('no')
    Object.defineProperty(error, 'good', { enumerable: true, get: () => 5 })
    Object.defineProperty(error, 'bad', { enumerable: true, get: fail })
    const returned = through(error)
    expect(Object.getOwnPropertyDescriptor(returned, 'good')).toEqual({
      value: 5,
      enumerable: true,
      writable: true,
      configurable: true,
    })
    expect(Object.keys(returned as Error)).toEqual(['good'])
  })

  test('has members of the class', () => {
    const returned = through(new NotFoundError({ id: 42 })) as NotFoundError
    expect([returned.isFatal, returned.status, returned.name]).toEqual([false, 404, 'NotFoundError'])
    expect(Object.hasOwn(returned, 'name')).toBe(false)
  })

  test('uses the nearest known class for an unknown one, and keeps its name', () => {
    class GoneError extends NotFoundError {}
    const error = new GoneError({ id: 42 })
    const near = through(error) as GoneError
    expect(Object.getPrototypeOf(near)).toBe(NotFoundError.prototype)
    const far = throughStore(serializer, error, new ErrorClasses()) as GoneError
    expect(Object.getPrototypeOf(far)).toBe(Error.prototype)
    for (const one of [near, far]) {
      expect([one.name, one.message, one.stack, one.status]).toEqual(['GoneError', 'No 42', error.stack, 404])
      expect(Object.keys(one)).toEqual(['status'])
    }
  })

  test('brings back cycles and shared causes', () => {
    const root = new TypeError('root')
    const error = new AggregateError(
      [new Error('a', { cause: root }), new Error('b', { cause: root })],
      'all',
    )
    root.cause = error
    Object.assign(error, { self: error })
    const returned = through(error) as AggregateError & { self: unknown }
    assertSame(returned, error)
    const [a, b] = returned.errors as [Error, Error]
    expect(a.cause).toBe(b.cause)
    expect((a.cause as Error).cause).toBe(returned)
    expect(returned.self).toBe(returned)
  })

  test('ends at a hundred errors', () => {
    let chain = new Error('0')
    for (let i = 1; i < 5000; i++) chain = new Error(String(i), { cause: chain })
    const messages: string[] = []
    let returned = through(chain) as Error | undefined
    for (; returned !== undefined; returned = returned.cause as Error | undefined)
      messages.push(returned.message)
    expect(messages).toEqual(Array.from({ length: 100 }, (_, i) => String(4999 - i)))
    const many = new AggregateError(Array.from({ length: 200 }, (_, i) => new Error(String(i))))
    expect((through(many) as AggregateError).errors).toHaveLength(99)
  })

  test('brings back a DOMException, and what extends it', async () => {
    const reason: unknown = AbortSignal.abort().reason
    for (const error of [reason, new CancelError('no', 'QuotaExceededError')] as DOMException[]) {
      const returned = through(error) as DOMException
      assertSame(returned, error)
      expect([returned.name, returned.message, returned.code]).toEqual([
        error.name,
        error.message,
        error.code,
      ])
      expect(returned).toBeInstanceOf(DOMException)
    }
    const aborted = await setTimeout(10, undefined, { signal: AbortSignal.abort() }).catch(
      (error: unknown) => error,
    )
    const returned = through(aborted) as Error & { code: string }
    expect(returned).toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      message: 'The operation was aborted',
    })
    assertSame(returned.cause, (aborted as Error).cause)
  })

  test('recognizes errors of other realms', () => {
    const error: unknown = runInNewContext(
      `Object.assign(new TypeError('no', { cause: new Error('why') }), { a: 1 })`,
    )
    expect(error).not.toBeInstanceOf(Error)
    const returned = through(error) as TypeError
    expect(returned).toBeInstanceOf(TypeError)
    expect(returned).toMatchObject({ message: 'no', a: 1, cause: { message: 'why' } })
  })

  test('recognizes errors of the old style', () => {
    const error = Object.create(TypeError.prototype, { message: { value: 'no' } }) as TypeError
    const returned = through(error)
    expect(types.isNativeError(returned)).toBe(true)
    expect(returned).toMatchObject({ message: 'no', name: 'TypeError' })
    expect((returned as Error).stack).toBeUndefined()
  })

  test.each([['a text'], [''], [0], [5], [true], [null], [undefined], [{ a: [1, 'x'] }], [[]], [['a', 1]]])(
    'brings back what is no error: %j',
    (thrown) => {
      const stored = Buffer.from(encodeError(serializer, thrown))
      expect(isStoredError(stored)).toBe(true)
      assert.deepStrictEqual(decodeError(serializer, stored, classes), thrown)
    },
  )

  test('brings back a list of errors that was thrown', () => {
    const thrown = [new TypeError('a'), 'b', new NotFoundError({ id: 1 })]
    const returned = through(thrown) as unknown[]
    expect(returned).toHaveLength(3)
    for (const [i, item] of thrown.entries()) assertSame(returned[i], item)
  })

  test.each([[() => 1], [Symbol('a')]])('refuses %o', (thrown) => {
    expect(() => encodeError(serializer, thrown)).toThrow(SerializerError)
    expect(() => encodeError(serializer, thrown)).toThrow(
      /^The thrown value cannot be stored: it is a (function|symbol)\./,
    )
  })

  test('is new at every call, and shares nothing with what is stored', () => {
    const error = Object.assign(new Error('no', { cause: new Error('why') }), {
      data: Buffer.from('abc'),
      list: [1],
    })
    const bytes = Buffer.from(encodeError(serializer, error))
    const surroundings = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')])
    const stored = surroundings.subarray(6, 6 + bytes.length)
    const first = decodeError(serializer, stored, classes) as typeof error
    const second = decodeError(serializer, stored, classes) as typeof error
    expect([first === second, first.cause === second.cause, first.list === second.list]).toEqual([
      false,
      false,
      false,
    ])
    if (Buffer.isBuffer(first.data)) first.data.fill('x')
    first.list.push(2)
    first.message = 'other'
    expect(stored.equals(bytes)).toBe(true)
    const third = decodeError(serializer, stored, classes) as typeof error
    expect([third.message, third.list]).toEqual(['no', [1]])
    assert.deepStrictEqual(third.data, second.data)
  })

  test('refuses bytes after the marker that it did not write', () => {
    const error = define(new HttpError(500, 'no', { cause: 'why' }), 'stack', 'at home', false)
    Object.assign(error, { trap: Object.defineProperty({}, 'inside', { enumerable: true, get: fail }) })
    const bytes = Buffer.from(encodeError(serializer, error))
    const garbage = ['', '\0', '\xff\x0f', '{"', '[]', 'null', '"x"', '{}', 'x: [', '\xc1', '\x00error\x00']
    for (const text of garbage) {
      expect(() => unmark(serializer, Buffer.from(text, 'latin1')), JSON.stringify(text)).toThrow(
        SerializerError,
      )
    }
    // YAML's last byte is a line break.
    const end = serializer.name === 'yaml' ? bytes.length - 1 : bytes.length
    for (let length = ERROR_MARKER.length; length < end; length++) {
      expect(() => decodeError(serializer, bytes.subarray(0, length), classes), `${length} bytes`).toThrow(
        SerializerError,
      )
    }
  })

  const kept = { classes: ['Error'], name: 'Error', message: 'no', properties: [] }
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['a text', 'x'],
    ['nothing', {}],
    ['no errors', { thrown: {} }],
    ['nothing thrown', { errors: [kept] }],
    ['errors that are no list', { errors: {}, thrown: {} }],
    ['an error that is none', { errors: [null], thrown: { error: 0 } }],
    ['a number that points nowhere', { errors: [kept], thrown: { error: 1 } }],
    ['a number below all', { errors: [kept], thrown: { error: -1 } }],
    ['no number', { errors: [kept], thrown: { error: 'length' } }],
    ['a list that is none', { errors: [kept], thrown: { list: 'x' } }],
    ['no classes', { errors: [{ ...kept, classes: 'Error' }], thrown: { error: 0 } }],
    ['a class without a name', { errors: [{ ...kept, classes: [5] }], thrown: { error: 0 } }],
    ['a message that is not a text', { errors: [{ ...kept, message: {} }], thrown: { error: 0 } }],
    ['a stack that is not a text', { errors: [{ ...kept, stack: 5 }], thrown: { error: 0 } }],
    ['no properties', { errors: [{ ...kept, properties: 'x' }], thrown: { error: 0 } }],
    [
      'a property without a name',
      { errors: [{ ...kept, properties: [{ value: 1 }] }], thrown: { error: 0 } },
    ],
    ['a property that is none', { errors: [{ ...kept, properties: ['x'] }], thrown: { error: 0 } }],
  ])('refuses a record with %s', (_, record) => {
    const output = record === undefined ? '' : serializer.serialize(record)
    expect(() => unmark(serializer, Buffer.from(output as string))).toThrow(SerializerError)
  })

  test('brings back any error', () => {
    fc.assert(
      fc.property(errors, (error) => assertSame(through(error), error)),
      { numRuns: runs(serializer.name === 'yaml' ? 50 : 300) },
    )
  })
})

describe.each(formats)('values in properties with $name', ({ name, shortcomings }) => {
  const serializer = resolveSerializer(name)
  const names = Object.keys(values) as SampleName[]
  // Errors have a better way here, and no invalid Date equals another.
  const comparable = names.filter((value) => value !== 'an Error' && value !== 'an invalid Date')

  test.each(comparable.filter((value) => shortcomings[value] === undefined))(
    'are kept as results are: %s',
    (value) => {
      const error = Object.assign(new Error('no'), { data: values[value]() })
      const returned = throughStore(serializer, error) as typeof error
      assert.deepStrictEqual(returned.data, values[value]())
    },
  )

  test('are errors even where the format has none', () => {
    const error = Object.assign(new Error('no'), { data: values['an Error']() })
    assertSame(throughStore(serializer, error), error)
  })
})

describe('encodeError', () => {
  test('begins with the marker, and is readable', () => {
    const error = Object.assign(new NotFoundError({ id: 42 }), { cause: 'why' })
    define(error, 'stack', 'at home', false)
    expect(encodeError(jsonSerializer, error)).toBe(
      '\0error\0{"errors":[{"classes":["NotFoundError","HttpError","Error"],"name":"NotFoundError",' +
        '"message":"No 42","stack":"at home","properties":[{"name":"status","value":404},' +
        '{"name":"cause","value":"why"}]}],"thrown":{"error":0}}',
    )
    expect(encodeError(jsonSerializer, define(new NamedError('no'), 'stack', 'at home', false))).toBe(
      '\0error\0{"errors":[{"classes":["NamedError","Error"],"message":"no","stack":"at home",' +
        '"properties":[{"name":"name","value":"NamedError"}]}],"thrown":{"error":0}}',
    )
  })

  test('cuts off a very long stack', () => {
    const error = define(new Error('no'), 'stack', 'x'.repeat(1e6), false)
    const returned = throughStore(jsonSerializer, error) as Error
    expect(returned.stack).toBe('x'.repeat(10_000))
  })

  test('names no more than 32 classes', () => {
    let Class = HttpError as new (status: number, message: string) => Error
    for (let i = 0; i < 50; i++) Class = class Link extends Class {}
    const error = new Class(500, 'no')
    expect(String(encodeError(jsonSerializer, error)).match(/"Link"/g)).toHaveLength(33)
    const returned = throughStore(jsonSerializer, error) as Error
    expect(Object.getPrototypeOf(returned)).toBe(Error.prototype)
    expect([returned.name, returned.message]).toEqual(['Link', 'no'])
  })

  test('leaves out a stack that is not a text', () => {
    const returned = throughStore(jsonSerializer, define(new Error('no'), 'stack', [1], false)) as Error
    expect([returned.stack, returned.message]).toEqual([undefined, 'no'])
  })

  test('keeps names, texts and causes if the values together are refused', () => {
    const half = 'x'.repeat(9 * 1024 * 1024)
    const cause = Object.assign(new TypeError('why'), { half })
    const error = Object.assign(new HttpError(500, 'no', { cause }), { half })
    const returned = throughStore(resolveSerializer('bson'), error) as typeof error
    expect(returned).toBeInstanceOf(HttpError)
    expect({ ...returned }).toEqual({})
    expect([returned.message, returned.stack, (returned.cause as Error).message]).toEqual([
      'no',
      error.stack,
      'why',
    ])
    expect(returned.cause).toBeInstanceOf(TypeError)
  })

  test('accepts an error without a class, or with a class whose name cannot be read', () => {
    const error = Object.setPrototypeOf(new Error('no'), null) as Error
    expect(throughStore(jsonSerializer, error)).toEqual(new Error('no'))
    const nameless = Object.defineProperty(() => {}, 'name', { get: fail })
    const odd = define(Object.create(Error.prototype) as object, 'constructor', nameless)
    const returned = throughStore(jsonSerializer, Object.setPrototypeOf(new Error('no'), odd))
    expect(Object.getPrototypeOf(returned)).toBe(Error.prototype)
  })

  test('skips a Proxy that refuses everything, and refuses one that was thrown', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const returned = throughStore(jsonSerializer, Object.assign(new Error('no'), { proxy, a: 1 }))
    expect({ ...(returned as Error) }).toEqual({ a: 1 })
    expect(() => encodeError(jsonSerializer, proxy)).toThrow(SerializerError)
  })

  test('refuses a value that the serializer refuses', () => {
    const error = thrownBy(() => encodeError(jsonSerializer, 5n)) as SerializerError
    expect(error).toBeInstanceOf(SerializerError)
    expect(error.message).toMatch(/^Serializer 'json' cannot store this error: .* Exclude it by `when`/)
    expect(error.cause).toBeInstanceOf(TypeError)
  })

  test('refuses every error when the serializer can only store results, and quotes its first message', () => {
    let count = 0
    const results = customSerializer({
      serialize: () => {
        throw new Error(`no result ${++count}`)
      },
      deserialize: fail,
    })
    expect(() => encodeError(results, new Error('no'))).toThrow(
      /^Serializer 'custom' cannot .* error: no result 1\./,
    )
  })

  test('does not read getters of the error twice', () => {
    let reads = 0
    const error = Object.defineProperty(new Error('no'), 'id', { enumerable: true, get: () => ++reads })
    Object.assign(error, { big: 5n })
    expect({ ...(throughStore(jsonSerializer, error) as object) }).toEqual({ id: 1 })
  })
})

describe('decodeError', () => {
  test('refuses a result', () => {
    expect(() => decodeError(jsonSerializer, Buffer.from('{}'), classes)).toThrow(
      /is a result of the function/,
    )
  })

  test('says which serializer lost an error, and quotes nothing of it', () => {
    const forgetful = customSerializer({ name: 'forgetful', serialize: String, deserialize: String })
    const stored = Buffer.from(encodeError(forgetful, new Error('secret')))
    expect(() => decodeError(forgetful, stored, classes)).toThrow(
      /^Serializer 'forgetful' does not bring back this error \(22 bytes\): there is a value of type string where an/,
    )
  })

  test('says what is wrong', () => {
    const decoding = (record: string) => () => unmark(jsonSerializer, Buffer.from(record))
    expect(decoding('{"errors":{},"thrown":{}}')).toThrow(/\(32 bytes\): a list is missing\. Was it/)
    expect(decoding('{"errors":[],"thrown":null}')).toThrow(
      /: there is null where an object should be\. Was it/,
    )
    expect(decoding('{"errors":[],"thrown":{"error":0}}')).toThrow(
      /: it refers to an error that is not in the list\./,
    )
    expect(decoding('{"errors":[{"classes":[5]}],"thrown":{}}')).toThrow(/: a text is missing\./)
  })

  test('does not run setters or constructors of the class', () => {
    class Guarded extends Error {
      set id(_: number) {
        fail()
      }
    }
    const error = define(new Guarded('no'), 'id', 5)
    assertSame(throughStore(jsonSerializer, error, new ErrorClasses([Guarded])), error)
  })
})

/** Errors with any texts and properties, that hold each other in any way. */
const makers: readonly ((message: string) => Error)[] = [
  (message) => new Error(message),
  (message) => new RangeError(message),
  (message) => new HttpError(500, message),
  (message) => new NamedError(message),
  (message) => new AggregateError(['a'], message),
]
const hiddenNames = ['cause', 'errors', 'code']
const oddNames = ['__proto__', 'constructor', 'list', 'error', 'value']
/** Never an error: a stack is made of them when it is first read, and Node makes no end where they are cycles. */
const textNames = ['name', 'message', 'stack']
const text = fc.string({ unit: 'binary' })
const propertyName = fc.oneof(
  text.filter((name) => !textNames.includes(name)),
  fc.constantFrom(...hiddenNames, ...oddNames),
)
const plain = fc.oneof(text, fc.integer(), fc.boolean(), fc.constantFrom(null, undefined), fc.array(text))
const held = fc.oneof(
  plain,
  fc.record({ error: fc.nat() }),
  fc.record({ errors: fc.array(fc.nat(), { minLength: 1 }) }),
)
const description = fc.record({
  make: fc.constantFrom(...makers),
  message: text,
  properties: fc.array(
    fc.oneof(
      fc.tuple(propertyName, held, fc.boolean()),
      fc.tuple(fc.constantFrom(...textNames), plain, fc.constant(true)),
    ),
    { maxLength: 4 },
  ),
})
const errors = fc.array(description, { minLength: 1, maxLength: 5 }).map((descriptions) => {
  const made = descriptions.map(({ make, message }) => make(message))
  const pick = (number: number) => made[number % made.length] as Error
  for (const [i, { properties }] of descriptions.entries()) {
    for (const [name, value, enumerable] of properties) {
      define(pick(i), name, linked(value, pick), enumerable || !hiddenNames.includes(name))
    }
  }
  return pick(0)
})

/** What a property holds, with errors in place of their numbers. */
function linked(value: unknown, pick: (number: number) => Error): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const { error, errors } = value as { error?: number; errors?: number[] }
  return error === undefined ? errors?.map(pick) : pick(error)
}

function throughStore(serializer: Serializer, thrown: unknown, known = classes): unknown {
  const stored = Buffer.from(encodeError(serializer, thrown))
  expect(isStoredError(stored)).toBe(true)
  constructing = 'forbidden'
  try {
    return decodeError(serializer, stored, known)
  } finally {
    constructing = 'allowed'
  }
}

function unmark(serializer: Serializer, bytes: Buffer): unknown {
  return decodeError(serializer, Buffer.concat([Buffer.from(ERROR_MARKER), bytes]), classes)
}

function define<T extends object>(target: T, name: string, value: unknown, enumerable = true): T {
  return Object.defineProperty(target, name, { value, enumerable, writable: true, configurable: true })
}

function fail(): never {
  throw new Error('this must not run, or not matter')
}

/** The same class, texts, and own properties, and the same in all errors they hold, even in cycles. */
function assertSame(actual: unknown, expected: unknown, pairs = new Map<unknown, unknown>()): void {
  if (Array.isArray(actual) && Array.isArray(expected)) {
    assert.equal(actual.length, expected.length)
    for (const [i, item] of expected.entries()) assertSame(actual[i], item, pairs)
  } else if (!(expected instanceof Error)) {
    assert.deepStrictEqual(actual, expected)
  } else if (pairs.has(expected)) {
    assert(actual === pairs.get(expected), 'they hold each other in other ways')
  } else {
    pairs.set(expected, actual)
    assert(actual instanceof Error)
    assert.equal(Object.getPrototypeOf(actual), Object.getPrototypeOf(expected))
    for (const name of ['name', 'message', 'stack'] as const) assertSame(actual[name], expected[name], pairs)
    assert.deepStrictEqual(Object.keys(actual), Object.keys(expected))
    assert.deepStrictEqual(ownNames(actual), ownNames(expected))
    for (const name of ownNames(expected))
      assertSame(Reflect.get(actual, name), Reflect.get(expected, name), pairs)
  }
}

/** Texts that are not enumerable may as well be inherited. */
function ownNames(error: Error): string[] {
  return Object.getOwnPropertyNames(error)
    .filter((name) => !textNames.includes(name) || Object.keys(error).includes(name))
    .toSorted()
}

// The default serializer: JSON as JSON.stringify writes it, or structured clone behind a mark, or a refusal.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { createServer, Socket } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { inspect } from 'node:util'
import vm from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { autoSerializer } from '../../../src/serializers/formats/auto.ts'
import { decode, encode, isStoredError, UnstorableError } from '../../../src/serializers/encoding.ts'
import { CHANGED, fidelityOf } from '../../../src/serializers/fidelity.ts'
import { findLoss } from '../../../src/serializers/loss.ts'
import { resolveSerializer } from '../../../src/serializers/resolve-serializer.ts'
import { SerializerError } from '../../../src/errors.ts'
import { formatNames } from '../formats.ts'

const MARK = Buffer.from('\0v8\0')

const stored = (value: unknown): Buffer => Buffer.from(encode(autoSerializer, value))
const back = (value: unknown): unknown => decode(autoSerializer, stored(value))
/** Tells NaN, -0, holes, classes and invalid Dates from all else. */
const EVERYTHING = { depth: Number.POSITIVE_INFINITY, maxArrayLength: null, showHidden: true } as const

const isMarked = (bytes: Buffer): boolean => bytes.subarray(0, MARK.length).equals(MARK)

class User {
  name = 'Ada'
}

class Money {
  readonly #cents: number
  constructor(cents: number) {
    this.#cents = cents
  }
  toJSON(): { cents: number } {
    return { cents: this.#cents }
  }
}

function argumentsOf(..._given: readonly unknown[]): unknown {
  return arguments
}

const sparse = (): unknown[] => Object.assign([1], { 2: 3 })

describe('JSON, byte for byte', () => {
  const shared = { a: 1 }
  test.each<[what: string, value: unknown]>([
    ['plain data', { a: [1, 'x', null, { b: true }], '': 0, '1': 'é\u2028\ud800' }],
    ['properties that are undefined', { a: undefined, b: { c: undefined } }],
    ['objects without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['a property named __proto__', JSON.parse('{"__proto__":{"a":1}}')],
    ['what is held twice', [shared, shared, { shared }]],
    ['getters of plain data', Object.defineProperty({}, 'a', { enumerable: true, get: () => 1 })],
    ['properties that are not enumerable', Object.defineProperty({ a: 1 }, 'b', { value: () => 1 })],
    ['objects of another realm', vm.runInNewContext('({ a: [1, { b: null }] })')],
    ['Proxies of plain data', new Proxy({ a: new Proxy([1], {}) }, {})],
    ['frozen objects', Object.freeze({ a: Object.freeze([1]) })],
  ])('%s', (_, value) => {
    expect(stored(value).toString()).toBe(JSON.stringify(value))
  })

  test('instances of classes alone', () => {
    const value = { user: new User(), price: new Money(5), url: new URL('http://localhost/') }
    expect(stored(value).toString()).toBe(JSON.stringify(value))
  })

  test('any value of JSON, which comes back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value)) // without -0
        expect(stored(plain).toString()).toBe(JSON.stringify(plain))
        assert.deepStrictEqual(back(plain), plain)
      }),
    )
  })

  test('so does JSON that others wrote, with blanks around', () => {
    expect(decode(autoSerializer, Buffer.from('\n { "a": 1 } '))).toEqual({ a: 1 })
  })
})

describe('structured clone behind a mark', () => {
  const cycle = (): unknown => {
    const node: { list: unknown[] } = { list: [] }
    node.list.push(node)
    return node
  }
  test.each<[what: string, make: () => unknown]>([
    ['a Date', () => ({ rows: [{ at: new Date(5) }] })],
    ['an invalid Date', () => [new Date(Number.NaN)]],
    ['a Map', () => new Map([[{ a: 1 }, new Map()]])],
    ['a Set', () => ({ a: new Set([1, [2]]) })],
    ['a bigint', () => [5n]],
    ['a bigint alone', () => 5n],
    ['bytes', () => ({ a: new Uint8Array([1, 2]), b: Buffer.from('b'), c: new Float64Array([0.5]) })],
    ['an ArrayBuffer', () => [new Uint8Array([1, 2]).buffer]],
    ['undefined in a list', () => [1, undefined]],
    ['holes', sparse],
    ['an array with properties of its own', () => Object.assign([1, 2], { total: 100 })],
    ['what a RegExp matched', () => 'abc'.match(/b/)],
    ['NaN', () => ({ a: Number.NaN })],
    ['an infinity', () => [Number.NEGATIVE_INFINITY]],
    ['-0', () => ({ a: { b: -0 } })],
    ['a RegExp', () => [/a+/gi]],
    ['boxed primitives', () => [Object('x'), Object(1), Object(false), Object(1n)]],
    ['a cycle', cycle],
    ['an undefined property beside a Date', () => ({ a: undefined, at: new Date(1) })],
  ])('%s', (_, make) => {
    const bytes = stored(make())
    expect(isMarked(bytes)).toBe(true)
    expect(isStoredError(bytes)).toBe(false)
    expect(inspect(decode(autoSerializer, bytes), EVERYTHING)).toBe(inspect(make(), EVERYTHING))
  })

  test('objects of another realm are of this one', () => {
    const [at, map] = back(vm.runInNewContext('[new Date(5), new Map([[1, [2]]])]')) as [unknown, unknown]
    expect(at).toEqual(new Date(5))
    expect(map).toEqual(new Map([[1, [2]]]))
  })

  test('an Error is an Error', () => {
    const [error] = back([new RangeError('no', { cause: { at: new Date(1) } })]) as [Error]
    expect(error).toBeInstanceOf(RangeError)
    expect([error.message, error.cause]).toEqual(['no', { at: new Date(1) }])
  })

  test('keeps what is shared', () => {
    const shared = { at: new Date(1) }
    const [a, b] = back([shared, shared]) as [unknown, unknown]
    expect(a).toBe(b)
  })

  test('stores instances as JSON would, whatever is beside them', () => {
    class Tree {
      at = new Date(1)
      readonly user = new User()
      get label(): string {
        return 'not own'
      }
    }
    const value = {
      at: new Date(5),
      price: new Money(5),
      url: new URL('http://localhost/'),
      tree: new Tree(),
    }
    expect(back(value)).toEqual({
      at: new Date(5),
      price: { cents: 5 },
      url: 'http://localhost/',
      tree: { at: new Date(1), user: { name: 'Ada' } },
    })
    expect(back(new Map([[new Money(1), new Set([new Money(2)])]]))).toEqual(
      new Map([[{ cents: 1 }, new Set([{ cents: 2 }])]]),
    )
    const itself = { at: new Date(1), self: {}, toJSON: (): unknown => itself }
    expect(() => back(itself)).toThrow(SerializerError)
  })

  test('clones Proxies as plain objects with what they show', () => {
    const value = new Proxy({ at: new Date(5), list: new Proxy([1n], {}) }, {})
    expect(back(value)).toEqual({ at: new Date(5), list: [1n] })
    expect(back([argumentsOf(1, 2), new Date(1)])).toEqual([{ 0: 1, 1: 2 }, new Date(1)])
  })

  test('refuses bytes that another runtime or format wrote, and bytes that were cut off', () => {
    for (const text of [
      '\0jsc\0\x0e',
      '\0v8',
      '\0v9\0x',
      '\0v8\0',
      '\0',
      '\0error\0{}',
      '{"a":1',
      '\xff\x0f0',
    ]) {
      expect(() => decode(autoSerializer, Buffer.from(text, 'latin1')), JSON.stringify(text)).toThrow(
        SerializerError,
      )
    }
    const bytes = stored({ at: new Date(5) })
    expect(() => decode(autoSerializer, Buffer.concat([bytes, Buffer.from('0')]))).toThrow(SerializerError)
  })

  test('stores a deep value, and an object that is reached in very many ways, without delay', () => {
    let deep: unknown = 1
    for (let i = 0; i < 1_000; i++) deep = { deep }
    expect(stored(deep).toString()).toBe(JSON.stringify(deep))
    let wide: unknown = [1]
    for (let i = 0; i < 100; i++) wide = [wide, wide]
    expect(isMarked(stored(wide))).toBe(true)
  })

  test.each<[serializer: string]>([['auto'], ['json'], ['v8']])(
    'refuses a value that is too deep to be walked, also where JSON could write it: %s',
    (name) => {
      const serializer = resolveSerializer(name as 'auto')
      for (const innermost of [1, new Date(1)]) {
        let deepest: unknown = innermost
        for (let i = 0; i < 100_000; i++) deepest = [deepest]
        expect(() => encode(serializer, deepest)).toThrow(SerializerError)
        expect(() => encode(serializer, deepest)).toThrow(
          / cannot store this result: it is nested too deeply\. Return/,
        )
        expect(() => encode(serializer, deepest)).not.toThrow(UnstorableError)
      }
    },
  )
})

describe('a change is reported', () => {
  class NotFoundError extends Error {}
  class Rows extends Array<unknown> {}
  class Instant extends Date {}
  const lastIndex = /a/g
  lastIndex.test('a')
  test.each<[value: unknown, sentence: string]>([
    [{ user: new User() }, 'result.user is a User and comes back as a plain object'],
    [{ user: new User(), at: new Date(1) }, 'result.user is a User and comes back as a plain object'],
    [{ price: new Money(1) }, 'result.price is a Money and comes back as a plain object'],
    [[new URL('http://localhost/'), 1n], 'result[0] is a URL and comes back as a string'],
    [{ [Symbol('a')]: 1 }, 'result[Symbol(a)] is a number and does not come back'],
    [new NotFoundError('no'), 'result is a NotFoundError and comes back as an Error'],
    [Object.assign(new Error('no'), { code: 'E' }), 'result.code is a string and does not come back'],
    [new AggregateError([1]), 'result is an AggregateError and comes back as an Error'],
    [new Rows(2), 'result is a Rows and comes back as an Array'],
    [new Instant(1), 'result is an Instant and comes back as a Date'],
    [lastIndex, 'result is a RegExp and comes back as a different one'],
    [Object.assign(new Date(1), { zone: 'UTC' }), 'result.zone is a string and does not come back'],
    [Object.assign(new Map(), { size2: 1 }), 'result.size2 is a number and does not come back'],
  ])('%#: %s', (value, sentence) => {
    expect(fidelityOf(value) & CHANGED).toBeTruthy()
    expect(findLoss(autoSerializer, value, encode(autoSerializer, value))).toBe(sentence)
  })
})

describe('what cannot come back', () => {
  const throwing = new Proxy({}, { ownKeys: () => { throw new Error('closed') } }) // biome-ignore format: one line
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const trap = Object.defineProperty({}, 'a', {
    enumerable: true,
    get: () => {
      throw new Error('closed')
    },
  })
  class Connection extends EventEmitter {
    readonly host = 'localhost'
  }
  class Handlers {
    readonly handle = (): number => 1
  }
  const handle: Record<string, () => unknown> = {
    'a function': () => () => 1,
    'a class': () => User,
    'a symbol': () => Symbol('a'),
    'a boxed symbol': () => Object(Symbol('a')) as unknown,
    'a promise': () => Promise.resolve(1),
    'a thenable': () => Object.create(Promise.prototype) as unknown,
    'a Response': () => new Response('x'),
    'a Request': () => new Request('http://localhost/'),
    Headers: () => new Headers({ a: 'b' }),
    'a Blob': () => new Blob(['x']),
    'a File': () => new File(['x'], 'a'),
    FormData: () => new FormData(),
    URLSearchParams: () => new URLSearchParams('a=b'),
    'a ReadableStream': () => new ReadableStream(),
    'a WritableStream': () => new WritableStream(),
    'a CompressionStream': () => new CompressionStream('gzip'),
    'a stream of Node': () => Readable.from(['a']),
    'a PassThrough': () => new PassThrough(),
    'a socket': () => new Socket(),
    'a server': () => createServer(),
    'an emitter of events': () => new Connection(),
    'an AbortSignal': () => new AbortController().signal,
    'an AbortController': () => new AbortController(),
    'a timer': () => setTimeout(() => {}),
    'an iterator of a list': () => [1].values(),
    'an iterator of a Map': () => new Map().entries(),
    'an iterator of matches': () => 'x'.matchAll(/x/g),
    'a generator': () => (function* () { yield 1 })(), // biome-ignore format: one line
    'an asynchronous generator': () => (async function* () { yield 1 })(), // biome-ignore format: one line
    'a WeakMap': () => new WeakMap(),
    'a WeakSet': () => new WeakSet(),
    'a WeakRef': () => new WeakRef({}),
    'a FinalizationRegistry': () => new FinalizationRegistry(() => {}),
    'a SharedArrayBuffer': () => new SharedArrayBuffer(2),
    'a format of Intl': () => new Intl.NumberFormat(),
    'a MessagePort': () => new MessageChannel().port1,
    'a TextDecoder': () => new TextDecoder(),
    'a Proxy that throws': () => throwing,
    'a revoked Proxy': () => revoked.proxy,
    'a Proxy of a Map': () => new Proxy(new Map(), {}),
    'a getter that throws': () => trap,
    'an instance with a function': () => new Handlers(),
    'what another realm made': () => vm.runInNewContext('new WeakMap()') as unknown,
    'a plain object with a function': () => ({ run: () => 1 }),
  }
  test.each(Object.keys(handle))('%s, at any depth, in any format', (what) => {
    const value = handle[what]?.()
    const cycle = { value, self: {} }
    cycle.self = cycle
    for (const name of formatNames) {
      const serializer = resolveSerializer(name)
      for (const around of [
        value,
        { a: [{ value }] },
        new Map([['a', value]]),
        new Map([[value, 'a']]),
        new Set([[value]]),
        Object.assign([1], { 2: value }),
        new Error('no', { cause: value }),
        { toJSON: () => ({ value }) },
        Object.assign(new User(), { value }),
        cycle,
      ]) {
        expect(() => encode(serializer, around), name).toThrow(UnstorableError)
      }
    }
  })

  test.each<[value: unknown, sentence: RegExp]>([
    [new Response('x'), /^result is a Response$/],
    [{ a: [{ 'odd key': new Headers() }] }, /^result\.a\[0\]\["odd key"\] is a Headers$/],
    [{ user: { run: () => 1 } }, /^result\.user\.run is a function$/],
    [new Map([['a', Promise.resolve()]]), /^result\.get\(…\) is a Promise$/],
    [new Set([[].values()]), /^result\.values\(\) is an Array Iterator$/],
    [new Error('no', { cause: Symbol('a') }), /^result\.cause is a symbol$/],
    [{ a: throwing }, /^result.* closed$/],
  ])('is named: %#', (value, sentence) => {
    let thrown: unknown
    try {
      encode(autoSerializer, value)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(UnstorableError)
    expect((thrown as UnstorableError).part).toMatch(sentence)
    expect((thrown as UnstorableError).message).toMatch(
      /^Serializer 'auto' cannot store this result: .*Return/,
    )
  })
})

describe('JSON alone', () => {
  const json = resolveSerializer('json')

  test.each<[value: unknown, sentence: string]>([
    [{ rows: [{ at: new Date() }] }, 'result.rows[0].at is a Date'],
    [[Number.NaN], 'result[0] is NaN'],
    [{ a: -0 }, 'result.a is -0'],
    [[undefined], 'result[0] is undefined'],
    [sparse(), 'result is an array with holes or properties of its own'],
    [{ a: 1n }, 'result.a is a bigint'],
    [{ user: new User() }, 'result.user is a User'],
    [{ [Symbol('a')]: 1 }, 'result is an object with properties that symbols name'],
    [new Map(), 'result is a Map'],
  ])('says what it refuses: %#', (value, sentence) => {
    expect(() => encode(json, value)).toThrow(
      `Serializer 'json' cannot store this result: ${sentence}, which JSON does not bring back. { lossy: true }`,
    )
  })

  test('of a cycle', () => {
    const cycle: { a: unknown[] } = { a: [] }
    cycle.a.push(cycle)
    expect(() => encode(json, cycle)).toThrow(/result\.a\[0\] leads back to an object around it, which/)
  })
})

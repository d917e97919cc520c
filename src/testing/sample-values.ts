/** Values that a serializer is asked to bring back, by what each is meant to try; made anew whenever they are used. */
export const SAMPLES: Readonly<Record<SampleName, () => unknown>> = {
  null: () => null,
  true: () => true,
  false: () => false,
  zero: () => 0,
  'negative zero': () => -0,
  'small integers': () => [1, -1, 31, 32, -32, -33, 63, 64, 127, 128, -128, -129, 255, 256, 65_535, 65_536],
  'large integers': () => [
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 32,
    -(2 ** 32),
    Number.MAX_SAFE_INTEGER,
    2 ** 63,
    1e21,
  ],
  fractions: () => [1.5, 0.1, -2.25, Number.MIN_VALUE, Number.MAX_VALUE, Number.EPSILON],
  'NaN and infinities': () => [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  'an empty string': () => '',
  text: () => 'héllo, wörld: 你好 🙂\u2028\u0000\u001f',
  'multi-line text': () => '\n  first\r\n\tsecond  \n\n---\nthird: #4\r \n',
  'text like other types': () => [
    '2020-01-01',
    '1',
    '0x1f',
    'null',
    'true',
    'no',
    '~',
    '- a',
    '{}',
    '<<',
    '!!set',
    '*a',
    '&a',
    ' a',
    'NaN',
    '%a',
  ],
  'half a surrogate pair': () => '\ud800',
  'an empty array': () => [],
  'an empty object': () => ({}),
  'nested objects and arrays': () => ({ a: [{ b: [[], {}, [null, { c: { d: { e: 'f' } } }]] }], g: {} }),
  'odd property names': () => ({
    '': 1,
    '1': 2,
    'a.b': 3,
    'c\\d': 4,
    null: 5,
    'é "x"': 6,
    hasOwnProperty: 7,
    toString: 8,
  }),
  'a property named constructor': () => ({ constructor: 'x', prototype: 'y' }),
  'a property named __proto__': () => JSON.parse('{"__proto__":{"a":1},"b":2}') as object,
  'properties named $ref and $id': () => ({ $ref: 'a', $id: 1 }),
  '100 KB': () =>
    Array.from({ length: 1000 }, (_, i) => ({
      id: i,
      name: `name ${i}`,
      text: 'é'.repeat(40),
      on: i % 2 === 0,
    })),
  'an undefined property': () => ({ a: undefined, b: 1 }),
  'undefined in an array': () => [undefined, 1],
  'a hole in an array': () => Object.assign([1], { 2: 2 }),
  'a Date': () => ({ at: new Date(1_234_567_890_123), midnight: new Date('2020-01-01T00:00:00Z') }),
  'a Date before 1970': () => new Date('1815-12-10T01:02:03.004Z'),
  'a Date of antiquity': () => new Date('0050-03-01T00:00:00Z'),
  'a Date of the far future': () => new Date(8.64e15),
  'an invalid Date': () => new Date(Number.NaN),
  'a RegExp': () => /a+\/b/gim,
  'a RegExp with rare flags': () => /a+\/b/suy,
  'an Error': () => new TypeError('no', { cause: 'why' }),
  'a URL': () => new URL('https://user@example.org:81/a?b#c'),
  'a Map': () =>
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
  'an empty Map': () => new Map(),
  'a Map with keys of all types': () =>
    new Map<unknown, unknown>([
      [1, 'a'],
      ['1', { b: new Map([[true, null]]) }],
      [{ c: 1 }, []],
    ]),
  'a Map deep inside': () => ({ a: [{ b: new Set([new Map([['c', { d: 1 }]])]), e: 100 }], f: 70 }),
  'a Set': () => new Set([1, 'a', null, { b: 1 }]),
  'an empty Set': () => new Set(),
  'a bigint': () => [0n, 5n, -5n, 2n ** 63n - 1n, -(2n ** 63n)],
  'a large bigint': () => [2n ** 64n - 1n, 2n ** 64n, -(2n ** 64n), 2n ** 200n, -(2n ** 200n) - 1n],
  'a Buffer': () => ({ data: Buffer.from('\0\u0001some bytes') }),
  'an empty Buffer': () => Buffer.alloc(0),
  'a Uint8Array': () => new Uint8Array([1, 2, 255]),
  'a Float64Array': () => ({ odd: 'x', data: new Float64Array([1.5, Number.NaN, -0, 2]) }),
  'other typed arrays': () => [
    new Int8Array([-1]),
    new Uint8ClampedArray([255]),
    new Int16Array([-2, 3]),
    new Uint16Array([65_535]),
    new Int32Array([-4]),
    new Uint32Array([5]),
    new Float32Array([0.5]),
    new BigInt64Array([-6n]),
    new BigUint64Array([7n]),
  ],
  'a DataView': () => new DataView(new Uint8Array([9, 1, 2, 9]).buffer, 1, 2),
  'an ArrayBuffer': () => new Uint8Array([1, 2]).buffer,
  'a cycle': () => {
    const node: { name: string; self?: unknown } = { name: 'a' }
    node.self = node
    return node
  },
  'an instance of a class': () => new Money(5),
  'an instance with toJSON': () => new Reading(5),
  'a function': () => () => 1,
  'a function inside': () => ({ a: () => 1 }),
  'a symbol': () => Symbol('a'),
  'a symbol inside': () => ({ a: Symbol('a') }),
}

/** The name of a value that {@link serializerConformance} tries. */
export type SampleName =
  | 'null'
  | 'true'
  | 'false'
  | 'zero'
  | 'negative zero'
  | 'small integers'
  | 'large integers'
  | 'fractions'
  | 'NaN and infinities'
  | 'an empty string'
  | 'text'
  | 'multi-line text'
  | 'text like other types'
  | 'half a surrogate pair'
  | 'an empty array'
  | 'an empty object'
  | 'nested objects and arrays'
  | 'odd property names'
  | 'a property named constructor'
  | 'a property named __proto__'
  | 'properties named $ref and $id'
  | '100 KB'
  | 'an undefined property'
  | 'undefined in an array'
  | 'a hole in an array'
  | 'a Date'
  | 'a Date before 1970'
  | 'a Date of antiquity'
  | 'a Date of the far future'
  | 'an invalid Date'
  | 'a RegExp'
  | 'a RegExp with rare flags'
  | 'an Error'
  | 'a URL'
  | 'a Map'
  | 'an empty Map'
  | 'a Map with keys of all types'
  | 'a Map deep inside'
  | 'a Set'
  | 'an empty Set'
  | 'a bigint'
  | 'a large bigint'
  | 'a Buffer'
  | 'an empty Buffer'
  | 'a Uint8Array'
  | 'a Float64Array'
  | 'other typed arrays'
  | 'a DataView'
  | 'an ArrayBuffer'
  | 'a cycle'
  | 'an instance of a class'
  | 'an instance with toJSON'
  | 'a function'
  | 'a function inside'
  | 'a symbol'
  | 'a symbol inside'

class Money {
  readonly cents: number
  constructor(cents: number) {
    this.cents = cents
  }
}

class Reading {
  readonly #value: number
  constructor(value: number) {
    this.#value = value
  }
  toJSON(): object {
    return { value: this.#value }
  }
}

import { createRequire } from 'node:module'
import {
  resolveSerializer,
  type SerializerName,
  withLosses,
} from '../../src/serializers/resolve-serializer.ts'
import type { Serializer } from '../../src/serializers/serializer.ts'
import type { SampleName } from '../../src/testing/sample-values.ts'

/** What a format does with a value it does not bring back as it was, and why. */
export interface Shortcoming {
  readonly reason: string
  /** What comes back instead; without it the value is refused. */
  readonly becomes?: unknown
}

export interface Format {
  readonly name: SerializerName
  /** Every value that is not named here comes back as it was. */
  readonly shortcomings: Partial<Record<SampleName, Shortcoming>>
  /** JSON values it has no room for, by their property names. */
  readonly refusedNames: RegExp
}

/** The build that `require` finds, whose classes come back: an import would give others of the same name. */
const { DBRef } = createRequire(import.meta.url)('bson') as typeof import('bson')

const at = new Date(1_234_567_890_123)
const NEVER = /^(?!)/

function refused(reason: string): Shortcoming {
  return { reason }
}

function becomes(value: unknown, reason: string): Shortcoming {
  return { reason, becomes: value }
}

const plainObject = becomes({ cents: 5 }, 'classes are not stored')
const itsJson = becomes({ value: 5 }, 'toJSON is asked')
const nothingEnumerable = becomes({}, 'seen as an object without properties')
const undefinedVanishes = becomes({ b: 1 }, 'has no undefined: the property vanishes')
const undefinedIsNull = becomes([null, 1], 'has no undefined: null in arrays')
const holeIsNull = becomes([1, null, 2], 'has no holes: null')
const holeIsUndefined = becomes([1, undefined, 2], 'has no holes: undefined')
const urlIsText = becomes('https://user@example.org:81/a?b#c', 'toJSON is asked')
const notUtf8 = becomes('\ufffd\ufffd\ufffd', 'strings are UTF-8, which has no half surrogates')
const integerZero = becomes(0, 'written as the integer 0')
const renamed = becomes({ __proto_: { a: 1 }, b: 2 }, 'renamed by the package, against prototype pollution')
const noFunctions = {
  'a function': refused('no functions'),
  'a function inside': refused('no functions'),
  'a symbol': refused('no symbols'),
  'a symbol inside': refused('no symbols'),
} as const

/** JSON with `lossy: true`. */
const lossyJson: Format = {
  name: 'json',
  refusedNames: NEVER,
  shortcomings: {
    'negative zero': becomes(0, 'JSON.stringify writes 0'),
    'NaN and infinities': becomes([null, null, null], 'JSON has no such numbers'),
    'an undefined property': undefinedVanishes,
    'undefined in an array': undefinedIsNull,
    'a hole in an array': holeIsNull,
    'a Date': becomes({ at: at.toJSON(), midnight: '2020-01-01T00:00:00.000Z' }, 'toJSON is asked'),
    'a Date before 1970': becomes('1815-12-10T01:02:03.004Z', 'toJSON is asked'),
    'a Date of antiquity': becomes('0050-03-01T00:00:00.000Z', 'toJSON is asked'),
    'a Date of the far future': becomes('+275760-09-13T00:00:00.000Z', 'toJSON is asked'),
    'an invalid Date': becomes(null, 'toJSON is asked'),
    'a RegExp': nothingEnumerable,
    'a RegExp with rare flags': nothingEnumerable,
    'an Error': nothingEnumerable,
    'a URL': urlIsText,
    'a Map': nothingEnumerable,
    'an empty Map': nothingEnumerable,
    'a Map with keys of all types': nothingEnumerable,
    'a Map deep inside': becomes({ a: [{ b: {}, e: 100 }], f: 70 }, 'seen as an object without properties'),
    'a Set': nothingEnumerable,
    'an empty Set': nothingEnumerable,
    'a bigint': refused('JSON.stringify throws'),
    'a large bigint': refused('JSON.stringify throws'),
    'a Buffer': becomes({ data: Buffer.from('\0\u0001some bytes').toJSON() }, 'toJSON is asked'),
    'an empty Buffer': becomes({ type: 'Buffer', data: [] }, 'toJSON is asked'),
    'a Uint8Array': becomes({ 0: 1, 1: 2, 2: 255 }, 'seen as an object'),
    'a Float64Array': becomes({ odd: 'x', data: { 0: 1.5, 1: null, 2: 0, 3: 2 } }, 'seen as an object'),
    'other typed arrays': refused('two of them hold bigints'),
    'a DataView': nothingEnumerable,
    'an ArrayBuffer': nothingEnumerable,
    'a cycle': refused('JSON.stringify throws'),
    'an instance of a class': plainObject,
    'an instance with toJSON': itsJson,
    ...noFunctions,
  },
}

/** What JSON changes, JSON alone refuses; but a property that is undefined counts as left out. */
const refusedByJson = Object.fromEntries(
  Object.keys(lossyJson.shortcomings)
    .filter((value) => value !== 'an undefined property')
    .map((value) => [value, refused('JSON would change it')]),
)

export const formats: readonly Format[] = [
  {
    name: 'auto',
    refusedNames: NEVER,
    shortcomings: {
      'an undefined property': undefinedVanishes,
      'a URL': urlIsText,
      'an instance of a class': plainObject,
      'an instance with toJSON': itsJson,
      ...noFunctions,
    },
  },
  {
    name: 'json',
    refusedNames: NEVER,
    shortcomings: { ...refusedByJson, 'an undefined property': undefinedVanishes },
  },
  {
    name: 'v8',
    refusedNames: NEVER,
    shortcomings: {
      'a URL': nothingEnumerable,
      'an instance of a class': plainObject,
      'an instance with toJSON': becomes({}, 'toJSON is not asked, private fields are not seen'),
      ...noFunctions,
    },
  },
  {
    name: 'msgpack',
    refusedNames: /^__proto__$/,
    shortcomings: {
      'negative zero': integerZero,
      'half a surrogate pair': notUtf8,
      'a property named __proto__': renamed,
      'a hole in an array': holeIsUndefined,
      'a URL': urlIsText,
      'a cycle': refused('references are not stored'),
      'an instance of a class': plainObject,
      'an instance with toJSON': itsJson,
      ...noFunctions,
    },
  },
  {
    name: 'cbor',
    refusedNames: /^__proto__$/,
    shortcomings: {
      'negative zero': integerZero,
      'half a surrogate pair': notUtf8,
      'a property named __proto__': renamed,
      'a hole in an array': holeIsUndefined,
      'an Error': becomes(new Error('no'), 'only the message is read back'),
      'a URL': urlIsText,
      'a DataView': becomes(Buffer.from([1, 2]), 'a byte string without a tag'),
      'an ArrayBuffer': becomes(Buffer.from([1, 2]), 'a byte string without a tag'),
      'a cycle': refused('references are not stored'),
      'an instance of a class': plainObject,
      'an instance with toJSON': itsJson,
      ...noFunctions,
    },
  },
  {
    name: 'bson',
    refusedNames: /^_bsontype$|^\$|\0/,
    shortcomings: {
      'half a surrogate pair': becomes('\ufffd', 'strings are UTF-8, which has no half surrogates'),
      'properties named $ref and $id': becomes(
        new DBRef('a', 1 as never),
        'that is how BSON stores references',
      ),
      'an undefined property': undefinedVanishes,
      'undefined in an array': undefinedIsNull,
      'a hole in an array': holeIsNull,
      'an invalid Date': refused('would come back as 1970'),
      'a RegExp with rare flags': refused('has the flags g, i and m'),
      'an Error': nothingEnumerable,
      'a URL': nothingEnumerable,
      'a Map': refused('would come back as an object'),
      'an empty Map': refused('would come back as an object'),
      'a Map with keys of all types': refused('would come back as an object'),
      'a Map deep inside': refused('would come back as an object'),
      'a Set': nothingEnumerable,
      'an empty Set': nothingEnumerable,
      'a large bigint': refused('would wrap around at 64 bits'),
      'a Uint8Array': becomes(Buffer.from([1, 2, 255]), 'binary data come back as Buffers'),
      'a Float64Array': becomes(
        { odd: 'x', data: { 0: 1.5, 1: Number.NaN, 2: -0, 3: 2 } },
        'seen as an object',
      ),
      'other typed arrays': becomes(
        [
          { 0: -1 },
          { 0: 255 },
          { 0: -2, 1: 3 },
          { 0: 65_535 },
          { 0: -4 },
          { 0: 5 },
          { 0: 0.5 },
          { 0: -6n },
          { 0: 7n },
        ],
        'seen as objects',
      ),
      'a DataView': nothingEnumerable,
      'an ArrayBuffer': nothingEnumerable,
      'a cycle': refused('the package throws'),
      'an instance of a class': plainObject,
      'an instance with toJSON': becomes({}, 'toJSON is not asked, private fields are not seen'),
      ...noFunctions,
    },
  },
  {
    name: 'yaml',
    refusedNames: NEVER,
    shortcomings: {
      'an undefined property': undefinedVanishes,
      'undefined in an array': undefinedIsNull,
      'a hole in an array': holeIsNull,
      'a Date of antiquity': refused('would come back in the twentieth century'),
      'a Date of the far future': refused('would come back as a string'),
      'an invalid Date': refused('has no text'),
      'a RegExp': nothingEnumerable,
      'a RegExp with rare flags': nothingEnumerable,
      'an Error': nothingEnumerable,
      'a URL': urlIsText,
      'a bigint': refused('would come back as a number'),
      'a large bigint': refused('would come back as a number'),
      'a Uint8Array': becomes(Buffer.from([1, 2, 255]), 'binary data come back as Buffers'),
      'a Float64Array': becomes({ odd: 'x', data: [1.5, Number.NaN, -0, 2] }, 'seen as a list'),
      'other typed arrays': becomes(
        [[-1], [255], [-2, 3], [65_535], [-4], [5], [0.5], [-6], [7]],
        'seen as lists',
      ),
      'a DataView': nothingEnumerable,
      'an ArrayBuffer': nothingEnumerable,
      'an instance of a class': plainObject,
      'an instance with toJSON': itsJson,
      ...noFunctions,
    },
  },
  {
    name: 'superjson',
    refusedNames: /^(__proto__|constructor|prototype)$/,
    shortcomings: {
      'a property named constructor': refused('the package throws, against prototype pollution'),
      'a property named __proto__': refused('the package throws, against prototype pollution'),
      'a hole in an array': holeIsNull,
      'an invalid Date': refused('would come back as null'),
      'an Error': becomes(
        Object.assign(new Error('no', { cause: 'why' }), { name: 'TypeError' }),
        'an Error of that name, not of that class',
      ),
      'an ArrayBuffer': nothingEnumerable,
      'an instance of a class': plainObject,
      'an instance with toJSON': itsJson,
      ...noFunctions,
    },
  },
]

interface Case extends Format {
  readonly title: string
  readonly serializer: Serializer
}

/** The names of all formats. */
export const formatNames: readonly SerializerName[] = formats.map(({ name }) => name)

/** All formats, and JSON with its losses. */
export const cases: readonly Case[] = [
  ...formats.map((format) => ({ ...format, title: format.name, serializer: resolveSerializer(format.name) })),
  { ...lossyJson, title: 'json, lossy', serializer: withLosses(resolveSerializer('json'), true) },
]

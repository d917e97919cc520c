import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SerializerError } from '../../src/errors.ts'
import { decode, encode, isWholeText } from '../../src/serializers/encoding.ts'
import { resolveSerializer } from '../../src/serializers/resolve-serializer.ts'
import type { Serializer } from '../../src/serializers/serializer.ts'
import { cases } from './formats.ts'
import { assertSame, overwrite } from '../../src/testing/same-value.ts'
import { type SampleName, SAMPLES as values } from '../../src/testing/sample-values.ts'
import { serializerConformance } from '../../src/testing.ts'
import { runs } from '../random.ts'

const jsonValues = fc.jsonValue({ stringUnit: 'binary' })
const names = Object.keys(values) as SampleName[]

describe.each(cases)('$title', ({ title, name, serializer, shortcomings, refusedNames }) => {
  // Half a YAML document is a YAML document.
  const hasAnEnd = name !== 'yaml'
  const supported = names.filter((value) => shortcomings[value] === undefined)
  test('carries its name', () => expect(serializer.name).toBe(name))

  test('stores undefined, and only undefined, as an empty string', () => {
    expect(encode(serializer, undefined)).toBe('')
    expect(decode(serializer, Buffer.alloc(0))).toBeUndefined()
    for (const value of supported)
      expect(encode(serializer, values[value]()).length, value).toBeGreaterThan(0)
  })

  // The published suite.
  const published = serializerConformance(name, { shortcomings, lossy: title === 'json, lossy' })
  test.each(published)('$name', { timeout: 30_000 }, ({ run }) => run())

  test('brings back any JSON value', () => {
    fc.assert(
      fc.property(jsonValues, (value) => {
        fc.pre(!hasPropertyNamed(refusedNames, value))
        assertSame(throughStore(serializer, withoutNegativeZero(value)), withoutNegativeZero(value))
      }),
      { numRuns: runs(name === 'yaml' ? 200 : 1_000) },
    )
  })

  test('returns results that share no memory with each other or with the stored bytes', () => {
    const original = supported.map((value) => values[value]())
    const bytes = Buffer.from(encode(serializer, original))
    // A client hands out slices of what it read from its socket.
    const surroundings = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')])
    const stored = surroundings.subarray(6, 6 + bytes.length)
    overwrite(decode(serializer, stored))
    expect(surroundings.equals(Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')]))).toBe(
      true,
    )
    assertSame(decode(serializer, stored), original)
  })

  test('is not affected by changes of a result after it was stored', () => {
    const value = {
      list: [1, { a: 'b' }],
      text: 'x'.repeat(10_000),
      more: supported.map((item) => values[item]()),
    }
    const output = encode(serializer, value)
    const before = Buffer.from(output)
    overwrite(value)
    for (let i = 0; i < 50; i++) encode(serializer, { other: i, text: 'y'.repeat(1000) })
    expect(Buffer.from(output).equals(before)).toBe(true)
  })

  test.runIf(hasAnEnd)('refuses what was cut off', () => {
    const bytes = Buffer.from(
      encode(serializer, { a: [1, 'x', null], b: { c: 'y'.repeat(300), d: 2 ** 40 } }),
    )
    for (let length = 1; length < bytes.length; length++) {
      expect(() => decode(serializer, bytes.subarray(0, length)), `${length} bytes`).toThrow(SerializerError)
    }
  })

  // No other format's bytes may be taken for a result; but MessagePack and CBOR are too much alike for that, and the YAML of a
  // letter is a line end in CBOR.
  const isLike = (other: string): boolean =>
    (/^(msgpack|cbor)$/.test(name) && /^(msgpack|cbor)$/.test(other)) || (name === 'cbor' && other === 'yaml')
  const others = cases.filter((each) => each.name !== name && !isLike(each.name))
  const isJson = (text: Buffer): boolean => name === 'auto' || name === 'json' || text.length === 0
  test.each(others)('takes nothing that $title wrote for its own', (other) => {
    const naturals = [...Array(runs(1_200)).keys()]
    const numbers = [...naturals, ...naturals.map((n) => -1 - n), 1e9, -1e9, 0.5]
    for (const value of [
      ...numbers,
      true,
      false,
      null,
      '',
      'a',
      '5',
      [],
      {},
      [1],
      { a: 1 },
      { json: 1 },
      { value: 1 },
    ]) {
      const bytes = Buffer.from(encode(other.serializer, value))
      // JSON is JSON, whoever wrote it.
      if (isJson(bytes) && /^(auto|json|superjson)$/.test(other.name)) continue
      if (name === 'superjson' && isOfSuperjson(value)) continue
      let read: unknown
      try {
        read = decode(serializer, bytes)
      } catch (error) {
        if (!(error instanceof SerializerError)) throw error
        continue
      }
      // YAML's numbers and texts may be JSON with a line end.
      if (!isDeepStrictEqual(read, value)) {
        expect.fail(`${JSON.stringify(value)} as ${bytes.toString('hex')} became ${JSON.stringify(read)}`)
      }
    }
  })

  test.runIf(/^(auto|json|superjson|yaml)$/.test(name))('takes no bytes for a text that are none', () => {
    for (const text of ['"\xff"', '{"json":"\xff"}', 'a: \xff\n', '"\xc3"\n']) {
      expect(() => decode(serializer, Buffer.from(text, 'latin1')), text).toThrow(SerializerError)
    }
    for (const text of ['\ufffd', 'é\ufffd']) assertSame(throughStore(serializer, [text]), [text])
  })

  test('goes on after a failure', () => {
    const trap = Object.defineProperty({ a: 'b' }, 'c', { enumerable: true, get: fail })
    expect(() => encode(serializer, [{ d: 'e' }, trap])).toThrow(SerializerError)
    expect(() => decode(serializer, Buffer.from('{"a: ['))).toThrow(SerializerError)
    assertSame(throughStore(serializer, { a: [1] }), { a: [1] })
  })
})

test('the table names each value once, and only known values', () => {
  for (const { shortcomings } of cases)
    expect(names).toEqual(expect.arrayContaining(Object.keys(shortcomings)))
})

describe('rich values', () => {
  // CBOR's Dates are seconds in floating point, too coarse for milliseconds some 140,000 years from now.
  const years = { min: new Date('-100000-01-01T00:00:00Z'), max: new Date('+100000-01-01T00:00:00Z') }
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.double().map((number) => (number === 0 ? 0 : number)),
        fc.integer(),
        fc.bigInt(),
        fc.date({ noInvalidDate: true, ...years }),
        fc.constantFrom(undefined, null, true, false),
        fc.uint8Array(),
        fc.float64Array(),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      ),
      fc.array(tie('value')),
      fc.dictionary(
        fc.string({ unit: 'binary' }).map((name) => `p${name}`),
        tie('value'),
        { noNullPrototype: true },
      ),
      fc.array(fc.tuple(tie('value'), tie('value'))).map((entries) => new Map(entries)),
      fc.array(tie('value')).map((members) => new Set(members)),
    ),
  }))

  test.each(['auto', 'v8', 'msgpack', 'cbor', 'superjson'] as const)('come back as they were: %s', (name) => {
    const serializer = resolveSerializer(name)
    fc.assert(
      fc.property(value, (any) => {
        // Where JSON will do, properties that are undefined are left out.
        const original = name === 'auto' ? [any, 0n] : any
        assertSame(throughStore(serializer, original), original)
      }),
      { numRuns: runs(500) },
    )
  })
})

/** What comes back from a store; the same whether a client gives bytes, or text where it is text. */
function throughStore(serializer: Serializer, value: unknown): unknown {
  const bytes = Buffer.from(encode(serializer, value))
  const result = decode(serializer, bytes)
  const text = bytes.toString()
  if (isWholeText(text)) assertSame(decode(serializer, text), result)
  return result
}

const isOfSuperjson = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'json' in value

function fail(): never {
  throw new Error('no')
}

/** `deepStrictEqual`, for which no invalid Date equals another. */
/** Not every format has one, and `values` tries it. */
function withoutNegativeZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

function hasPropertyNamed(refused: RegExp, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, item]) => refused.test(name) || hasPropertyNamed(refused, item))
}

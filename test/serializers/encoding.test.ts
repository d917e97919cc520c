import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SerializerError } from '../../src/errors.ts'
import { decode, ERROR_MARKER, encode, isStoredError, isWholeText } from '../../src/serializers/encoding.ts'
import { jsonSerializer } from '../../src/serializers/formats/json.ts'
import type { Serializer } from '../../src/serializers/serializer.ts'
import { cases } from './formats.ts'
import { failure } from './thrown.ts'
import { SAMPLES as values } from '../../src/testing/sample-values.ts'
import { runs } from '../random.ts'

describe('encode', () => {
  test('returns strings unchanged', () => expect(encode(jsonSerializer, { a: 1 })).toBe('{"a":1}'))

  test('returns Buffers unchanged, and other bytes as a Buffer over the same memory', () => {
    const buffer = Buffer.from('abc')
    const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
    expect(encode(returning(buffer), 1)).toBe(buffer)
    const output = encode(returning(bytes), 1)
    expect(Buffer.isBuffer(output)).toBe(true)
    expect((output as Buffer).buffer).toBe(bytes.buffer)
    expect(output.toString()).toBe('abc')
  })

  test('never calls the serializer for undefined', () =>
    expect(encode(throwing(new Error('asked')), undefined)).toBe(''))

  test('keeps the thrown value as the cause, and names the serializer', () => {
    const cause = new Error('too odd.')
    const error = failure(() => encode(throwing(cause), 1))
    expect(error.message).toMatch(/^Serializer 'fake' cannot store this result: too odd\. Return/)
    expect(error.cause).toBe(cause)
    expect(error.code).toBe('ERR_SERIALIZER')
  })

  test('accepts a thrown string too', () =>
    expect(failure(() => encode(throwing('no'), 1)).message).toContain(': no. '))

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [5, 'a number'],
    [{}, 'an object'],
    [Promise.resolve('x'), 'a promise'],
  ])('refuses an output that is %o', (output, noun) => {
    expect(failure(() => encode(returning(output), 1)).message).toContain(`'fake' made ${noun} of`)
  })
})

describe('decode', () => {
  test('returns undefined for an empty string, without calling the serializer', () => {
    expect(decode(throwing(new Error('asked')), Buffer.alloc(0))).toBeUndefined()
  })

  test('keeps the thrown value as the cause, and quotes nothing of the entry', () => {
    const error = failure(() => decode(throwing(new Error('odd')), Buffer.from('secret')))
    expect(error.message).toMatch(/^Serializer 'fake' cannot read the stored entry \(6 bytes\): odd\. Was/)
    expect(error.cause).toEqual(new Error('odd'))
  })

  test('refuses an error, without calling the serializer', () => {
    const error = failure(() => decode(returning('a result'), Buffer.from(`${ERROR_MARKER}x`)))
    expect(error.message).toMatch(
      /^The stored entry is an error that the function threw, not a result\. Give/,
    )
  })
})

describe('isStoredError', () => {
  test.each([
    ['', false],
    ['\0', false],
    ['\0error', false],
    ['\0error ', false],
    ['\0\0error\0', false],
    [' \0error\0', false],
    ['error\0', false],
    ['\0error\0', true],
    ['\0error\0x', true],
  ])('%j: %s', (stored, answer) => expect(isStoredError(Buffer.from(stored))).toBe(answer))

  // Numbers that begin as the marker does, and texts and bytes that are it.
  const tricky = fc.constantFrom<unknown>(
    0,
    -0,
    0x00657272,
    0x72726500,
    0x0065_7272n,
    ERROR_MARKER,
    `${ERROR_MARKER}{}`,
    Buffer.from(ERROR_MARKER),
    new Uint8Array(Buffer.from(ERROR_MARKER)),
    new Map([[ERROR_MARKER, 0]]),
    new Error(ERROR_MARKER),
  )
  const anything = fc.oneof(
    tricky,
    fc.anything({
      key: fc.oneof(fc.string(), fc.constant(ERROR_MARKER)),
      values: [fc.string({ unit: 'binary' }), fc.double(), fc.integer(), fc.constant(null), tricky],
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withSparseArray: true,
    }),
  )

  test.each(cases)('is true of no value of $title', ({ name, serializer }) => {
    for (const value of Object.values(values)) expect(isTakenForError(serializer, value())).toBe(false)
    fc.assert(
      fc.property(anything, (value) => !isTakenForError(serializer, value)),
      { numRuns: runs(name === 'yaml' ? 300 : 2_000) },
    )
  })
})

/** What a format refuses is taken for nothing. */
function isTakenForError(serializer: Serializer, value: unknown): boolean {
  let stored: string | Buffer
  try {
    stored = encode(serializer, value)
  } catch (error) {
    expect(error).toBeInstanceOf(SerializerError)
    return false
  }
  return isStoredError(Buffer.from(stored))
}

function returning(output: unknown): Serializer {
  return { name: 'fake', serialize: () => output as string, deserialize: () => output }
}

function throwing(error: unknown): Serializer {
  const fail = () => {
    throw error
  }
  return { name: 'fake', serialize: fail, deserialize: fail }
}

test.each([
  ['{"id":42}', true],
  ['', true],
  ['"ä 💎"', true],
  ['\0error\0{}', false],
  ['\0v8\0\xff\x0f', false],
  [Buffer.from([0x22, 0xc3, 0x28, 0x22]).toString(), false],
])('%j is text as it was stored: %s', (text, expected) => {
  expect(isWholeText(text)).toBe(expected)
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SerializerError } from '../../src/errors.ts'
import { customSerializer, type SerializerFunctions } from '../../src/serializers/custom.ts'
import { decode, encode, isStoredError } from '../../src/serializers/encoding.ts'

/** Stores exactly what it is given, which is a string or bytes. */
const bare: SerializerFunctions = {
  serialize: (value) => value as string | Uint8Array,
  deserialize: (stored) => stored,
}

describe('customSerializer', () => {
  const serializer = customSerializer(bare)

  test.each([
    ['', '\0'],
    ['\0', '\0\0'],
    ['\0\0', '\0\0\0'],
    ['\0a', '\0a'],
    ['a\0', 'a\0'],
    ['a', 'a'],
    ['\0error\0', '\0\0error\0'],
    ['\0error\0{}', '\0\0error\0{}'],
    ['\0\0error\0', '\0\0\0error\0'],
    ['\0error', '\0error'],
    ['\0\0error', '\0\0error'],
    ['error\0', 'error\0'],
    ['\0Error\0', '\0Error\0'],
    ['\0a\0error\0', '\0a\0error\0'],
    ['\0error\0\n\0error\0', '\0\0error\0\n\0error\0'],
  ])('stores %j as %j', (output, stored) => {
    expect(encode(serializer, output)).toBe(stored)
    expect(encode(serializer, Buffer.from(output)).toString()).toBe(stored)
    expect(decode(serializer, Buffer.from(stored))).toEqual(Buffer.from(output))
  })

  test('stores undefined as an empty string all the same', () => {
    expect(encode(serializer, undefined)).toBe('')
    expect(decode(serializer, Buffer.alloc(0))).toBeUndefined()
  })

  test('brings back any bytes, and no two outputs are confused', () => {
    const letters = fc.constantFrom('\0', 'e', 'error', 'error\0', '\0error\0')
    const nearMarker = fc.array(letters, { maxLength: 4 }).map((parts) => Buffer.from(parts.join('')))
    const outputs = fc.oneof(fc.uint8Array(), fc.uint8Array({ max: 1, maxLength: 4 }), nearMarker)
    fc.assert(
      fc.property(outputs, outputs, (a, b) => {
        const [storedA, storedB] = [Buffer.from(encode(serializer, a)), Buffer.from(encode(serializer, b))]
        expect(storedA.length).toBeGreaterThan(0)
        expect(isStoredError(storedA)).toBe(false)
        // A text of the same characters is escaped as the bytes are.
        expect(encode(serializer, Buffer.from(a).toString('latin1'))).toBe(storedA.toString('latin1'))
        expect(decode(serializer, storedA)).toEqual(Buffer.from(a))
        expect(storedA.equals(storedB)).toBe(Buffer.from(a).equals(b))
      }),
    )
  })

  test('shares no memory, even if the functions return what they are given', () => {
    const value = Buffer.from('abc')
    const stored = encode(serializer, value) as Buffer
    value.fill('x')
    expect(stored.toString()).toBe('abc')
    const result = decode(serializer, stored) as Buffer
    result.fill('y')
    expect(stored.toString()).toBe('abc')
    expect(decode(serializer, stored)).toEqual(Buffer.from('abc'))
  })

  test('calls the functions as methods of the object that was given', () => {
    class Prefixed {
      readonly #prefix = '>'
      serialize(value: unknown): string {
        return this.#prefix + String(value)
      }
      deserialize(stored: Buffer): unknown {
        return stored.toString().slice(this.#prefix.length)
      }
    }
    const prefixed = customSerializer(new Prefixed())
    expect(encode(prefixed, 'a')).toBe('>a')
    expect(decode(prefixed, Buffer.from('>a'))).toBe('a')
  })

  test('refuses functions that return promises', async () => {
    const slow = customSerializer({
      serialize: (async () => 'x') as never,
      deserialize: async () => Promise.reject(new Error('late')),
    })
    expect(() => encode(slow, 1)).toThrow(/made a promise of this result/)
    expect(() => decode(slow, Buffer.from('x'))).toThrow(SerializerError)
    await new Promise(setImmediate) // An unhandled rejection would fail the run here.
  })

  test('has the name of the functions', () => {
    expect(serializer.name).toBe('custom')
    expect(customSerializer({ ...bare, name: 'avro' }).name).toBe('avro')
  })
})

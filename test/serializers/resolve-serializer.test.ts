import { describe, expect, expectTypeOf, test } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { decode, encode } from '../../src/serializers/encoding.ts'
import {
  resolveSerializer,
  type SerializerName,
  type SerializerOption,
} from '../../src/serializers/resolve-serializer.ts'

describe('resolveSerializer', () => {
  test('returns the same serializer for the same name', () => {
    expect(resolveSerializer('msgpack').name).toBe('msgpack')
    expect(resolveSerializer('msgpack')).toBe(resolveSerializer('msgpack'))
  })

  test.each(['xml', 'constructor', '__proto__', ''])(
    'refuses the name %j and says which there are',
    (name) => {
      expect(() => resolveSerializer(name as SerializerName)).toThrow(OptionError)
      expect(() => resolveSerializer(name as SerializerName)).toThrow(
        /'auto', 'json', 'v8', 'msgpack', 'cbor', 'bson', 'yaml' or 'superjson'/,
      )
    },
  )

  test.each([
    [undefined],
    [null],
    [5],
    [{}],
    [[]],
    [[JSON.stringify]],
    [[JSON.stringify, 'parse']],
    [{ serialize: JSON.stringify }],
    [() => 'x'],
  ])('refuses %o', (option) => {
    expect(() => resolveSerializer(option as unknown as SerializerOption)).toThrow(OptionError)
  })

  test('takes a pair of functions', () => {
    const serializer = resolveSerializer([String, (stored) => Number(stored.toString())])
    expect(encode(serializer, 5)).toBe('5')
    expect(decode(serializer, Buffer.from('5'))).toBe(5)
  })

  test('takes an object with two functions', () => {
    const serializer = resolveSerializer({
      serialize: String,
      deserialize: (stored) => Number(stored.toString()),
    })
    expect(encode(serializer, 5)).toBe('5')
    expect(decode(serializer, Buffer.from('5'))).toBe(5)
  })

  test('is typed for results of one type as well as for any', () => {
    interface Product {
      id: number
    }
    const typed = [
      (product: Product) => String(product.id),
      (stored: Buffer): Product => ({ id: Number(stored) }),
    ] as const
    expectTypeOf(typed).toExtend<SerializerOption<Product>>()
    expectTypeOf(typed).toExtend<SerializerOption>()
    expectTypeOf<
      readonly [(value: Product) => number, (stored: Buffer) => Product]
    >().not.toExtend<SerializerOption>()
    expectTypeOf<readonly [(value: Product) => string, (stored: Buffer) => string]>().not.toExtend<
      SerializerOption<Product>
    >()
    expectTypeOf<'xml'>().not.toExtend<SerializerOption>()
  })
})

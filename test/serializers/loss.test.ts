import { describe, expect, test } from 'vitest'
import { encode } from '../../src/serializers/encoding.ts'
import { lossyJsonSerializer } from '../../src/serializers/formats/json.ts'
import { findLoss } from '../../src/serializers/loss.ts'
import { resolveSerializer, type SerializerName } from '../../src/serializers/resolve-serializer.ts'
import type { Serializer } from '../../src/serializers/serializer.ts'
import { cases } from './formats.ts'
import { type SampleName, SAMPLES as values } from '../../src/testing/sample-values.ts'

describe('findLoss', () => {
  class User {
    name = 'x'
  }

  test.each<[value: unknown, sentence: string]>([
    [{ createdAt: new Date() }, 'result.createdAt is a Date and comes back as a string'],
    [new Date(), 'result is a Date and comes back as a string'],
    [
      { a: [1, { 'odd key': new Map() }] },
      'result.a[1]["odd key"] is a Map and comes back as a plain object',
    ],
    [[Number.NaN], 'result[0] is NaN and comes back as null'],
    [{ a: -0 }, 'result.a is -0 and comes back as 0'],
    [[undefined], 'result[0] is undefined and comes back as null'],
    [new User(), 'result is a User and comes back as a plain object'],
    [{ a: Buffer.from('x') }, 'result.a is a Buffer and comes back as a plain object'],
    [new Error('x'), 'result is an Error and comes back as a plain object'],
    [{ [Symbol('a')]: 1 }, 'result[Symbol(a)] is a number and does not come back'],
    [Object.assign([1], { extra: 2 }), 'result.extra is a number and does not come back'],
    [{ a: undefined, b: 1 }, 'result.a is undefined and does not come back'],
    [{ a: { b: undefined }, c: new Set() }, 'result.c is a Set and comes back as a plain object'],
  ])('with JSON: %o', (value, sentence) => expect(lossOf('json', value)).toBe(sentence))

  test.each<[name: SerializerName, value: unknown, sentence: string]>([
    ['msgpack', { s: '\ud800' }, 'result.s is a string and comes back as a different one'],
    ['msgpack', new Map([['a', -0]]), 'result.get("a") is -0 and comes back as 0'],
    ['msgpack', new Map([[{}, new User()]]), 'result.get(…) is a User and comes back as a plain object'],
    [
      'msgpack',
      new Map([[[new User()], 1]]),
      'a key of result[0] is a User and comes back as a plain object',
    ],
    ['msgpack', new Set([new User()]), 'result is a Set and comes back as a different one'],
    ['msgpack', JSON.parse('{"__proto__":1}'), 'result.__proto__ is a number and does not come back'],
    ['yaml', { a: new Uint8Array(2) }, 'result.a is a Uint8Array and comes back as a Buffer'],
    ['bson', { a: new Float64Array(2) }, 'result.a is a Float64Array and comes back as a plain object'],
  ])('with %s: %o', (name, value, sentence) => expect(lossOf(name, value)).toBe(sentence))

  test.each(cases)(
    'finds a loss with $title exactly where the table says so',
    ({ serializer, shortcomings }) => {
      for (const value of Object.keys(values) as SampleName[]) {
        const shortcoming = shortcomings[value]
        if (shortcoming !== undefined && !('becomes' in shortcoming)) continue
        const loss = lossBy(serializer, values[value]())
        if (shortcoming === undefined) expect(loss, value).toBeUndefined()
        else expect(loss, value).toMatch(/^result/)
      }
    },
  )

  test('sees no loss in a missing prototype or an invalid Date', () => {
    expect(lossOf('json', Object.assign(Object.create(null), { a: 1 }))).toBeUndefined()
    expect(lossOf('v8', { a: new Date(Number.NaN) })).toBeUndefined()
  })

  test('takes what is stored as a string or as bytes', () => {
    expect(findLoss(resolveSerializer('json'), { a: 1 }, Buffer.from('{"a":1}'))).toBeUndefined()
    expect(findLoss(resolveSerializer('json'), { a: 1 }, '{"a":1,"b":2}')).toBe(
      'result.b does not exist and comes back',
    )
    expect(findLoss(resolveSerializer('json'), [1, 2], '[1]')).toBe(
      'result[1] is a number and does not come back',
    )
  })

  test('finds its way out of a cycle', () => {
    const value: { self: unknown; user: User } = { self: undefined, user: new User() }
    value.self = value
    expect(lossOf('v8', value)).toBe('result.user is a User and comes back as a plain object')
  })

  test('says so when the result cannot be read back at all', () => {
    const broken: Serializer = { ...resolveSerializer('json'), serialize: () => '{' }
    expect(findLoss(broken, 1, '{')).toMatch(/^result cannot be read back: Expected property name/)
  })

  test('never throws', () => {
    const trap = Object.defineProperty({}, 'a', {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    })
    expect(findLoss(resolveSerializer('json'), trap, '{}')).toBeUndefined()
    let deep: unknown = new Date()
    for (let i = 0; i < 100_000; i++) deep = [deep]
    expect(
      findLoss(resolveSerializer('json'), deep, '['.repeat(100_000) + ']'.repeat(100_000)),
    ).toBeUndefined()
  })
})

function lossOf(name: SerializerName, value: unknown): string | undefined {
  return lossBy(name === 'json' ? lossyJsonSerializer : resolveSerializer(name), value)
}

function lossBy(serializer: Serializer, value: unknown): string | undefined {
  return findLoss(serializer, value, encode(serializer, value))
}

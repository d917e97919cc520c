import { describe, expect, test } from 'vitest'
import { hasNested } from '../../../src/serializers/formats/has-nested.ts'

class Holder {
  readonly a = 'needle'
}

const isNeedle = (part: unknown) => part === 'needle'

describe('hasNested', () => {
  test.each([
    ['the value itself', 'needle'],
    ['an array', [1, ['needle']]],
    ['an object', { a: { b: 'needle' } }],
    ['a key of a Map', new Map([['needle', 1]])],
    ['a value of a Map', new Map([[1, ['needle']]])],
    ['a Set', new Set([[{ a: 'needle' }]])],
    ['the cause of an Error', new Error('a', { cause: { b: 'needle' } })],
    ['an instance of a class', new Holder()],
  ])('finds what lies in %s', (_, value) => expect(hasNested(value, isNeedle)).toBe(true))

  test('finds nothing where there is no match', () => {
    expect(
      hasNested([1, { a: new Map([[1, new Set([null])]]), b: new Uint8Array(3), c: undefined }], isNeedle),
    ).toBe(false)
  })

  test('finds a match after a cycle', () => {
    const value: unknown[] = []
    value.push(value, { value })
    expect(hasNested(value, isNeedle)).toBe(false)
    value.push('needle')
    expect(hasNested(value, isNeedle)).toBe(true)
  })
})

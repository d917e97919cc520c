import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { copyTree, freezeTree, treeOf } from '../../src/serializers/tree.ts'
import { collectGarbage } from '../collect-garbage.ts'

describe('A tree', () => {
  test('is any value that JSON brings back; its copy has nothing in common with it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(treeOf(value)).toMatchObject({ isFreezable: true })
        const before = JSON.stringify(value)
        const copy = copyTree(value)
        expect(copy).toStrictEqual(value)
        freezeTree(copy)
        expect(isFrozenThroughout(copy)).toBe(true)
        expect(isFrozenThroughout(copyTree(copy))).toBe(Object(value) !== value)
        expect(JSON.stringify(value)).toBe(before)
      }),
    )
  })

  test('may have dates, which are copied, and cannot be frozen', () => {
    const value = { at: new Date(1_000), all: [new Date(2_000)] }
    expect(treeOf(value)).toMatchObject({ isFreezable: false })
    const copy = copyTree(value) as typeof value
    expect(copy).toStrictEqual(value)
    expect(copy.at).not.toBe(value.at)
    expect(copy.all[0]).not.toBe(value.all[0])
  })

  test('keeps names such as __proto__, and the order of all', () => {
    const value = JSON.parse('{"b":1,"__proto__":{"a":[1]},"a":{},"2":2}') as object
    const copy = copyTree(value) as object
    expect(JSON.stringify(copy)).toBe(JSON.stringify(value))
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
  })

  test('has nothing that is inherited', () => {
    const polluted = Object.prototype as { added?: object }
    try {
      Object.defineProperty(polluted, 'added', {
        value: { a: 1 },
        enumerable: true,
        configurable: true,
        writable: true,
      })
      expect(Object.keys(copyTree({ own: {} }) as object)).toEqual(['own'])
    } finally {
      delete polluted.added
    }
  })

  const shared = {}
  const circle: { self?: unknown } = {}
  circle.self = circle
  let deep: unknown = 1
  for (let i = 0; i < 200; i++) deep = [deep]
  test.each<[string, unknown]>([
    ['an instance of a class', new (class User {})()],
    ['an object without a prototype', Object.create(null)],
    ['a Map', new Map()],
    ['bytes', Buffer.from('a')],
    ['what occurs twice', [shared, shared]],
    ['a circle', circle],
    ['a function', { load() {} }],
    ['a getter', Object.defineProperty({}, 'a', { get: () => 1, enumerable: true })],
    ['a symbol as a name', { [Symbol('a')]: 1 }],
    ['a hidden property', Object.defineProperty({}, 'a', { value: 1 })],
    ['an array with a hole', [1, , 2]], // oxlint-disable-line no-sparse-arrays
    ['an array with a name', Object.assign([1], { name: 'a' })],
    ['a date with a name', Object.assign(new Date(), { name: 'a' })],
    ['what is very deep', deep],
  ])('is not %s', (_what, value) => {
    expect(treeOf(value)).toBeUndefined()
  })
})

test('the memory that a tree takes is estimated, rather too high than too low', () => {
  const make = (i: number) =>
    JSON.parse(
      `{"id":${i},"name":"name ${i}","text":"${'x'.repeat(300)}","tags":["a","b"],"price":${i}.5}`,
    ) as unknown
  const values: unknown[] = [make(0)]
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  for (let i = 1; i <= 20_000; i++) values.push(make(i))
  collectGarbage() // one in the midst of it would count what others have left
  const each = (process.memoryUsage().heapUsed - before) / values.length
  const estimated = treeOf(make(1))?.bytes ?? 0
  expect(estimated).toBeGreaterThan(300)
  expect(estimated / each).toBeGreaterThan(0.5)
})

function isFrozenThroughout(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(isFrozenThroughout)
}

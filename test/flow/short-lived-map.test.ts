import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ShortLivedMap } from '../../src/flow/short-lived-map.ts'

test('is a map, whatever is set and deleted', () => {
  const key = fc.oneof(
    fc.integer({ min: 0, max: 40 }).map(String),
    fc.string(),
    fc.integer({ min: 0, max: 9 }).map((n) => `${n}${'x'.repeat(60)}`),
  )
  const step = fc.oneof(
    fc.record({ act: fc.constantFrom('set', 'getOrSet', 'delete', 'deleteOther', 'get'), key }),
    fc.record({ act: fc.constant('clear'), key: fc.constant('') }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const map = new ShortLivedMap<number>()
      const model = new Map<string, number>()
      for (const [i, { act, key: name }] of steps.entries()) {
        if (act === 'set') {
          map.set(name, i)
          model.set(name, i)
        } else if (act === 'getOrSet') {
          expect(map.getOrSet(name, i)).toBe(model.get(name))
          if (!model.has(name)) model.set(name, i)
        } else if (act === 'deleteOther') {
          expect(map.delete(name, -1)).toBe(false)
        } else if (act === 'delete') {
          expect(map.delete(name)).toBe(model.delete(name))
        } else if (act === 'clear') {
          map.clear()
          model.clear()
        }
        expect(map.size).toBe(model.size)
        expect(map.get(name)).toBe(model.get(name))
      }
      for (const [name, value] of model) expect(map.get(name)).toBe(value)
    }),
  )
})

test('grows, and loses nothing when entries between others are deleted', () => {
  const map = new ShortLivedMap<number>()
  const count = 5_000
  for (let i = 0; i < count; i++) map.set(`key ${i}`, i)
  for (let i = 0; i < count; i += 2) expect(map.delete(`key ${i}`)).toBe(true)
  expect(map.size).toBe(count / 2)
  for (let i = 0; i < count; i++) expect(map.get(`key ${i}`)).toBe(i % 2 === 0 ? undefined : i)
})

test('keys that differ only in what is not looked at are kept apart', () => {
  const map = new ShortLivedMap<number>()
  const keyOf = (i: number) => `beginning${String(i).padStart(10)}${'end'.repeat(10)}`
  for (let i = 0; i < 100; i++) map.set(keyOf(i), i)
  for (let i = 0; i < 100; i += 3) map.delete(keyOf(i))
  for (let i = 0; i < 100; i++) expect(map.get(keyOf(i))).toBe(i % 3 === 0 ? undefined : i)
})

import { expect, test } from 'vitest'
import { markOf, readStamp } from '../../src/partitions/stamp.ts'
import { WrittenChanges } from '../../src/partitions/written-changes.ts'

const NUMBER = 1_795_741_594_123_456

test('a stamp tells the last change of each partition, in some 20 characters each', () => {
  const written = new WrittenChanges()
  written.note('a', 5)
  written.note('b', NUMBER)
  written.note('a', NUMBER + 1)
  const stamp = written.stamp()
  expect(stamp).toMatch(/^[\w.~-]{1,40}$/)
  expect(readStamp(stamp)).toEqual({
    numbers: new Map([
      [markOf('b'), NUMBER],
      [markOf('a'), NUMBER + 1],
    ]),
    isPartial: false,
  })
})

test('of a change without a number, it is told that there was one', () => {
  const written = new WrittenChanges()
  written.note('a', NUMBER)
  written.note('a', undefined)
  expect(readStamp(written.stamp()).numbers).toEqual(new Map([[markOf('a'), undefined]]))
})

test('if the number of a change is below that of another one, it is not known which is the last, until there is a higher one', () => {
  const written = new WrittenChanges()
  const told = () => readStamp(written.stamp()).numbers.get(markOf('a'))
  written.note('a', NUMBER)
  written.note('a', NUMBER - 1)
  expect(told()).toBeUndefined()
  written.note('a', NUMBER + 1)
  expect(told()).toBe(NUMBER + 1)
})

test('of many partitions, it tells the latest, and that there are others', () => {
  const written = new WrittenChanges()
  for (let i = 0; i < 100; i++) written.note(`partition ${i}`, NUMBER + i)
  const { numbers, isPartial } = readStamp(written.stamp())
  expect(isPartial).toBe(true)
  expect(numbers.get(markOf('partition 99'))).toBe(NUMBER + 99)
  expect(numbers.size).toBe(32)
  expect(written.stamp().length).toBeLessThan(700)
})

test('a process that has changed nothing has a stamp of nothing', () => {
  expect(readStamp(new WrittenChanges().stamp())).toEqual({ numbers: new Map(), isPartial: false })
})

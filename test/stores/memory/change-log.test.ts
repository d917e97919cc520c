import { describe, expect, test } from 'vitest'
import { ChangedNames, MemoryChangeLog } from '../../../src/stores/memory/change-log.ts'

const names = (count: number, length = 30): string[] =>
  Array.from({ length: count }, (_, i) => String(i).padStart(length, '0'))

describe('the names of an operation', () => {
  test('are those of its entries, in portions of a hundred', () => {
    const changed = new ChangedNames()
    changed.entries(names(250))
    expect(changed.take().map(({ hashes }) => hashes.length)).toEqual([100, 100, 50])
    expect(changed.take()).toEqual([])
  })

  test('are smaller portions where they are long', () => {
    const changed = new ChangedNames()
    changed.entries(names(5, 1_500))
    expect(changed.take().map(({ hashes }) => hashes.length)).toEqual([2, 2, 1])
  })

  test.each([
    ['there are more than two thousand', names(2_001)],
    ['one is too long for a message', names(1, 4_000)],
  ])('are everything where %s', (_, hashes) => {
    const changed = new ChangedNames()
    changed.entries(hashes)
    changed.entries(['another'])
    expect(changed.take()).toMatchObject([{ isAll: true, hashes: [], parts: [] }])
  })

  test('are not told of a function that is named as a whole', () => {
    const changed = new ChangedNames()
    changed.function('part')
    changed.entries(['part 1', 'other'])
    expect(changed.take()).toMatchObject([{ parts: ['part'], hashes: ['other'] }])
  })
})

describe('the log', () => {
  const portionsOf = (...hashes: string[]) => {
    const changed = new ChangedNames()
    changed.entries(hashes)
    return changed.take()
  }

  test('has numbers that rise, also within a microsecond, and when the clock is set back', () => {
    const log = new MemoryChangeLog(1_000, 0)
    const [first] = log.record(portionsOf('a'), 1_000)
    const [second] = log.record(portionsOf('b'), 900)
    const [third] = log.record(portionsOf('c'), 5_000)
    expect([first, second, third]).toMatchObject([
      { number: 1_001, previous: 1_000 },
      { number: 1_002, previous: 1_001 },
      { number: 5_000, previous: 1_002 },
    ])
    expect(log.number).toBe(5_000)
    expect(log.since(1_001)).toEqual([second, third])
    expect(log.since(1_000)).toEqual([first, second, third])
    expect(log.since(5_000)).toEqual([])
    expect(log.since(4_999)).toBeUndefined()
    expect(log.since(undefined)).toBeUndefined()
  })

  test('holds two thousand messages, or 250 after a long one', () => {
    const log = new MemoryChangeLog(1, 0)
    for (let i = 0; i < 3_000; i++) log.record(portionsOf('a'), 1)
    expect(log.since(log.number - 1_999)).toHaveLength(1_999)
    expect(log.since(log.number - 2_000)).toBeUndefined()
    log.record(portionsOf(...names(50)), 1)
    expect(log.since(log.number - 249)).toHaveLength(249)
    expect(log.since(log.number - 250)).toBeUndefined()
  })
})

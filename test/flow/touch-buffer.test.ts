import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { TouchBuffer } from '../../src/flow/touch-buffer.ts'

vi.mock('../../src/flow/timers.ts', () => import('./replaceable-timers.ts'))

describe('reads that are reported to the policy later', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const byName = (item: string): string => item

  function newBuffer(nameOf?: (item: string) => string) {
    const flushed: string[][] = []
    const buffer = new TouchBuffer<string>(100, (items) => flushed.push([...items]), { nameOf })
    return { flushed, read: (item: string) => buffer.add(item), flush: () => buffer.flush() }
  }

  test('are reported together when the time is over, each of them, in their order', () => {
    const { flushed, read } = newBuffer()
    for (const name of ['a', 'b', 'a', 'a', 'c', 'b']) read(name)
    vi.advanceTimersByTime(99)
    expect(flushed).toEqual([])
    vi.advanceTimersByTime(1)
    expect(flushed).toEqual([['a', 'b', 'a', 'a', 'c', 'b']])
    vi.advanceTimersByTime(1_000)
    expect(flushed).toHaveLength(1)
  })

  test('are reported once for each name, if there are names, in the order of the last reads', () => {
    const { flushed, read } = newBuffer(byName)
    for (const name of ['a', 'b', 'a', 'c', 'b']) read(name)
    vi.advanceTimersByTime(99)
    expect(flushed).toEqual([])
    vi.advanceTimersByTime(1)
    expect(flushed).toEqual([['a', 'c', 'b']])
    vi.advanceTimersByTime(1_000)
    expect(flushed).toHaveLength(1)
  })

  test('are collected from the first read on', () => {
    const { flushed, read } = newBuffer()
    read('a')
    vi.advanceTimersByTime(60)
    read('b')
    vi.advanceTimersByTime(40)
    expect(flushed).toEqual([['a', 'b']])
    read('c')
    vi.advanceTimersByTime(100)
    expect(flushed).toEqual([['a', 'b'], ['c']])
  })

  test('are reported earlier by a flush, and not again', () => {
    const { flushed, read, flush } = newBuffer()
    flush()
    expect(flushed).toEqual([])
    read('a')
    vi.advanceTimersByTime(60)
    flush()
    expect(flushed).toEqual([['a']])
    expect(vi.getTimerCount()).toBe(0)
    read('b')
    vi.advanceTimersByTime(99)
    expect(flushed).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(flushed).toEqual([['a'], ['b']])
  })

  test.each([undefined, byName])('are reported at once when they fill a command', (nameOf) => {
    const { flushed, read } = newBuffer(nameOf)
    for (let i = 0; i < 1_001; i++) read(String(i))
    expect(flushed.map(({ length }) => length)).toEqual([1_000])
    vi.advanceTimersByTime(100)
    expect(flushed.map(({ length }) => length)).toEqual([1_000, 1])
  })
})

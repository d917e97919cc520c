import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { TouchBuffer } from '../../src/flow/touch-buffer.ts'

describe('reads that the policy may wait to be told of', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  function newBuffer(everyMs = 100) {
    const told: string[][] = []
    const buffer = new TouchBuffer<string>(everyMs, (items) => told.push([...items]))
    return { told, read: (name: string) => buffer.add(name, name) }
  }

  test('are told together when their time has come, each once, the last read last', () => {
    const { told, read } = newBuffer()
    for (const name of ['a', 'b', 'a', 'c', 'b']) read(name)
    vi.advanceTimersByTime(99)
    expect(told).toEqual([])
    vi.advanceTimersByTime(1)
    expect(told).toEqual([['a', 'c', 'b']])
    vi.advanceTimersByTime(1_000)
    expect(told).toHaveLength(1)
  })

  test('wait from the first of them on', () => {
    const { told, read } = newBuffer()
    read('a')
    vi.advanceTimersByTime(60)
    read('b')
    vi.advanceTimersByTime(40)
    expect(told).toEqual([['a', 'b']])
    read('c')
    vi.advanceTimersByTime(100)
    expect(told).toEqual([['a', 'b'], ['c']])
  })

  test('are told at once when they fill a command', () => {
    const { told, read } = newBuffer()
    for (let i = 0; i < 1_001; i++) read(String(i))
    expect(told.map(({ length }) => length)).toEqual([1_000])
    vi.advanceTimersByTime(100)
    expect(told.map(({ length }) => length)).toEqual([1_000, 1])
  })
})

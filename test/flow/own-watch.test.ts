import { describe, expect, test, vi } from 'vitest'
import { closeQuietly, OwnWatch, weakly } from '../../src/flow/own-watch.ts'

const newWatch = () => ({ close: vi.fn<() => Promise<void>>(async () => {}) })

describe('The watch of an owner', () => {
  test('is closed when another one takes its place, and with the owner', () => {
    const own = new OwnWatch({})
    const [first, second] = [newWatch(), newWatch()]
    own.keep(first)
    expect(own.isOpen).toBe(true)
    own.keep(second)
    expect([first.close.mock.calls.length, second.close.mock.calls.length]).toEqual([1, 0])
    own.close()
    own.close()
    expect([first.close.mock.calls.length, second.close.mock.calls.length]).toEqual([1, 1])
    expect(own.isOpen).toBe(false)
  })

  test('is not there where the store reports nothing', () => {
    const own = new OwnWatch({})
    own.keep(undefined)
    expect(own.isOpen).toBe(false)
  })

  test('may fail to close', async () => {
    closeQuietly({ close: () => Promise.reject(new Error('closed already')) })
    closeQuietly({
      close: () => {
        throw new Error('at once')
      },
    })
    closeQuietly(undefined)
    await new Promise(setImmediate) // an unhandled rejection would fail the test
  })
})

describe('A watcher that a store refers to weakly', () => {
  test('gets each call, with what it is called with', () => {
    const watcher = {
      ended: vi.fn<(hash: string) => void>(),
      lost: vi.fn<() => void>(),
      restored: vi.fn<() => void>(),
    }
    const passing = weakly(watcher)
    passing.ended('a')
    passing.lost()
    passing.restored()
    expect(watcher.ended).toHaveBeenCalledWith('a')
    expect([watcher.lost.mock.calls.length, watcher.restored.mock.calls.length]).toEqual([1, 1])
  })
})

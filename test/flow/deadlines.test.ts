import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Deadlines } from '../../src/flow/deadlines.ts'

vi.mock('../../src/flow/timers.ts', () => import('./replaceable-timers.ts'))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  vi.spyOn(globalThis, 'setTimeout')
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe.each([true, false])('deadlines (which keep the process alive: %s)', (keepsAlive) => {
  test('call back once, in the order in which they began', () => {
    const deadlines = new Deadlines(keepsAlive)
    const over: string[] = []
    deadlines.after(20, () => over.push('first'))
    deadlines.after(10, () => over.push('shorter'))
    deadlines.after(20, () => over.push('second'))
    vi.advanceTimersByTime(1_000)
    expect(over).toEqual(['shorter', 'first', 'second'])
  })

  test('are never over before their time', () => {
    const deadlines = new Deadlines(keepsAlive)
    const over: string[] = []
    deadlines.after(15, () => over.push('first'))
    vi.advanceTimersByTime(10)
    deadlines.after(15, () => over.push('second'))
    const overAfter = (ms: number) => {
      vi.advanceTimersByTime(ms)
      return over.length
    }
    expect([4, 1, 9, 1].map(overAfter)).toEqual([0, 1, 1, 2])
  })

  test('that are ended do not call back, and the others do', () => {
    const deadlines = new Deadlines(keepsAlive)
    const ended = vi.fn<() => void>()
    const over = vi.fn<() => void>()
    const first = deadlines.after(5, ended)
    deadlines.after(5, over)
    first.end()
    first.end()
    vi.advanceTimersByTime(1_000)
    expect(over).toHaveBeenCalledOnce()
    expect(ended).not.toHaveBeenCalled()
  })

  test('of equal length share one timer', () => {
    const deadlines = new Deadlines(keepsAlive)
    for (let i = 0; i < 1_000; i++) deadlines.after(50, () => {}).end()
    expect(setTimeout).toHaveBeenCalledOnce()
  })

  test('without an end have no timer', () => {
    new Deadlines(keepsAlive).after(Number.POSITIVE_INFINITY, () => {}).end()
    expect(setTimeout).not.toHaveBeenCalled()
  })

  test('work again after all of them were over', () => {
    const deadlines = new Deadlines(keepsAlive)
    const over = vi.fn<() => void>()
    for (let i = 0; i < 2; i++) {
      deadlines.after(5, over)
      vi.advanceTimersByTime(5)
    }
    expect(over).toHaveBeenCalledTimes(2)
    expect(setTimeout).toHaveBeenCalledTimes(2)
  })
})

test('keep the process alive, if that is wanted, while there are any', () => {
  const refs = (keepsAlive: boolean) => {
    const deadlines = new Deadlines(keepsAlive)
    const deadline = deadlines.after(50, () => {})
    const timer = vi.mocked(setTimeout).mock.results.at(-1)?.value as NodeJS.Timeout
    const states = [timer.hasRef()]
    deadline.end()
    states.push(timer.hasRef())
    deadlines.after(50, () => {})
    return [...states, timer.hasRef()]
  }
  expect(refs(true)).toEqual([true, false, true])
  expect(refs(false)).toEqual([false, false, false])
})

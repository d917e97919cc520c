import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Deadlines } from '../../src/flow/deadlines.ts'

vi.mock('../../src/flow/timers.ts', () => import('./replaceable-timers.ts'))

beforeEach(() => {
  vi.spyOn(globalThis, 'setTimeout')
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe.each([true, false])('deadlines (which keep the process alive: %s)', (keepsAlive) => {
  test('call back once, in the order in which they began', async () => {
    const deadlines = new Deadlines(keepsAlive)
    const over: string[] = []
    deadlines.after(20, () => over.push('first'))
    deadlines.after(10, () => over.push('shorter'))
    deadlines.after(20, () => over.push('second'))
    await vi.waitFor(() => expect(over).toEqual(['shorter', 'first', 'second']))
    await sleep(30)
    expect(over).toHaveLength(3)
  })

  test('are never over before their time', async () => {
    const deadlines = new Deadlines(keepsAlive)
    const beganMs = performance.now()
    await new Promise<void>((resolve) => {
      deadlines.after(15, () => {})
      setTimeout(() => deadlines.after(15, resolve), 10)
    })
    expect(performance.now() - beganMs).toBeGreaterThan(22)
  })

  test('that are ended do not call back, and the others do', async () => {
    const deadlines = new Deadlines(keepsAlive)
    const ended = vi.fn<() => void>()
    const first = deadlines.after(5, ended)
    const over = new Promise<void>((resolve) => {
      deadlines.after(5, resolve)
    })
    first.end()
    first.end()
    await over
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

  test('work again after all of them were over', async () => {
    const deadlines = new Deadlines(keepsAlive)
    for (let i = 0; i < 2; i++) {
      await new Promise<void>((resolve) => {
        deadlines.after(5, resolve)
      })
    }
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

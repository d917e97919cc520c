import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Backoff } from '../../src/flow/backoff.ts'

function newBackoff() {
  let elapsedMs = 5_000
  const backoff = new Backoff<string>(() => elapsedMs)
  const pass = (ms: number): void => {
    elapsedMs += ms
  }
  /** How long it is paused from now on. */
  const pauseMs = (name: string): number => {
    const before = elapsedMs
    while (backoff.causeOfPause(name) !== undefined) elapsedMs += 500
    const ms = elapsedMs - before
    elapsedMs = before
    return ms
  }
  return { backoff, pass, pauseMs }
}

describe('pauses after failures', () => {
  test('are none before the first one', () => {
    expect(newBackoff().backoff.causeOfPause('a')).toBeUndefined()
  })

  test('double from a second up to a minute', () => {
    const { backoff, pass, pauseMs } = newBackoff()
    const pauses = Array.from({ length: 9 }, () => {
      backoff.failed('a', 'why')
      const ms = pauseMs('a')
      pass(ms)
      return ms
    })
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
  })

  test('last to the millisecond', () => {
    const { backoff, pass } = newBackoff()
    backoff.failed('a', 'why')
    pass(999)
    expect(backoff.causeOfPause('a')).toBe('why')
    pass(1)
    expect(backoff.causeOfPause('a')).toBeUndefined()
  })

  test('have the cause of the last failure', () => {
    const { backoff } = newBackoff()
    backoff.failed('a', 'first')
    backoff.failed('a', 'second')
    expect(backoff.causeOfPause('a')).toBe('second')
  })

  test('end after a success, and begin with a second again', () => {
    const { backoff, pauseMs } = newBackoff()
    backoff.failed('a', 'why')
    backoff.failed('a', 'why')
    backoff.succeeded('a')
    expect(backoff.causeOfPause('a')).toBeUndefined()
    backoff.failed('a', 'why')
    expect(pauseMs('a')).toBe(1_000)
  })

  test('are separate for each name', () => {
    const { backoff, pauseMs } = newBackoff()
    backoff.failed('a', 'why')
    backoff.failed('a', 'why')
    backoff.failed('b', 'why')
    backoff.succeeded('c')
    expect([pauseMs('a'), pauseMs('b'), pauseMs('c')]).toEqual([2_000, 1_000, 0])
  })

  test('are remembered for the thousand names that failed last', () => {
    const { backoff } = newBackoff()
    for (let i = 0; i < 1_000; i++) backoff.failed(`${i}`, 'why')
    backoff.failed('0', 'why')
    backoff.failed('new', 'why')
    const isPaused = (name: string): boolean => backoff.causeOfPause(name) !== undefined
    expect([isPaused('0'), isPaused('1'), isPaused('2'), isPaused('new')]).toEqual([true, false, true, true])
  })

  test('are never longer than a minute, nor shorter than a second', () => {
    const step = fc.oneof(
      fc.constant('failed' as const),
      fc.constant('succeeded' as const),
      fc.integer({ min: 1, max: 200 }).map((half) => half * 500),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { backoff, pass, pauseMs } = newBackoff()
        for (const each of steps) {
          if (each === 'failed') {
            backoff.failed('a', 'why')
            expect(pauseMs('a')).toBeGreaterThanOrEqual(1_000)
          } else if (each === 'succeeded') {
            backoff.succeeded('a')
            expect(pauseMs('a')).toBe(0)
          } else {
            pass(each)
          }
          expect(pauseMs('a')).toBeLessThanOrEqual(60_000)
        }
      }),
    )
  })
})

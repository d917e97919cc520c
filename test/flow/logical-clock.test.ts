import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LogicalClock } from '../../src/flow/logical-clock.ts'

function newClock() {
  let elapsedMs = 0
  const clock = new LogicalClock(() => elapsedMs)
  const pass = (ms: number): void => {
    elapsedMs += ms
  }
  return { clock, pass }
}

describe('the clock of another machine', () => {
  test('goes on from the observed time', () => {
    const { clock, pass } = newClock()
    clock.observe(5_000_000)
    pass(1_000)
    expect(clock.now()).toBe(6_000_000)
  })

  test('takes many times at once, and returns the last of them', () => {
    const { clock, pass } = newClock()
    clock.observe(5_000_000)
    expect(clock.now(64)).toBe(5_000_064)
    expect(clock.now()).toBe(5_000_065)
    pass(1)
    expect(clock.now(10)).toBe(5_001_000)
  })

  test('never goes back, never returns the same time twice, and is ahead of all observed times', () => {
    const step = fc.oneof(
      fc.record({ observe: fc.integer({ min: 1_000_000, max: 9_000_000 }) }),
      fc.record({ pass: fc.integer({ min: 0, max: 50 }) }),
      fc.record({ now: fc.integer({ min: 1, max: 100 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, pass } = newClock()
        clock.observe(1_000_000)
        let last = 1_000_000
        for (const each of steps) {
          if ('now' in each) {
            const nowUs = clock.now(each.now)
            expect(nowUs).toBeGreaterThanOrEqual(last + each.now)
            expect(Number.isSafeInteger(nowUs)).toBe(true)
            last = nowUs
          } else if ('observe' in each) {
            clock.observe(each.observe)
            last = Math.max(last, each.observe)
          } else {
            pass(each.pass)
          }
        }
      }),
    )
  })
})

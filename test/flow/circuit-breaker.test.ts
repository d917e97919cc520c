import { describe, expect, test } from 'vitest'
import { type BreakerState, CircuitBreaker, REFUSED } from '../../src/flow/circuit-breaker.ts'

/** A breaker whose clock and chance are set by the test. */
function newBreaker(limits: Partial<ConstructorParameters<typeof CircuitBreaker>[0]> = {}) {
  const time = { ms: 0, chance: 1 }
  const states: BreakerState[] = []
  const breaker = new CircuitBreaker(
    { failures: 3, openForMs: 100, maxOpenForMs: 1_000, ...limits },
    (state) => states.push(state),
    () => time.ms,
    () => time.chance,
  )
  const fail = (times = 1) => {
    for (let i = 0; i < times; i++) breaker.failed(breaker.admit())
  }
  return { breaker, time, states, fail }
}

describe('a breaker', () => {
  test('opens after failures in a row, and no success between them', () => {
    const { breaker, fail } = newBreaker()
    fail(2)
    breaker.succeeded()
    fail(2)
    expect(breaker.state).toBe('closed')
    fail()
    expect(breaker.state).toBe('open')
    expect(breaker.admit()).toBe(REFUSED)
  })

  test('lets one command try it when its time is over', () => {
    const { breaker, time, fail, states } = newBreaker()
    fail(3)
    time.ms = 99
    expect(breaker.admit()).toBe(REFUSED)
    time.ms = 100
    expect(breaker.admit()).not.toBe(REFUSED)
    expect(breaker.admit()).toBe(REFUSED)
    breaker.succeeded()
    expect(breaker.admit()).not.toBe(REFUSED)
    expect(states).toEqual(['open', 'half-open', 'closed'])
  })

  test('stays open twice as long after each trial that fails, up to a limit, and starts over once it was closed', () => {
    const { breaker, time, fail } = newBreaker({ failures: 1 })
    const openTimes = []
    fail()
    for (let trial = 0; trial < 6; trial++) {
      const sinceMs = time.ms
      while (breaker.admit() === REFUSED) time.ms++
      openTimes.push(time.ms - sinceMs)
      breaker.failed(breaker.ticket)
    }
    expect(openTimes).toEqual([100, 200, 400, 800, 1_000, 1_000])
    breaker.succeeded()
    fail()
    time.ms += 100
    expect(breaker.admit()).not.toBe(REFUSED)
  })

  test('lets one command try it at once when an earlier one was answered after all', () => {
    const { breaker, time, fail, states } = newBreaker()
    breaker.answeredLate()
    fail(3)
    time.ms = 10
    expect(breaker.admit()).toBe(REFUSED)
    breaker.answeredLate()
    expect(breaker.admit()).not.toBe(REFUSED)
    breaker.answeredLate()
    expect(breaker.admit()).toBe(REFUSED)
    expect(states).toEqual(['open', 'half-open'])
    breaker.failed(breaker.ticket)
    time.ms = 10 + 199 // a store that is slow is left alone for longer and longer
    expect(breaker.admit()).toBe(REFUSED)
  })

  test('is open for a random part of its time, of at least a half', () => {
    const { breaker, time, fail } = newBreaker()
    time.chance = 0
    fail(3)
    time.ms = 49
    expect(breaker.admit()).toBe(REFUSED)
    time.ms = 50
    expect(breaker.admit()).not.toBe(REFUSED)
  })

  test('does not count what was sent before the last success', () => {
    const { breaker } = newBreaker()
    const tickets = [breaker.admit(), breaker.admit(), breaker.admit()]
    breaker.succeeded()
    for (const ticket of tickets) breaker.failed(ticket)
    expect(breaker.state).toBe('closed')
  })

  test('takes no failure of an earlier command for that of the trial', () => {
    const { breaker, time, fail } = newBreaker()
    const early = breaker.admit()
    fail(3)
    time.ms = 100
    breaker.admit()
    breaker.failed(early)
    expect(breaker.state).toBe('half-open')
  })

  test('tries again if a trial never ends', () => {
    const { breaker, time, fail } = newBreaker()
    fail(3)
    time.ms = 100
    breaker.admit()
    time.ms = 1_099
    expect(breaker.admit()).toBe(REFUSED)
    time.ms = 1_100
    expect(breaker.admit()).not.toBe(REFUSED)
    expect(breaker.state).toBe('half-open')
  })

  test('is closed by the success of a command that it did not admit', () => {
    const { breaker, fail } = newBreaker()
    fail(3)
    breaker.succeeded()
    expect(breaker.state).toBe('closed')
  })
})

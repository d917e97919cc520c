import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServerClock } from '../../src/flow/server-clock.ts'

/** A clock of a server, and what this process knows of it. Times of this process begin at 0. */
function newClock(serverMs = 1_000_000) {
  let nowMs = 0
  let asleepMs = 0
  let ratio = 1
  const clock = new ServerClock(
    () => nowMs,
    () => nowMs + asleepMs,
  )
  const pass = (ms: number): void => {
    nowMs += ms
    serverMs += ms * ratio
  }
  return {
    clock,
    pass,
    jump: (ms: number) => (serverMs += ms),
    sleep: (ms: number) => {
      asleepMs += ms
      serverMs += ms
    },
    drift: (parts: number) => (ratio = 1 + parts),
    serverMs: () => serverMs,
    /** Asks for the time. */
    ask: (thereMs: number, backMs: number) => {
      const sentMs = nowMs
      pass(thereMs)
      const atUs = Math.floor(serverMs * 1_000)
      pass(backMs)
      clock.observe(atUs, sentMs)
    },
  }
}

describe('the clock of a server', () => {
  test('is unknown before the first reply, and ten seconds after the last one', () => {
    const { clock, ask, pass } = newClock()
    expect(clock.isKnown).toBe(false)
    ask(1, 1)
    expect(clock.isKnown).toBe(true)
    pass(9_999)
    expect(clock.isKnown).toBe(true)
    pass(1)
    expect(clock.isKnown).toBe(false)
  })

  test('has bounds as wide as the shortest round trip and the possible drift', () => {
    const { clock, ask, pass } = newClock()
    ask(50, 50)
    ask(1, 1)
    ask(80, 5)
    expect(clock.now().latestMs - clock.now().earliestMs).toBeLessThan(3)
    pass(1_000)
    expect(clock.now().latestMs - clock.now().earliestMs).toBeLessThan(5)
  })

  test('is unknown where each round trip takes longer than half a second', () => {
    const { clock, ask } = newClock()
    ask(300, 300)
    expect(clock.isKnown).toBe(false)
  })

  test('is within its bounds at any time, however long round trips take and while it drifts', () => {
    const step = fc.oneof(
      fc.record({ there: fc.nat({ max: 200 }), back: fc.nat({ max: 200 }) }),
      fc.record({ pass: fc.nat({ max: 9_000 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: -5, max: 5 }), (steps, drift) => {
        const { clock, ask, pass, serverMs, drift: setDrift } = newClock()
        setDrift(drift / 10_000)
        for (const each of steps) {
          if ('pass' in each) pass(each.pass)
          else ask(each.there, each.back)
          expect(clock.now().earliestMs).toBeLessThanOrEqual(serverMs() + 0.001)
          expect(clock.now().latestMs).toBeGreaterThanOrEqual(serverMs() - 0.001)
        }
      }),
    )
  })

  test.each([60_000, -60_000, 50, -50])('that jumps by %d ms is followed from the next reply on', (ms) => {
    const { clock, ask, jump, pass, serverMs } = newClock()
    ask(1, 1)
    pass(1_000)
    jump(ms)
    // Until then it shows the time without the jump: entries are served for as long as intended.
    expect(Math.abs((clock.now().earliestMs + clock.now().latestMs) / 2 + ms - serverMs())).toBeLessThan(3)
    ask(1, 1)
    expect(clock.now().earliestMs).toBeLessThanOrEqual(serverMs())
    expect(clock.now().latestMs).toBeGreaterThanOrEqual(serverMs())
    expect(clock.now().latestMs - clock.now().earliestMs).toBeLessThan(3)
  })

  test('is unknown after the machine slept', () => {
    const { clock, ask, sleep, serverMs } = newClock()
    ask(1, 1)
    sleep(3_600_000)
    expect(clock.isKnown).toBe(false)
    ask(1, 1)
    expect(clock.isKnown).toBe(true)
    expect(clock.now().latestMs).toBeGreaterThanOrEqual(serverMs())
  })
})

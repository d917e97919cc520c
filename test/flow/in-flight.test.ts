import { describe, expect, test, vi } from 'vitest'
import { InFlight, InFlightTable } from '../../src/flow/in-flight.ts'

interface Settlement {
  readonly value: string
}

const waiter = (needsProof = false) => ({ needsProof, settle: vi.fn<(settlement: Settlement) => void>() })

const settlementOf = (value: string): Settlement => ({ value })

describe('work in flight', () => {
  test('settles in the same way for all waiters, and for those that join later', () => {
    const work = new InFlight<Settlement>()
    const [first, second, late] = [waiter(), waiter(), waiter()]
    work.join(first)
    work.join(second)
    const settlement = settlementOf('result')
    work.settle(settlement)
    work.join(late)
    for (const { settle } of [first, second, late]) expect(settle).toHaveBeenCalledExactlyOnceWith(settlement)
  })

  test('settles once', () => {
    const work = new InFlight<Settlement>()
    const first = waiter()
    work.join(first)
    const stale = settlementOf('stale')
    work.settle(stale)
    work.settle(settlementOf('late'))
    expect(first.settle).toHaveBeenCalledExactlyOnceWith(stale)
  })

  test('may settle early for waiters that need no proof', () => {
    const work = new InFlight<Settlement>()
    const [first, second, late] = [waiter(), waiter(true), waiter(true)]
    const [unproven, proven] = [settlementOf('unproven'), settlementOf('proven')]
    expect(work.settleEarly(unproven)).toBe(false)
    work.join(first)
    work.join(second)
    expect(work.settleEarly(unproven)).toBe(true)
    work.join(late)
    expect(work.settleEarly(unproven)).toBe(false)
    work.settle(proven)
    expect(first.settle).toHaveBeenCalledExactlyOnceWith(unproven)
    for (const { settle } of [second, late]) expect(settle).toHaveBeenCalledExactlyOnceWith(proven)
  })

  test('reports that the last waiter has left, and settles for none that left', () => {
    const work = new InFlight<Settlement>()
    const [first, second] = [waiter(), waiter()]
    work.join(first)
    work.join(second)
    expect(work.leave(first)).toBe(false)
    expect(work.leave(second)).toBe(true)
    work.settle(settlementOf('result'))
    expect(first.settle).not.toHaveBeenCalled()
  })
})

describe('calls in flight', () => {
  test('are found by call hash until they end', () => {
    const calls = new InFlightTable<object>()
    const call = {}
    calls.start('a', call)
    expect(calls.get('a')).toBe(call)
    expect(calls.size).toBe(1)
    calls.end('a', call)
    expect(calls.get('a')).toBeUndefined()
  })

  test('that were dropped do not affect their successors', () => {
    const calls = new InFlightTable<object>()
    const [old, next] = [{}, {}]
    calls.start('a', old)
    calls.drop('a')
    calls.start('a', next)
    calls.end('a', old)
    expect(calls.get('a')).toBe(next)
    calls.clear()
    expect(calls.size).toBe(0)
  })
})

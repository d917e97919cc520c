import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Change, Hearing } from '../../src/flow/hearing.ts'
import { SimulatedPartition } from './simulated-partition.ts'
import { runs } from '../random.ts'

const change = (previous: number, number: number, ...hashes: string[]): Change => ({
  number,
  previous,
  isAll: false,
  hashes,
  parts: [],
})

/** A hearing that has caught up at number 100, with a clock that the test moves. */
function newHearing() {
  const clock = { ms: 1_000, wallMs: 5_000 }
  const dropped: string[] = []
  const hearing = new Hearing(
    { drop: ({ number }) => dropped.push(String(number)), dropAll: () => dropped.push('all') },
    () => clock.ms,
    () => clock.wallMs,
  )
  const whole = { hasEntries: true, isWhole: true, messages: [] }
  hearing.caughtUp({ ...whole, number: 100, isWhole: false }, hearing.question())
  dropped.length = 0
  return { hearing, clock, dropped, whole }
}

describe('The row of changes', () => {
  test('goes on with the message that names the last one, and drops what it names', () => {
    const { hearing, dropped } = newHearing()
    hearing.hear(change(100, 110, 'a'))
    expect(hearing.heard).toBe(110)
    expect(hearing.isMissing).toBe(false)
    expect(dropped).toEqual(['110'])
  })

  test('ignores messages that come late, or twice', () => {
    const { hearing, dropped } = newHearing()
    hearing.hear(change(100, 110, 'a'))
    hearing.hear(change(100, 110, 'a'))
    hearing.hear(change(90, 95, 'a'))
    expect(dropped).toEqual(['110'])
  })

  test('has a gap after a lost message, which is closed by what the store tells', () => {
    const { hearing, dropped, whole } = newHearing()
    hearing.hear(change(105, 110, 'b'))
    expect(hearing.isMissing).toBe(true)
    expect(hearing.heard).toBe(100)
    expect(dropped).toEqual(['110'])
    const messages = [change(100, 105, 'a'), change(105, 110, 'b')]
    hearing.caughtUp({ ...whole, number: 110, messages }, hearing.question())
    expect(hearing.heard).toBe(110)
    expect(hearing.isMissing).toBe(false)
    expect(dropped).toEqual(['110', '105', '110'])
  })

  test('starts over where the store does not know what was heard', () => {
    const { hearing, dropped } = newHearing()
    const none = { number: 500, hasEntries: true, isWhole: false, messages: [] }
    hearing.caughtUp(none, hearing.question())
    expect(dropped).toEqual(['all'])
    expect(hearing.heard).toBe(500)
  })
})

describe('The proof', () => {
  test('is as old as the question, not as the answer', () => {
    const { hearing, clock } = newHearing()
    clock.ms = 2_000
    clock.wallMs = 6_000
    const question = hearing.question()
    clock.ms = 2_900
    hearing.answered(100, true, question)
    expect(hearing.provenMs).toBe(2_000)
    expect(hearing.provenWallMs).toBe(6_000)
  })

  test('is that of a later question, whichever is answered first', () => {
    const { hearing, clock } = newHearing()
    const early = hearing.question()
    clock.ms = 2_000
    hearing.answered(100, true, hearing.question())
    hearing.answered(100, true, early)
    expect(hearing.provenMs).toBe(2_000)
  })

  test('waits for the message of the number, and is then as old as the question', () => {
    const { hearing, clock } = newHearing()
    clock.ms = 2_000
    hearing.answered(110, true, hearing.question())
    expect(hearing.provenMs).toBe(1_000)
    clock.ms = 2_050
    hearing.hear(change(100, 110, 'a'))
    expect(hearing.provenMs).toBe(2_000)
  })

  test('holds for a number that was heard, though others were heard since', () => {
    const { hearing, clock } = newHearing()
    clock.ms = 2_000
    const question = hearing.question()
    hearing.hear(change(100, 110, 'a'))
    hearing.hear(change(110, 120, 'a'))
    hearing.answered(110, true, question)
    expect(hearing.provenMs).toBe(2_000)
  })

  test('moves on though each new number is ahead of the messages', () => {
    const { hearing, clock } = newHearing()
    for (let number = 110; number < 1_000; number += 10) {
      clock.ms += 10
      hearing.answered(number + 20, true, hearing.question())
      hearing.hear(change(number - 10, number, 'a'))
    }
    expect(clock.ms - hearing.provenMs).toBeLessThan(100)
  })

  test('misses a message that is expected for too long', () => {
    const { hearing, clock } = newHearing()
    hearing.answered(110, true, hearing.question())
    expect(hearing.isMissing).toBe(false)
    clock.ms += 90
    hearing.answered(110, true, hearing.question())
    clock.ms += 20
    expect(hearing.isMissing).toBe(true)
  })

  test('is lost with the log: everything is dropped', () => {
    const { hearing, dropped } = newHearing()
    hearing.answered(undefined, true, hearing.question())
    expect(dropped).toEqual(['all'])
    expect(hearing.provenMs).toBe(Number.NEGATIVE_INFINITY)
    expect(hearing.isMissing).toBe(true)
  })

  test('is lost where the store knows less than was heard before it was asked', () => {
    const { hearing, dropped } = newHearing()
    hearing.hear(change(100, 110, 'a'))
    hearing.answered(100, true, hearing.question())
    expect(dropped).toEqual(['110', 'all'])
  })

  test('is lost where the store tells a number that the row has passed by', () => {
    const { hearing, dropped } = newHearing()
    const question = hearing.question()
    hearing.hear(change(100, 110, 'a'))
    hearing.answered(105, true, question)
    expect(dropped).toEqual(['110', 'all'])
    expect(hearing.heard).toBeUndefined()
  })

  test('is not changed by a number that is older than what is remembered', () => {
    const { hearing, dropped } = newHearing()
    const question = hearing.question()
    for (let number = 101; number <= 1_300; number++) hearing.hear(change(number - 1, number, 'other'))
    hearing.answered(150, true, question)
    expect(dropped).not.toContain('all')
  })

  test('proves nothing where all entries are lost: what is held is dropped', () => {
    const { hearing, clock, dropped } = newHearing()
    clock.ms = 2_000
    hearing.answered(100, false, hearing.question())
    expect(dropped).toEqual(['all'])
    expect(hearing.provenMs).toBe(1_000)
  })
})

describe('Changes of this process', () => {
  test('of which the entries are not known hold the proof back until they are heard', () => {
    const { hearing } = newHearing()
    hearing.require(110, 100)
    expect(hearing.provenMs).toBe(Number.NEGATIVE_INFINITY)
    hearing.hear(change(100, 110, 'a'))
    expect(hearing.provenMs).toBe(1_000)
  })

  test('show by a number below the last one that the store has lost others', () => {
    const { hearing, dropped } = newHearing()
    hearing.hear(change(100, 110, 'a'))
    hearing.require(100, 110)
    expect(dropped).toEqual(['110', 'all'])
  })

  test('show by a number that the row has passed by that the store has lost others', () => {
    const { hearing, dropped } = newHearing()
    hearing.hear(change(100, 110, 'a'))
    expect([hearing.isHeard(105), hearing.isHeard(110)]).toEqual([false, true])
    hearing.changed(105)
    expect(dropped).toEqual(['110', 'all'])
  })

  test('refuse entries that were read before them', () => {
    const { hearing } = newHearing()
    hearing.changed(110)
    expect(hearing.refuses('a', 100)).toBe(true)
    expect(hearing.refuses('a', 110)).toBe(false)
  })

  test('that the store has lost do not hold the proof back for ever', () => {
    const { hearing, clock, whole } = newHearing()
    hearing.require(200, 100)
    clock.ms = 2_000
    hearing.answered(101, true, hearing.question())
    hearing.caughtUp({ ...whole, number: 101, isWhole: false }, hearing.question())
    expect(hearing.provenMs).toBe(2_000)
    expect(hearing.refuses('a', 101)).toBe(false)
  })

  test('hold the proof back where the store was asked before them', () => {
    const { hearing, whole } = newHearing()
    const before = hearing.question()
    hearing.require(200, 100)
    hearing.caughtUp({ ...whole, number: 101, isWhole: false }, before)
    expect(hearing.provenMs).toBe(Number.NEGATIVE_INFINITY)
    expect(hearing.refuses('a', 101)).toBe(true)
  })
})

describe('Entries that arrive after a change', () => {
  test('are refused if it names them, and they were read before it', () => {
    const { hearing } = newHearing()
    hearing.hear(change(100, 110, 'a'))
    hearing.hear({ ...change(110, 120), parts: ['fn'] })
    expect(hearing.refuses('a', 100)).toBe(true)
    expect(hearing.refuses('a', 110)).toBe(false)
    expect(hearing.refuses('fn-a', 110)).toBe(true)
    expect(hearing.refuses('b', 100)).toBe(false)
  })

  test('are refused if the changes since are not remembered any more', () => {
    const { hearing } = newHearing()
    for (let number = 101; number <= 1_300; number++) hearing.hear(change(number - 1, number, 'other'))
    expect(hearing.refuses('a', 250)).toBe(true)
    expect(hearing.refuses('a', 1_200)).toBe(false)
  })
})

describe('The promise', () => {
  const MAX_MS = 1_000
  const RUNS = runs(500)

  test('is kept whatever messages, answers, keys, processes and clocks are lost, late or wrong', () => {
    let served = 0
    fc.assert(
      fc.property(
        fc.array(SimulatedPartition.step, { minLength: 20, maxLength: 250, size: 'max' }),
        (steps) => {
          const world = new SimulatedPartition(MAX_MS)
          for (const step of steps) world.take(step)
          served += world.served
        },
      ),
      { numRuns: RUNS },
    )
    expect(served).toBeGreaterThan(4 * RUNS) // the property would also hold for a process that serves nothing
  })
})

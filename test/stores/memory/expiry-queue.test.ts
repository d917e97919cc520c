import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ExpiryQueue } from '../../../src/stores/memory/expiry-queue.ts'
import { runs } from '../../random.ts'

type Step =
  | { readonly do: 'set'; readonly hash: string; readonly atMs: number }
  | { readonly do: 'delete'; readonly hash: string }
  | { readonly do: 'take'; readonly count: number; readonly passMs: number }

const hash = fc.constantFrom(...'abcdefgh')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('set' as const), hash, atMs: fc.integer({ min: 0, max: 100 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), hash }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      count: fc.integer({ min: 1, max: 4 }),
      passMs: fc.integer({ min: 0, max: 20 }),
    }),
  },
)

/** Long enough for the heap to be rebuilt. */
const steps = fc.array(step, { minLength: 150, maxLength: 250, size: 'max' })

describe('the queue of entries that end', () => {
  test('returns what a plain map would, soonest end first', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const queue = new ExpiryQueue()
        const model = new Map<string, number>()
        let nowMs = 0
        for (const each of all) {
          if (each.do === 'set') {
            queue.set(each.hash, each.atMs)
            model.set(each.hash, each.atMs)
          } else if (each.do === 'delete') {
            queue.delete(each.hash)
            model.delete(each.hash)
          } else {
            nowMs += each.passMs
            const taken = queue.takeExpired(nowMs, each.count)
            const due = [...model.values()].filter((atMs) => atMs <= nowMs).toSorted((a, b) => a - b)
            // Entries that end at the same time may come in any order.
            expect(taken.map((name) => model.get(name))).toEqual(due.slice(0, each.count))
            for (const name of taken) expect(model.delete(name)).toBe(true)
          }
          expect(queue.countExpired(nowMs)).toBe([...model.values()].filter((atMs) => atMs <= nowMs).length)
          for (const name of 'abcdefgh') expect(queue.get(name)).toBe(model.get(name))
        }
        expect(new Map(queue.entries())).toEqual(model)
      }),
      { numRuns: runs(30) },
    )
  })

  test('stays within a few times its size if entries are prolonged again and again', () => {
    const queue = new ExpiryQueue()
    for (let i = 0; i < 200_000; i++) queue.set(String(i % 10), i)
    const startedAtMs = performance.now()
    expect(queue.takeExpired(1e9, 100)).toHaveLength(10)
    expect(performance.now() - startedAtMs).toBeLessThan(50) // a heap of all would take longer to pass over
  })
})

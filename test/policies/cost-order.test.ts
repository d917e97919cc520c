// The order of CostPolicy in process, held against a list that is scanned.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CostOrder } from '../../src/policies/orders/cost-order.ts'
import { CostReference, costSteps, take } from './cost-reference.ts'
import { runs } from '../random.ts'

describe.each(['cost', 'cost/size'] as const)('weighed by %s', (weigh) => {
  // With 12 bits, priorities are lowered every few evictions.
  test.each([28, 12])('with %i bits, it evicts what the reference evicts', (bits) => {
    fc.assert(
      fc.property(costSteps(), (steps) => {
        const [order, reference] = [new CostOrder(weigh, bits), new CostReference(weigh)]
        const [here, there] = [new Set<string>(), new Set<string>()]
        for (const step of steps) {
          expect(take(order, here, step)).toEqual(take(reference, there, step))
          expect(order.size()).toBe(reference.size())
        }
        expect(order.evict(100)).toEqual(reference.evict(100))
      }),
      { numRuns: runs(500) },
    )
  })
})

test('priorities are lowered when they would lose a weight', () => {
  // 10 bits: from a priority of 4 on, a weight of 1 loses bits if nothing is lowered.
  const [order, reference] = [new CostOrder('cost', 10), new CostReference('cost')]
  for (const each of [order, reference])
    for (const hash of 'abcdef') each.insert(hash, { costMs: 1, bytes: 1 })
  for (let i = 0; i < 20_000; i++) {
    const [victim = ''] = order.evict(1)
    expect(reference.evict(1)).toEqual([victim])
    const result = { costMs: 1 + (i % 3), bytes: 1 }
    for (const each of [order, reference]) each.insert(`${i}`, result)
    if (i % 5 === 0) for (const each of [order, reference]) each.touch([`${i - 2}`])
  }
})

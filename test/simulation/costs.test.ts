// The simulator under bounds of entries and of bytes, held against an independent reference of misses and recomputed milliseconds.
import { describe, expect, test } from 'vitest'
import type { CostModel } from '../../scripts/cost-models.ts'
import { type ModelledTrace, modelledTrace } from '../../scripts/modelled-trace.ts'
import { hasTraces } from '../../scripts/replay.ts'
import { compare, OPTIMUM } from '../../src/simulation/compare.ts'
import { CANDIDATES, type Candidate } from '../../src/simulation/candidates.ts'
import { simulate } from '../../src/simulation/simulate.ts'
import { costCases, isOrdinary, requestsOf } from '../policies/traces.ts'

/** The policies of the reference by their names there. */
const POLICIES: Readonly<Record<string, string>> = {
  LRU: 'lru',
  'LFU-DA': 'lfu-da',
  GDSF: 'cost-size',
}

const made = new Map<string, ModelledTrace>()
function traceOf(name: string, model: CostModel): ModelledTrace {
  const trace = made.get(`${name} ${model}`) ?? modelledTrace(requestsOf(name), model)
  made.set(`${name} ${model}`, trace)
  return trace
}

const CASES = costCases().filter((each) => CANDIDATES.has(POLICIES[each.policy] ?? '') && isOrdinary(each))

describe.skipIf(!hasTraces())('reference (skipped: the traces are not beside the checkout)', () => {
  test.each(CASES)('$trace, model $model, $entries entries, $bytes bytes, $policy', (wanted) => {
    const candidate = CANDIDATES.get(POLICIES[wanted.policy] ?? '') as Candidate
    const { entries, bytes } = wanted
    const bound =
      entries === undefined
        ? ({ kind: 'bytes', limit: bytes as number } as const)
        : ({ kind: 'entries', limit: entries } as const)
    const { trace } = traceOf(wanted.trace, wanted.model)
    const { misses, missMs } = simulate(trace, candidate.createOrder(), bound)
    // The last bit of a size may differ between languages.
    expect(Math.abs(misses / wanted.misses - 1)).toBeLessThan(0.001)
    expect(Math.abs(missMs / wanted.costMs - 1)).toBeLessThan(0.001)
  })

  test('the bounds of models B and C are those of the reference', () => {
    expect(traceOf('web12', 'B').boundOf(150)).toEqual({ kind: 'bytes', limit: 479_041 })
    expect(traceOf('scarab', 'C').boundOf(5_000)).toEqual({ kind: 'bytes', limit: 16_111_074 })
  })

  test('no policy spares more seconds, hits or bytes than the bound says', () => {
    const { trace, boundOf } = traceOf('web12', 'C')
    const { results } = compare(trace, [...CANDIDATES.values()], [boundOf(150)])
    const optimum = results.find(({ policy }) => policy === OPTIMUM)
    for (const { recomputedSeconds = 0, hitRatio, byteHitRatio = 0 } of results) {
      expect(recomputedSeconds).toBeGreaterThanOrEqual((optimum?.recomputedSeconds ?? 0) - 1e-6)
      expect(hitRatio).toBeLessThanOrEqual((optimum?.hitRatio ?? 0) + 1e-9)
      expect(byteHitRatio).toBeLessThanOrEqual((optimum?.byteHitRatio ?? 0) + 1e-9)
    }
  })
})

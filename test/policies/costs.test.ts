// Request traces whose results differ in cost and size, replayed through the orders of policies: the misses and the recomputed
// milliseconds of an independent reference.
import { describe, expect, test } from 'vitest'
import { type CostModel, meanBytes, modelledResults } from '../../scripts/cost-models.ts'
import { hasTraces, TRACES } from '../../scripts/replay.ts'
import { CostPolicy, LfuPolicy, LruPolicy } from '../../src/policies/index.ts'
import type { AbstractPolicy } from '../../src/policies/policy.ts'
import type { StoredResult } from '../../src/policies/eviction-order.ts'
import { costCases, isOrdinary, replayCosts, requestsOf } from './traces.ts'

/** The policies of the reference by their names there. */
const POLICIES: Readonly<Record<string, () => AbstractPolicy>> = {
  LRU: () => new LruPolicy(),
  'LFU-DA': () => new LfuPolicy({ aging: true }),
  GDSF: () => new CostPolicy({ weigh: 'cost/size' }),
}

/** Of each trace and model, made once. */
const made = new Map<string, ReadonlyMap<string, StoredResult>>()
function resultsOf(trace: string, model: CostModel): ReadonlyMap<string, StoredResult> {
  const name = `${trace} ${model}`
  const results = made.get(name) ?? modelledResults(model, requestsOf(trace))
  made.set(name, results)
  return results
}

describe.skipIf(!hasTraces())(`costs of ${TRACES}${hasTraces() ? '' : ' (not there)'}`, () => {
  const cases = costCases().filter((each) => Object.hasOwn(POLICIES, each.policy) && isOrdinary(each))

  test.each(cases)('$trace, model $model, $entries entries, $bytes bytes, $policy', (wanted) => {
    const { trace, model, policy } = wanted
    const order = POLICIES[policy]?.().createOrder()
    if (order === undefined) throw new Error(`no policy ${policy}`)
    const { misses, costMs } = replayCosts(order, wanted, requestsOf(trace), resultsOf(trace, model))
    // The last bit of a size may differ between languages.
    expect(Math.abs(misses / wanted.misses - 1)).toBeLessThan(0.001)
    expect(Math.abs(costMs / wanted.costMs - 1)).toBeLessThan(0.001)
  })

  test('the bound in bytes of a model is that of the mean result', () => {
    expect(Math.floor(150 * meanBytes(resultsOf('web12', 'B')))).toBe(479_041)
    expect(Math.floor(150 * meanBytes(resultsOf('web12', 'A')))).toBe(150 * 1_024)
  })
})

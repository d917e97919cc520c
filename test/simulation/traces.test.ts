// The simulator and the optimum, held against the counts of another simulator.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { hasTraces, missesOf } from '../../scripts/replay.ts'
import { CANDIDATES } from '../../src/simulation/candidates.ts'
import { fewestMisses } from '../../src/simulation/optimum.ts'
import { simulate } from '../../src/simulation/simulate.ts'
import { type Trace, TraceBuilder } from '../../src/simulation/trace.ts'
import { beladyCases, isOrdinary, requestsOf, traceCases } from '../policies/traces.ts'

const traces = new Map<string, Trace>()

function traceOf(name: string): Trace {
  let trace = traces.get(name)
  if (trace === undefined) {
    const builder = new TraceBuilder()
    for (const key of requestsOf(name)) builder.add({ key })
    trace = builder.build({ rate: 1 })
    traces.set(name, trace)
  }
  return trace
}

const EXACT = traceCases().filter((each) => each.sha256 !== undefined && isOrdinary(each))

describe.skipIf(!hasTraces())('reference counts (skipped: the traces are not beside the checkout)', () => {
  test.each(EXACT)('$trace, $size entries, $policy', ({ trace, size, policy, misses, sha256 }) => {
    const order = CANDIDATES.get(policy.replaceAll('_', '-'))?.createOrder()
    if (order === undefined) throw new Error(`${policy} cannot be simulated`)
    let hits = ''
    const tally = simulate(
      traceOf(trace),
      order,
      { kind: 'entries', limit: size },
      { onRequest: (isHit) => void (hits += isHit ? '1' : '0') },
    )
    expect(tally.misses).toBe(misses)
    expect(missesOf(hits)).toBe(misses)
    expect(createHash('sha256').update(hits).digest('hex')).toBe(sha256)
  })

  test.each(beladyCases())('$trace, $size entries, the optimum', ({ trace, size, misses }) => {
    expect(fewestMisses(traceOf(trace), size, { mustStore: true })).toBe(misses)
    expect(fewestMisses(traceOf(trace), size)).toBeLessThanOrEqual(misses)
  })
})

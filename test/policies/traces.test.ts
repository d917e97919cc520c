// Real request traces, replayed through the order of each policy: the misses of a simulator, in the exact order.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { hasTraces, missesOf, TRACES } from '../../scripts/replay.ts'
import { POLICIES } from '../../src/policies/index.ts'
import { RANDOM_TOLERANCE, replayInOrder, requestsOf, traceCases } from './traces.ts'

describe.skipIf(!hasTraces())(`traces of ${TRACES}${hasTraces() ? '' : ' (not there)'}`, () => {
  test.each(traceCases())('$trace, $size entries, $policy: $misses misses', (wanted) => {
    const { trace, size, policy } = wanted
    const hits = replayInOrder(new POLICIES[policy]().createOrder(), size, requestsOf(trace))
    const misses = missesOf(hits)
    if (policy === 'rr') {
      expect(Math.abs(misses - wanted.misses)).toBeLessThan(RANDOM_TOLERANCE)
    } else {
      const sha256 = createHash('sha256').update(hits).digest('hex')
      expect({ misses, sha256 }).toEqual({ misses: wanted.misses, sha256: wanted.sha256 })
    }
  })
})

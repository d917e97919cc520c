// A sample is a faithful smaller cache: the miss ratios of LRU by a tenth of the keys, against those by all of them.
import { describe, expect, test } from 'vitest'
import { hasTraces, readTrace } from '../../scripts/replay.ts'
import { CANDIDATES } from '../../src/simulation/candidates.ts'
import { compare } from '../../src/simulation/compare.ts'
import { KeySampler } from '../../src/simulation/key-sampler.ts'
import { TraceBuilder } from '../../src/simulation/trace.ts'

const RATE = 0.1

function traceOf(keys: readonly string[], sampler?: KeySampler) {
  const builder = new TraceBuilder()
  for (const key of keys) if (sampler === undefined || sampler.chooses(key)) builder.add({ key })
  return builder.build({ rate: sampler === undefined ? 1 : RATE, requests: keys.length })
}

const lru = [...CANDIDATES.values()].filter(({ name }) => name === 'lru')

/** The hit ratio of LRU. */
function hitRatio(trace: ReturnType<typeof traceOf>, limit: number): number {
  const { results } = compare(trace, lru, [{ kind: 'entries', limit }])
  return results.find(({ policy }) => policy === 'lru')?.hitRatio ?? Number.NaN
}

describe.skipIf(!hasTraces())('web12 (skipped: the traces are not beside the checkout)', () => {
  test.each([
    { size: 1_000, mean: 0.02, most: 0.07 },
    { size: 5_000, mean: 0.007, most: 0.02 },
  ])(
    'LRU of $size entries, by a tenth of the keys: the hit ratio differs by $mean or less in the mean',
    (expected) => {
      const keys = readTrace('web12')
      const whole = hitRatio(traceOf(keys), expected.size)
      const errors = Array.from({ length: 40 }, (_, salt) =>
        Math.abs(hitRatio(traceOf(keys, new KeySampler(RATE, salt * 7_919)), expected.size) - whole),
      )
      expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(expected.mean)
      expect(Math.max(...errors)).toBeLessThan(expected.most)
    },
  )
})

test('keys that resemble each other are chosen as often as others, and other salts choose others', () => {
  const keys = Array.from({ length: 100_000 }, (_, i) => `user:${i}`)
  const chosen = [1, 2].map((salt) => {
    const sampler = new KeySampler(RATE, salt)
    return new Set(keys.filter((key) => sampler.chooses(key)))
  })
  // Four standard deviations, of 95 keys each.
  for (const each of chosen) expect(Math.abs(each.size - 10_000)).toBeLessThan(380)
  const both = [...(chosen[0] ?? [])].filter((key) => chosen[1]?.has(key))
  expect(Math.abs(both.length - 1_000)).toBeLessThan(126)
})

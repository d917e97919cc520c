import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FreshnessRules, jittered, judge, type EntryAge } from '../../src/flow/freshness.ts'

const NOW_MS = 1_700_000_000_000
const NONE: FreshnessRules = { staleWhileRevalidateMs: 0, staleIfErrorMs: 0, beta: undefined }

const never = (): number => {
  throw new Error('Chance was asked where it has no say.')
}

/** Random numbers that are the same at every run. (Marsaglia, "Xorshift RNGs", JSS 2003.) */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** A result that has been looked at so long after it was fresh. */
const past = (ms: number, computeMs = 100): EntryAge => ({
  atMs: NOW_MS,
  freshUntilMs: NOW_MS - ms,
  computeMs,
})

describe('a stored result', () => {
  const BOTH: FreshnessRules = { staleWhileRevalidateMs: 10, staleIfErrorMs: 30, beta: undefined }

  test.each<{ rules: FreshnessRules; ms: number; verdict: string }>([
    { rules: NONE, ms: -1, verdict: 'fresh' },
    { rules: NONE, ms: 0, verdict: 'expired' },
    { rules: BOTH, ms: -1, verdict: 'fresh' },
    { rules: BOTH, ms: 0, verdict: 'stale' },
    { rules: BOTH, ms: 9, verdict: 'stale' },
    { rules: BOTH, ms: 10, verdict: 'fallback' },
    { rules: BOTH, ms: 29, verdict: 'fallback' },
    { rules: BOTH, ms: 30, verdict: 'expired' },
    { rules: { ...NONE, staleWhileRevalidateMs: 10 }, ms: 9, verdict: 'stale' },
    { rules: { ...NONE, staleWhileRevalidateMs: 10 }, ms: 10, verdict: 'expired' },
    { rules: { ...NONE, staleIfErrorMs: 10 }, ms: 0, verdict: 'fallback' },
    { rules: { ...NONE, staleIfErrorMs: 10 }, ms: 9, verdict: 'fallback' },
    { rules: { ...NONE, staleIfErrorMs: 10 }, ms: 10, verdict: 'expired' },
    { rules: { staleWhileRevalidateMs: 30, staleIfErrorMs: 10, beta: undefined }, ms: 20, verdict: 'stale' },
    {
      rules: { staleWhileRevalidateMs: 30, staleIfErrorMs: 10, beta: undefined },
      ms: 30,
      verdict: 'expired',
    },
  ])('$ms ms past its freshness, given $rules, is $verdict', ({ rules, ms, verdict }) => {
    expect(judge(past(ms), rules, never)).toBe(verdict)
  })

  test.each<{ rules: FreshnessRules; verdict: string }>([
    { rules: BOTH, verdict: 'stale' },
    { rules: { ...NONE, staleWhileRevalidateMs: 10 }, verdict: 'stale' },
    { rules: { ...NONE, staleIfErrorMs: 10 }, verdict: 'fallback' },
    { rules: { ...NONE, beta: 1 }, verdict: 'expired' },
    { rules: NONE, verdict: 'expired' },
  ])('of which is not known how fresh it is, given $rules, is $verdict', ({ rules, verdict }) => {
    expect(judge({ atMs: NOW_MS, freshUntilMs: undefined, computeMs: undefined }, rules, never)).toBe(verdict)
  })

  test('is fresh until its time, and served no longer than it may be', () => {
    const duration = fc.integer({ min: 0, max: 1_000 })
    const rules = fc.record({
      staleWhileRevalidateMs: duration,
      staleIfErrorMs: duration,
      beta: fc.option(fc.double({ min: 0.1, max: 10, noNaN: true }), { nil: undefined }),
    })
    const offset = fc.integer({ min: -2_000, max: 2_000 })
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(rules, offset, duration, chance, (given, ms, computeMs, random) => {
        const verdict = judge(past(ms, computeMs), given, () => random)
        if (ms < 0) expect(['fresh', 'early']).toContain(verdict)
        else expect(['stale', 'fallback', 'expired']).toContain(verdict)
        if (ms < 0 && given.beta === undefined) expect(verdict).toBe('fresh')
        if (ms >= given.staleWhileRevalidateMs) expect(verdict).not.toBe('stale')
        if (ms >= given.staleIfErrorMs) expect(verdict).not.toBe('fallback')
        if (ms >= Math.max(given.staleWhileRevalidateMs, given.staleIfErrorMs, 0))
          expect(verdict).toBe('expired')
      }),
    )
  })
})

describe('early refreshing', () => {
  const earlyShare = (remainingMs: number, computeMs: number, beta: number): number => {
    const random = seeded(remainingMs * 7919 + computeMs + beta * 31 + 1)
    const age = past(-remainingMs, computeMs)
    const verdicts = Array.from({ length: 20_000 }, () => judge(age, { ...NONE, beta }, random))
    return verdicts.filter((verdict) => verdict === 'early').length / verdicts.length
  }

  test.each([
    { remainingMs: 50, computeMs: 100, beta: 1 },
    { remainingMs: 100, computeMs: 100, beta: 1 },
    { remainingMs: 300, computeMs: 100, beta: 1 },
    { remainingMs: 300, computeMs: 100, beta: 3 },
    { remainingMs: 100, computeMs: 100, beta: 0.5 },
    { remainingMs: 100, computeMs: 1_000, beta: 1 },
    { remainingMs: 100, computeMs: 7, beta: 1 },
  ])(
    '$remainingMs ms ahead of what takes $computeMs ms is as likely as the paper says (beta $beta)',
    (each) => {
      const { remainingMs, computeMs, beta } = each
      const expected = Math.exp(-remainingMs / (beta * computeMs))
      const sigma = Math.sqrt((expected * (1 - expected)) / 20_000)
      const share = earlyShare(remainingMs, computeMs, beta)
      expect(Math.abs(share - expected)).toBeLessThanOrEqual(4 * sigma + 1e-9)
    },
  )

  test('is never needed of what takes no time', () => {
    expect(judge(past(-1, 0), { ...NONE, beta: 1 }, () => 1 - 2 ** -53)).toBe('fresh')
    expect(judge({ ...past(-1), computeMs: undefined }, { ...NONE, beta: 1 }, () => 0.999)).toBe('fresh')
  })

  test('stands any number that Math.random yields', () => {
    expect(judge(past(-1), { ...NONE, beta: 1 }, () => 0)).toBe('fresh')
    expect(judge(past(-1), { ...NONE, beta: 1 }, () => 1 - 2 ** -53)).toBe('early')
  })
})

describe('a TTL with jitter', () => {
  test('is the TTL itself without', () => {
    expect(jittered(12_345, 0, never)).toBe(12_345)
  })

  test.each([
    { random: 0, ms: 1_000 },
    { random: 0.5, ms: 900 },
    { random: 0.999_999, ms: 800 },
  ])('of a fifth of a second is $ms ms, if chance is $random', ({ random, ms }) => {
    expect(jittered(1_000, 0.2, () => random)).toBe(ms)
  })

  test('is a whole number of milliseconds, never 0, never longer, never shorter than said', () => {
    const ttl = fc.integer({ min: 1, max: 10_000_000 })
    const part = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(ttl, part, part, (ttlMs, jitter, random) => {
        const ms = jittered(ttlMs, jitter, () => random)
        expect(Number.isInteger(ms)).toBe(true)
        expect(ms).toBeGreaterThanOrEqual(Math.max(1, Math.floor(ttlMs * (1 - jitter))))
        expect(ms).toBeLessThanOrEqual(ttlMs)
      }),
    )
  })

  test('is spread evenly', () => {
    const random = seeded(42)
    const all = Array.from({ length: 20_000 }, () => jittered(1_000_000, 0.5, random))
    const mean = all.reduce((sum, ms) => sum + ms, 0) / all.length
    // The mean of so many has a standard deviation of 500,000 / sqrt(12 * 20,000), about 1,021.
    expect(Math.abs(mean - 750_000)).toBeLessThan(4_100)
    for (let quarter = 0; quarter < 4; quarter++) {
      const from = 500_000 + quarter * 125_000
      const share = all.filter((ms) => ms >= from && ms < from + 125_000).length / all.length
      expect(Math.abs(share - 0.25)).toBeLessThan(0.0125)
    }
  })
})

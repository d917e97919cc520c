// The optimum, held against all ways there are to keep entries.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CANDIDATES } from '../../src/simulation/candidates.ts'
import { fewestMisses, nextRequests, SparingBound } from '../../src/simulation/optimum.ts'
import { simulate } from '../../src/simulation/simulate.ts'
import { type Trace, TraceBuilder } from '../../src/simulation/trace.ts'
import { Random, runs } from '../random.ts'

interface Request {
  readonly key: string
  readonly costMs: number
  readonly bytes: number
}

const COSTS: Readonly<Record<string, number>> = { a: 1, b: 2, c: 5, d: 20, e: 3 }
const BYTES: Readonly<Record<string, number>> = { a: 3, b: 1, c: 2, d: 4, e: 2 }

const requests = fc
  .array(fc.constantFrom(...'abcde'), { minLength: 1, maxLength: 12 })
  .map((keys) => keys.map((key): Request => ({ key, costMs: COSTS[key] ?? 1, bytes: BYTES[key] ?? 1 })))

function traceOf(all: readonly Request[]): Trace {
  const builder = new TraceBuilder()
  for (const request of all) builder.add(request)
  return builder.build({ rate: 1 })
}

/** The most that can be spared: after each request, each set of entries that fits is tried. */
function mostSpared(
  all: readonly Request[],
  limit: number,
  sizeOf: (one: Request) => number,
  spares: (one: Request) => number,
  mustStore = false,
): number {
  let states = new Map<string, number>([['', 0]])
  for (const request of all) {
    const following = new Map<string, number>()
    const reach = (kept: string, spared: number) => {
      if ((following.get(kept) ?? -1) < spared) following.set(kept, spared)
    }
    for (const [kept, spared] of states) {
      const isHit = kept.includes(request.key)
      const now = spared + (isHit ? spares(request) : 0)
      for (const subset of subsetsOf(isHit ? kept : kept + request.key)) {
        if (mustStore && !subset.includes(request.key)) continue
        const taken = [...subset].reduce(
          (sum, key) => sum + sizeOf({ key, costMs: COSTS[key] ?? 1, bytes: BYTES[key] ?? 1 }),
          0,
        )
        if (taken <= limit) reach(subset, now)
      }
    }
    states = following
  }
  return Math.max(...states.values())
}

function subsetsOf(kept: string): string[] {
  return [...kept]
    .sort()
    .reduce<string[]>((subsets, key) => [...subsets, ...subsets.map((each) => each + key)], [''])
}

describe('fewest misses', () => {
  test.each([true, false])(
    'as few as the best of all ways; each result has to be stored: %s',
    (mustStore) => {
      fc.assert(
        fc.property(requests, fc.integer({ min: 1, max: 4 }), (all, capacity) => {
          const hits = mostSpared(
            all,
            capacity,
            () => 1,
            () => 1,
            mustStore,
          )
          expect(fewestMisses(traceOf(all), capacity, { mustStore })).toBe(all.length - hits)
        }),
        { numRuns: runs(300) },
      )
    },
  )
})

describe('the bound of what can be spared', () => {
  test.each([
    { what: 'milliseconds', limited: 'entries', spares: (one: Request) => one.costMs, sizeOf: () => 1 },
    {
      what: 'milliseconds',
      limited: 'bytes',
      spares: (one: Request) => one.costMs,
      sizeOf: (one: Request) => one.bytes,
    },
    { what: 'hits', limited: 'bytes', spares: () => 1, sizeOf: (one: Request) => one.bytes },
  ])('no way spares more $what, with a bound of $limited', ({ limited, spares, sizeOf }) => {
    fc.assert(
      fc.property(requests, fc.integer({ min: 1, max: 7 }), (all, limit) => {
        const trace = traceOf(all)
        const bytes = limited === 'bytes' ? trace.bytes : undefined
        const bound = new SparingBound(trace, nextRequests(trace), (i) => spares(all[i] as Request), bytes)
        expect(bound.at(limit)).toBeGreaterThanOrEqual(mostSpared(all, limit, sizeOf, spares) - 1e-9)
      }),
      { numRuns: runs(300) },
    )
  })

  test('it is all that repeated requests cost, if everything fits', () => {
    const all = [...'abcabdd'].map((key) => ({ key, costMs: COSTS[key] as number, bytes: 1 }))
    const trace = traceOf(all)
    const bound = new SparingBound(trace, nextRequests(trace), (i) => (all[i] as Request).costMs, undefined)
    expect(bound.at(100)).toBe(1 + 2 + 20)
    expect(bound.at(0)).toBe(0)
  })

  test('it is as much as MIN spares, or a little more', () => {
    const random = new Random('optimum')
    const all = Array.from({ length: 20_000 }, () => ({
      key: String(Math.floor(1_000 * (random.below(1_000) / 1_000) ** 3)), // few keys are popular
      costMs: 1,
      bytes: 1,
    }))
    const trace = traceOf(all)
    const bound = new SparingBound(trace, nextRequests(trace), () => 1, undefined)
    const hits = all.length - fewestMisses(trace, 50)
    expect(bound.at(50)).toBeGreaterThanOrEqual(hits)
    expect(bound.at(50)).toBeLessThan(hits * 1.1)
  })
})

test('no policy passes the optimum, in entries or in bytes', () => {
  fc.assert(
    fc.property(requests, fc.integer({ min: 1, max: 8 }), (all, limit) => {
      const trace = traceOf(all)
      const next = nextRequests(trace)
      const spares = (i: number) => (all[i] as Request).costMs
      const total = all.reduce((sum, { costMs }) => sum + costMs, 0)
      for (const kind of ['entries', 'bytes'] as const) {
        const bytes = kind === 'bytes' ? trace.bytes : undefined
        const most = new SparingBound(trace, next, spares, bytes).at(limit)
        for (const { createOrder } of CANDIDATES.values()) {
          const { missMs, misses } = simulate(trace, createOrder(), { kind, limit })
          expect(total - missMs).toBeLessThanOrEqual(most + 1e-9)
          if (kind === 'entries') expect(misses).toBeGreaterThanOrEqual(fewestMisses(trace, limit))
        }
      }
    }),
    { numRuns: runs(100) },
  )
})

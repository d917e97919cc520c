import { afterEach, describe, expect, test, vi } from 'vitest'
import type { EvictionOrder, StoredResult } from '../../src/policies/eviction-order.ts'
import { LinkedOrder } from '../../src/policies/orders/linked-order.ts'
import { simulate } from '../../src/simulation/simulate.ts'
import { type TracedRequest, TraceBuilder } from '../../src/simulation/trace.ts'

const lru = () => new LinkedOrder(true, 'oldest')

function traceOf(requests: readonly TracedRequest[], rate = 1) {
  const builder = new TraceBuilder()
  for (const request of requests) builder.add(request)
  return builder.build({ rate })
}

const keys = (text: string) => traceOf([...text].map((key) => ({ key })))

/** Which requests hit, as 1 and 0. */
function hitsOf(...[trace, order, bound, options]: Parameters<typeof simulate>): string {
  let hits = ''
  simulate(trace, order, bound, { ...options, onRequest: (isHit) => void (hits += isHit ? '1' : '0') })
  return hits
}

describe('bound by entries', () => {
  test('the policy chooses the victim before the new entry is there', () => {
    expect(hitsOf(keys('abacb'), lru(), { kind: 'entries', limit: 2 })).toBe('00100')
  })

  test('a sample gets a cache that is as much smaller', () => {
    const sample = traceOf(
      [...'abab'].map((key) => ({ key })),
      0.1,
    )
    expect(hitsOf(sample, lru(), { kind: 'entries', limit: 10 })).toBe('0000')
    expect(hitsOf(sample, lru(), { kind: 'entries', limit: 20 })).toBe('0011')
  })
})

describe('bound by bytes', () => {
  const sized = (text: string, bytes: Readonly<Record<string, number>>) =>
    traceOf([...text].map((key) => ({ key, bytes: bytes[key] })))

  test('entries are evicted until the new one fits', () => {
    const trace = sized('abcabc', { a: 4, b: 4, c: 8 })
    expect(hitsOf(trace, lru(), { kind: 'bytes', limit: 10 })).toBe('000000')
    expect(hitsOf(sized('abcbac', { a: 4, b: 4, c: 4 }), lru(), { kind: 'bytes', limit: 10 })).toBe('000100')
  })

  test('what is larger than the bound is not stored, and evicts nothing', () => {
    expect(hitsOf(sized('abab', { a: 4, b: 11 }), lru(), { kind: 'bytes', limit: 10 })).toBe('0010')
  })
})

describe('random admission', () => {
  afterEach(() => vi.restoreAllMocks())

  test('a full cache stores a result with that probability, and evicts nothing for one that is not stored', () => {
    const draws = [0.5, 0.49]
    vi.spyOn(Math, 'random').mockImplementation(() => draws.shift() as number)
    // There is room for a and b; c is not stored at first, and evicts a afterwards.
    expect(hitsOf(keys('abcabccb'), lru(), { kind: 'entries', limit: 2 }, { admit: 0.5 })).toBe('00011011')
    expect(draws).toEqual([])
  })

  test('what is larger than the bound is not drawn for', () => {
    const random = vi.spyOn(Math, 'random')
    const trace = traceOf([{ key: 'a', bytes: 11 }])
    expect(hitsOf(trace, lru(), { kind: 'bytes', limit: 10 }, { admit: 0.5 })).toBe('0')
    expect(random).not.toHaveBeenCalled()
  })
})

test('what was not stored when it was traced is not stored', () => {
  const builder = new TraceBuilder()
  builder.markUnstorable(builder.add({ key: 'a' }))
  for (const key of 'aa') builder.add({ key })
  expect(hitsOf(builder.build({ rate: 1 }), lru(), { kind: 'entries', limit: 2 })).toBe('001')
})

test('it counts what misses cost, and their bytes', () => {
  const trace = traceOf([
    { key: 'a', costMs: 5, bytes: 10 },
    { key: 'a', costMs: 6, bytes: 10 },
    { key: 'b', costMs: 7, bytes: 20 },
  ])
  expect(simulate(trace, lru(), { kind: 'entries', limit: 2 })).toEqual({
    misses: 2,
    missMs: 12,
    missBytes: 30,
  })
})

test('the policy is told what a result costs, at least 1 ms, and its bytes', () => {
  const told: [string, StoredResult][] = []
  const order: EvictionOrder = {
    touch: () => {},
    evict: () => [],
    remove: () => {},
    size: () => 0,
    insert: (hash, stored) => void told.push([hash, stored]),
  }
  const trace = traceOf([
    { key: 'a', costMs: 12.5, bytes: 100 },
    { key: 'b', costMs: 0.25, bytes: 0 },
  ])
  simulate(trace, order, { kind: 'entries', limit: 5 })
  simulate(keys('a'), order, { kind: 'entries', limit: 5 })
  expect(told).toEqual([
    ['0', { costMs: 12.5, bytes: 100 }],
    ['1', { costMs: 1, bytes: 1 }],
    ['0', { costMs: 1, bytes: 1 }],
  ])
})

describe('what a request does not tell', () => {
  test('is that of the key before, else after, else the mean of the function, else of all', () => {
    const trace = traceOf([
      { key: 'a' },
      { key: 'a', costMs: 4 },
      { key: 'a' },
      { key: 'a', costMs: 8 },
      { key: 'a' },
      { key: 'b', function: 'f', costMs: 10 },
      { key: 'c', function: 'f' },
      { key: 'd', function: 'g' },
    ])
    expect([...(trace.costsMs ?? [])]).toEqual([4, 4, 4, 8, 8, 10, 10, 22 / 3])
    expect(trace.bytes).toBeUndefined()
  })

  test('equal keys of two functions are two keys', () => {
    expect([
      ...traceOf([{ key: 'a', function: 'f' }, { key: 'a', function: 'g' }, { key: 'a' }]).ids,
    ]).toEqual([0, 1, 2])
  })
})

test('a million requests take seconds', () => {
  const builder = new TraceBuilder()
  let seed = 1
  for (let i = 0; i < 1_000_000; i++) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
    builder.add({ key: String(Math.floor(100_000 * (seed / 0x7fffffff) ** 3)) })
  }
  const trace = builder.build({ rate: 1 })
  const beganMs = performance.now()
  simulate(trace, lru(), { kind: 'entries', limit: 10_000 })
  expect(performance.now() - beganMs).toBeLessThan(10_000)
})

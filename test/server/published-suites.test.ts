// The published conformance suites, for the policies and stores of the library itself.
import { describe, test } from 'vitest'
import { policyConformance, storeConformance } from '../../src/testing.ts'
import { MemoryStore, RedisStore } from './library.ts'
import { COMBINATIONS, connect, hasServer, isNight, type POLICIES, reasonForSkipping } from './target.ts'

type PolicyName = Exclude<keyof typeof POLICIES, 'rr'>

/** What is left of three entries after calls in turn, for each policy. A capital letter is a refresh. */
const EVICTIONS: Record<string, Readonly<Record<PolicyName, string>>> = {
  // Full, and one more.
  abcd: {
    fifo: 'bcd',
    fifo_t: 'bcd',
    lru: 'bcd',
    lru_t: 'bcd',
    mru: 'abd',
    lfu: 'bcd',
    sieve: 'bcd',
    s3_fifo: 'bcd',
    lfu_da: 'bcd',
    cost: 'bcd',
    hyperbolic: 'bcd',
  },
  // Hits in unequal number: a three times, b twice, c once.
  abcaabde: {
    fifo: 'cde',
    fifo_t: 'cde',
    lru: 'bde',
    lru_t: 'bde',
    mru: 'ace',
    lfu: 'abe',
    sieve: 'bde',
    s3_fifo: 'ade',
    lfu_da: 'ade',
    cost: 'ade',
    hyperbolic: 'ade',
  },
  // Hits in equal number, against the order of insertion.
  abccbad: {
    fifo: 'bcd',
    fifo_t: 'bcd',
    lru: 'abd',
    lru_t: 'abd',
    mru: 'bcd',
    lfu: 'abd',
    sieve: 'bcd',
    s3_fifo: 'bcd',
    lfu_da: 'abd',
    cost: 'abd',
    hyperbolic: 'bcd',
  },
  // A loop that is larger than the cache.
  abcdabc: {
    fifo: 'abc',
    fifo_t: 'abc',
    lru: 'abc',
    lru_t: 'abc',
    mru: 'acd',
    lfu: 'abc',
    sieve: 'abc',
    s3_fifo: 'abc',
    lfu_da: 'abc',
    cost: 'abc',
    hyperbolic: 'abc',
  },
  // Replacing a value is an access, but not an insertion.
  abcAd: {
    fifo: 'bcd',
    fifo_t: 'bcd',
    lru: 'acd',
    lru_t: 'acd',
    mru: 'bcd',
    lfu: 'acd',
    sieve: 'acd',
    s3_fifo: 'bcd',
    lfu_da: 'acd',
    cost: 'acd',
    hyperbolic: 'acd',
  },
}

// One connection for all cases, opened before they are listed.
const client = hasServer && reasonForSkipping() === undefined ? await connect() : undefined

/** A server is given keys, and does not look at their names. */
const combinations = COMBINATIONS.filter(({ keys }) => !hasServer || keys === 'cluster' || isNight)

describe.each(combinations)('$policy, scope $scope, keys $keys', ({ policy, create }) => {
  const newStore = () => (client === undefined ? new MemoryStore() : new RedisStore(client))
  const evictions = Object.fromEntries(
    Object.entries(EVICTIONS).map(([calls, left]) => [calls, left[policy as PolicyName]]),
  )
  const cases = policyConformance(create, { newStore, isRandom: policy === 'rr', evictions })
  test.each(cases)('$name', ({ run }) => run())
})

describe('the store', () => {
  let nowMs = 1_000_000
  const cases = storeConformance(
    () => (client === undefined ? new MemoryStore({ clock: () => nowMs }) : new RedisStore(client)),
    client === undefined ? { passTime: (ms) => (nowMs += ms) } : {},
  )
  // All policies were tried above, with more.
  const beside = cases.filter(({ name }) => !/^\w+Policy, scope/.test(name))
  test.each(beside)('$name', ({ run }) => run())
})

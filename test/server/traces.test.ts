// Real request traces, one caller at a time: the misses of every policy, to the exact count and in the exact order.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { hasTraces, readTrace, replay, TRACES } from '../../scripts/replay.ts'
import { RedisFuncCache } from './library.ts'
import { hasServer, openTarget, POLICIES, type Target, unique } from './target.ts'

/** The simulator's name of each policy. */
const SIMULATED = {
  FIFO: ['fifo', 'fifo_t'],
  LRU: ['lru', 'lru_t'],
  MRU: ['mru'],
  LFU: ['lfu'],
  'RR-mean-of-10': ['rr'],
} as const

/** Four standard deviations of a single random replay. */
const RANDOM_TOLERANCE = 500

interface Case {
  readonly trace: string
  readonly size: number
  readonly policy: keyof typeof POLICIES
  readonly misses: number
  /** Of the whole string of hits and misses; where the policy leaves nothing to chance. */
  readonly sha256: string | undefined
}

const rows = (file: string): string[][] =>
  readFileSync(join(TRACES, file), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))

function cases(): Case[] {
  const digests = new Map(
    rows('checkpoints.csv').map(([trace, size, policy, , , sha]) => [`${trace} ${size} ${policy}`, sha]),
  )
  return rows('reference.csv').flatMap(([trace = '', , , size = '', policy = '', misses]) =>
    (SIMULATED[policy as keyof typeof SIMULATED] ?? []).map((name) => ({
      trace,
      size: Number(size),
      policy: name,
      misses: Number(misses),
      sha256: digests.get(`${trace} ${size} ${policy}`),
    })),
  )
}

/**
 * In process every trace is replayed. Over a server that takes a hundred times as long, and the scripts are held equal to
 * their twins in process by twins.test.ts; so each server replays one size of one trace, and all of them only with
 * `TRACES=all`, which is for every night.
 */
const SHARES: Record<string, string> = {
  'redis-7.0': 'multi3 1000',
  'redis-8.0': 'web12 150',
  'valkey-8.1': 'cloudphysics 500',
  'valkey-9': 'scarab 500',
}

function isShared({ trace, size }: Case): boolean {
  if (!hasServer || process.env['TRACES'] === 'all') return true
  return `${trace} ${size}` === (SHARES[inject('server')] ?? 'multi3 1000')
}

/** Over a server, one trace after the other would mostly wait for the network; together they keep it busy. In process there is nothing to wait for. */
describe.skipIf(!hasTraces())(
  `traces of ${TRACES}${hasTraces() ? '' : ' (not there)'}`,
  { concurrent: hasServer },
  () => {
    let target: Target
    beforeAll(async () => {
      target = await openTarget()
    })
    afterAll(() => target.close())

    const all = hasTraces() ? cases().filter(isShared) : []
    test.each(all)('$trace, $size entries, $policy: $misses misses', { timeout: 600_000 }, async (wanted) => {
      const Policy = POLICIES[wanted.policy]
      const store = target.newStore()
      const cache = new RedisFuncCache(unique('trace'), new Policy(), { store, maxSize: wanted.size })
      const { misses, sha256 } = await replay(cache, readTrace(wanted.trace))
      if (wanted.policy === 'rr') {
        expect(Math.abs(misses - wanted.misses)).toBeLessThan(RANDOM_TOLERANCE)
      } else {
        expect({ misses, sha256 }).toEqual({ misses: wanted.misses, sha256: wanted.sha256 })
      }
      expect(await cache.purge()).toBe(wanted.size)
    })
  },
)

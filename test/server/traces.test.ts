// Real request traces through the whole library, one caller at a time: each hit and each miss, in the exact order.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasTraces, missesOf, replay, TRACES } from '../../scripts/replay.ts'
import {
  RANDOM_TOLERANCE,
  replayInOrder,
  requestsOf,
  type TraceCase,
  traceCases,
} from '../policies/traces.ts'
import { RedisFuncCache } from './library.ts'
import { hasServer, openTarget, POLICIES, type Target, unique } from './target.ts'

interface Part {
  readonly trace: string
  /** How many entries the cache holds. */
  readonly size: number
  /** How many requests, from the first one on; without it, all. */
  readonly requests?: number
}

/**
 * What is replayed here. `test/policies/traces.test.ts` replays everything in the orders, which the scripts are held equal to; over a
 * server that would take a hundred times as long. `TRACES=all`, which is for every night, replays everything here.
 */
const ORDINARY: Part = hasServer
  ? { trace: 'multi3', size: 1000, requests: 3_000 }
  : { trace: 'multi3', size: 100, requests: 10_000 }
const part: Part | undefined = process.env['TRACES'] === 'all' ? undefined : ORDINARY

const isReplayed = ({ trace, size }: TraceCase): boolean =>
  part === undefined || (part.trace === trace && part.size === size)

/** Over a server, one replay after the other would mostly wait for the network. In process there is nothing to wait for. */
describe.skipIf(!hasTraces())(
  `traces of ${TRACES}${hasTraces() ? '' : ' (not there)'}`,
  { concurrent: hasServer },
  () => {
    let target: Target
    beforeAll(async () => {
      target = await openTarget()
    })
    afterAll(() => target.close())

    const cases = traceCases().filter(isReplayed)
    test.each(cases)('$trace, $size entries, $policy', { timeout: 600_000 }, async (wanted) => {
      const { trace, size } = wanted
      const Policy = POLICIES[wanted.policy]
      const requests = requestsOf(trace).slice(0, part?.requests)
      const store = target.newStore()
      const cache = new RedisFuncCache(unique('trace'), new Policy(), { store, maxSize: size })
      const hits = await replay(cache, requests)
      const inOrder = replayInOrder(new Policy().createOrder(), size, requests)
      if (wanted.policy === 'rr') {
        expect(Math.abs(missesOf(hits) - missesOf(inOrder))).toBeLessThan(toleranceFor(requests.length))
      } else {
        expect(hits).toHaveLength(requests.length)
        expect(firstDifference(hits, inOrder)).toBeUndefined()
      }
      expect(await cache.purge()).toBe(size)
    })
  },
)

/** Of two random replays, in misses. */
const toleranceFor = (requests: number): number =>
  2 * Math.ceil(RANDOM_TOLERANCE * Math.sqrt(requests / 100_000))

/** The number of the first request that was a hit in one replay and a miss in the other. */
function firstDifference(hits: string, wanted: string): number | undefined {
  const at = [...wanted].findIndex((each, i) => each !== hits[i])
  return at === -1 ? undefined : at
}

import { setImmediate as nextTurn } from 'node:timers/promises'
import { LruTPolicy, RedisFuncCache } from '../src/index.ts'
import type { CacheOptions } from '../src/index.ts'
import { nearestCities } from './nearest-cities.ts'
import { visits } from './points.ts'

/** The bound of the cache, well below the number of points that visitors ask for. */
export const MAX_SIZE = 150

/** What each process holds of it in its memory, in front of the server. */
export const NEAR_SIZE = 50

/** In every eighth visit, two parts of a page make the same call at the same time. */
const ASKED_TWICE = 8

/** Counts of the calls of one process. */
export interface Tally {
  asked: number
  /** Hits on what this process holds: nothing is sent. */
  near: number
  /** Hits in the server. */
  server: number
  /** Hits in the server on results that this process had never computed. */
  fromOther: number
  joined: number
  computed: number
  evicted: number
}

/** The time of every call, in milliseconds. */
export interface Times {
  readonly near: number[]
  readonly server: number[]
  readonly computed: number[]
}

export const newTally = (): Tally => ({
  asked: 0,
  near: 0,
  server: 0,
  fromOther: 0,
  joined: 0,
  computed: 0,
  evicted: 0,
})

/** Makes the cache; processes share it since they use the same name, prefix and policy. */
export function openCache(name: string, where: CacheOptions): RedisFuncCache {
  return new RedisFuncCache(name, new LruTPolicy(), {
    ...where,
    maxSize: MAX_SIZE,
    near: { maxSize: NEAR_SIZE },
  })
}

/** Serves visitors, one after the other, until the time is over. `tell` gets the tally about ten times a second. */
export async function serveVisitors(
  cache: RedisFuncCache,
  seed: number,
  durationMs: number,
  tell: (tally: Tally) => void,
): Promise<Times> {
  const nearest = cache.wrap(nearestCities)
  const tally = newTally()
  const times: Times = { near: [], server: [], computed: [] }
  const own = new Set<string>()
  const began = performance.now()
  let told = began
  let visit = 0
  for (const [latitude, longitude] of visits(seed)) {
    const started = performance.now()
    if (started - began >= durationMs) break
    if (started - told >= 100) {
      tell(tally)
      told = started
      await nextTurn() // lets timers run when everything is in one process
    }
    const calls = ++visit % ASKED_TWICE === 0 ? 2 : 1
    const { stats } = await cache.withStats(() =>
      Promise.all(Array.from({ length: calls }, () => nearest(latitude, longitude))),
    )
    const tookMs = performance.now() - started
    const point = `${latitude},${longitude}`
    tally.asked += stats.calls
    tally.near += stats.near
    tally.server += stats.hit - stats.near
    tally.joined += stats.joined
    tally.computed += stats.execute
    tally.evicted += stats.evicted
    if (stats.hit > stats.near && !own.has(point)) tally.fromOther++
    if (stats.execute > 0) own.add(point)
    const kind = stats.execute > 0 ? 'computed' : stats.near === stats.calls ? 'near' : 'server'
    times[kind].push(tookMs)
  }
  tell(tally)
  return times
}

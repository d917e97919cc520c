import type { Invalidation, Sighting } from '../../protocol.ts'
import { measured, type NearAges } from '../../results.ts'
import type { Session } from '../../session.ts'
import { quantile } from '../../statistics.ts'
import { canInvalidate, withPairs } from './pairs.ts'

const BYTES = 1_000

/** So few that each is invalidated every half second, at times while it is being loaded. */
const IDS = 50

/** The time of a query. */
const COMPUTE_MS = 20

const PER_SECOND = 100
const SECONDS = 10
const SHORT_SECONDS = 3

/** One process reads at full speed while another invalidates what it reads. */
export async function measureNearAges(session: Session): Promise<NearAges[]> {
  const ms = (session.effort.isShort ? SHORT_SECONDS : SECONDS) * 1_000
  const results: NearAges[] = []
  const setting = { entries: IDS, bytes: BYTES, computeMs: COMPUTE_MS, isDated: true }
  await withPairs(session, setting, async (pairs) => {
    for (const { seat, other } of pairs.filter(canInvalidate)) {
      const { entry, worker } = seat
      await session.attempt(seat, async () => {
        await worker.ask('fill', { count: IDS, prime: false })
        const [sightings, invalidations] = await Promise.all([
          worker.ask('watch', { ids: IDS, ms }),
          other.ask('invalidate', { from: 0, ids: IDS, order: 'random', perSecond: PER_SECOND, ms }),
        ])
        const ages = agesOf(sightings, invalidations)
        results.push({
          ...measured(entry),
          handOut: entry.handOut ?? 'copies',
          invalidations: ages.length,
          p50: quantile(ages, 0.5),
          p99: quantile(ages, 0.99),
          max: quantile(ages, 1),
        })
      })
    }
  })
  return results
}

/** A value is old if its computation began before the invalidation did. */
function agesOf(sightings: readonly Sighting[], invalidations: readonly Invalidation[]): number[] {
  const ofIds = Array.from({ length: IDS }, (_, id) => sightings.filter((one) => one.id === id))
  return invalidations.map(({ id, startMs, endMs }) => {
    const old = ofIds[id]?.filter(({ loadedAtMs }) => loadedAtMs < startMs) ?? []
    return Math.max(0, ...old.map(({ servedMs }) => servedMs - endMs))
  })
}

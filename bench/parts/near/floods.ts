import type { Invalidation, Pace } from '../../protocol.ts'
import { measured, type NearFlood } from '../../results.ts'
import type { Session } from '../../session.ts'
import { canInvalidate, type Pair, withPairs } from './pairs.ts'

const BYTES = 1_000
const PER_SECOND = 10_000

/** What the process reads meanwhile; nobody invalidates it. */
const READ = 500

/** What the process holds besides, enough for a second of invalidations. */
const HELD = 10_000

/** Ids that nobody has ever read. */
const UNKNOWN = 1_000_000

const MS = 1_000

/** The process goes on for longer, so that it handles all messages. */
const PACE_MS = 1_500

/** A process that has time to spare, while another one invalidates as fast as it can. */
export async function measureNearFloods(session: Session): Promise<NearFlood[]> {
  const results: NearFlood[] = []
  const setting = { entries: READ + HELD, bytes: BYTES, computeMs: 0 }
  await withPairs(session, setting, async (pairs) => {
    for (const pair of pairs.filter(canInvalidate)) {
      await session.attempt(pair.seat, async () => {
        await pair.seat.worker.ask('fill', { count: READ + HELD, prime: false })
        results.push(...(await floodsOf(pair)))
      })
    }
  })
  return results
}

async function floodsOf({ seat: { entry, worker }, other }: Pair): Promise<NearFlood[]> {
  const pace = () => worker.ask('pace', { ids: READ, ms: PACE_MS })
  const flood = (from: number) =>
    other.ask('invalidate', { from, ids: HELD, order: 'in turn', perSecond: PER_SECOND, ms: MS })
  await pace()
  await flood(UNKNOWN + HELD)
  const quiet = await pace()
  const result = (
    of: NearFlood['of'],
    { cpuUs, lateMs }: Pace,
    done: readonly Invalidation[],
  ): NearFlood => ({
    ...measured(entry),
    handOut: entry.handOut ?? 'copies',
    of,
    perSecond: rateOf(done),
    cpuUs: (cpuUs - quiet.cpuUs) / done.length,
    lateMs,
  })
  const unknown = await Promise.all([pace(), flood(UNKNOWN)])
  const held = await Promise.all([pace(), flood(READ)])
  return [result('none', quiet, []), result('unknown', ...unknown), result('held', ...held)]
}

function rateOf(done: readonly Invalidation[]): number {
  const [first, last] = [done[0], done.at(-1)]
  return first === undefined || last === undefined ? 0 : (done.length / (last.endMs - first.startMs)) * 1_000
}

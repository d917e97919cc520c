import type { Invalidation } from '../../protocol.ts'
import { measured, type NearFlood } from '../../results.ts'
import type { Session } from '../../session.ts'
import { canInvalidate, type Pair, withPairs } from './pairs.ts'

const BYTES = 1_000
const PER_SECOND = 10_000

/** What the process reads meanwhile; nobody invalidates it. */
const READ = 500

/** What the process holds besides, enough for two seconds of invalidations. */
const HELD = 20_000

/** Ids that nobody has ever read. */
const UNKNOWN = 1_000_000

const MS = 1_000

/** The process is observed for longer, so that it handles all messages. */
const OBSERVED_MS = 1_500

/** A process that has time to spare, while another one invalidates as fast as it can. */
export async function measureNearFloods(session: Session): Promise<NearFlood[]> {
  const results: NearFlood[] = []
  const setting = { entries: READ + HELD, bytes: BYTES, computeMs: 0 }
  await withPairs(session, setting, async (pairs) => {
    for (const pair of pairs.filter(canInvalidate)) {
      await session.attempt(pair.seat, async () => {
        // Those that hold what they read do not hold yet what they have written.
        for (let i = 0; i < 2; i++) await pair.seat.worker.ask('fill', { count: READ + HELD, prime: false })
        results.push(...(await floodsOf(pair)))
      })
    }
  })
  return results
}

async function floodsOf({ seat: { entry, worker }, other }: Pair): Promise<NearFlood[]> {
  const pace = () => worker.ask('pace', { ids: READ, ms: OBSERVED_MS })
  const rest = () => worker.ask('rest', { ms: OBSERVED_MS })
  const flood = (from: number) =>
    other.ask('invalidate', { from, ids: PER_SECOND, order: 'in turn', perSecond: PER_SECOND, ms: MS })
  const floodOf = async (of: 'unknown' | 'held', from: number): Promise<NearFlood> => {
    const [done, cpuUs] = await both(flood(from), rest())
    const [, lateMs] = await both(flood(from + PER_SECOND), pace())
    return { ...flooded(of), perSecond: rateOf(done), cpuUs: cpuUs / done.length, lateMs }
  }
  const flooded = (of: NearFlood['of']) => ({ ...measured(entry), handOut: entry.handOut ?? 'copies', of })
  await both(flood(UNKNOWN - PER_SECOND), pace()) // for the compiler
  const quiet = { ...flooded('none'), perSecond: 0, cpuUs: (await rest()) / PER_SECOND, lateMs: await pace() }
  return [quiet, await floodOf('unknown', UNKNOWN), await floodOf('held', READ)]
}

const both = <One, Other>(one: Promise<One>, other: Promise<Other>) => Promise.all([one, other])

function rateOf(done: readonly Invalidation[]): number {
  const [first, last] = [done[0], done.at(-1)]
  return first === undefined || last === undefined ? 0 : (done.length / (last.endMs - first.startMs)) * 1_000
}

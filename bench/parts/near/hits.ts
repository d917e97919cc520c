import { measured, type NearHits, type Round } from '../../results.ts'
import type { Seat, Session } from '../../session.ts'
import { canInvalidate, fill, type Pair, withPairs } from './pairs.ts'

const SIZES: readonly { readonly bytes: number; readonly entries: number }[] = [
  { bytes: 1_000, entries: 1_000 },
  { bytes: 100_000, entries: 100 },
]

const TASK = { what: 'near', outstanding: 1 } as const

/** What the other process does while a round is measured. */
const INVALIDATIONS_PER_SECOND = 100

/** Longer than a round with its lead, so that invalidations come until the end of it. */
const AFTER_MS = 200

/** Hits alone, and hits while another process invalidates. */
export async function measureNearHits(session: Session): Promise<NearHits[]> {
  const results: NearHits[] = []
  for (const { bytes, entries } of SIZES) {
    await withPairs(session, { entries, bytes, computeMs: 0 }, async (pairs) => {
      const quiet = new Map<Seat, Round[]>()
      const disturbed = new Map<Seat, Round[]>()
      const others = new Map(pairs.map((pair) => [pair.seat, pair]))
      await session.each(async (seat) => {
        await fill(others.get(seat) as Pair, entries)
        await session.warmUp(seat, TASK.what, TASK.outstanding)
        quiet.set(seat, [])
        disturbed.set(seat, [])
      })
      await session.inRounds(session.effort.rounds, async (seat) => {
        quiet.get(seat)?.push(await session.round(seat, TASK))
      })
      // Afterwards, since what is invalidated in the end is missing in the beginning of the next round.
      await session.inRounds(session.effort.rounds, async (seat) => {
        const pair = others.get(seat) as Pair
        if (canInvalidate(pair)) disturbed.get(seat)?.push(await disturbedRound(session, pair, entries))
      })
      results.push(...resultsOf(session, bytes, 0, quiet))
      results.push(...resultsOf(session, bytes, INVALIDATIONS_PER_SECOND, disturbed))
    })
  }
  return results
}

async function disturbedRound(session: Session, { seat, other }: Pair, ids: number): Promise<Round> {
  const ms = session.effort.roundMs + AFTER_MS
  const rate = { order: 'random', perSecond: INVALIDATIONS_PER_SECOND, ms } as const
  const invalidations = other.ask('invalidate', { from: 0, ids, ...rate })
  const [round] = await Promise.all([session.round(seat, TASK), invalidations])
  return round
}

function resultsOf(
  session: Session,
  bytes: number,
  invalidationsPerSecond: number,
  all: ReadonlyMap<Seat, readonly Round[]>,
): NearHits[] {
  return session.seats.flatMap((seat) => {
    const rounds = all.get(seat) ?? []
    const { entry } = seat
    if (rounds.length === 0 || entry.handOut === undefined) return []
    return [{ ...measured(entry), handOut: entry.handOut, bytes, invalidationsPerSecond, rounds }]
  })
}

import { measured, type Round, type Rounds } from '../results.ts'
import { isBounded } from '../roster.ts'
import type { Seat, Session } from '../session.ts'

const BYTES = 1_000
const TASK = { what: 'puts', outstanding: 256 } as const

/** Nothing but misses: lookup, function (which returns at once), put. Bounded caches are full, so that each put evicts. */
export async function measurePuts(session: Session): Promise<Rounds[]> {
  const { effort, server } = session
  const rounds = new Map<Seat, Round[]>()
  for (const entry of session.entries) {
    await session.seat(entry, { entries: effort.entries, bytes: BYTES, computeMs: 0 })
  }
  await session.each(async (seat) => {
    await seat.worker.ask('fill', { count: effort.entries, prime: false })
    await session.learnShares(seat, TASK)
    await session.warmUp(seat, TASK.what)
    if (!isBounded(seat.entry)) await server.empty(seat.database)
    rounds.set(seat, [])
  })
  await session.inRounds(session.effort.rounds, async (seat) => {
    rounds.get(seat)?.push(await session.round(seat, TASK))
    // Without a bound they would fill the memory, round by round.
    if (!isBounded(seat.entry)) await server.empty(seat.database)
  })
  return session.seats.map((seat) => ({
    ...measured(seat.entry),
    bytes: BYTES,
    outstanding: TASK.outstanding,
    rounds: rounds.get(seat) ?? [],
  }))
}

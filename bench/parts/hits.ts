import { measured, type Rounds } from '../results.ts'
import type { Seat, Session } from '../session.ts'

/** How many entries of 100 KB each contender keeps: enough to leave the processor's caches. */
const LARGE_ENTRIES = 200

/** Rounds for sizes other than 1 KB, at the most. */
const SIZE_ROUNDS = 4

const LEVELS: readonly { readonly bytes: number; readonly outstanding: readonly number[] }[] = [
  { bytes: 1_000, outstanding: [1, 64, 256] },
  { bytes: 100, outstanding: [1, 64] },
  { bytes: 100_000, outstanding: [1, 64] },
]

/** Nothing but hits, all contenders in turn, round by round. */
export async function measureHits(session: Session): Promise<Rounds[]> {
  for (const entry of session.entries) {
    await session.seat(entry, { entries: session.effort.entries, bytes: 1_000, computeMs: 0 })
  }
  const results: Rounds[] = []
  for (const { bytes, outstanding } of session.effort.isShort ? LEVELS.slice(0, 1) : LEVELS) {
    await fill(session, bytes)
    if (results.length === 0) await session.each((seat) => session.warmUp(seat, 'hits'))
    for (const level of outstanding) results.push(...(await measureLevel(session, bytes, level)))
  }
  return results
}

async function fill(session: Session, bytes: number): Promise<void> {
  const entries = bytes > 10_000 ? Math.min(LARGE_ENTRIES, session.effort.entries) : session.effort.entries
  await session.each(async ({ worker, database }) => {
    await session.server.empty(database)
    await worker.ask('resize', { entries, bytes })
    await worker.ask('fill', { count: entries, prime: false })
    const wrong = await worker.ask('verify', { calls: 500 })
    if (wrong !== undefined) throw new Error(wrong)
  })
}

async function measureLevel(session: Session, bytes: number, outstanding: number): Promise<Rounds[]> {
  const rounds = new Map<Seat, Rounds['rounds'][number][]>()
  const task = { what: 'hits', outstanding } as const
  await session.each(async (seat) => {
    await session.learnShares(seat, task)
    rounds.set(seat, [])
  })
  const count = bytes === 1_000 ? session.effort.rounds : Math.min(SIZE_ROUNDS, session.effort.rounds)
  await session.inRounds(count, async (seat) => {
    rounds.get(seat)?.push(await session.round(seat, task))
  })
  return session.seats.map((seat) => ({
    ...measured(seat.entry),
    bytes,
    outstanding,
    rounds: rounds.get(seat) ?? [],
  }))
}

import { type Growth, type Measured, measured, type Round } from '../results.ts'
import type { Seat, Session } from '../session.ts'

/** Small, for a million of them to fit. */
const BYTES = 100
const OUTSTANDING = 64

interface Measure {
  readonly entries: number
  readonly hits: Round[]
  readonly puts: Round[]
}

/** What a hit and a put cost in caches of different sizes, all full, side by side in one server. */
export async function measureGrowth(session: Session): Promise<Growth[]> {
  const measures = new Map<Seat, Measure>()
  for (const entry of session.entries) {
    for (const entries of session.effort.growth) {
      const seat = await session.seat(entry, { entries, bytes: BYTES, computeMs: 0 })
      if (seat === undefined) continue
      await session.attempt(seat, () => seat.worker.ask('fill', { count: entries, prime: isOurs(entry) }))
      measures.set(seat, { entries, hits: [], puts: [] })
    }
  }
  // Hits first: puts evict, and then not every id is stored any more.
  await measureAll(session, 'hits', (seat, round) => measures.get(seat)?.hits.push(round))
  await measureAll(session, 'primes', (seat, round) => measures.get(seat)?.puts.push(round))
  return session.seats.flatMap((seat) => {
    const measure = measures.get(seat)
    return measure === undefined ? [] : [{ ...measured(seat.entry), ...measure }]
  })
}

async function measureAll(
  session: Session,
  what: 'hits' | 'primes',
  keep: (seat: Seat, round: Round) => void,
): Promise<void> {
  const task = { what, outstanding: OUTSTANDING }
  // A raw GET is there for what a larger keyspace costs anyone; it has no bound and no puts.
  const takesPart = ({ entry }: Seat) => what === 'hits' || isOurs(entry)
  await session.each(async (seat) => {
    if (!takesPart(seat)) return
    await session.warmUp(seat, what)
    await session.learnShares(seat, task)
  })
  await session.inRounds(session.effort.rounds, async (seat) => {
    if (takesPart(seat)) keep(seat, await session.round(seat, task))
  })
}

const isOurs = ({ kind }: Measured): boolean => kind === 'ours'

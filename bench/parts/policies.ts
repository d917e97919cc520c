import { setTimeout as sleep } from 'node:timers/promises'
import { startServer } from '../../test/servers/start-server.ts'
import { measured, type PolicyCosts, type Round } from '../results.ts'
import type { Seat, Session } from '../session.ts'

/** Touches that nobody waits for have arrived by then. */
const SETTLE_MS = 50

const BYTES = 1_000
const HITS = { what: 'hits', outstanding: 64 } as const
const PUTS = { what: 'puts', outstanding: 64 } as const

/** What a hit and a put of each policy cost the server, and what they send to a replica. */
export async function measurePolicies(session: Session, binary: string): Promise<PolicyCosts[]> {
  const { effort, server } = session
  const quiet = ['--repl-ping-replica-period', '3600']
  await using _replica = await startServer(binary, {
    args: ['--databases', '64', '--replicaof', '127.0.0.1', String(server.port), ...quiet],
  })
  await untilReplicated(session)
  for (const entry of session.entries) {
    await session.seat(entry, { entries: effort.entries, bytes: BYTES, computeMs: 0 })
  }
  const firstHits = new Map<Seat, number>()
  await session.each(async (seat) => void firstHits.set(seat, await replicatedByFirstHits(session, seat)))
  const hits = await roundsOf(session, HITS)
  const puts = await roundsOf(session, PUTS)
  return session.seats.map((seat) => ({
    ...measured(seat.entry),
    firstHitReplicatedBytes: firstHits.get(seat) ?? Number.NaN,
    hits: hits.get(seat) ?? [],
    puts: puts.get(seat) ?? [],
  }))
}

/** Fills the cache, and then calls each entry once: some policies write at the first hit of an entry, and not at later ones. */
async function replicatedByFirstHits(
  { effort: { entries }, server }: Session,
  { worker }: Seat,
): Promise<number> {
  await worker.ask('fill', { count: entries, prime: false })
  await sleep(SETTLE_MS)
  const before = await server.read()
  await worker.ask('fill', { count: entries, prime: false })
  await sleep(SETTLE_MS)
  return server.between(before, await server.read(), new Map()).replicated / entries
}

/** Of the rounds only the least counts, so a few of them are enough. */
const MOST_ROUNDS = 5

/** The cache is full, so that each put evicts. */
async function roundsOf(session: Session, task: typeof HITS | typeof PUTS): Promise<Map<Seat, Round[]>> {
  const rounds = new Map<Seat, Round[]>()
  await session.each(async (seat) => {
    await session.warmUp(seat, task.what)
    await session.learnShares(seat, task)
    rounds.set(seat, [])
  })
  await session.inRounds(Math.min(MOST_ROUNDS, session.effort.rounds), async (seat) => {
    rounds.get(seat)?.push(await session.round(seat, task))
  })
  return rounds
}

async function untilReplicated(session: Session): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await session.server.hasReplica()) return
    await sleep(50)
  }
  throw new Error('The replica did not come.')
}

import { type LatencyRounds, measured } from '../results.ts'
import type { Seat, Session } from '../session.ts'
import { makeProduct } from '../values.ts'

const BYTES = 1_000
const RAW_KEY = 'raw'

/** How long a lone hit takes, and a lone raw GET by the same client right beside it. */
export async function measureLatency(session: Session): Promise<LatencyRounds[]> {
  const { effort, server } = session
  const rounds = new Map<Seat, { p50: number[]; p99: number[]; rawP50: number[]; rawP99: number[] }>()
  for (const entry of session.entries) {
    await session.seat(entry, { entries: effort.entries, bytes: BYTES, computeMs: 0 })
  }
  await session.each(async (seat) => {
    await server.set(RAW_KEY, JSON.stringify(makeProduct(0, BYTES)), seat.database)
    await seat.worker.ask('fill', { count: effort.entries, prime: false })
    await session.warmUp(seat, 'hits')
    await seat.worker.ask('latency', { rawKey: RAW_KEY, ms: effort.roundMs })
    rounds.set(seat, { p50: [], p99: [], rawP50: [], rawP99: [] })
  })
  await session.inRounds(session.effort.rounds, async (seat) => {
    const { hits, raw } = await seat.worker.ask('latency', { rawKey: RAW_KEY, ms: effort.roundMs })
    const own = rounds.get(seat)
    own?.p50.push(hits.p50)
    own?.p99.push(hits.p99)
    own?.rawP50.push(raw.p50)
    own?.rawP99.push(raw.p99)
  })
  return session.seats.flatMap((seat) => {
    const own = rounds.get(seat)
    return own === undefined ? [] : [{ ...measured(seat.entry), ...own }]
  })
}

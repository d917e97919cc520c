import type { Allocated } from '../protocol.ts'
import { type Allocation, measured } from '../results.ts'
import type { Session } from '../session.ts'
import { median } from '../statistics.ts'

const BYTES = 1_000
const OUTSTANDING = 256
const CALLS = 4_000
const TRIALS = 5

/** A young generation that holds what the calls allocate, so that the collector does not run among them. */
const NODE_OPTIONS = ['--min-semi-space-size=128', '--max-semi-space-size=128']

/** What a hit allocates. */
export async function measureAllocation(session: Session): Promise<Allocation[]> {
  const results: Allocation[] = []
  const { entries } = session.effort
  for (const entry of session.entries) {
    const seat = await session.seat(entry, { entries, bytes: BYTES, computeMs: 0 }, NODE_OPTIONS)
    if (seat === undefined) continue
    await session.attempt(seat, async () => {
      await seat.worker.ask('fill', { count: entries, prime: false })
      await session.warmUp(seat, 'hits')
      const trials: Allocated[] = []
      for (let i = 0; i < TRIALS; i++) {
        trials.push(await seat.worker.ask('allocate', { outstanding: OUTSTANDING, calls: CALLS }))
      }
      results.push({
        ...measured(entry),
        heapBytes: median(trials.map(({ heapBytes }) => heapBytes)),
        bufferBytes: median(trials.map(({ bufferBytes }) => bufferBytes)),
      })
    })
  }
  return results
}

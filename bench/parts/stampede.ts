import { Worker } from '../crew.ts'
import { measured, type Stampede } from '../results.ts'
import type { Session } from '../session.ts'
import { sum } from '../statistics.ts'

const CALLS = 1_000
const PROCESSES = 4
/** The function takes this long. */
const COMPUTE_MS = 100
/** All processes have heard of it by then. */
const NOTICE_MS = 50

/** Many calls of one cold key at the same time, in one process, and in each of four. */
export async function measureStampede(session: Session): Promise<Stampede[]> {
  const results: Stampede[] = []
  const setting = { entries: 1_000, bytes: 1_000, computeMs: COMPUTE_MS }
  for (const entry of session.entries) {
    const seat = await session.seat(entry, setting)
    if (seat === undefined) continue
    const url = session.server.urlOf(seat.database)
    const others = Array.from({ length: PROCESSES - 1 }, () => new Worker(entry))
    await session.attempt(seat, async () => {
      for (const worker of others) await worker.ask('open', { contender: entry.name, url, ...setting })
      const all = [seat.worker, ...others]
      // The first calls of all: connections and scripts are known from here on.
      await trial(all, 10_000_000)
      const one: number[] = []
      const four: number[] = []
      for (let i = 0; i < session.effort.trials; i++) {
        one.push(await trial([seat.worker], 20_000_000 + i))
        four.push(await trial(all, 30_000_000 + i))
      }
      results.push({ ...measured(entry), one, four })
    })
    await Promise.all(others.map((worker) => worker.close()))
  }
  return results
}

async function trial(workers: readonly Worker[], id: number): Promise<number> {
  const at = Date.now() + NOTICE_MS
  return sum(await Promise.all(workers.map((worker) => worker.ask('stampede', { id, calls: CALLS, at }))))
}

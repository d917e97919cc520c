import { setTimeout as sleep } from 'node:timers/promises'
import { startServer } from '../../test/servers/start-server.ts'
import { measured, type Replication } from '../results.ts'
import type { Session } from '../session.ts'

/** Touches that nobody waits for have arrived by then. */
const SETTLE_MS = 50

/** What a hit sends to a replica. */
export async function measureReplication(session: Session, binary: string): Promise<Replication[]> {
  const { effort, server } = session
  const quiet = ['--repl-ping-replica-period', '3600']
  await using _replica = await startServer(binary, {
    args: ['--databases', '64', '--replicaof', '127.0.0.1', String(server.port), ...quiet],
  })
  await untilReplicated(session)
  const results: Replication[] = []
  for (const entry of session.entries) {
    const seat = await session.seat(entry, { entries: effort.entries, bytes: 1_000, computeMs: 0 })
    if (seat === undefined) continue
    await session.attempt(seat, async () => {
      await seat.worker.ask('fill', { count: effort.entries, prime: false })
      for (const outstanding of [1, 64]) {
        await sleep(SETTLE_MS)
        const before = await server.read()
        const run = await seat.worker.ask('run', { what: 'hits', outstanding, ms: effort.roundMs })
        await sleep(SETTLE_MS)
        const { replicated } = server.between(before, await server.read(), new Map())
        results.push({ ...measured(entry), outstanding, bytesPerHit: replicated / run.calls })
      }
    })
  }
  return results
}

async function untilReplicated(session: Session): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await session.server.hasReplica()) return
    await sleep(50)
  }
  throw new Error('The replica did not come.')
}

import { Worker } from '../../crew.ts'
import type { Task } from '../../protocol.ts'
import type { Seat, Session } from '../../session.ts'

type Setting = Omit<Task<'open'>, 'contender' | 'url'>

/** A contender and a second process of the same kind over the same data, which invalidates. */
export interface Pair {
  readonly seat: Seat
  readonly other: Worker
}

/** Opens all that take part in pairs, lets something be done with each that has come, and ends their processes. */
export async function withPairs(
  session: Session,
  setting: Setting,
  work: (pairs: readonly Pair[]) => Promise<void>,
): Promise<void> {
  const pairs: Pair[] = []
  for (const entry of session.entries) {
    const seat = await session.seat(entry, setting)
    if (seat === undefined) continue
    const other = new Worker(entry)
    pairs.push({ seat, other })
    const url = session.server.urlOf(seat.database)
    await session.attempt(seat, () => other.ask('open', { contender: entry.name, url, ...setting }))
  }
  await work(pairs)
  await Promise.all(pairs.map(({ other }) => other.close()))
  await session.clear()
}

/** Fills the contender, and makes sure that its hits yield what it is listed with. */
export async function fill({ seat: { entry, worker } }: Pair, count: number): Promise<void> {
  await worker.ask('fill', { count, prime: false })
  await worker.ask('fill', { count, prime: false }) // what a busy machine has kept a store from storing
  const wrong = await worker.ask('verify', { calls: 500 })
  if (wrong !== undefined) throw new Error(wrong)
  const handOut = await worker.ask('handOut', {})
  if (handOut !== entry.handOut) throw new Error(`Its hits yield ${handOut}, not ${entry.handOut}.`)
}

/** A Map by hand is told of nothing. */
export const canInvalidate = ({ seat }: Pair): boolean => seat.entry.kind !== 'by hand'

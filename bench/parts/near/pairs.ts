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
  const others: Worker[] = []
  for (const entry of session.entries) {
    const seat = await session.seat(entry, setting)
    if (seat === undefined) continue
    const other = new Worker(entry)
    others.push(other)
    const url = session.server.urlOf(seat.database)
    const open = () => other.ask('open', { contender: entry.name, url, ...setting })
    if (await session.attempt(seat, open)) pairs.push({ seat, other })
  }
  await work(pairs)
  await Promise.all(others.map((other) => other.close()))
  await session.clear()
}

/** A store that does not answer in time keeps nothing: on a busy machine that happens when it is filled. */
const ATTEMPTS = 5

/** Fills the contender, and makes sure that its hits yield what it is listed with. */
export async function fill({ seat: { entry, worker } }: Pair, count: number): Promise<void> {
  let wrong: string | undefined
  for (let i = 0; i < ATTEMPTS; i++) {
    await worker.ask('fill', { count, prime: false })
    wrong = await worker.ask('verify', { calls: 500 })
    if (wrong === undefined) break
  }
  if (wrong !== undefined) throw new Error(wrong)
  const handOut = await worker.ask('handOut', {})
  if (handOut !== entry.handOut) throw new Error(`Its hits yield ${handOut}, not ${entry.handOut}.`)
}

/** A Map by hand is told of nothing. */
export const canInvalidate = ({ seat }: Pair): boolean => seat.entry.kind !== 'by hand'

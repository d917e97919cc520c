import { setTimeout as sleep } from 'node:timers/promises'
import { CellProcess } from './cell-process.ts'
import type { ClientName, Form } from './clients.ts'
import type { End, Fault, OpenFault } from './fault.ts'
import type { CellOrder, Seen } from './protocol.ts'

/** How long a cell calls before the fault, in it, and after it. */
export interface Phases {
  readonly beforeMs: number
  readonly faultMs: number
  readonly afterMs: number
}

export const FULL: Phases = { beforeMs: 1_500, faultMs: 5_000, afterMs: 4_000 }
export const SHORT: Phases = { beforeMs: 600, faultMs: 1_500, afterMs: 1_500 }

const CALLS_PER_SECOND = 400
/** Beyond its phases: start, last calls, close. */
const MAX_REST_MS = 60_000

/** What became of one fault with one client. */
export interface Outcome {
  readonly fault: string
  readonly client: ClientName
  /** Of a cell that never came to its end there is none. */
  readonly seen: Seen | undefined
  readonly closeMs: number | undefined
  /** Whether the process ended by itself after `close()`. */
  readonly isEnded: boolean
  /** What the process wrote to its standard error. */
  readonly stderr: string
}

/** Runs one fault with one client, in a process of its own. */
export async function runCell(
  binary: string,
  fault: Fault,
  client: ClientName,
  phases: Phases,
  form: Form = 'plain',
): Promise<Outcome> {
  const open = await fault.open(binary)
  try {
    const order: CellOrder = {
      client,
      form,
      place: open.place,
      user: fault.user,
      caches: fault.caches ?? 1,
      shards: fault.shards ?? 1,
      callsPerSecond: CALLS_PER_SECOND,
    }
    return { fault: fault.name, client, ...(await runProcess(order, open, fault, phases)) }
  } finally {
    await open.stop()
  }
}

async function runProcess(
  order: CellOrder,
  open: OpenFault,
  fault: Fault,
  phases: Phases,
): Promise<Pick<Outcome, 'seen' | 'closeMs' | 'isEnded' | 'stderr'>> {
  let end = fault.fromTheStart ? await open.begin() : undefined
  const cell = new CellProcess(order)
  const tooLong = setTimeout(
    () => cell.kill(),
    phases.beforeMs + phases.faultMs + phases.afterMs + MAX_REST_MS,
  )
  try {
    await cell.receives('ready')
    await sleep(phases.beforeMs)
    end ??= await open.begin()
    await inFault(cell, end, fault, phases)
    cell.tell('stop')
    const closed = await cell.receives('closed')
    const isEnded = await cell.endsByItself()
    return { seen: closed?.seen, closeMs: closed?.closeMs, isEnded, stderr: cell.stderr }
  } finally {
    clearTimeout(tooLong)
    cell.kill()
    if (fault.untilTheEnd) await end?.()
  }
}

async function inFault(cell: CellProcess, end: End, fault: Fault, phases: Phases): Promise<void> {
  if (!fault.endsByItself) await sleep(phases.faultMs)
  if (fault.untilTheEnd) return
  await end()
  cell.tell('ended')
  await sleep(phases.afterMs)
}

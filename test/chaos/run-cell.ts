import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientName } from './clients.ts'
import type { End, Fault, OpenFault } from './fault.ts'
import type { CellOrder, FromCell, Seen, ToCell } from './protocol.ts'

/** How long a cell calls before the fault, in it, and after it. */
export interface Phases {
  readonly beforeMs: number
  readonly faultMs: number
  readonly afterMs: number
}

export const FULL: Phases = { beforeMs: 1_500, faultMs: 5_000, afterMs: 4_000 }
export const SHORT: Phases = { beforeMs: 600, faultMs: 1_500, afterMs: 1_500 }

const CALLS_PER_SECOND = 400
/** A process that is done ends within this, or not by itself. */
const EXIT_MS = 4_000
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
): Promise<Outcome> {
  const open = await fault.open(binary)
  try {
    const order: CellOrder = {
      client,
      place: open.place,
      user: fault.user,
      caches: fault.caches ?? 1,
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
    await cell.hears('ready')
    await sleep(phases.beforeMs)
    end ??= await open.begin()
    await inFault(cell, end, fault, phases)
    cell.tell('stop')
    const closed = await cell.hears('closed')
    const isEnded = await cell.endsWithin(EXIT_MS)
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

/** The process of a cell, and what it has told. */
class CellProcess {
  stderr = ''
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #heard: FromCell[] = []

  constructor(order: CellOrder) {
    this.#process = fork(join(import.meta.dirname, 'cell.ts'), [JSON.stringify(order)], {
      execArgv: ['--import', 'tsx', '--disable-warning=FuncCacheWarning'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    this.#exited = once(this.#process, 'exit')
    this.#process.on('message', (message: FromCell) => this.#heard.push(message))
    this.#process.stderr?.on('data', (text) => {
      this.stderr += String(text)
    })
  }

  tell(message: ToCell): void {
    if (this.#process.connected) this.#process.send(message)
  }

  /** Waits for a message; `undefined` if the process ends before. */
  async hears<S extends FromCell['state']>(state: S): Promise<Extract<FromCell, { state: S }> | undefined> {
    for (;;) {
      const heard = this.#heard.find((message) => message.state === state)
      if (heard !== undefined) return heard as Extract<FromCell, { state: S }>
      const isOver = await Promise.race([
        once(this.#process, 'message').then(() => false),
        this.#exited.then(() => true),
      ])
      if (isOver && !this.#heard.some((message) => message.state === state)) return undefined
    }
  }

  async endsWithin(ms: number): Promise<boolean> {
    const timer = new AbortController()
    const late = sleep(ms, false, { signal: timer.signal }).catch(() => false)
    const ended = await Promise.race([this.#exited.then(() => true), late])
    timer.abort()
    return ended && this.#process.signalCode === null
  }

  kill(): void {
    if (this.#process.exitCode === null) this.#process.kill('SIGKILL')
  }
}

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { forkProgram } from '../fork-program.ts'
import type { CellOrder, FromCell, ToCell } from './protocol.ts'

/** A process that is done ends within this, or not by itself; ioredis gives a frozen server two seconds to say goodbye. */
const EXIT_MS = 8_000

/** The process of a cell, and what it has told. */
export class CellProcess {
  stderr = ''
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #received: FromCell[] = []

  constructor(order: CellOrder) {
    this.#process = forkProgram(join(import.meta.dirname, 'cell.ts'), order, {
      execArgv: ['--expose-gc', '--disable-warning=FuncCacheWarning'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    this.#exited = once(this.#process, 'exit')
    this.#process.on('message', (message: FromCell) => this.#received.push(message))
    this.#process.stderr?.on('data', (text) => {
      this.stderr += String(text)
    })
  }

  tell(message: ToCell): void {
    if (this.#process.connected) this.#process.send(message)
  }

  /** Waits for a message; `undefined` if the process ends before. */
  async receives<S extends FromCell['state']>(
    state: S,
  ): Promise<Extract<FromCell, { state: S }> | undefined> {
    for (;;) {
      const found = this.#received.find((message) => message.state === state)
      if (found !== undefined) return found as Extract<FromCell, { state: S }>
      const isOver = await Promise.race([
        once(this.#process, 'message').then(() => false),
        this.#exited.then(() => true),
      ])
      if (isOver && !this.#received.some((message) => message.state === state)) return undefined
    }
  }

  /** Whether it ends with nobody's help, after it has said that it is closed. */
  async endsByItself(): Promise<boolean> {
    const timer = new AbortController()
    const late = sleep(EXIT_MS, false, { signal: timer.signal }).catch(() => false)
    const ended = await Promise.race([this.#exited.then(() => true), late])
    timer.abort()
    return ended && this.#process.exitCode === 0
  }

  kill(): void {
    if (this.#process.exitCode === null) this.#process.kill('SIGKILL')
  }
}

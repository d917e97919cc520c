import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Answer, Task, TaskName } from './protocol.ts'
import type { Entry } from './roster.ts'

/** Compiled, and run by Node itself: what runs sources on the fly slows closures down. */
const WORKER = fileURLToPath(new URL('./dist/bench/worker.js', import.meta.url))

/** No task takes as long: whoever is not done by then hangs. */
const TASK_TIMEOUT_MS = 180_000

/** The process of a contender. Its own garbage, compiled code and processor time are nobody else's. */
export class Worker {
  readonly entry: Entry
  readonly #process: ChildProcess

  /** @param execArgv Options of Node. */
  constructor(entry: Entry, execArgv: readonly string[] = []) {
    this.entry = entry
    const given = (process.env['BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((option) => option !== '')
    // That nothing comes back as it was stored is what the undecoded contenders are for.
    this.#process = fork(WORKER, {
      execArgv: ['--expose-gc', '--disable-warning=FuncCacheWarning', ...execArgv, ...given],
    })
  }

  /** @throws What went wrong in there. */
  async ask<N extends TaskName>(name: N, task: Task<N>): Promise<Answer<N>> {
    const message = await new Promise<{ answer?: Answer<N>; error?: string }>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('It hangs.')), TASK_TIMEOUT_MS).unref()
      const ended = () => reject(new Error('Its process died.'))
      this.#process.once('exit', ended)
      this.#process.once('message', (answer) => {
        this.#process.off('exit', ended)
        clearTimeout(timer)
        resolve(answer as { answer?: Answer<N>; error?: string })
      })
      this.#process.send({ name, task }, (error) => {
        if (error !== null) reject(error)
      })
    })
    if (message.error !== undefined) throw new Error(`${this.entry.name}, ${name}: ${message.error}`)
    return message.answer as Answer<N>
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exit = once(this.#process, 'exit')
    this.#process.disconnect()
    await exit
  }
}

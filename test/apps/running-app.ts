import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { cleanEnv } from './run.ts'

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 10_000

/** Ends a process and its children when its input ends, which comes by itself when we die in whatever way. */
const GUARD = 'read -r _; kill -9 -- "-$1" 2>/dev/null'

/** How a process has ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process of an app, which ends with this one at the latest. */
export class RunningApp {
  readonly url: string
  readonly #process: ChildProcess
  readonly #pid: number
  readonly #guard: ChildProcess
  readonly #exited: Promise<Exit>
  #exit: Exit | undefined
  #output = ''

  /** @param command A script for Node, and its arguments. */
  constructor(
    cwd: string,
    command: readonly string[],
    { redisUrl, port }: { redisUrl: string; port: number },
  ) {
    this.url = `http://127.0.0.1:${port}`
    this.#process = spawn(process.execPath, command, {
      cwd,
      env: { ...cleanEnv, REDIS_URL: redisUrl, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a group of its own, for it may have children
    })
    const { pid } = this.#process
    if (pid === undefined) throw new Error(`${command.join(' ')} cannot be started in ${cwd}`)
    this.#pid = pid
    this.#guard = spawn('/bin/sh', ['-c', GUARD, 'guard', String(pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
      })
    }
    // Not 'exit': by now all of the output is here, too.
    this.#exited = new Promise((resolve) => {
      this.#process.once('close', (code, signal) => {
        this.#exit = { code, signal }
        this.#guard.kill('SIGKILL') // the number may soon be that of another process
        resolve(this.#exit)
      })
    })
  }

  /** What it has said so far; after {@link stop} all of it. */
  get output(): string {
    return this.#output
  }

  /** Asks the app; a path or a whole address. */
  ask(path: string, init?: RequestInit): Promise<Response> {
    return fetch(new URL(path, this.url), { signal: AbortSignal.timeout(30_000), ...init })
  }

  async askJson<Answer>(path: string, init?: RequestInit): Promise<Answer> {
    return (await (await this.ask(path, init)).json()) as Answer
  }

  /** @throws with its output, if it ends instead or takes too long. */
  async untilItAnswers(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS
    while (this.#exit === undefined && Date.now() < deadline) {
      const answer = await this.ask('/').catch(() => undefined)
      if (answer !== undefined) return
      await sleep(50)
    }
    const what = this.#exit === undefined ? 'does not answer' : `ended: ${JSON.stringify(this.#exit)}`
    throw new Error(`The app ${what}. It said:\n${this.#output}`)
  }

  /** Asks it to end, as a supervisor does. @throws with its output, if it takes too long. */
  async stop(): Promise<Exit> {
    if (this.#exit === undefined) process.kill(this.#pid, 'SIGTERM')
    const exit = await Promise.race([this.#exited, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })])
    if (exit !== undefined) return exit
    await this.kill()
    throw new Error(
      `The app did not end within ${STOP_TIMEOUT_MS} ms after SIGTERM. It said:\n${this.#output}`,
    )
  }

  /** Ends it at once, and its children. */
  async kill(): Promise<void> {
    if (this.#exit === undefined) process.kill(-this.#pid, 'SIGKILL')
    await this.#exited
  }
}

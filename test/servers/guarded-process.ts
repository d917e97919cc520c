import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * Runs beside us and outlives us: a shell that starts the command at every line it reads, and at the end of its input,
 * which comes by itself when we die in whatever way, kills the command and removes the folder.
 *
 * The inner shell is the command's parent, so only it can wait for it; `$!` cannot be another process before that.
 */
const GUARD = `
run() {
  trap 'kill -9 $!' TERM
  "$@" </dev/null >>"$folder/server.log" 2>&1 &
  echo "started $!"
  wait "$!"
  wait "$!"
  echo ended
}
folder=$1
shift
while read -r _; do run "$@" & runner=$!; done
kill "$runner"
wait
rm -rf "$folder"
`

/** A command that cannot be left behind: it ends with {@link end}, and with this process. */
export class GuardedProcess {
  readonly #guard: ChildProcess
  readonly #closed: Promise<void>
  readonly #lines: AsyncIterator<string>
  #pid = 0
  #running = false
  #ended: Promise<void> = Promise.resolve()

  /** @param folder A folder of the command's own, removed at the end. Its output goes to `server.log` in it. */
  constructor(command: string, args: readonly string[], folder: string) {
    // A session of its own: Ctrl-C in the terminal must reach us, who then end it, and not the servers first.
    this.#guard = spawn('/bin/sh', ['-c', GUARD, 'guard', folder, command, ...args], {
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    })
    this.#closed = new Promise((resolve) => {
      this.#guard.once('close', () => resolve())
    })
    this.#guard.stdin?.on('error', () => {})
    if (this.#guard.stdout === null) throw new Error('the guard has no output')
    this.#lines = createInterface({ input: this.#guard.stdout })[Symbol.asyncIterator]()
  }

  /** Of the command as it runs now, or ran last. */
  get pid(): number {
    return this.#pid
  }

  get isRunning(): boolean {
    return this.#running
  }

  /** Starts the command, for the first time or after it has ended. */
  async start(): Promise<void> {
    if (this.#running) throw new Error('it runs already')
    this.#guard.stdin?.write('start\n')
    const { value } = await this.#lines.next()
    this.#pid = Number(/^started (\d+)$/.exec(String(value))?.[1])
    if (!this.#pid) throw new Error('the guard died')
    this.#running = true
    this.#ended = this.#lines.next().then(() => {
      this.#running = false
    })
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#running) process.kill(this.#pid, signal)
  }

  /** Ends the command and leaves its folder, for a next start. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.#ended
  }

  /** Ends the command and removes its folder. */
  async end(): Promise<void> {
    this.#guard.stdin?.end()
    await this.#closed
  }
}

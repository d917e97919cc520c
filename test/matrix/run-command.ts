import { spawn } from 'node:child_process'
import { type Command, TIME_LIMIT_MS } from './environment.ts'

export interface Ended {
  /** `undefined` if it was ended because its time was up. */
  readonly code: number | undefined
  readonly output: string
}

/** What npm and test runners tell programs of themselves, where this was started. Where npm finds packages, it may tell. */
const OF_OTHERS =
  /^(npm_(?!config_(registry|cache|cafile|userconfig|globalconfig)$)|vitest|jest_|force_color|node_(options|env|path)$)/i

const inherited = Object.entries(process.env).filter(([name]) => !OF_OTHERS.test(name))

/** What runs now, and would go on without us. */
const running = new Set<number>()
process.on('exit', () => running.forEach(endGroup))

/** Runs a program to its end, or ends it and all that it started. */
export function runCommand({ run, cwd, env, withinMs = TIME_LIMIT_MS }: Command): Promise<Ended> {
  const [program = 'node', ...args] = run
  const child = spawn(program === 'node' ? process.execPath : program, args, {
    cwd,
    env: { ...Object.fromEntries(inherited), NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own
  })
  const { pid } = child
  if (pid !== undefined) running.add(pid)
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve) => {
    let isLate = false
    const limit = setTimeout(() => {
      isLate = true
      if (pid !== undefined) endGroup(pid)
    }, withinMs)
    const settle = (code: number, more = '') => {
      clearTimeout(limit)
      if (pid !== undefined) running.delete(pid)
      const late = isLate ? `\nended after ${withinMs} ms: it did not end by itself\n` : ''
      resolve({ code: isLate ? undefined : code, output: Buffer.concat(chunks).toString() + more + late })
    }
    child.on('error', (error) => settle(1, String(error)))
    child.on('close', (code, signal) => settle(code ?? 1, signal === null ? '' : `\nended by ${signal}\n`))
  })
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}

/** @throws with all of the output, if it fails. */
export async function runOrThrow(command: Command): Promise<string> {
  const { code, output } = await runCommand(command)
  if (code === 0) return output
  throw new Error(
    `${command.run.join(' ')}: ${code === undefined ? 'took too long' : `exit code ${code}`}\n${output}`,
  )
}

import { type ChildProcess, fork, type ForkOptions } from 'node:child_process'
import { basename, join } from 'node:path'
import { buildSync } from 'esbuild'

/** Below the packages, which the programs import by their names. */
const FOLDER = join(import.meta.dirname, '../node_modules/.cache/test-programs')

const built = new Map<string, string>()

/**
 * A program ends soon after its parent, however that ended. Listening to 'disconnect' would keep programs alive that have nothing
 * more to do.
 */
const ENDS_WITH_PARENT =
  '{ const parent = process.ppid; globalThis.setInterval(() => process.ppid === parent || process.exit(1), 1_000).unref() }'

/** Starts a program in TypeScript, as one file of JavaScript: by a loader, it would take four times as long to begin. */
export function forkProgram(file: string, order: unknown, options: ForkOptions = {}): ChildProcess {
  let program = built.get(file)
  if (program === undefined) {
    program = join(FOLDER, `${basename(file, '.ts')}-${process.pid}.mjs`)
    buildSync({
      entryPoints: [file],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      target: 'node20',
      banner: { js: ENDS_WITH_PARENT },
      logLevel: 'error',
    })
    built.set(file, program)
  }
  return fork(program, [JSON.stringify(order)], options)
}

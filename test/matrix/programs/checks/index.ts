/** All checks, and a runner for programs that have none. */
import process from 'node:process'
import { ARGUMENTS } from './arguments.ts'
import { CALLS } from './calls.ts'
import type { Check, Surroundings } from './check.ts'
import { CONTEXTS } from './contexts.ts'
import { ERRORS } from './errors.ts'
import { RESULTS } from './results.ts'
import { serverChecks } from './server.ts'
import { TIME } from './time.ts'

export { serverChecks }

/** Those that can be made there. */
export function checksFor(surroundings: Surroundings): Check[] {
  const all = [...CALLS, ...TIME, ...CONTEXTS, ...ARGUMENTS, ...ERRORS, ...RESULTS, ...serverChecks('redis')]
  return all.filter(({ fits }) => fits?.(surroundings) ?? true)
}

/** Makes them one after the other, and tells; whatever goes wrong makes the process fail. */
export async function runChecks(surroundings: Surroundings, checks = checksFor(surroundings)): Promise<void> {
  let failed = 0
  for (const { name, run } of checks) {
    try {
      await run(surroundings)
    } catch (error) {
      failed += 1
      console.log(`not ok: ${name}\n  ${error instanceof Error ? error.stack : String(error)}`)
    }
  }
  console.log(`${checks.length - failed} of ${checks.length} checks hold`)
  if (failed > 0) process.exitCode = 1
}

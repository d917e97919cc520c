import { expect } from 'vitest'
import type { Fault } from './fault.ts'
import type { Outcome } from './run-cell.ts'

/** Callers got no error and no wrong result, none that is older than an invalidation, and the process has ended by itself. */
export function expectUnnoticed(fault: Fault, { seen, isEnded, stderr }: Outcome): void {
  const { errors, wrong, unhandled, said } = seen ?? {}
  expect({ errors, wrong, unhandled, isEnded }, `${JSON.stringify(said)} ${stderr}`).toEqual({
    errors: 0,
    wrong: 0,
    unhandled: 0,
    isEnded: true,
  })
  if (fault.losesInvalidations === undefined) expect(seen?.old).toBe(0)
}

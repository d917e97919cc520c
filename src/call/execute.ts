import { beginRun, currentRun, endRun, Run } from '../context/run.ts'
import { reasonToAbort, unlessAborted } from '../flow/timeout.ts'
import { monotonicMs } from '../flow/timers.ts'
import type { Context } from '../context/context.ts'
import { isPromise } from '../realms/native.ts'
import { type Call, titleOf } from './call.ts'
import { type FunctionContext, selfFor } from './function-context.ts'
import { slotForRun } from './run-slot.ts'
import type { ListBatch } from './list-batch.ts'

/** What is executed: a function, and what it is given. */
export interface Invocation extends Pick<Call, 'fn' | 'self' | 'args' | 'context' | 'batch' | 'title'> {
  /** The runs in which its result is waited for. */
  askers: Run[] | undefined
}

/** The invocation for a mode that neither reads nor writes: no call is made for it. */
export function invocationOf(
  fn: FunctionContext,
  self: unknown,
  args: readonly unknown[],
  context: Context,
  batch: ListBatch | undefined,
): Invocation {
  return {
    fn,
    self: selfFor(fn, self),
    args,
    context,
    batch,
    askers: undefined,
    get title() {
      return titleOf(fn, args)
    },
  }
}

/** Runs the function for one caller alone: no call joins, and nothing is stored. */
export function executeAlone(what: Invocation, signal: AbortSignal | undefined): Promise<unknown> {
  const result = measured(what, signal)
  return signal === undefined ? result : unlessAborted(result, signal)
}

async function measured(what: Invocation, signal: AbortSignal | undefined): Promise<unknown> {
  if (signal?.aborted) throw reasonToAbort(signal) // no caller waits any more
  const run = currentRun()
  if (run !== undefined) what.askers = [run]
  const slot = what.batch === undefined ? slotForRun(what.fn, signal) : undefined
  const release = isPromise(slot) ? await slot : slot
  const beganMs = monotonicMs()
  const own = new Run([what])
  try {
    return await execute(what, own, signal)
  } finally {
    endRun(own)
    release?.()
    what.fn.report.executed(monotonicMs() - beganMs)
  }
}

/**
 * EXECUTE: runs the function, or lets the list of the call load it with its other rows.
 *
 * @param run Begins here. Whoever calls this ends it, since that is known where the result is waited for.
 * @param signal What the function can ask for as `cache.signal()`.
 * @returns What the function returned: a value, or a promise.
 */
export function execute(what: Invocation, run: Run, signal: AbortSignal | undefined): unknown {
  const { fn, self, args, batch } = what
  fn.report.executes(what)
  if (batch !== undefined) return batch.load(what)
  const { contexts } = fn.cache
  const call = () => (fn.settings.run as (...args: unknown[]) => unknown).apply(self, args as unknown[])
  // The signal of a call around this one is not its own. A context costs time at every promise: only where it is needed.
  return beginRun(run, () =>
    signal === contexts.current.signal ? call() : contexts.withSignal(signal, call),
  )
}

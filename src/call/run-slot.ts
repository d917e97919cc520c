import { callsAround, currentRun } from '../context/run.ts'
import { TimeoutError } from '../errors.ts'
import { onAbort, reasonToAbort } from '../flow/timeout.ts'
import type { Invocation } from './execute.ts'
import type { Call } from './call.ts'
import type { FunctionContext } from './function-context.ts'

/** Ends the use of a slot; may be called more than once. */
export type Release = () => void

const NOTHING: Release = () => {}

/**
 * Waits until the function may run, where `maxConcurrent` limits how often it does so at once. A call whose last caller stops
 * waiting leaves the queue.
 *
 * A function that calls itself does not wait: the run around it has a slot, and waits for it.
 *
 * @returns A promise only where it has to wait.
 */
export function slotForRun(
  fn: FunctionContext,
  signal: AbortSignal | undefined,
  call?: Call,
): Release | Promise<Release> {
  const { slots } = fn
  if (slots === undefined || isWithinRunOf(fn)) return NOTHING
  const waiter = slots.take()
  const release = once(() => slots.release())
  if (waiter === undefined) return release
  const stay = signal === undefined ? NOTHING : onAbort(signal, () => waiter.giveUp(reasonToAbort(signal)))
  if (call !== undefined) call.onDeserted = () => waiter.giveUp(deserted(call))
  return waiter.entered.then(() => release).finally(stay)
}

const isWithinRunOf = (fn: FunctionContext): boolean => {
  const run = currentRun()
  return run !== undefined && callsAround(run, (call) => (call as Partial<Invocation>).fn === fn).length > 0
}

function once(act: () => void): Release {
  let isDone = false
  return () => {
    if (!isDone) act()
    isDone = true
  }
}

/** Nobody gets this: no caller waits any more. */
const deserted = ({ fn }: Call): TimeoutError =>
  new TimeoutError(
    `${fn.settings.identity.name}: no caller waits any more, and the function has not begun to run.`,
  )

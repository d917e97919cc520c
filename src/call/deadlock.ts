import { type AwaitedCall, callsAround, circleOf, currentRun, type Run } from '../context/run.ts'
import { DeadlockError } from '../errors.ts'
import { Call } from './call.ts'

/** How many layers of a program may use the same key, each within the load of the one before. */
const MOST_LAYERS = 8

/** The calls with the same entry in whose runs a call is made, directly or through others; the nearest first. */
export function equalCallsAround(call: Call): readonly AwaitedCall[] {
  const run = currentRun()
  if (run === undefined) return []
  return callsAround(run, (other) => other instanceof Call && other.isEqualTo(call))
}

/**
 * Whether a key of `getOrSet` is called within its own load, so that it would wait for itself. Two layers of a program may use
 * the same key.
 *
 * @throws {DeadlockError} if there are more layers than a program can mean.
 */
export function isWithinItself(call: Call): boolean {
  if (!call.fn.settings.identity.isOfKeys) return false
  const layers = equalCallsAround(call)
  if (layers.length >= MOST_LAYERS) {
    throw deadlock(circleOf(currentRun() as Run, layers[0] as AwaitedCall) ?? [])
  }
  return layers.length > 0
}

/** @throws {DeadlockError} if a call that is in flight waits, in the end, for what is running here. */
export function checkForCircle(leader: Call, run: Run | undefined): void {
  const circle = run === undefined ? undefined : circleOf(run, leader)
  if (circle !== undefined) throw deadlock(circle)
}

/** @param circle The titles of calls, each of which waits for the next; the last is the first. */
const deadlock = (circle: readonly string[]): DeadlockError =>
  new DeadlockError(
    `${circle[0]} would wait for itself: ${circle.join(' → ')}. Let one of these functions do without the result of the next, ` +
      'or let it call the function that was wrapped (original) instead of the cached one.',
  )

import { StoreError } from '../errors.ts'
import { withinDeadline } from '../flow/timeout.ts'
import { monotonicMs } from '../flow/timers.ts'
import { spelled } from '../validation/duration.ts'
import type { Call } from './call.ts'

/**
 * What is left of `storeTimeout` is cut to steps of this part of it: so deadlines of few lengths, and with them few timers, serve
 * all calls.
 */
const STEPS = 16

/**
 * How long the caller may still wait for the store, in all remaining steps of the call together. 0 after a step in which the
 * store gave no answer: the later steps do not ask it again.
 */
export function storeMsLeft({ storeMs, fn }: Call): number {
  const { storeTimeoutMs } = fn.cache
  if (storeMs === Number.POSITIVE_INFINITY) return 0
  if (storeTimeoutMs === Number.POSITIVE_INFINITY) return storeTimeoutMs
  const stepMs = storeTimeoutMs / STEPS
  return Math.floor(Math.max(0, storeTimeoutMs - storeMs) / stepMs) * stepMs
}

/** Whether the store gave no answer in a step of the call. */
export const hasLostStore = ({ storeMs }: Call): boolean => storeMs === Number.POSITIVE_INFINITY

/** The store gave no answer: the call goes on without it. */
export function loseStore(call: Call): void {
  call.storeMs = Number.POSITIVE_INFINITY
}

/** The lookup of a call is over, and did not end it: how long it took is known from now on. */
export function countLookup(call: Call): void {
  if (call.storeMs === 0) call.storeMs = monotonicMs() - call.beganMs
}

/**
 * A follower starts over: what it has waited for the store in the steps of its leader counts as its own wait.
 *
 * A leader that was a hit has not counted its lookup; then the whole wait was for the store. A wait that is too short to change
 * the deadlines of further steps is not counted: the follower looks up as any call does.
 */
export function countStepsOf(leader: Call, follower: Call): void {
  const nowMs = monotonicMs()
  const sinceJoinedMs = nowMs - follower.beganMs
  const putMs = leader.returnedMs === 0 ? 0 : nowMs - leader.returnedMs
  const ms = leader.storeMs === 0 ? sinceJoinedMs : Math.min(sinceJoinedMs, leader.storeMs + putMs)
  if (ms * STEPS >= follower.fn.cache.storeTimeoutMs) follower.storeMs += ms
}

/** Whether a call that starts over would wait longer for the store than it may if it joined that leader. */
export function keepsTooLong(leader: Call, call: Call): boolean {
  return call.storeMs > 0 && storeMsToCome(leader) > storeMsLeft(call)
}

/** The longest time that a call which joins waits for the store. One that joins while the function runs needs the outcome of the put. */
function storeMsToCome(leader: Call): number {
  return leader.isRunning && !hasLostStore(leader) ? leader.fn.cache.storeTimeoutMs : storeMsLeft(leader)
}

/**
 * A step of a call that waits for the store, no longer than the time that is left.
 *
 * @throws {StoreError} also if no time is left: then nothing is asked.
 */
export async function askStore<T>(call: Call, ask: () => Promise<T>): Promise<T> {
  const leftMs = storeMsLeft(call)
  if (leftMs === Number.POSITIVE_INFINITY) return ask()
  if (leftMs === 0) throw overTime(call)
  const { storeDeadlines } = call.fn.cache
  const beganMs = monotonicMs()
  try {
    return await withinDeadline(ask(), storeDeadlines, leftMs, () => overTime(call))
  } catch (error) {
    if (error instanceof StoreError && error.reason !== 'failed') loseStore(call)
    throw error
  } finally {
    call.storeMs += monotonicMs() - beganMs
  }
}

const overTime = ({ fn }: Call): StoreError =>
  new StoreError(
    `The store did not answer a call within ${spelled(fn.cache.storeTimeoutMs)} (storeTimeout) in all its steps together.`,
    { reason: 'timeout' },
  )

import { currentRun } from '../context/run.ts'
import type { SettlementWaiter } from '../flow/in-flight.ts'
import { onAbort, reasonToAbort } from '../flow/timeout.ts'
import { monotonicMs } from '../flow/timers.ts'
import { detailOf } from './detailed-result.ts'
import { decode } from '../serializers/encoding.ts'
import type { Call } from './call.ts'
import { checkForCircle } from './deadlock.ts'
import type { EntryReader } from './entry-reader.ts'
import type { Settlement } from './settlement.ts'
import { isToldUnstorable } from './loss-warning.ts'
import { keepsTooLong } from './store-time.ts'

/**
 * Finds the equal call in flight that a call joins as a follower; `undefined` if there is none. Then the call leads, and the
 * next equal calls join it.
 *
 * @throws {DeadlockError} if the call would wait for itself.
 */
export function leaderFor(call: Call): Call | undefined {
  const { mode } = call.context
  if (!mode.read || !mode.write || !mode.execute) return undefined
  const { inFlight } = call.partition
  const leader = inFlight.join(call.hash, call)
  if (leader === undefined) return undefined
  // What a running function has read may be older than what a call within `since` has to see.
  const isTooEarly = call.context.since !== undefined && leader.isRunning
  if (leader.isStuck || isTooEarly || keepsTooLong(leader, call)) {
    inFlight.start(call.hash, call)
    return undefined
  }
  const run = currentRun()
  checkForCircle(leader, run)
  leader.isAskedBy(call, run)
  leader.callers++
  call.batch?.leave(call)
  call.beganMs = monotonicMs()
  call.fn.report.joins(call)
  return leader
}

/** How a caller waits. */
export interface Waiting {
  readonly signal: AbortSignal | undefined
  /** Whether the caller wants the status and the times of the result. */
  readonly isDetailed: boolean
  /** Whether the caller waits until the result is stored, however long that takes; default no. */
  readonly needsProof?: boolean
}

/** The promise of the leader's caller: it gets the original value or error, and no copy. */
export function asLeader(call: Call, { signal, isDetailed, needsProof }: Waiting): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const leader = new Leader(resolve, reject, needsProof, isDetailed ? call.fn.reader : undefined)
    call.join(signal === undefined ? leader : untilAborted(leader, reject, call, call, signal))
  })
}

class Leader implements SettlementWaiter<Settlement> {
  readonly needsProof: boolean
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: unknown) => void
  /** Tells the times of a result; `undefined` if the caller does not want them. */
  readonly #times: EntryReader | undefined

  constructor(
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    needsProof = false,
    times?: EntryReader,
  ) {
    this.needsProof = needsProof
    this.#resolve = resolve
    this.#reject = reject
    this.#times = times
  }

  settle(settlement: Settlement): void {
    const { value, isError, status } = settlement
    if (isError) this.#reject(value)
    else if (this.#times === undefined) this.#resolve(value)
    else this.#resolve(detailOf(value, status, this.#times.timesOf(settlement)))
  }
}

/**
 * What the promise of the leader's caller is to be resolved with, where it exists already: it follows this waiter as it would follow a
 * promise, which would take two more of them.
 */
export function awaitedLeader(call: Call): AwaitedLeader {
  const waiter = new AwaitedLeader()
  call.join(waiter)
  return waiter
}

class AwaitedLeader implements SettlementWaiter<Settlement> {
  readonly needsProof = false
  /** Known as soon as the promise follows this waiter, which is a moment after it was resolved with it. */
  #leader: Leader | undefined
  /** If the call has settled before that. */
  #settlement: Settlement | undefined

  // oxlint-disable-next-line unicorn/no-thenable -- a promise is resolved with it
  then(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
    this.#leader = new Leader(resolve, reject)
    if (this.#settlement !== undefined) this.#leader.settle(this.#settlement)
  }

  settle(settlement: Settlement): void {
    if (this.#leader === undefined) this.#settlement = settlement
    else this.#leader.settle(settlement)
  }
}

/** Waits for the settlement of the leader. Rejects only if the signal of the follower aborts. */
export function asFollower(
  call: Call,
  leader: Call,
  { signal }: Pick<Waiting, 'signal'>,
): Promise<Settlement> {
  return new Promise((resolve, reject) => {
    // A call that came before the function began cannot get data older than itself, so it needs no proof.
    const follower = { needsProof: leader.isRunning, settle: resolve, caller: call }
    leader.join(signal === undefined ? follower : untilAborted(follower, reject, call, leader, signal))
  })
}

/** A waiter that stops waiting when a signal aborts. After the last waiter, the signal of the load aborts too. */
function untilAborted(
  waiter: SettlementWaiter<Settlement>,
  reject: (reason: unknown) => void,
  call: Call,
  leader: Call,
  signal: AbortSignal,
): SettlementWaiter<Settlement> {
  const leaving: SettlementWaiter<Settlement> = {
    needsProof: waiter.needsProof,
    caller: waiter.caller,
    left: () => stay(),
    settle: (settlement) => {
      stay()
      waiter.settle(settlement)
    },
  }
  const stay = onAbort(signal, () => {
    const reason = reasonToAbort(signal)
    reject(reason)
    leader.isLeftBy(call)
    if (!leader.leave(leaving) || leader.abortion === undefined) return
    leader.partition.inFlight.end(leader.hash, leader)
    leader.abortion.abort(reason)
  })
  return leaving
}

/** Whether a follower that joined in that epoch may have come after an invalidation, and must not get what was before. */
export const isTooOld = ({ isOutdated, validAsOf }: Settlement, joinedIn: number): boolean =>
  isOutdated || joinedIn > validAsOf

interface Copy {
  readonly value: unknown
}

/**
 * A copy of the leader's value for a follower; `undefined` if there can be none: then the follower runs the function
 * itself. A value that cannot be changed, or is shared by the option `share`, needs no copy.
 */
export function copyFor(
  call: Call,
  leader: Call,
  settlement: Settlement,
): Copy | undefined | Promise<Copy | undefined> {
  const { value, stored } = settlement
  const { settings, report, reader } = call.fn
  const { share, schema, serializer, identity } = settings
  const isUnchangeable = Object(value) !== value
  if (share || (isUnchangeable && schema === undefined)) return settlement
  let copy: Copy | undefined
  try {
    if (isUnchangeable) copy = settlement
    else if (stored === undefined) copy = leader.shared(value)
    else copy = { value: decode(serializer, Buffer.from(stored as string)) }
  } catch (error) {
    report.failed(call, 'serialize', error)
    return undefined
  }
  if (copy === undefined && !isToldUnstorable(identity)) report.unshared()
  return copy === undefined || schema === undefined
    ? copy
    : reader.check(call, { ...settlement, value: copy.value })
}

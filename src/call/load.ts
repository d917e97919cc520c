import { currentRun, endRun, Run } from '../context/run.ts'
import { reasonToAbort } from '../flow/timeout.ts'
import { monotonicMs } from '../flow/timers.ts'
import { whenKnown } from '../flow/when-known.ts'
import { isPromise } from '../realms/native.ts'
import type { Lookup } from '../stores/store.ts'
import { acquirePermit, giveBack, type Permit } from './acquire-permit.ts'
import type { Call } from './call.ts'
import { execute } from './execute.ts'
import { executed, type FallbackKind, type Settlement } from './settlement.ts'
import { slotForRun } from './run-slot.ts'
import { settleFailed } from './store-error.ts'
import { beforeStored, storeResult } from './store-result.ts'
import { askStore, hasLostStore } from './store-time.ts'

/** LOAD: permit → execute → put. */
export function load(call: Call, lookup: Lookup | undefined, fallback: FallbackKind): Promise<Settlement> {
  if (!call.context.mode.write) return loadWithPermit(call, undefined, fallback)
  const loading = whenKnown(acquirePermit(call, lookup), (permit) =>
    'settlement' in permit ? permit.settlement : loadWithPermit(call, permit, fallback),
  )
  return Promise.resolve(loading)
}

/**
 * Loads a call within `maxComputeTime`, and releases the lease unless the put has ended it.
 *
 * @param permit With it, the result is put, unless it was invalidated since the token. `undefined` to store nothing.
 */
export async function loadWithPermit(
  call: Call,
  permit: Permit | undefined,
  fallback: FallbackKind,
): Promise<Settlement> {
  const { settings, cache } = call.fn
  call.openScope()
  try {
    const waiting = call.batch === undefined ? takeSlot(call) : undefined
    if (waiting !== undefined) await waiting
  } catch (error) {
    call.closeScope()
    if (permit?.isLeased) cache.background.addBehind(giveBack(call))
    throw error
  }
  const deadline = cache.loadDeadlines.after(settings.maxComputeMs, () => overdue(call, permit))
  try {
    const registering = permit === undefined ? undefined : register(call)
    if (registering !== undefined) await registering
    const settlement = await executeAndStore(call, permit, fallback)
    if (permit?.isLeased)
      await afterLoad(call, (returned) => beforeStored(call, settlement, returned, () => {}))
    recordOutcome(call, settlement, fallback)
    return settlement
  } catch (error) {
    if (permit?.isLeased) await afterLoad(call, (returned) => returned)
    throw error
  } finally {
    deadline.end()
    call.releaseSlot?.()
    call.closeScope()
  }
}

/** Records failures of the function that are not thrown to callers, for the pause after them. */
function recordOutcome(call: Call, settlement: Settlement, fallback: FallbackKind): void {
  const { failures } = call.partition
  if (call.hasChanged) return // the arguments were changed, so this is the outcome of another call
  if (!settlement.isError) failures.succeeded(call.hash)
  else if (fallback !== 'none') failures.failed(call.hash, settlement.yieldsToFallback ? 'fallback' : 'told')
}

/** Waits for the right to run, where the function has `maxConcurrent`. */
function takeSlot(call: Call): Promise<void> | undefined {
  const slot = slotForRun(call.fn, call.abortion?.signal, call)
  if (!isPromise(slot)) {
    call.releaseSlot = slot
    return undefined
  }
  return slot.then((release) => {
    call.releaseSlot = release
  })
}

/** Releases the lease, unless the put has ended it. Where the store is lost, nobody waits for that. */
async function afterLoad(call: Call, wait: (returned: Promise<void>) => Promise<void>): Promise<void> {
  const returned = giveBack(call)
  if (hasLostStore(call)) call.fn.cache.background.addBehind(returned)
  else await wait(returned)
}

/** `maxComputeTime` is over: calls from now on do not join the load. */
function overdue(call: Call, permit: Permit | undefined): void {
  const { partition, hash, hasReturned, fn } = call
  partition.inFlight.end(hash, call)
  partition.refreshing.end(hash, call)
  if (hasReturned) return // the function is in time: only the store is slow
  call.giveUp()
  call.releaseSlot?.()
  call.inScope(() => {
    fn.report.overdue(call, fn.settings.maxComputeMs)
    if (permit?.isLeased) fn.cache.background.addBehind(giveBack(call))
  })
}

async function executeAndStore(
  call: Call,
  permit: Permit | undefined,
  fallback: FallbackKind,
): Promise<Settlement> {
  const { report } = call.fn
  const signal = call.abortion?.signal
  if (signal?.aborted) throw reasonToAbort(signal) // no caller waits any more
  // A refresh serves no caller, so the result for changed arguments is of no use.
  if (!call.asksTheSame() && fallback === 'served') {
    report.skipped(call, 'changed', 0, 0)
    return executed(undefined)
  }
  if (fallback !== 'served') call.isAskedBy(call, currentRun())
  const beganMs = monotonicMs()
  call.isRunning = true
  const run = new Run([call])
  let value: unknown
  try {
    const running = execute(call, run, signal)
    call.allowChanges()
    value = await running
  } catch (error) {
    return settleFailed(call, error, permit, fallback, returned(call, run, beganMs))
  }
  const computeMs = returned(call, run, beganMs)
  const status = call.context.mode.read ? 'miss' : 'bypass'
  if (permit === undefined) return executed(value, { status })
  const storing = storeResult(call, value, permit, status, computeMs)
  return isPromise(storing) ? await storing : storing // a promise that is returned costs two more than one that is awaited
}

/** Records that the function has returned or thrown. Returns how long it ran, in milliseconds. */
function returned(call: Call, run: Run, beganMs: number): number {
  endRun(run)
  call.hasReturned = true
  call.returnedMs = monotonicMs()
  call.releaseSlot?.()
  const ms = call.returnedMs - beganMs
  call.fn.report.executed(ms)
  return ms
}

/** Adds the partition to the registry, so that a purge finds it; `undefined` if that is done. */
function register(call: Call): Promise<void> | undefined {
  if (hasLostStore(call)) return undefined
  const registering = call.partition.register()
  if (registering === undefined) return undefined
  return askStore(call, () => registering).catch((error: unknown) =>
    call.fn.report.failed(call, 'put', error),
  )
}

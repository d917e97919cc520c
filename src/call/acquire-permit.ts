import { monotonicMs } from '../flow/timers.ts'
import { whenKnown } from '../flow/when-known.ts'
import type { UnaskedLease } from '../partitions/partition.ts'
import type { HeldLease, Lookup } from '../stores/store.ts'
import type { Call } from './call.ts'
import { equalCallsAround } from './deadlock.ts'
import { tolerate } from './function-context.ts'
import type { Settlement } from './settlement.ts'
import { askStore, hasLostStore } from './store-time.ts'

/** The right to put the result of a load. */
export interface Permit {
  /** When the load began, by the server's clock; `undefined` if that is not known: then nothing is put. */
  readonly token: number | undefined
  /** Whether the load has the lease, or may have it: the answer may have been lost on its way. */
  readonly isLeased: boolean
  /** Whether the put is to win over loads of the same call that began before. */
  readonly overrules: boolean
}

const withoutLease = (token: number | undefined): Permit => ({ token, isLeased: false, overrules: false })

const withLease = (token: number | undefined): Permit => ({ token, isLeased: true, overrules: false })

/** A permit; or a settlement, if another process has loaded the entry meanwhile. */
export type PermitOrSettlement = Permit | { readonly settlement: Settlement }

/**
 * PERMIT: a token, and with `singleFlight: 'global'` the lease, for which the call may wait. Most lookups have brought the token: then
 * nothing is waited for.
 */
export function acquirePermit(
  call: Call,
  lookup: Lookup | undefined,
): PermitOrSettlement | Promise<PermitOrSettlement> {
  const { waitMs } = call.fn.settings
  if (hasLostStore(call)) return withoutLease(undefined)
  // An equal call that waits for this one, such as a refresh, may hold the lease.
  if (waitMs === undefined || !call.context.mode.read || equalCallsAround(call).length > 0) {
    return whenKnown(tokenBy(call, lookup), withoutLease)
  }
  return leaseOrToken(call, lookup, waitMs)
}

async function leaseOrToken(
  call: Call,
  lookup: Lookup | undefined,
  waitMs: number,
): Promise<PermitOrSettlement> {
  try {
    return await waitForLease(call, lookup, monotonicMs() + waitMs)
  } catch (error) {
    return giveBackOnError(call, async () => {
      tolerate(call, 'lease', error)
      return withLease(await tokenBy(call, lookup))
    })
  }
}

/** Gives the lease of a call back, in the background, if a step fails. */
async function giveBackOnError<T>(call: Call, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    call.fn.cache.background.addBehind(giveBack(call))
    throw error
  }
}

/** Waits for the lease, or for an entry that another process stores. */
async function waitForLease(
  call: Call,
  lookup: Lookup | undefined,
  untilMs: number,
  hasWaited = false,
): Promise<PermitOrSettlement> {
  const { partition, fn } = call
  const { report, reader, settings } = fn
  const outcome = await partition.leases(settings.leaseMs).take(
    call,
    requestFor(call, lookup),
    untilMs,
    () => {
      call.batch?.leave(call)
      if (!hasWaited) report.waits(call)
    },
    (ask) => askStore(call, ask),
  )
  if (outcome.state === 'taken') {
    report.leased(call)
    return withLease(outcome.atUs)
  }
  if (outcome.state === 'late') return withoutLease(await tokenOf(call))
  const validAsOf = partition.epoch
  const second = await askStore(call, () => partition.look(call))
  const entry = await reader.open(call, second)
  if (entry !== undefined && ['fresh', 'early'].includes(reader.judge(second, entry))) {
    return { settlement: { ...entry, status: 'waited', validAsOf } }
  }
  if (outcome.state === 'ended') return waitForLease(call, second, untilMs, true)
  // The entry is usable for the server, but not for this process: it is loaded without a lease.
  return withoutLease(await tokenBy(call, second))
}

/** A permit to refresh an entry, for one process of all; `undefined` if another process has the lease. Does not wait. */
export async function tryForLease(call: Call, lookup: Lookup): Promise<Permit | undefined> {
  const { partition, fn } = call
  const leases = partition.leases(fn.settings.leaseMs)
  const answer = await giveBackOnError(call, () => leases.tryToTake(call, requestFor(call, lookup)))
  return answer.state === 'taken' ? withLease(answer.atUs) : undefined
}

/** A permit whose put wins over all loads that began before. */
export const overrulingPermit = async (call: Call): Promise<Permit> => ({
  token: await tokenOf(call),
  isLeased: false,
  overrules: true,
})

/** Ends the lease of a call in this process, so that its put can end the lease in the store; `undefined` if there is none. */
export const endLease = (call: Call): HeldLease | undefined =>
  call.partition.leases(call.fn.settings.leaseMs).end(call)

/** Releases the lease of a call, unless its put has ended it. */
export async function giveBack(call: Call): Promise<void> {
  const held = endLease(call)
  if (held !== undefined) await release(call, held)
}

export async function release(call: Call, held: HeldLease): Promise<void> {
  try {
    await call.partition.release(held)
  } catch (error) {
    call.partition.leases(call.fn.settings.leaseMs).notReleased(held)
    call.fn.report.failed(call, 'lease', error)
  }
}

/** Describes the unusable entry, if one was seen, so that the server can tell a newer one from it. */
const requestFor = ({ hash }: Call, lookup: Lookup | undefined): UnaskedLease => ({
  hash,
  seenMs: lookup?.value === undefined && !lookup?.isMisplaced ? undefined : (lookup.freshUntilMs ?? 0),
})

/** The token: the time of the lookup, or else of the server now. Without an answer in an earlier step, the server is not asked again. */
function tokenBy(call: Call, lookup: Lookup | undefined): Promise<number | undefined> | number | undefined {
  if (hasLostStore(call)) return undefined
  return lookup?.atUs ?? tokenOf(call)
}

async function tokenOf(call: Call): Promise<number | undefined> {
  try {
    return await askStore(call, () => call.partition.now())
  } catch (error) {
    tolerate(call, 'get', error)
    return undefined
  }
}

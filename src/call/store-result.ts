import { type Eventually, whenKnown } from '../flow/when-known.ts'
import type { ResultStatus } from './detailed-result.ts'
import { isPromise } from '../realms/native.ts'
import { type Encoded, encodeResult } from '../serializers/encoding.ts'
import type { Serializer } from '../serializers/serializer.ts'
import type { Permit } from './acquire-permit.ts'
import type { Call } from './call.ts'
import { reportLoss, type Unencoded } from './loss-warning.ts'
import { NOT_PUT, put, type PutOutcome } from './put.ts'
import { executed, type Settlement } from './settlement.ts'
import { hasLostStore, storeMsLeft } from './store-time.ts'
import { type Terms, termsFor } from './terms.ts'

/** PUT: encodes the result of a load, and stores it if the options say so. */
export function storeResult(
  call: Call,
  value: unknown,
  permit: Permit,
  status: ResultStatus,
  computeMs: number,
): Settlement | Promise<Settlement> {
  const { report, settings } = call.fn
  if (!call.asksTheSame()) {
    report.skipped(call, 'changed', 0, computeMs)
    return executed(value, { status, isOutdated: true })
  }
  const encoded = encodeFor(settings.serializer, value) // before the callbacks of the options, which may change it
  const { stored } = encoded
  const terms = call.isOverdue
    ? report.skipped(call, 'overdue', 0, computeMs)
    : termsFor(call, value, computeMs)
  const putting = whenKnown(
    untilSaid<Terms | undefined>(call, terms as Eventually<Terms | undefined>),
    (known) =>
      // If a callback took time, check again. Otherwise it was checked just above.
      isPromise(terms) && known !== undefined && isSpoiled(call, computeMs)
        ? { ...NOT_PUT, isOutdated: call.hasChanged }
        : putEncoded(call, value, encoded, known, permit, computeMs),
  )
  const settlement = executed(value, { stored, status })
  const settled = (outcome: PutOutcome): Settlement => ({ ...settlement, ...outcome })
  return isPromise(putting) ? beforeStored(call, settlement, putting, settled) : settled(putting)
}

function putEncoded(
  call: Call,
  value: unknown,
  encoded: Encoded | Unencoded,
  terms: Terms | undefined,
  permit: Permit,
  computeMs: number,
): PutOutcome | Promise<PutOutcome> {
  // For a result that is not to be stored, losses do not matter.
  if (terms === undefined) return NOT_PUT
  reportLoss(call, value, encoded, computeMs)
  const { stored } = encoded
  return stored === undefined ? NOT_PUT : put(call, stored, terms, permit, computeMs)
}

/** Whether a result must not be stored any more: the arguments were changed, or the load took too long. Reports the reason. */
export function isSpoiled(call: Call, computeMs: number): boolean {
  const reason = !call.asksTheSame() ? 'changed' : call.isOverdue ? 'overdue' : undefined
  if (reason !== undefined) call.fn.report.skipped(call, reason, 0, computeMs)
  return reason !== undefined
}

/** Waits for the answer of a callback. The load goes on meanwhile, so `maxComputeTime` covers the wait. */
export function untilSaid<T>(call: Call, answer: Eventually<T>): T | Promise<T> {
  if (!isPromise(answer)) return answer
  call.hasReturned = false
  return Promise.resolve(answer as PromiseLike<T>).finally(() => {
    call.hasReturned = true
  })
}

/**
 * Waits for a put, or for the release of a lease. When `putWait` is over, the callers that came before the function ran get the
 * settlement, although the outcome of the put is unknown.
 *
 * @param goOn What is made of the outcome.
 */
export function beforeStored<R, S>(
  call: Call,
  settlement: Settlement,
  storing: Promise<R>,
  goOn: (outcome: R) => S,
): Promise<S> {
  const { settings, cache } = call.fn
  // Nothing is put where the store is lost.
  const putWaitMs = hasLostStore(call) ? settings.putWaitMs : Math.min(settings.putWaitMs, storeMsLeft(call))
  const serve = () => {
    call.isServedEarly = call.settleEarly(settlement)
    if (call.isServedEarly) call.inScope(() => cache.background.tell(storing))
  }
  if (putWaitMs === 0) {
    serve()
    return storing.then(goOn)
  }
  const deadline = cache.putDeadlines.after(putWaitMs, serve)
  return storing.then(
    (outcome) => {
      deadline.end()
      return goOn(outcome)
    },
    (error: unknown) => {
      deadline.end()
      throw error
    },
  )
}

function encodeFor(serializer: Serializer, value: unknown): Encoded | Unencoded {
  try {
    return encodeResult(serializer, value)
  } catch (error) {
    return { stored: undefined, error }
  }
}

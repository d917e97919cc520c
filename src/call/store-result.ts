import { type Eventually, whenKnown } from '../flow/when-known.ts'
import type { ResultStatus } from '../functions/detailed-result.ts'
import { isPromise } from '../realms/native.ts'
import { type Encoded, encodeResult } from '../serializers/encoding.ts'
import type { Serializer } from '../serializers/serializer.ts'
import type { Permit } from './acquire-permit.ts'
import type { Call } from './call.ts'
import { reportLoss, type Unencoded } from './loss-warning.ts'
import { NOT_PUT, put, type PutOutcome } from './put.ts'
import { executed, type Settlement } from './settlement.ts'
import { type Terms, termsFor } from './terms.ts'

/** PUT: encodes what a load brought and stores it, as far as it is to be stored. */
export async function storeResult(
  call: Call,
  value: unknown,
  permit: Permit,
  status: ResultStatus,
  computeMs: number,
): Promise<Settlement> {
  const { report, settings } = call.fn
  if (!call.asksTheSame()) {
    report.skipped(call, 'changed', 0, computeMs)
    return executed(value, { status, isOutdated: true })
  }
  const encoded = encodeFor(settings.serializer, value) // as it is now: callbacks may change it
  const { stored } = encoded
  const terms = call.isOverdue
    ? report.skipped(call, 'overdue', 0, computeMs)
    : termsFor(call, value, computeMs)
  const putting = whenKnown(
    untilSaid<Terms | undefined>(call, terms as Eventually<Terms | undefined>),
    (known) =>
      // Meanwhile anything may have happened; of what is known at once it was looked for just now.
      isPromise(terms) && known !== undefined && isSpoiled(call, computeMs)
        ? { ...NOT_PUT, isOutdated: call.hasChanged }
        : putEncoded(call, value, encoded, known, permit, computeMs),
  )
  const outcome = isPromise(putting)
    ? await beforeStored(call, executed(value, { stored, status }), putting)
    : putting
  const { isOutdated, validAsOf, times } = outcome
  return executed(value, { stored, isOutdated, validAsOf, status, source: times })
}

function putEncoded(
  call: Call,
  value: unknown,
  encoded: Encoded | Unencoded,
  terms: Terms | undefined,
  permit: Permit,
  computeMs: number,
): PutOutcome | Promise<PutOutcome> {
  // Of what is not to be stored anyway, nothing need be told.
  if (terms === undefined) return NOT_PUT
  reportLoss(call, value, encoded, computeMs)
  const { stored } = encoded
  return stored === undefined ? NOT_PUT : put(call, stored, terms, permit, computeMs)
}

/** Whether a result is not to be stored any more: its call asks for something else now, or has taken too long. */
export function isSpoiled(call: Call, computeMs: number): boolean {
  const reason = !call.asksTheSame() ? 'changed' : call.isOverdue ? 'overdue' : undefined
  if (reason !== undefined) call.fn.report.skipped(call, reason, 0, computeMs)
  return reason !== undefined
}

/** What a callback said, or will say: as long as that takes, the load goes on, and its time with it. */
export function untilSaid<T>(call: Call, answer: Eventually<T>): T | Promise<T> {
  if (!isPromise(answer)) return answer
  call.hasReturned = false
  return Promise.resolve(answer as PromiseLike<T>).finally(() => {
    call.hasReturned = true
  })
}

/**
 * Waits for a put, or for a lease given back. When `putWait` is over, callers get the settlement before that is known: those
 * who came before the function ran.
 */
export async function beforeStored<R>(call: Call, settlement: Settlement, storing: Promise<R>): Promise<R> {
  const { settings, cache } = call.fn
  const { putWaitMs } = settings
  const serve = () => {
    call.isServedEarly = call.settleEarly(settlement)
    if (call.isServedEarly) call.inScope(() => cache.background.tell(storing))
  }
  if (putWaitMs === 0) {
    serve()
    return storing
  }
  const deadline = cache.putDeadlines.after(putWaitMs, serve)
  try {
    return await storing
  } finally {
    deadline.end()
  }
}

function encodeFor(serializer: Serializer, value: unknown): Encoded | Unencoded {
  try {
    return encodeResult(serializer, value)
  } catch (error) {
    return { stored: undefined, error }
  }
}

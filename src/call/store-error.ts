import { DeadlockError, OptionError } from '../errors.ts'
import { type Eventually, whenKnown } from '../flow/when-known.ts'
import { isPromise } from '../realms/native.ts'
import { encodeError } from '../serializers/errors/stored-error.ts'
import type { Permit } from './acquire-permit.ts'
import type { Call } from './call.ts'
import { NOT_PUT, put, type PutOutcome } from './put.ts'
import { executed, type FallbackKind, type Settlement } from './settlement.ts'
import { beforeStored, isSpoiled, untilSaid } from './store-result.ts'
import { metadataFor } from './terms.ts'

/** The function failed: its error yields to a fallback, is stored (`cacheErrors`), or is only thrown. (Promise: own-errors.) */
export async function settleFailed(
  call: Call,
  error: unknown,
  permit: Permit | undefined,
  fallback: FallbackKind,
  computeMs: number,
): Promise<Settlement> {
  const { cachedErrors, fallsBackOn } = call.fn.settings
  // No caller waits any more: the error may come from the signal, and says nothing about the next call.
  if (call.abortion?.signal.aborted) throw error
  const answer = fallback !== 'none' && says(call, fallsBackOn, error)
  const yieldsToFallback = isPromise(answer) ? await answer : answer
  const isOutdated = !call.asksTheSame()
  const settlement = executed(error, { isError: true, yieldsToFallback, isOutdated })
  if (permit === undefined || fallback === 'served' || yieldsToFallback) return settlement
  // Errors in the use of this library are not stored: they are not results of the function.
  if (cachedErrors === undefined || error instanceof DeadlockError || error instanceof OptionError) {
    return settlement
  }
  const putting = whenKnown(says(call, cachedErrors.when, error), (isToBeStored) => {
    const stored = isToBeStored ? encodeFor(call, error) : undefined
    if (stored === undefined || isSpoiled(call, computeMs)) return NOT_PUT
    return putError(call, stored, permit, computeMs)
  })
  const settled = ({ validAsOf }: PutOutcome): Settlement => ({ ...settlement, validAsOf })
  return isPromise(putting) ? beforeStored(call, settlement, putting, settled) : settled(putting)
}

/** Serializes an error; `undefined` if it cannot be stored. */
function encodeFor(call: Call, error: unknown): string | Buffer | undefined {
  try {
    return encodeError(call.fn.settings.serializer, error)
  } catch (failure) {
    call.fn.report.failed(call, 'serialize', failure)
    return undefined
  }
}

async function putError(
  call: Call,
  stored: string | Buffer,
  permit: Permit,
  computeMs: number,
): Promise<PutOutcome> {
  const { cachedErrors, tags } = call.fn.settings
  const ttlMs = cachedErrors?.ttlMs
  try {
    const metadata = metadataFor(call.fn, ttlMs, computeMs, tags && [])
    return await put(call, stored, { ttlMs, freshMs: ttlMs, metadata }, permit, computeMs)
  } catch (failure) {
    call.fn.report.failed(call, 'put', failure) // the caller gets the error of the function instead
    return NOT_PUT
  }
}

/** The answer of a callback about an error; `false` if the callback itself fails. */
function says(
  call: Call,
  when: (error: unknown) => Eventually<boolean>,
  error: unknown,
): boolean | Promise<boolean> {
  const failed = (failure: unknown): boolean => {
    call.fn.report.failed(call, 'callback', failure)
    return false
  }
  try {
    const answer = untilSaid(call, when(error))
    return isPromise(answer) ? (answer as Promise<boolean>).catch(failed) : answer
  } catch (failure) {
    return failed(failure)
  }
}

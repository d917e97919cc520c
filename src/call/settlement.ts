import { NOT_STORED, type ResultStatus, type Times } from '../functions/detailed-result.ts'
import type { Lookup } from '../stores/store.ts'

/** How a call ends: with a value or an error, for all who wait for it. */
export interface Settlement {
  /** The value, or the error to throw. The leader gets it as it is; followers get copies, made of `stored` where there is one. */
  readonly value: unknown
  readonly isError: boolean
  /** Whether this is an error in place of which a fallback is served, where there is one. */
  readonly yieldsToFallback: boolean
  /** The serialized value; `undefined` if it was not serialized. */
  readonly stored: string | Buffer | undefined
  /** Whether it was invalidated while it was loaded: then it is not for calls that joined since. */
  readonly isOutdated: boolean
  /**
   * The epoch of the partition as of which the server has shown this to hold, by a lookup or a put. A call that joined in a
   * later epoch may have come after an invalidation, and starts over. `Infinity` where no server was asked, or none answered.
   */
  readonly validAsOf: number
  /** Where it came from, for the leader. */
  readonly status: ResultStatus
  /** What the store knows of it: for the times of a detailed result. */
  readonly source: Lookup | Times
}

/** What the function returned, or threw; not stored, unless more is said. */
export function executed(
  value: unknown,
  {
    isError = false,
    yieldsToFallback = false,
    stored,
    isOutdated = false,
    validAsOf = Number.POSITIVE_INFINITY,
    status = 'miss',
    source = NOT_STORED,
  }: Partial<Settlement> = {},
): Settlement {
  return { value, isError, yieldsToFallback, stored, isOutdated, validAsOf, status, source }
}

/** What was found in the store. A hit makes no other object than this one. */
export const found = (
  value: unknown,
  isError: boolean,
  stored: Buffer | string,
  source: Lookup,
  validAsOf: number,
): Settlement => ({
  value,
  isError,
  yieldsToFallback: false,
  stored,
  isOutdated: false,
  validAsOf,
  status: 'hit',
  source,
})

/** An error of the cache itself, or of the caller: that of a store, of a mode, of a signal. */
export const failure = (error: unknown): Settlement => executed(error, { isError: true })

/**
 * What may be served if a load fails: a result that the callers have already (`'served'`), one that `staleIfError` keeps
 * (`'fallback'`), or nothing (`'none'`). No error replaces the first two in the store.
 */
export type FallbackKind = 'served' | 'fallback' | 'none'

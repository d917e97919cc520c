import { NOT_STORED, type ResultStatus, type Times } from './detailed-result.ts'
import type { Lookup } from '../stores/store.ts'

/** How a call ends for its leader and its followers: with a value or an error. */
export interface Settlement {
  /** The value, or the error to throw. The leader gets it as it is; followers get copies, made of `stored` where there is one. */
  readonly value: unknown
  readonly isError: boolean
  /** Whether this is an error, and a fallback is to be served instead of it, if there is one. */
  readonly yieldsToFallback: boolean
  /** The serialized value; `undefined` if it was not serialized. */
  readonly stored: string | Buffer | undefined
  /** Whether the result was invalidated while it was loaded: then calls that joined since start over. */
  readonly isOutdated: boolean
  /**
   * The epoch of the partition as of which the server has shown this to be valid, by a lookup or a put. A call that joined in a
   * later epoch may have come after an invalidation, and starts over. `Infinity` where no server was asked, or none answered.
   */
  readonly validAsOf: number
  /** Where the value came from, as the leader is told. */
  readonly status: ResultStatus
  /** When the value was stored, and until when it is fresh: for detailed results. */
  readonly source: Lookup | Times
}

/** The settlement of a call whose function ran; by default nothing was stored. */
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

/** The settlement of a call whose entry was found. A hit creates no other object. */
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

/** The settlement for an error that is not the function's: of the store, the mode or a signal. */
export const failure = (error: unknown): Settlement => executed(error, { isError: true })

/**
 * What may be served if a load fails: a result that the callers have already (`'served'`), one that `staleIfError` keeps
 * (`'fallback'`), or nothing (`'none'`). No error replaces the first two in the store.
 */
export type FallbackKind = 'served' | 'fallback' | 'none'

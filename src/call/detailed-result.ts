/**
 * Where the result of a call came from:
 *
 * - `'hit'`: the store had it, and it was fresh.
 * - `'near'`: this process held it, and it was fresh.
 * - `'stale'`: the store had it, past its `ttl`.
 * - `'miss'`: the function ran.
 * - `'joined'`: an equal call that was already under way in this process.
 * - `'waited'`: another process computed it meanwhile and stored it.
 * - `'bypass'`: the function ran, because the mode of the context forbids to read.
 */
export type ResultStatus = 'hit' | 'near' | 'stale' | 'miss' | 'joined' | 'waited' | 'bypass'

/** A result with its status and times, as `detailed` and `getOrSetDetailed` return it. */
export interface DetailedResult<Result> {
  /** The result of the call. */
  readonly value: Result
  /** Where the result came from. */
  readonly status: ResultStatus
  /** When the result was stored, by the clock of the server; `undefined` if it was not stored, or without a trailer. */
  readonly storedAt: Date | undefined
  /** Until when the result is fresh, by the clock of the server; `undefined` if it was not stored, or has no `ttl`. */
  readonly freshUntil: Date | undefined
  /**
   * For `'near'`, as of when it was proven that no process had changed the result, by the clock of this process; otherwise
   * `undefined`.
   */
  readonly provenAt: Date | undefined
}

/** The times of a result, in milliseconds since 1970 by the clock of the store; `undefined` where unknown. */
export interface Times {
  readonly storedAtMs: number | undefined
  readonly freshUntilMs: number | undefined
}

/** The times of a result that was not stored. */
export const NOT_STORED: Times = { storedAtMs: undefined, freshUntilMs: undefined }

/** Makes what `detailed` returns. */
export function detailOf(
  value: unknown,
  status: ResultStatus,
  { storedAtMs, freshUntilMs }: Times,
  provenAtMs?: number,
): DetailedResult<unknown> {
  const dateOf = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms))
  return {
    value,
    status,
    storedAt: dateOf(storedAtMs),
    freshUntil: dateOf(freshUntilMs),
    provenAt: dateOf(provenAtMs),
  }
}

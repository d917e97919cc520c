/**
 * Where a result came from:
 *
 * - `'hit'`: from the store, fresh.
 * - `'stale'`: from the store, past its `ttl`.
 * - `'miss'`: the function ran.
 * - `'joined'`: shared with an equal call that was under way in this process.
 * - `'waited'`: stored meanwhile by another process that computed the same.
 * - `'bypass'`: the function ran, since the mode of the context forbids to read.
 */
export type ResultStatus = 'hit' | 'stale' | 'miss' | 'joined' | 'waited' | 'bypass'

/** A result with its status and times, as `detailed` resolves to. */
export interface DetailedResult<Result> {
  /** The result itself. */
  readonly value: Result
  /** Where it came from. */
  readonly status: ResultStatus
  /**
   * When it was stored, by the clock of the server. `undefined` if it was not stored, or that is not recorded.
   *
   * It is recorded with `staleWhileRevalidate`, `staleIfError` or `earlyRefresh`, and for `getOrSet` with a `ttl`. With a fixed `ttl` and
   * no `jitter` it is computed: the end of the entry less `ttl`. (After the `ttl` in the code was raised, it is too early
   * by the difference, for entries that were stored before.)
   */
  readonly storedAt: Date | undefined
  /** Until when it is fresh, by the clock of the server. `undefined` if it was not stored, or has no `ttl`. */
  readonly freshUntil: Date | undefined
}

/** By the clock of the store; `undefined` as for {@link DetailedResult}. */
export interface Times {
  readonly storedAtMs: number | undefined
  readonly freshUntilMs: number | undefined
}

/** The times of a result that was not stored. */
export const NOT_STORED: Times = { storedAtMs: undefined, freshUntilMs: undefined }

/** A value with its status and times. */
export function detailOf(
  value: unknown,
  status: ResultStatus,
  { storedAtMs, freshUntilMs }: Times,
): DetailedResult<unknown> {
  const dateOf = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms))
  return { value, status, storedAt: dateOf(storedAtMs), freshUntil: dateOf(freshUntilMs) }
}

import { checkFlag, checkNames } from './checks.ts'
import { type Duration, toTimerMs } from './duration.ts'

/** Options of {@link RedisFuncCache.purge}. */
export interface PurgeOptions {
  /**
   * For how long an invalidation that fails is tried again: seconds, or a text such as `'1m'`.
   *
   * It resolves when it was carried out, and rejects when the time is over. Until then, calls of this process of what it names run
   * their functions, and neither read nor store results.
   * @default it is tried once, and rejects if the store fails
   */
  readonly retryFor?: Duration | undefined
}

/** Options of invalidations: what becomes of results with a grace period, and of an invalidation that fails. */
export interface InvalidateOptions extends PurgeOptions {
  /**
   * Whether results that have `staleWhileRevalidate` or `staleIfError` are kept, as stale ones.
   * @default false
   */
  readonly soft?: boolean | undefined
}

/** The options of an invalidation, checked. */
export interface Invalidation {
  readonly soft: boolean
  /** For how long it is tried again; `undefined` for not at all. */
  readonly retryForMs: number | undefined
}

/** Checks the options of an invalidation. @param byDefault What holds where an option is not given. */
export function checkInvalidation(
  options: InvalidateOptions,
  where: string,
  byDefault: Invalidation = { soft: false, retryForMs: undefined },
): Invalidation {
  checkNames(options, ['soft', 'retryFor'], where)
  const { soft, retryFor } = options
  return {
    soft: checkFlag(soft ?? byDefault.soft, 'soft'),
    retryForMs: checkRetryFor(retryFor) ?? byDefault.retryForMs,
  }
}

export const checkRetryFor = (retryFor: Duration | undefined): number | undefined =>
  retryFor === undefined ? undefined : toTimerMs(retryFor, 'retryFor')

/** Whether a value is an object of options rather than a cached function. */
export const isPurgeOptions = (value: unknown): value is PurgeOptions =>
  typeof value === 'object' && value !== null && !('identity' in value) && Object.keys(value).length > 0

export function checkPurge(options: PurgeOptions): PurgeOptions {
  checkNames(options, ['retryFor'], 'purge')
  return options
}

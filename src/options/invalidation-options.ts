import { OptionError } from '../errors.ts'
import type { FunctionIdentity } from '../keys/function-identity.ts'
import { checkTags } from './check-tags.ts'
import { checkFlag, checkNames } from '../validation/checks.ts'
import { type Duration, toTimerMs } from '../validation/duration.ts'

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

const checkRetryFor = (retryFor: Duration | undefined): number | undefined =>
  retryFor === undefined ? undefined : toTimerMs(retryFor, 'retryFor')

/** Reads the arguments of `invalidateTags`: tags, and perhaps options after them. */
export function readTagsToInvalidate(given: readonly (string | InvalidateOptions)[]): {
  readonly tags: readonly string[]
  readonly how: Invalidation
} {
  const last = given.at(-1)
  const options = typeof last === 'object' && !isList(last) ? last : {}
  const how = checkInvalidation(options, 'invalidateTags')
  const tags = given.filter((each) => each !== options) as readonly string[]
  if (tags.some(isList)) {
    throw new OptionError(
      "invalidateTags: give the tags one by one, as in invalidateTags('a', 'b'), or spread the list: invalidateTags(...tags).",
    )
  }
  return { tags: checkTags(tags, 'invalidateTags'), how }
}

const isList = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Symbol.iterator in value

/** Reads the arguments of `purge`: a function, options, or both. */
export function readPurge(
  fnOrOptions: Identified | PurgeOptions | undefined,
  options: PurgeOptions | undefined,
): { readonly fn: FunctionIdentity | undefined; readonly retryForMs: number | undefined } {
  const isOptions = options === undefined && isPurgeOptions(fnOrOptions)
  const chosen = isOptions ? fnOrOptions : (options ?? {})
  checkNames(chosen, ['retryFor'], 'purge')
  const fn = isOptions ? undefined : (fnOrOptions as Identified | undefined)
  return {
    fn: fn === undefined ? undefined : identityOf(fn, 'purge'),
    retryForMs: checkRetryFor(chosen.retryFor),
  }
}

/** Whether a value is an object of options rather than a cached function. */
const isPurgeOptions = (value: unknown): value is PurgeOptions =>
  typeof value === 'object' && value !== null && !('identity' in value) && Object.keys(value).length > 0

interface Identified {
  readonly identity: FunctionIdentity
}

/** @throws {OptionError} for what is no cached function: all would be meant. */
export function identityOf(fn: Identified, where: string): FunctionIdentity {
  const { identity } = (fn ?? {}) as { readonly identity?: FunctionIdentity }
  if (typeof identity?.checksum === 'string') return identity
  throw new OptionError(
    `${where}: give a cached function, as wrap() returns it; or nothing, for all functions.`,
  )
}

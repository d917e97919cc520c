import type { Duration } from '../validation/duration.ts'
import type { FreshnessRules } from '../flow/freshness.ts'
import type { Eventually } from '../flow/when-known.ts'
import type { AnyFunction, FunctionIdentity } from '../keys/function-identity.ts'
import type { FunctionNearSettings } from './near-checks.ts'
import type { CostOf } from '../policies/policy.ts'
import type { StandardSchema } from './standard-schema.ts'
import type { Serializer } from '../serializers/serializer.ts'

/** The options of a cached function, checked, with their defaults, and with durations in milliseconds. */
export interface FunctionSettings {
  readonly identity: FunctionIdentity
  /** The function that is run for a call. */
  readonly run: AnyFunction
  /** How long every result is fresh; `undefined` if without an end, or if `ttlOf` says it for each. */
  readonly ttlMs: number | undefined
  readonly ttlOf: ((result: never, ...args: never[]) => Eventually<Duration | undefined>) | undefined
  /** How long a result is fresh for which `ttlOf` returns `undefined`; `Infinity` for no end. */
  readonly defaultTtlMs: number
  readonly jitter: number
  readonly freshness: FreshnessRules | undefined
  readonly fallsBackOn: (error: unknown) => Eventually<boolean>
  readonly cacheIf: ((result: never, ...args: never[]) => Eventually<boolean>) | undefined
  /** What a result costs to compute again; `undefined` to leave that to the policy. */
  readonly costOf: CostOf | undefined
  readonly tags: ((result: never, ...args: never[]) => Eventually<readonly string[]>) | undefined
  /** How long to wait for another process that runs the function for the same call; `undefined` for not at all. */
  readonly waitMs: number | undefined
  /** How long a lease lasts if it is not renewed. */
  readonly leaseMs: number
  readonly cachedErrors:
    | { readonly ttlMs: number; readonly when: (error: unknown) => Eventually<boolean> }
    | undefined
  /** Whether `undefined` and `null` mean that there is no such row: so for functions of many ids. */
  readonly rowsMayBeAbsent: boolean
  /** How long an absent row is stored as absent, in milliseconds; `undefined` for not at all. */
  readonly absentMs: number | undefined
  readonly timeoutMs: number | undefined
  readonly softTimeoutMs: number | undefined
  readonly schema: StandardSchema | undefined
  readonly migrate: ((stored: never) => unknown) | undefined
  readonly serializer: Serializer
  readonly maxValueBytes: number
  /** How long calls may join a run of the function; `Infinity` for no end. */
  readonly maxComputeMs: number
  /** How long callers wait for a result to be stored; `Infinity` for as long as it takes. */
  readonly putWaitMs: number
  /** How many runs of the function may be under way at once; `Infinity` for no limit. */
  readonly maxConcurrent: number
  readonly self: 'none' | 'shared' | ((self: never) => unknown)
  readonly share: boolean
  /** How results are held near; `undefined` for not at all. */
  readonly near: FunctionNearSettings | undefined
  /** Whether the function replaces another one of its identity; `undefined` to do so in development only. */
  readonly replace: boolean | undefined
}

/** The grace period: how long a result is kept past its `ttl`, in milliseconds. */
export const graceMsOf = (freshness: FreshnessRules | undefined): number =>
  freshness === undefined ? 0 : Math.max(freshness.staleWhileRevalidateMs, freshness.staleIfErrorMs)

/**
 * How long results are kept, in milliseconds: `ttl` and grace period; `Infinity` for no end. Where `ttlOf` says the `ttl` of each
 * result, only the grace period is known beforehand.
 */
export const resultLifeOf = ({ ttlMs, ttlOf, freshness }: FunctionSettings): number =>
  (ttlOf === undefined ? (ttlMs ?? Number.POSITIVE_INFINITY) : 0) + graceMsOf(freshness)

/** How long any entry of the function is kept, in milliseconds: results, errors, and absent rows. */
export function longestLifeOf(settings: FunctionSettings): number {
  const { cachedErrors: errors, absentMs } = settings
  return Math.max(resultLifeOf(settings), errors?.ttlMs ?? 0, absentMs ?? 0)
}

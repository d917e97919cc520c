import type { Duration } from './duration.ts'
import type { FreshnessRules } from '../flow/freshness.ts'
import type { Eventually } from '../flow/when-known.ts'
import type { AnyFunction, FunctionIdentity } from '../keys/function-identity.ts'
import type { StandardSchema } from './standard-schema.ts'
import type { Serializer } from '../serializers/serializer.ts'
import type { Aspects } from '../stores/store.ts'

/** Options of a cached function, checked and with their defaults. */
export interface WrapSettings {
  readonly identity: FunctionIdentity
  /** What is run for a call. */
  readonly run: AnyFunction
  /** That of every result; `undefined` for no end, or one that each result has of its own. */
  readonly ttlMs: number | undefined
  readonly ttlOf: ((result: never, ...args: never[]) => Eventually<Duration | undefined>) | undefined
  /** What holds where `ttlOf` says nothing; `Infinity` for no end. */
  readonly defaultTtlMs: number
  readonly jitter: number
  readonly freshness: FreshnessRules | undefined
  readonly fallsBackOn: (error: unknown) => Eventually<boolean>
  readonly cacheIf: ((result: never, ...args: never[]) => Eventually<boolean>) | undefined
  readonly tags: ((result: never, ...args: never[]) => Eventually<readonly string[]>) | undefined
  /** Whether and how long to wait for another process that computes the same. */
  readonly waitMs: number | undefined
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
  /** The longest life of a computation; `Infinity` for no end. */
  readonly maxComputeMs: number
  /** How long a result waits to be stored before its callers get it; `Infinity` for as long as it takes. */
  readonly putWaitMs: number
  readonly self: 'none' | 'shared' | ((self: never) => unknown)
  readonly share: boolean
  /** Whether it takes over from another function of its identity; `undefined` to do so in development. */
  readonly replace: boolean | undefined
}

/** How long a result is kept past its `ttl`, in milliseconds. */
export const graceMsOf = (freshness: FreshnessRules | undefined): number =>
  freshness === undefined ? 0 : Math.max(freshness.staleWhileRevalidateMs, freshness.staleIfErrorMs)

/**
 * How long results are kept, times of grace included, in milliseconds; `Infinity` for no end. Where a function says for each
 * how long it is fresh, only the rest is known beforehand.
 */
export const resultLifeOf = ({ ttlMs, ttlOf, freshness }: WrapSettings): number =>
  (ttlOf === undefined ? (ttlMs ?? Number.POSITIVE_INFINITY) : 0) + graceMsOf(freshness)

/** The same for all entries of the function: results, errors, and rows that are missing. */
export function longestLifeOf(settings: WrapSettings): number {
  const { cachedErrors: errors, absentMs } = settings
  return Math.max(resultLifeOf(settings), errors?.ttlMs ?? 0, absentMs ?? 0)
}

/** What has to be asked for at every read of a function's entries. */
export const aspectsOf = (settings: WrapSettings): Aspects => ({
  expiry: expires(settings),
  freshness: settings.freshness !== undefined,
  tags: settings.tags !== undefined,
})

/** Whether entries of the function have an end of their own. */
const expires = ({ ttlMs, ttlOf, cachedErrors: errors, absentMs }: WrapSettings): boolean =>
  ttlMs !== undefined || ttlOf !== undefined || errors !== undefined || absentMs !== undefined

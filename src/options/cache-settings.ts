import type { WaitUntil } from '../flow/background.ts'
import type { BreakerLimits } from '../flow/circuit-breaker.ts'
import type { ArgumentEncoder } from '../keys/canonical/options.ts'
import type { Envelope } from '../serializers/envelope/envelope.ts'
import type { ErrorClasses } from '../serializers/errors/error-classes.ts'
import type { NearSettings } from './near-checks.ts'
import type { Serializer } from '../serializers/serializer.ts'
import type { Limits, Store } from '../stores/store.ts'

/** The options of a cache, checked, with their defaults, and with durations in milliseconds. */
export interface CacheSettings {
  readonly store: Store
  /** The `ttl` of functions that have none of their own, in milliseconds; `undefined` for no end. */
  readonly ttlMs: number | undefined
  readonly limits: Limits
  /** Whether `idleTtl` was given; otherwise `limits.idleTtlMs` grows with the longest-lived results. */
  readonly isIdleTtlFixed: boolean
  readonly prefix: string
  readonly serializer: Serializer
  /** As of `compress`, `sign` and `encrypt`; `undefined` without them. */
  readonly envelope: Envelope | undefined
  readonly encoders: readonly ArgumentEncoder[]
  readonly errorClasses: ErrorClasses
  readonly throwsOnError: boolean
  /** The longest time that a call waits for the store; `Infinity` for no limit. */
  readonly storeTimeoutMs: number
  /** `undefined` for no breaker. */
  readonly breaker: BreakerLimits | undefined
  readonly maxValueBytes: number
  readonly maxComputeMs: number
  readonly putWaitMs: number
  readonly touchEveryMs: number | undefined
  readonly near: NearSettings
  /** How often the cache advises on its policy and its bound; `undefined` for never. */
  readonly adviseEveryMs: number | undefined
  readonly waitUntil: WaitUntil | undefined
}

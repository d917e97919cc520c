import type { Contexts } from '../context/context.ts'
import type { Background } from '../flow/background.ts'
import type { Deadlines } from '../flow/deadlines.ts'
import type { CacheAddress } from '../keys/unwrapping.ts'
import type { Partitions } from '../partitions/partitions.ts'
import type { Envelope } from '../serializers/envelope/envelope.ts'
import type { ErrorClasses } from '../serializers/errors/error-classes.ts'
import type { Store } from '../stores/store.ts'
import type { CacheReporter } from '../telemetry/cache-reporter.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { Events } from '../telemetry/events.ts'
import type { Call } from './call.ts'
import type { ResultCosts } from './result-costs.ts'
import type { NearTier } from '../partitions/near-tier.ts'

/** What all functions of a cache share. The cache makes it and passes it down; none of its parts knows the cache. */
export interface CacheContext {
  readonly name: string
  readonly address: CacheAddress
  readonly partitions: Partitions<Call>
  /** What this process holds in front of the store. */
  readonly near: NearTier
  readonly costs: ResultCosts
  readonly store: Store
  readonly contexts: Contexts
  readonly background: Background
  readonly events: Events
  readonly counters: Counters
  /** Reports what concerns the whole cache. */
  readonly report: CacheReporter
  readonly errorClasses: ErrorClasses
  /** What compresses, signs or encrypts results; `undefined` where nothing does. */
  readonly envelope: Envelope | undefined
  /** Whether failures of the store are thrown to callers; otherwise events tell of them. */
  readonly throwsOnError: boolean
  /** The longest time that a call waits for the store; `Infinity` for no limit. */
  readonly storeTimeoutMs: number
  /** Deadlines of what is asked of the store. */
  readonly storeDeadlines: Deadlines
  /** Deadlines of loads in flight (`maxComputeTime`). */
  readonly loadDeadlines: Deadlines
  /** Deadlines of puts (`putWait`), after which callers get a result that is not stored yet. */
  readonly putDeadlines: Deadlines
}

import type { ErrorPhase } from '../errors.ts'
import { type Context, count } from '../context/context.ts'
import type { Stats } from '../context/stats.ts'
import { monotonicMs } from '../flow/timers.ts'
import type { Hash } from '../keys/call-hash.ts'
import { toError } from '../realms/native.ts'
import type { CallObservers } from './call-observer.ts'
import type { Counters } from './counters.ts'
import type { CallEvent, Events, SkipReason, StaleReason } from './events.ts'
import {
  warnOfChange,
  warnOfFailure,
  warnOfLoss,
  warnOfSharing,
  warnOfSize,
  warnOfTime,
  warnOfUnstorable,
} from '../warnings/warnings.ts'

/** A call, as far as reports need it. */
export interface ReportedCall {
  readonly hash: Hash
  readonly context: Context
  /** When the call began, by {@link monotonicMs}. */
  readonly beganMs: number
}

const MISPLACED =
  'An entry names another call than the one it is stored for. Was it moved in Redis, or are the replies of the client out of step?'

/** Counts and reports the calls of one function: in the statistics of their contexts and of the cache, and as events. */
export class Reporter {
  readonly #cache: string
  readonly #function: string
  readonly #events: Events
  readonly #counters: Counters
  readonly #observers: CallObservers

  constructor(cache: string, fn: string, events: Events, counters: Counters) {
    this.#cache = cache
    this.#function = fn
    this.#events = events
    this.#counters = counters
    this.#observers = events.observers
  }

  /** A call began. */
  called(context: Context): void {
    this.#counters.stats.calls++
    count(context, 'calls')
  }

  /** The call looks for its result in the store. */
  looks({ context }: Pick<ReportedCall, 'context'>): void {
    this.#counters.stats.read++
    count(context, 'read')
  }

  hit(call: ReportedCall): void {
    this.#counters.stats.hit++
    count(call.context, 'hit')
    this.#observers.current?.called(this.#function, call.hash, 'hit')
    if (this.#events.wants('hit'))
      this.#events.emit('hit', { ...this.#describe(call), near: false, proofAgeMs: undefined })
  }

  /** @param proofAgeMs How long ago it was proven that nothing has changed the result. */
  nearHit(context: Context, hash: Hash, beganMs: number, proofAgeMs: number): void {
    const { stats } = this.#counters
    stats.hit++
    stats.near++
    if (context.stats.length > 0) {
      count(context, 'hit')
      count(context, 'near')
    }
    this.#observers.current?.called(this.#function, hash, 'near')
    if (!this.#events.wants('hit')) return
    const call = this.#describe({ hash, context, beganMs })
    this.#events.emit('hit', { ...call, near: true, proofAgeMs })
  }

  miss(call: ReportedCall): void {
    this.#count(call.context, 'miss')
    this.#observers.current?.called(this.#function, call.hash, 'miss')
    if (this.#events.wants('miss')) this.#events.emit('miss', this.#describe(call))
  }

  stale(call: ReportedCall, reason: StaleReason): void {
    this.#count(call.context, 'stale')
    // For all other reasons, the call was reported as a miss before.
    if (reason === 'grace') this.#observers.current?.called(this.#function, call.hash, 'stale')
    if (this.#events.wants('stale')) this.#events.emit('stale', { ...this.#describe(call), reason })
  }

  joins(call: ReportedCall): void {
    if (this.#events.wants('join')) this.#events.emit('join', this.#describe(call))
  }

  /** The call got the outcome of the call that it had joined. Until then it may have to start over, and be counted as something else. */
  joined({ context, hash }: Pick<ReportedCall, 'context' | 'hash'>): void {
    this.#count(context, 'joined')
    this.#observers.current?.called(this.#function, hash, 'join')
  }

  waits(call: ReportedCall): void {
    this.#count(call.context, 'wait')
    if (this.#events.wants('wait')) this.#events.emit('wait', this.#describe(call))
  }

  leased(call: ReportedCall): void {
    if (this.#events.wants('lease')) this.#events.emit('lease', this.#describe(call))
  }

  refreshes(call: ReportedCall, reason: 'early' | 'stale'): void {
    this.#count(call.context, 'refresh')
    if (this.#events.wants('refresh')) this.#events.emit('refresh', { ...this.#describe(call), reason })
  }

  /** The function runs for longer than `maxComputeTime`. */
  overdue(call: ReportedCall, limitMs: number): void {
    if (this.#events.wants('overdue')) this.#events.emit('overdue', this.#describe(call))
    else warnOfTime(this.#cache, this.#function, limitMs)
  }

  /** The function begins to run for a call. */
  executes({ context }: Pick<ReportedCall, 'context'>): void {
    this.#count(context, 'execute')
  }

  /** A run of the function ended after `ms` milliseconds: it returned or threw. */
  executed(ms: number): void {
    this.#counters.computations.observe(ms)
  }

  /** A known value was stored, given to `set` or `prime`. */
  wrote({ context }: Pick<ReportedCall, 'context'>): void {
    this.#count(context, 'write')
  }

  stored(call: ReportedCall, bytes: number, computeMs: number): void {
    this.#count(call.context, 'write')
    this.#observers.current?.ran(this.#function, call.hash, 'store', bytes, computeMs)
    if (this.#events.wants('store')) {
      this.#events.emit('store', { ...this.#describe(call), bytes, computeMs })
    }
  }

  skipped(call: ReportedCall, reason: SkipReason, bytes: number, computeMs: number): void {
    this.#observers.current?.ran(this.#function, call.hash, 'skip', bytes, computeMs)
    if (this.#events.wants('skip')) {
      this.#events.emit('skip', { ...this.#describe(call), reason, bytes, computeMs })
    } else if (reason === 'too-large') {
      warnOfSize(this.#cache, this.#function, bytes)
    } else if (reason === 'changed') {
      warnOfChange(this.#cache, this.#function)
    }
  }

  /** A result can be neither copied nor shared, so that each of several equal calls runs the function. */
  unshared(): void {
    warnOfSharing(this.#cache, this.#function)
  }

  evicted(call: ReportedCall, index: string, evicted: number): void {
    if (evicted === 0) return
    this.#count(call.context, 'evicted', evicted)
    if (this.#events.wants('evict')) this.#events.emit('evict', { cache: this.#cache, index, count: evicted })
  }

  /** Entries of one call, or of a list of ids, were invalidated. */
  invalidated(hashes: readonly Hash[], soft: boolean, count: number, durationMs: number): void {
    if (!this.#events.wants('invalidate')) return
    const hash = hashes.length > 1 ? undefined : hashes[0]
    const which = { cache: this.#cache, function: this.#function, hash, hashes, tags: undefined }
    this.#events.emit('invalidate', { ...which, soft, count, durationMs })
  }

  failed(call: ReportedCall, during: ErrorPhase, thrown: unknown): void {
    const error = toError(thrown)
    this.#count(call.context, 'error')
    if (this.#events.wants('error')) this.#events.emit('error', { ...this.#describe(call), during, error })
    else warnOfFailure(this.#cache, this.#function, during, error)
  }

  undecodable(call: ReportedCall, thrown: unknown): void {
    const error = toError(thrown)
    this.#count(call.context, 'error')
    if (this.#events.wants('undecodable')) {
      this.#events.emit('undecodable', { ...this.#describe(call), error })
    } else {
      warnOfFailure(this.#cache, this.#function, 'undecodable', error)
    }
  }

  /** What is stored for a call is the entry of another one. */
  misplaced(call: ReportedCall): void {
    this.#count(call.context, 'error')
    if (this.#events.wants('misplaced')) this.#events.emit('misplaced', this.#describe(call))
    else warnOfFailure(this.#cache, this.#function, 'misplaced', new Error(MISPLACED))
  }

  invalid(call: ReportedCall, issues: readonly string[]): void {
    this.#count(call.context, 'error')
    if (this.#events.wants('invalid')) this.#events.emit('invalid', { ...this.#describe(call), issues })
    else warnOfFailure(this.#cache, this.#function, 'invalid', new Error(issues.join('; ')))
  }

  /**
   * The serializer does not bring a result back as it was.
   *
   * @param isKept Whether the serializer `'auto'` would; `undefined` if the option `lossy` allows losses: then nothing warns.
   */
  lossy(call: ReportedCall, detail: string, isKept: boolean | undefined): void {
    if (this.#events.wants('lossy')) this.#events.emit('lossy', { ...this.#describe(call), detail })
    if (isKept !== undefined) warnOfLoss(this.#cache, this.#function, detail, isKept)
  }

  /**
   * A result cannot be stored at all.
   *
   * @param part The part of the result that no serializer can bring back.
   * @param isFirst Whether it is the first such result of the function: only that one is warned of.
   */
  unstorable(call: ReportedCall, part: string, isFirst: boolean, computeMs: number): void {
    this.skipped(call, 'unstorable', 0, computeMs)
    if (isFirst) warnOfUnstorable(this.#cache, this.#function, part)
  }

  /** What a hit does not count: V8 finds a property by a name that varies in ten times the time that it takes by a fixed one. */
  #count(context: Context, figure: keyof Stats, times = 1): void {
    this.#counters.stats[figure] += times
    count(context, figure, times)
  }

  #describe(call: ReportedCall): CallEvent {
    const { hash, beganMs } = call
    return { cache: this.#cache, function: this.#function, hash, durationMs: monotonicMs() - beganMs }
  }
}

import { type Context, count } from './context.ts'
import type { CallEvent, ErrorPhase, Events, SkipReason, StaleReason } from './events.ts'
import type { Hash } from './keys/call-hash.ts'

/** A call, as far as it is told of. */
export interface ReportedCall {
  readonly hash: Hash
  readonly context: Context
}

/** Tells what becomes of the calls of one function: in the statistics of their contexts, and as events. */
export class Reporter {
  readonly #cache: string
  readonly #function: string
  readonly #events: Events

  constructor(cache: string, fn: string, events: Events) {
    this.#cache = cache
    this.#function = fn
    this.#events = events
  }

  hit(call: ReportedCall): void {
    count(call.context, 'hit')
    if (this.#events.wants('hit')) this.#events.emit('hit', this.#describe(call))
  }

  miss(call: ReportedCall): void {
    count(call.context, 'miss')
    if (this.#events.wants('miss')) this.#events.emit('miss', this.#describe(call))
  }

  stale(call: ReportedCall, reason: StaleReason): void {
    count(call.context, 'stale')
    if (this.#events.wants('stale')) this.#events.emit('stale', { ...this.#describe(call), reason })
  }

  waits(call: ReportedCall): void {
    count(call.context, 'wait')
    if (this.#events.wants('wait')) this.#events.emit('wait', this.#describe(call))
  }

  leased(call: ReportedCall): void {
    if (this.#events.wants('lease')) this.#events.emit('lease', this.#describe(call))
  }

  refreshes(call: ReportedCall, reason: 'early' | 'stale'): void {
    count(call.context, 'refresh')
    if (this.#events.wants('refresh')) this.#events.emit('refresh', { ...this.#describe(call), reason })
  }

  stored(call: ReportedCall, bytes: number): void {
    count(call.context, 'write')
    if (this.#events.wants('store')) this.#events.emit('store', { ...this.#describe(call), bytes })
  }

  skipped(call: ReportedCall, reason: SkipReason, bytes: number): void {
    if (this.#events.wants('skip')) this.#events.emit('skip', { ...this.#describe(call), reason, bytes })
  }

  evicted(call: ReportedCall, index: string, evicted: number): void {
    if (evicted === 0) return
    count(call.context, 'evicted', evicted)
    if (this.#events.wants('evict')) this.#events.emit('evict', { cache: this.#cache, index, count: evicted })
  }

  failed(call: ReportedCall, during: ErrorPhase, error: unknown): void {
    count(call.context, 'error')
    if (this.#events.wants('error')) this.#events.emit('error', { ...this.#describe(call), during, error })
  }

  undecodable(call: ReportedCall, error: unknown): void {
    count(call.context, 'error')
    if (this.#events.wants('undecodable'))
      this.#events.emit('undecodable', { ...this.#describe(call), error })
  }

  invalid(call: ReportedCall, issues: readonly string[]): void {
    count(call.context, 'error')
    if (this.#events.wants('invalid')) this.#events.emit('invalid', { ...this.#describe(call), issues })
  }

  lossy(call: ReportedCall, detail: string): void {
    if (this.#events.wants('lossy')) this.#events.emit('lossy', { ...this.#describe(call), detail })
    process.emitWarning(
      `${this.#function}: ${detail} Another serializer keeps it, such as 'v8'.`,
      'FuncCacheWarning',
    )
  }

  #describe(call: ReportedCall): CallEvent {
    return { cache: this.#cache, function: this.#function, hash: call.hash }
  }
}

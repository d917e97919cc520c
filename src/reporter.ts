import { type Context, count } from './context.ts'
import type { CallEvent, ErrorPhase, Events, SkipReason } from './events.ts'
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
    this.#events.emit('evict', { cache: this.#cache, index, count: evicted })
  }

  failed(call: ReportedCall, during: ErrorPhase, error: unknown): void {
    count(call.context, 'error')
    this.#events.emit('error', { ...this.#describe(call), during, error })
  }

  undecodable(call: ReportedCall, error: unknown): void {
    count(call.context, 'error')
    this.#events.emit('undecodable', { ...this.#describe(call), error })
  }

  lossy(call: ReportedCall, detail: string): void {
    this.#events.emit('lossy', { ...this.#describe(call), detail })
    process.emitWarning(
      `${this.#function}: ${detail} Another serializer keeps it, such as 'v8'.`,
      'FuncCacheWarning',
    )
  }

  #describe(call: ReportedCall): CallEvent {
    return { cache: this.#cache, function: this.#function, hash: call.hash }
  }
}

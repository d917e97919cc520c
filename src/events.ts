import { channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { checkChoice } from './checks.ts'
import type { Hash } from './keys/call-hash.ts'

/** What a cache tells of, and with what. */
export interface CacheEvents {
  /** A result came from the store. */
  hit: CallEvent
  /** A stale result was served: why, and whether it is being refreshed is told by `refresh`. */
  stale: CallEvent & { readonly reason: StaleReason }
  /** No result was found in the store. */
  miss: CallEvent
  /** A call waits for another process that computes the same. */
  wait: CallEvent
  /** This process has the right to compute what is missing, or to refresh. */
  lease: CallEvent
  /** A result is being refreshed behind its callers. */
  refresh: CallEvent & { readonly reason: 'early' | 'stale' }
  /** A result was computed and stored. */
  store: CallEvent & { readonly bytes: number }
  /** A computed result was not stored: why. */
  skip: CallEvent & { readonly reason: SkipReason; readonly bytes: number }
  /** Entries left a full key pair. */
  evict: { readonly cache: string; readonly index: string; readonly count: number }
  /** The store, a serializer, a callback or a refresh failed; the call went on without it. */
  error: CallEvent & { readonly during: ErrorPhase; readonly error: unknown }
  /** A stored value could not be read by the serializer, and counts as a miss. */
  undecodable: CallEvent & { readonly error: unknown }
  /** A stored value did not pass the schema, and counts as a miss. */
  invalid: CallEvent & { readonly issues: readonly string[] }
  /** Once a function: what its serializer does not bring back as it was. */
  lossy: CallEvent & { readonly detail: string }
}

/** Which call of which function. */
export interface CallEvent {
  readonly cache: string
  readonly function: string
  readonly hash: Hash
}

/** Why a stale result was served: it may be, the function failed, took too long, or failed a short while ago. */
export type StaleReason = 'grace' | 'error' | 'soft-timeout' | 'pause'

/** Why a computed result was not stored. */
export type SkipReason = 'invalidated' | 'too-large' | 'no-token' | 'zero-ttl' | 'unwanted' | 'absent'

/** Which step failed. */
export type ErrorPhase = 'get' | 'put' | 'lease' | 'serialize' | 'refresh' | 'callback'

/** All of them. */
export const EVENTS: readonly (keyof CacheEvents)[] = [
  'hit',
  'stale',
  'miss',
  'wait',
  'lease',
  'refresh',
  'store',
  'skip',
  'evict',
  'error',
  'undecodable',
  'invalid',
  'lossy',
]

/** For whoever watches all caches of the process: one channel an event, such as `redis-func-cache:hit`. */
const CHANNELS = Object.fromEntries(EVENTS.map((event) => [event, channel(`redis-func-cache:${event}`)]))

/** Typed events. Nothing is built where nobody listens: ask {@link Events.wants} first. */
export class Events {
  readonly #emitter = new EventEmitter()

  on<E extends keyof CacheEvents>(event: E, listener: (detail: CacheEvents[E]) => void): void {
    checkChoice(event, EVENTS, 'on')
    this.#emitter.on(event, listener)
  }

  off<E extends keyof CacheEvents>(event: E, listener: (detail: CacheEvents[E]) => void): void {
    this.#emitter.off(event, listener)
  }

  wants(event: keyof CacheEvents): boolean {
    return this.#emitter.listenerCount(event) > 0 || CHANNELS[event]?.hasSubscribers === true
  }

  /**
   * Tells whoever listens. An `error` event without a listener throws nothing. What a listener throws is an
   * uncaught exception of the process, as with `node:diagnostics_channel`: it is not the affair of the call told of.
   */
  emit<E extends keyof CacheEvents>(event: E, detail: CacheEvents[E]): void {
    CHANNELS[event]?.publish(detail)
    try {
      if (this.#emitter.listenerCount(event) > 0) this.#emitter.emit(event, detail)
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
    }
  }
}

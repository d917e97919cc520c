import { type Channel, channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { checkChoice } from '../checks.ts'
import { nextTick } from '../flow/timers.ts'
import type { Hash } from '../keys/call-hash.ts'

/** What a cache tells of, and with what. */
export interface CacheEvents {
  /** A result came from the store. */
  hit: CallEvent
  /** A stale result was served: why. That it is being refreshed is told by `refresh`. */
  stale: CallEvent & { readonly reason: StaleReason }
  /** No result was found in the store that could be served. */
  miss: CallEvent
  /** A call joined an equal one that was under way in this process. */
  join: CallEvent
  /** A call waits for another process that computes the same. */
  wait: CallEvent
  /** This process has the right to compute what is missing, or to refresh. */
  lease: CallEvent
  /** A result is being refreshed behind its callers. */
  refresh: CallEvent & { readonly reason: 'early' | 'stale' }
  /** A result was computed and stored. */
  store: ComputedEvent
  /** A computed result was not stored: why. */
  skip: ComputedEvent & { readonly reason: SkipReason }
  /** Entries were invalidated, by whichever way. */
  invalidate: InvalidateEvent
  /** Entries left a full key pair. */
  evict: { readonly cache: string; readonly index: string; readonly count: number }
  /** The store, a serializer, a callback or a refresh failed; the call went on without it. */
  error: ErrorEvent
  /** A stored value could not be read by the serializer, and counts as a miss. */
  undecodable: CallEvent & { readonly error: Error }
  /** A stored value did not pass the schema, and counts as a miss. */
  invalid: CallEvent & { readonly issues: readonly string[] }
  /** Once a function: what its serializer does not bring back as it was. */
  lossy: CallEvent & { readonly detail: string }
}

/** Which call of which function, and since when. */
export interface CallEvent {
  /** The name of the cache. */
  readonly cache: string
  /** The name of the function. */
  readonly function: string
  /** The digest of the function and the arguments: the call hash. */
  readonly hash: Hash
  /** Milliseconds since the call began, or since the refresh behind it did. */
  readonly durationMs: number
}

/** A call that ran its function. */
export interface ComputedEvent extends CallEvent {
  /** The size of the stored value; 0 if the result was not serialized. */
  readonly bytes: number
  /** Milliseconds that the function took. */
  readonly computeMs: number
}

/** What went wrong, at which step. */
export interface ErrorEvent {
  readonly cache: string
  /** `undefined` for what concerns calls of several functions: telling the policy of reads. */
  readonly function: string | undefined
  readonly hash: Hash | undefined
  /** Milliseconds since the call began. */
  readonly durationMs: number
  readonly during: ErrorPhase
  readonly error: Error
}

/** Which entries were invalidated. */
export interface InvalidateEvent {
  readonly cache: string
  /** The function whose entries were meant; `undefined` for those of all functions. */
  readonly function: string | undefined
  /** The call whose entry was meant; `undefined` for more than one. */
  readonly hash: Hash | undefined
  /** The tags that `invalidateTags` was given. */
  readonly tags: readonly string[] | undefined
  /** Whether results within their time of grace were left to be served while they are refreshed. */
  readonly soft: boolean
  /** How many entries there were. */
  readonly count: number
  /** Milliseconds until the store had done it. */
  readonly durationMs: number
}

/** Why a stale result was served: it may be, the function failed, took too long, or failed a short while ago. */
export type StaleReason = 'grace' | 'error' | 'soft-timeout' | 'pause'

/** Why a computed result was not stored. */
export type SkipReason = 'invalidated' | 'too-large' | 'no-token' | 'zero-ttl' | 'unwanted' | 'absent'

/** Which step failed. */
export type ErrorPhase = 'get' | 'put' | 'touch' | 'lease' | 'serialize' | 'refresh' | 'callback'

/** All of them. */
export const EVENTS: readonly (keyof CacheEvents)[] = [
  'hit',
  'stale',
  'miss',
  'join',
  'wait',
  'lease',
  'refresh',
  'store',
  'skip',
  'invalidate',
  'evict',
  'error',
  'undecodable',
  'invalid',
  'lossy',
]

/** Typed events. Nothing is built where nobody listens: ask {@link Events.wants} first. */
export class Events {
  readonly #emitter = new EventEmitter()
  /** For whoever watches all caches of the process: one channel an event, such as `redis-func-cache:hit`. */
  readonly #channels: Readonly<Record<string, Channel>> = Object.fromEntries(
    EVENTS.map((event) => [event, channel(`redis-func-cache:${event}`)]),
  )

  constructor() {
    this.#emitter.setMaxListeners(0)
  }

  on<E extends keyof CacheEvents>(event: E, listener: (detail: CacheEvents[E]) => void): void {
    this.#emitter.on(checkChoice(event, EVENTS, 'on'), listener)
  }

  off<E extends keyof CacheEvents>(event: E, listener: (detail: CacheEvents[E]) => void): void {
    this.#emitter.off(checkChoice(event, EVENTS, 'off'), listener)
  }

  wants(event: keyof CacheEvents): boolean {
    return this.#emitter.listenerCount(event) > 0 || this.#channels[event]?.hasSubscribers === true
  }

  /**
   * Tells whoever listens. What a listener throws is an uncaught exception of the process, as with
   * `node:diagnostics_channel`: it is not the affair of the call told of, nor of the other listeners.
   */
  emit<E extends keyof CacheEvents>(event: E, detail: CacheEvents[E]): void {
    this.#channels[event]?.publish(detail)
    for (const listener of this.#emitter.listeners(event)) {
      try {
        listener(detail)
      } catch (error) {
        nextTick(() => {
          throw error
        })
      }
    }
  }
}

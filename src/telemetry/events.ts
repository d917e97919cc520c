import { type Channel, channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { checkChoice } from '../options/checks.ts'
import { OptionError } from '../errors.ts'
import type { Hash } from '../keys/call-hash.ts'
import { isPromise } from '../realms/native.ts'
import { warnOfListener } from './warnings.ts'

/** Events of a cache, and what each listener receives. */
export interface CacheEvents {
  /** A result came from the store. */
  hit: CallEvent
  /** A stale result was served; `reason` says why. If it is refreshed, a `refresh` event follows. */
  stale: CallEvent & { readonly reason: StaleReason }
  /** No result was found in the store that could be served. */
  miss: CallEvent
  /** A call joined an equal one that was under way in this process. */
  join: CallEvent
  /** A call waits for another process that computes the same. */
  wait: CallEvent
  /** This process got the lease: it may compute or refresh for all processes. */
  lease: CallEvent
  /** A result is being refreshed in the background. */
  refresh: CallEvent & { readonly reason: 'early' | 'stale' }
  /** A function runs for longer than its `maxComputeTime`: no call joins it any more, and the next one runs it anew. */
  overdue: CallEvent
  /** A result was computed and stored. */
  store: ComputedEvent
  /** A result was not stored; `reason` says why. */
  skip: ComputedEvent & { readonly reason: SkipReason }
  /** Entries were invalidated: those of one call, of a function, with some tags, or all (`purge`). */
  invalidate: InvalidateEvent
  /** Entries were evicted from a full key pair; `index` is the Redis key of its index. */
  evict: { readonly cache: string; readonly index: string; readonly count: number }
  /** The store, a serializer, a callback or a refresh failed. Calls go on, unless `onError` is `'throw'`. */
  error: ErrorEvent
  /** A stored value could not be read by the serializer, and counts as a miss. */
  undecodable: CallEvent & { readonly error: Error }
  /** A stored value did not pass the schema, and counts as a miss. */
  invalid: CallEvent & { readonly issues: readonly string[] }
  /** Once per function, and once for all keys: the serializer does not bring the result back as it was. */
  lossy: CallEvent & { readonly detail: string }
}

/** The call that an event is about, and its age. */
export interface CallEvent {
  /** The name of the cache. */
  readonly cache: string
  /** The name of the function; `'getOrSet'` for what is stored under keys. */
  readonly function: string
  /** The digest of the function and the arguments: the call hash. */
  readonly hash: Hash
  /** Milliseconds since the call, or the refresh in the background, began. Calls of one turn of the event loop share their start. */
  readonly durationMs: number
}

/** A call that ran its function; or, for `skip`, a known value that was given to `set` or `prime`. */
export interface ComputedEvent extends CallEvent {
  /** The size of the stored value; 0 if the result was not serialized. */
  readonly bytes: number
  /** Milliseconds that the function took; 0 for a known value. */
  readonly computeMs: number
}

/** A failure. */
export interface ErrorEvent {
  /** The name of the cache. */
  readonly cache: string
  /** The name of the function; `undefined` for what concerns no one call: `during: 'touch'`, and `waitUntil`. */
  readonly function: string | undefined
  /** The call hash; `undefined` where the function is. */
  readonly hash: Hash | undefined
  /** Milliseconds since the call began; 0 where there is no call. */
  readonly durationMs: number
  /** The step that failed. */
  readonly during: ErrorPhase
  /** What was thrown. What is no error is the `cause` of one. */
  readonly error: Error
}

/** Which entries were invalidated. */
export interface InvalidateEvent {
  /** The name of the cache. */
  readonly cache: string
  /** The name of the function; `undefined` for tags and `purge`, which concern all functions. */
  readonly function: string | undefined
  /** The call hash; `undefined` unless one call was invalidated. */
  readonly hash: Hash | undefined
  /** All call hashes, where one call or those of a list of ids were invalidated. */
  readonly hashes: readonly Hash[] | undefined
  /** The tags that `invalidateTags` was given. */
  readonly tags: readonly string[] | undefined
  /** Whether entries with `staleWhileRevalidate` or `staleIfError` were kept, to be served as stale. */
  readonly soft: boolean
  /** The number of entries that were invalidated. */
  readonly count: number
  /** Milliseconds that it took. */
  readonly durationMs: number
}

/**
 * Why a stale result was served: it is within `staleWhileRevalidate` (`'grace'`), the function failed (`'error'`), took longer than
 * `softTimeout` (`'soft-timeout'`), or failed a short while ago (`'pause'`).
 */
export type StaleReason = 'grace' | 'error' | 'soft-timeout' | 'pause'

/** Why a result was not stored. `'invalidated'`: since its load began it was invalidated, or another one was stored whose load began later. */
export type SkipReason =
  | 'invalidated'
  | 'too-large'
  | 'no-token'
  | 'zero-ttl'
  | 'unwanted'
  | 'absent'
  | 'overdue'
  | 'changed'
  | 'unstorable'

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
  'overdue',
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
    this.#emitter.on(checkChoice(event, EVENTS, 'on'), checkListener(listener, 'on'))
  }

  off<E extends keyof CacheEvents>(event: E, listener: (detail: CacheEvents[E]) => void): void {
    this.#emitter.off(checkChoice(event, EVENTS, 'off'), checkListener(listener, 'off'))
  }

  wants(event: keyof CacheEvents): boolean {
    return this.#emitter.listenerCount(event) > 0 || this.#channels[event]?.hasSubscribers === true
  }

  /**
   * Tells whoever listens. A listener that throws, or returns a promise that rejects, is warned of. Neither the call told
   * of nor the other listeners fail by it. (A subscriber of the channel that throws is an uncaught exception: Node makes it
   * one.)
   */
  emit<E extends keyof CacheEvents>(event: E, detail: CacheEvents[E]): void {
    this.#channels[event]?.publish(detail)
    for (const listener of this.#emitter.listeners(event)) {
      try {
        const result: unknown = listener(detail)
        if (isPromise(result)) result.then(undefined, (error: unknown) => warnOfListener(event, error))
      } catch (error) {
        warnOfListener(event, error)
      }
    }
  }
}

function checkListener<Listener>(listener: Listener, where: string): Listener {
  if (typeof listener === 'function') return listener
  throw new OptionError(
    `${where}: give a function that is called for each event, as in on('error', (event) => …).`,
  )
}

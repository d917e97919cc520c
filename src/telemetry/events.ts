import { type Channel, channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import type { BreakerState } from '../flow/circuit-breaker.ts'
import { checkChoice } from '../validation/checks.ts'
import { type ErrorPhase, OptionError } from '../errors.ts'
import type { Hash } from '../keys/call-hash.ts'
import { isPromise } from '../realms/native.ts'
import type { Advice } from '../simulation/advice/advice.ts'
import { CallObservers } from './call-observer.ts'
import { warnOfListener } from '../warnings/warnings.ts'

/**
 * The events of a cache, and what the listeners of each get.
 *
 * Each event is also published on a channel of `node:diagnostics_channel`, such as `redis-func-cache:hit`.
 * @see https://nodejs.org/api/diagnostics_channel.html
 */
export interface CacheEvents {
  /** A call was served a fresh result, from the store or from what this process holds. */
  hit: HitEvent
  /** A call was served a stale result; `reason` says why. If the result is refreshed, a `refresh` event follows. */
  stale: CallEvent & { readonly reason: StaleReason }
  /** A call found no result in the store that could be served. */
  miss: CallEvent
  /** A call joined an equal one that was under way in this process. */
  join: CallEvent
  /** A call waits for another process that runs the function for the same arguments. */
  wait: CallEvent
  /** The process got the lease of a call: it alone may run the function for all processes. */
  lease: CallEvent
  /** A result is being refreshed in the background. */
  refresh: CallEvent & { readonly reason: 'early' | 'stale' }
  /** A function has been running for longer than `maxComputeTime`: no call joins that run any more, and the next call starts another. */
  overdue: CallEvent
  /** A result was computed and stored. */
  store: ComputedEvent
  /** A result was not stored; `reason` says why. */
  skip: ComputedEvent & { readonly reason: SkipReason }
  /** Entries were invalidated: one call, a function, some tags, or all entries (`purge`). */
  invalidate: InvalidateEvent
  /** Entries were evicted from a full key pair. */
  evict: EvictEvent
  /** The store, a serializer, a callback or a refresh failed. The call goes on, unless `onError` is `'throw'`. */
  error: ErrorEvent
  /** The store is left alone, is tried again, or is asked as usual again, since it failed or did not fail several times in a row. */
  breaker: BreakerEvent
  /** A stored value could not be read by the serializer, and counts as a miss. */
  undecodable: CallEvent & { /** What the serializer threw. */ readonly error: Error }
  /** What is stored for a call is the entry of another one. It is not served, counts as a miss, and is replaced. */
  misplaced: CallEvent
  /** A stored value did not pass the schema, and counts as a miss. */
  invalid: CallEvent & { /** The messages of the schema. */ readonly issues: readonly string[] }
  /** What another policy or another bound would have saved, once in each span of the option `advise`. */
  advice: Advice & { /** The name of the cache. */ readonly cache: string }
  /** The serializer does not bring a result back as it was; reported once for each function, and once for `getOrSet`. */
  lossy: CallEvent & { /** What is lost. */ readonly detail: string }
}

/** The call that an event is about, and how long ago it began. */
export interface CallEvent {
  /** The name of the cache. */
  readonly cache: string
  /** The name of the function; `'getOrSet'` for values that are stored under keys. */
  readonly function: string
  /** The call hash: the digest of function and arguments, which names the entry. */
  readonly hash: Hash
  /** Milliseconds since the call, or the background refresh, began. Calls of one turn of the event loop share their start. */
  readonly durationMs: number
}

/** A call that was served a fresh result. */
export interface HitEvent extends CallEvent {
  /** Whether this process held the result (`near`); otherwise the store had it. */
  readonly near: boolean
  /**
   * For a near hit, how many milliseconds ago it was proven that no process had changed the result: at most `maxStaleness`.
   * Otherwise `undefined`.
   */
  readonly proofAgeMs: number | undefined
}

/** A call that ran its function; for `skip` also a known value that was given to `set` or `prime`. */
export interface ComputedEvent extends CallEvent {
  /** The size of the serialized result in bytes; 0 if it was not serialized. */
  readonly bytes: number
  /** How long the function took, in milliseconds; 0 for a known value. */
  readonly computeMs: number
}

/** Entries that were evicted from a full key pair. */
export interface EvictEvent {
  /** The name of the cache. */
  readonly cache: string
  /** The name of the key that holds the index of the key pair. */
  readonly index: string
  /** The number of entries that were evicted. */
  readonly count: number
}

/** A failure of the store, a serializer, a callback or a refresh. */
export interface ErrorEvent {
  /** The name of the cache. */
  readonly cache: string
  /** The name of the function; `undefined` for failures that concern no single call: `during: 'touch'`, `'near'`, `'record'`, and `waitUntil`. */
  readonly function: string | undefined
  /** The call hash; `undefined` if `function` is. */
  readonly hash: Hash | undefined
  /** Milliseconds since the call began; 0 if `function` is `undefined`. */
  readonly durationMs: number
  /** The step that failed. */
  readonly during: ErrorPhase
  /** The error that was thrown; another value that was thrown is the `cause` of an error. */
  readonly error: Error
}

/** The state of the circuit breaker around the store has changed. */
export interface BreakerEvent {
  /** The name of the cache. */
  readonly cache: string
  /** `'open'`: the store is left alone; `'half-open'`: one command tries it; `'closed'`: it is asked as usual. */
  readonly state: BreakerState
  /** The state before the change. */
  readonly from: BreakerState
  /** The latest failure of the store. */
  readonly error: Error | undefined
}

/** An invalidation: which entries it concerned, and how many there were. */
export interface InvalidateEvent {
  /** The name of the cache. */
  readonly cache: string
  /** The name of the function; `undefined` for tags and `purge`, which concern all functions. */
  readonly function: string | undefined
  /** The call hash, if a single call was invalidated; otherwise `undefined`. */
  readonly hash: Hash | undefined
  /** The call hashes, if a single call or a list of ids was invalidated; otherwise `undefined`. */
  readonly hashes: readonly Hash[] | undefined
  /** The tags, if `invalidateTags` was called; otherwise `undefined`. */
  readonly tags: readonly string[] | undefined
  /** Whether entries with `staleWhileRevalidate` or `staleIfError` were kept, to be served as stale. */
  readonly soft: boolean
  /** The number of entries that were invalidated. */
  readonly count: number
  /** How long the invalidation took, in milliseconds. */
  readonly durationMs: number
}

/**
 * Why a stale result was served:
 *
 * - `'grace'`: it is within `staleWhileRevalidate`, and is refreshed in the background.
 * - `'error'`: the function failed.
 * - `'soft-timeout'`: the function takes longer than `softTimeout`.
 * - `'pause'`: the function failed a short while ago, and is not run for a pause.
 */
export type StaleReason = 'grace' | 'error' | 'soft-timeout' | 'pause'

/**
 * Why a result was not stored:
 *
 * - `'invalidated'`: since its load began, it was invalidated, or a result was stored whose load began later.
 * - `'too-large'`: it has more than `maxValueBytes`, or more than `maxBytes` of the cache or of its shard.
 * - `'no-token'`: the time at which its load began is unknown, because the store failed at an earlier step of the call.
 * - `'zero-ttl'`: its `ttl` is 0.
 * - `'unwanted'`: `cacheIf` returned `false`.
 * - `'absent'`: there is no such row, and the option `absent` is not given.
 * - `'overdue'`: the function took longer than `maxComputeTime`.
 * - `'changed'`: the arguments were changed while the function ran.
 * - `'not-admitted'`: the cache is full, and the option `admit` of the policy left it to chance.
 * - `'unstorable'`: no serializer can bring it back, such as a stream.
 */
export type SkipReason =
  | 'invalidated'
  | 'too-large'
  | 'no-token'
  | 'zero-ttl'
  | 'unwanted'
  | 'absent'
  | 'overdue'
  | 'changed'
  | 'not-admitted'
  | 'unstorable'

/** The names of all events. */
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
  'breaker',
  'undecodable',
  'misplaced',
  'invalid',
  'advice',
  'lossy',
]

/** The listeners of one cache. Ask {@link Events.wants} before building an event: without a listener it costs nothing. */
export class Events {
  /** The observers of each call, which get no event. */
  readonly observers: CallObservers = new CallObservers()
  readonly #emitter = new EventEmitter()
  /** One channel for each event, such as `redis-func-cache:hit`, for tools that watch all caches of the process. */
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
   * Calls all listeners of an event.
   *
   * A process warning reports a listener that throws, or returns a promise that rejects; the call and the other listeners go on.
   * A subscriber of the channel that throws becomes an uncaught exception: Node does that.
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

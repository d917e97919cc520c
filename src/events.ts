import { EventEmitter } from 'node:events'
import { checkChoice } from './checks.ts'
import type { Hash } from './keys/call-hash.ts'

/** What a cache tells of, and with what. */
export interface CacheEvents {
  /** A result came from the store. */
  hit: CallEvent
  /** No result was found in the store. */
  miss: CallEvent
  /** A result was computed and stored. */
  store: CallEvent & { readonly bytes: number }
  /** A computed result was not stored: why. */
  skip: CallEvent & { readonly reason: SkipReason; readonly bytes: number }
  /** Entries left a full key pair. */
  evict: { readonly cache: string; readonly index: string; readonly count: number }
  /** The store or a serializer failed; the call went on without it. */
  error: CallEvent & { readonly during: ErrorPhase; readonly error: unknown }
  /** A stored value could not be read by the serializer, and counts as a miss. */
  undecodable: CallEvent & { readonly error: unknown }
  /** Once a function: what its serializer does not bring back as it was. */
  lossy: CallEvent & { readonly detail: string }
}

/** Which call of which function. */
export interface CallEvent {
  readonly cache: string
  readonly function: string
  readonly hash: Hash
}

/** Why a computed result was not stored. */
export type SkipReason = 'invalidated' | 'too-large' | 'no-token'

/** Which step failed. */
export type ErrorPhase = 'get' | 'put' | 'serialize'

const EVENTS = [
  'hit',
  'miss',
  'store',
  'skip',
  'evict',
  'error',
  'undecodable',
  'lossy',
] as const satisfies readonly (keyof CacheEvents)[]

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
    return this.#emitter.listenerCount(event) > 0
  }

  /**
   * Does nothing where nobody listens; an `error` event without a listener throws nothing. What a listener throws is an
   * uncaught exception of the process, as with `node:diagnostics_channel`: it is not the affair of the call told of.
   */
  emit<E extends keyof CacheEvents>(event: E, detail: CacheEvents[E]): void {
    if (!this.wants(event)) return
    try {
      this.#emitter.emit(event, detail)
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
    }
  }
}

import { Sieve } from '../flow/sieve.ts'
import type { FunctionSettings } from '../options/function-settings.ts'
import type { FunctionNearSettings, NearSettings } from '../options/near-checks.ts'
import { NearFigures, type NearStats } from '../telemetry/near-figures.ts'
import type { NearEntry } from './near-entry.ts'
import { NearFunction } from './near-function.ts'

/** The part of the whole memory that one result may take. */
const LARGEST_PART = 1 / 8

/** So many kinds of settings of one identity are known at a time: options of `getOrSet` may be made anew for each call. */
const MOST_OF_IDENTITY = 8

/** How long a log of changes lives after it was asked for the last time; at least a few times what a proof is good for. */
const LOG_TTL_MS = 60_000

/** See {@link NearTier.isTurnDue}. */
const TURN_EVERY_MS = 10

/** What this process holds of a cache, in front of the store: for all partitions and functions together. */
export class NearTier {
  readonly figures: NearFigures = new NearFigures()
  readonly touchEveryMs: number
  readonly #sieve: Sieve<NearEntry>
  readonly #largest: number
  readonly #functions = new Map<string, NearFunction[]>()
  #logTtlMs = LOG_TTL_MS
  #turnMs = 0

  constructor({ maxSize, maxBytes, touchEveryMs }: NearSettings) {
    this.touchEveryMs = touchEveryMs
    this.#largest = maxBytes * LARGEST_PART
    this.#sieve = new Sieve<NearEntry>(maxSize, maxBytes, (entry) => {
      this.figures.evicted++
      entry.partition.evicted(entry)
    })
  }

  get stats(): NearStats {
    const { size, bytes } = this.#sieve
    const { evicted, dropped, flushed, questions, catchUps } = this.figures
    return { size, bytes, evicted, dropped, flushed, questions, catchUps }
  }

  /** How long logs of changes have to live after this process was heard of. */
  get logTtlMs(): number {
    return this.#logTtlMs
  }

  /** What a function holds, or a function of the same identity with the same settings. */
  functionFor(settings: FunctionSettings, near: FunctionNearSettings): NearFunction {
    const { text } = settings.identity
    const known = this.#functions.get(text) ?? []
    const own = known.find((each) => each.fits(settings, near))
    if (own !== undefined) return own
    const added = new NearFunction(this, settings, near)
    this.#functions.set(text, [...known, added].slice(-MOST_OF_IDENTITY))
    this.#logTtlMs = Math.max(this.#logTtlMs, 4 * near.maxStalenessMs)
    return added
  }

  /**
   * Whether a near hit has to let the event loop turn before its caller goes on: one of them does, ever so often. A program that makes
   * one near hit after the other would leave no time for anything else, nor for the next proof to arrive.
   */
  isTurnDue(nowMs: number): boolean {
    if (nowMs - this.#turnMs < TURN_EVERY_MS) return false
    this.#turnMs = nowMs
    return true
  }

  /** Whether so many bytes are not too many for one entry. */
  hasRoomFor(bytes: number): boolean {
    return bytes <= this.#largest
  }

  add(entry: NearEntry): void {
    this.#sieve.add(entry)
  }

  remove(entry: NearEntry): void {
    this.#sieve.remove(entry)
  }

  resize(entry: NearEntry, bytes: number): void {
    this.#sieve.resize(entry, bytes)
  }
}

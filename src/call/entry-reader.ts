import type { Call } from './call.ts'
import { executed, found, type Settlement } from './settlement.ts'
import type { Times } from './detailed-result.ts'
import { LONGEST_MS } from '../validation/duration.ts'
import { judge, type Verdict } from '../flow/freshness.ts'
import type { Reporter } from '../telemetry/reporter.ts'
import type { NearEntry } from '../partitions/near-entry.ts'
import { checkBySchema } from '../options/standard-schema.ts'
import { decode, isStoredError, isWholeText } from '../serializers/encoding.ts'
import type { ErrorClasses } from '../serializers/errors/error-classes.ts'
import { decodeError } from '../serializers/errors/stored-error.ts'
import type { Lookup } from '../stores/store.ts'
import { serializerMark } from '../stores/trailer.ts'
import { SerializerError } from '../errors.ts'
import type { FunctionSettings } from '../options/function-settings.ts'

/** A lookup moves by the server's clock, which may be set back a little between a write and a read. */
const CLOCK_SLACK_MS = 1_000

/** Turns stored entries of one function into results, and judges whether they may be served. */
export class EntryReader {
  readonly #settings: FunctionSettings
  readonly #errorClasses: ErrorClasses
  readonly #report: Reporter
  readonly #serializerMark: number
  /** Whether entries are looked up as text, which is faster: until one turns out to be no text, as far as that is known. */
  readsText: boolean

  constructor(settings: FunctionSettings, errorClasses: ErrorClasses, report: Reporter) {
    this.#settings = settings
    this.#errorClasses = errorClasses
    this.#report = report
    this.#serializerMark = serializerMark(settings.serializer.name)
    this.readsText = settings.serializer.deserializeText !== undefined
  }

  /** Judges an entry that was opened by its age, and by the options of this process. (Promise: own-options-bound.) */
  judge({ nowMs: atMs, freshUntilMs, computeMs }: Lookup, { isError }: Settlement): Verdict {
    const { freshness } = this.#settings
    if (isError) return 'fresh' // as long as it lives
    if (freshness === undefined)
      return freshUntilMs !== undefined && freshUntilMs <= atMs ? 'expired' : 'fresh'
    // It was stored with a longer TTL, so its age by the present one is unknown.
    if (freshUntilMs !== undefined && this.#isForeign(freshUntilMs, atMs)) return 'expired'
    return judge({ atMs, freshUntilMs, computeMs }, freshness)
  }

  /** Whether a result with that end was stored with a longer TTL than the present one. */
  #isForeign(endsAtMs: number, atMs: number): boolean {
    const { ttlMs, absentMs } = this.#settings
    if (ttlMs === undefined) return false
    const longestMs = absentMs === undefined ? ttlMs : Math.max(ttlMs, absentMs)
    return endsAtMs > atMs + longestMs + CLOCK_SLACK_MS
  }

  /** Whether what was looked up as text has to be looked up as bytes. */
  isNoText({ value, serializer }: Lookup): boolean {
    if (typeof value !== 'string' || isWholeText(value)) return false
    // Other results of this function are probably no text either, such as results with a Date.
    if (serializer === this.#serializerMark) this.readsText = false
    return true
  }

  /** The stored result or error; `undefined` if there is none that can be used. Not for entries that {@link isNoText} finds. */
  open(call: Call, lookup: Lookup): Settlement | undefined | Promise<Settlement | undefined> {
    const stored = this.#valid(call, lookup)
    if (stored === undefined) return undefined
    try {
      if (isStoredError(stored)) return this.#openError(call, stored, lookup)
      const { serializer } = this.#settings
      const value = decode(serializer, stored)
      const outcome = found(value, false, stored, lookup, call.lookupEpoch)
      return this.#settings.schema === undefined ? outcome : this.check(call, outcome)
    } catch (error) {
      this.#report.undecodable(call, error)
      return undefined
    }
  }

  /**
   * The result of an entry that is held in this process, and was valid when it was taken there. `undefined` if it cannot be read, or
   * does not pass the schema.
   */
  again(
    call: Call,
    { stored, storedAtMs, freshUntilMs }: NearEntry,
  ): Settlement | undefined | Promise<Settlement | undefined> {
    try {
      const value = decode(this.#settings.serializer, stored)
      const outcome = executed(value, { source: { storedAtMs, freshUntilMs } })
      return this.#settings.schema === undefined ? outcome : this.check(call, outcome)
    } catch (error) {
      this.#report.undecodable(call, error)
      return undefined
    }
  }

  /** When a result was stored and until when it is fresh; `undefined` for one that was not stored, or without an end. */
  timesOf({ source }: Settlement): Times {
    const { storedAtMs, freshUntilMs } = source
    // A result for which `ttl` returned `Infinity` is stored with an end a hundred years away.
    const isEndless = freshUntilMs !== undefined && freshUntilMs > Date.now() + LONGEST_MS / 2
    return { storedAtMs, freshUntilMs: isEndless ? undefined : freshUntilMs }
  }

  /** An error that was stored by a process with other options counts as a miss. */
  #openError(call: Call, stored: Buffer, lookup: Lookup): Settlement | undefined {
    const { cachedErrors } = this.#settings
    const { nowMs, expiresAtMs } = lookup
    if (cachedErrors === undefined || expiresAtMs === undefined) return undefined
    if (expiresAtMs > nowMs + cachedErrors.ttlMs + CLOCK_SLACK_MS) return undefined
    const value = decodeError(this.#settings.serializer, stored, this.#errorClasses)
    return found(value, true, stored, lookup, call.lookupEpoch)
  }

  /** The result as the schema or `migrate` returns it; `undefined` if it does not pass the schema. */
  async check(call: Call, outcome: Settlement): Promise<Settlement | undefined> {
    const { schema, migrate } = this.#settings
    try {
      const checked = await checkBySchema(schema as NonNullable<typeof schema>, migrate, outcome.value)
      if ('value' in checked) return { ...outcome, value: checked.value }
      this.#report.invalid(call, checked.issues)
    } catch (error) {
      this.#report.failed(call, 'callback', error)
    }
    return undefined
  }

  /**
   * What may be served at all. Not an entry of another call, or of another serializer; nor one whose tags are not known:
   * `maxmemory` may have taken their index, and an invalidation would pass over it. One that ends later than it could, or
   * has no end, was stored when the TTL was a longer one.
   */
  #valid(call: Call, lookup: Lookup): Buffer | string | undefined {
    const { value, nowMs, expiresAtMs, isTagged } = lookup
    const { ttlMs, ttlOf, tags, freshness } = this.#settings
    if (lookup.isMisplaced) this.#report.misplaced(call)
    if (value === undefined || !this.#isReadable(call, lookup)) return undefined
    if (tags !== undefined && !isTagged) return undefined
    if (expiresAtMs === undefined) return ttlMs === undefined && ttlOf === undefined ? value : undefined
    // With a grace period, `judge` compares the end of freshness instead; for an error, its own TTL counts.
    const isForeign = freshness === undefined && this.#isForeign(expiresAtMs, nowMs)
    return isForeign && !isStoredError(value) ? undefined : value
  }

  /** Whether the serializer of this function wrote an entry. */
  #isReadable(call: Call, { beganUs, serializer }: Lookup): boolean {
    if (serializer === this.#serializerMark) return true
    const hasTrailer = beganUs !== undefined
    if (!hasTrailer && call.partition.keySpace.policy.storesBareValues) return true
    const { name } = this.#settings.serializer
    const writer = hasTrailer
      ? 'another serializer'
      : 'another program or version of this one, as it has no trailer'
    this.#report.undecodable(
      call,
      new SerializerError(
        `Serializer '${name}' cannot read what is stored: it was written by ${writer}. The result is computed anew.`,
      ),
    )
    return false
  }
}

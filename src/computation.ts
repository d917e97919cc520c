import { type Call, type Outcome, outcomeOf } from './call.ts'
import { type Context, type Contexts, count } from './context.ts'
import { toMs } from './duration.ts'
import { OptionError } from './errors.ts'
import { jittered } from './flow/freshness.ts'
import type { Reporter } from './reporter.ts'
import { encode } from './serializers/encoding.ts'
import { findLoss } from './serializers/loss.ts'
import { encodeError } from './serializers/stored-error.ts'
import type { HeldLease, NewEntry, Note } from './stores/store.ts'
import type { WrapSettings } from './wrap-options.ts'

/** More tags an entry would make the index of tags larger than what it is the index of. */
const MOST_TAGS = 100

/** Under which terms a result is stored. */
interface Terms {
  readonly ttlMs: number | undefined
  readonly note: Note | undefined
}

/** By which right a computation stores what it brings. */
export interface Right {
  /** When it began; `undefined` if that is not known, and nothing proves then that it was not invalidated meanwhile. */
  readonly token: number | undefined
  readonly isLeased: boolean
  /** Whether it is to win over computations of the same call that began before. */
  readonly overrules?: boolean
}

/**
 * What may be stored already: a result that is served whatever comes, one that is served in place of errors that it
 * spares, or nothing. No error replaces what is served in its place.
 */
export type Old = 'served' | 'spare' | 'none'

/** Runs a function, and stores what it returns or throws. */
export class Computation {
  readonly #settings: WrapSettings
  readonly #contexts: Contexts
  readonly #report: Reporter
  /** Trouble of the store: passed over and told of, or thrown. */
  readonly #spare: (call: Call, during: 'put', error: unknown) => void
  #checkedForLoss = false

  constructor(
    settings: WrapSettings,
    contexts: Contexts,
    report: Reporter,
    spare: (call: Call, during: 'put', error: unknown) => void,
  ) {
    this.#settings = settings
    this.#contexts = contexts
    this.#report = report
    this.#spare = spare
  }

  /**
   * Computes a call.
   *
   * @param right With it, what comes is stored, unless somebody invalidated it since the token.
   * @param old What may be there if the function fails.
   */
  async run(call: Call, right: Right | undefined, old: Old): Promise<Outcome> {
    try {
      if (right !== undefined) await this.#register(call)
      return await this.#compute(call, right, old)
    } finally {
      if (right?.isLeased) await this.#giveBack(call) // unless it was handed over
    }
  }

  async #compute(call: Call, right: Right | undefined, old: Old): Promise<Outcome> {
    call.provenAt = Number.POSITIVE_INFINITY
    const startMs = performance.now()
    let value: unknown
    try {
      value = await this.execute(call)
    } catch (error) {
      return this.#failed(call, error, right, old)
    }
    if (right === undefined) return outcomeOf(this.#settings.serializer, value, undefined)
    const stored = this.#encode(call, value)
    const terms = this.#terms(call, value, performance.now() - startMs)
    const isOutdated =
      stored !== undefined && terms !== undefined && (await this.#write(call, stored, terms, right))
    return outcomeOf(this.#settings.serializer, value, stored, { isOutdated })
  }

  /**
   * Runs the function alone.
   *
   * @param signal What it can ask for as `cache.signal()`.
   */
  async execute(
    call: Pick<Call, 'self' | 'args' | 'context'> & Partial<Call>,
    signal: AbortSignal | undefined = call.abortion?.signal,
  ): Promise<unknown> {
    signal?.throwIfAborted() // nobody waits any more
    count(call.context, 'execute')
    if (call.round !== undefined) return call.round.load(call as Call)
    const { run: fn } = this.#settings
    const run = () => (fn as (...args: unknown[]) => unknown).apply(call.self, call.args as unknown[])
    // That of a call around this one is not its own. A context costs time at every promise: only where it is needed.
    return signal === this.#contexts.current.signal ? run() : this.#contexts.withSignal(signal, run)
  }

  /** What is to be stored of a value that is known already. */
  entryOf(call: Call, value: unknown): Omit<NewEntry, 'token'> | undefined {
    const terms = this.#termsOf(value, call.args, 0)
    return terms && { hash: call.hash, value: encode(this.#settings.serializer, value), ...terms }
  }

  #encode(call: Call, value: unknown): string | Buffer | undefined {
    const { serializer } = this.#settings
    try {
      const stored = encode(serializer, value)
      this.#checkForLoss(call, value, stored)
      return stored
    } catch (error) {
      // Not the store's trouble: told by an event, and never a reason to withhold a result that is there.
      this.#report.failed(call, 'serialize', error)
      return undefined
    }
  }

  /** Under which terms to store a result; `undefined` for not at all. */
  #terms(call: Call, value: unknown, computeMs: number): Terms | undefined {
    const { cacheIf, absentMs } = this.#settings
    const isAbsent = this.#isAbsent(value)
    try {
      if (isAbsent && absentMs === 'unstored') return this.#skipped(call, 'absent')
      // What is kept of a row that is missing, `absent` says.
      if (!isAbsent && cacheIf !== undefined && !cacheIf(value as never, ...(call.args as never[]))) {
        return this.#skipped(call, 'unwanted')
      }
      return this.#termsOf(value, call.args, computeMs) ?? this.#skipped(call, 'zero-ttl')
    } catch (error) {
      this.#report.failed(call, 'callback', error)
      return undefined
    }
  }

  /** Whether it stands for a row that is missing. */
  #isAbsent(value: unknown): boolean {
    return this.#settings.absentMs !== undefined && (value === undefined || value === null)
  }

  #skipped(call: Call, reason: 'absent' | 'unwanted' | 'zero-ttl'): undefined {
    this.#report.skipped(call, reason, 0)
  }

  #termsOf(value: unknown, args: readonly unknown[], computeMs: number): Terms | undefined {
    const { grace, jitter, tags } = this.#settings
    const ttlMs = this.#ttlOf(value, args)
    if (ttlMs === 0) return undefined
    const freshMs = ttlMs === undefined ? undefined : jittered(ttlMs, jitter)
    const graceMs = grace === undefined ? 0 : Math.max(grace.staleMs, grace.spareMs)
    return {
      ttlMs: freshMs === undefined ? undefined : freshMs + graceMs,
      note: this.#noteOf(freshMs, computeMs, tags && checkTags(tags(value as never, ...(args as never[])))),
    }
  }

  /** What readers of the function ask for besides a result and its end; `undefined` for nothing. */
  #noteOf(
    freshMs: number | undefined,
    computeMs: number,
    tags: readonly string[] | undefined,
  ): Note | undefined {
    const isTimed = this.#settings.grace !== undefined && freshMs !== undefined
    if (!isTimed && tags === undefined) return undefined
    return { ...(isTimed && { freshMs, computeMs: Math.round(computeMs) }), ...(tags && { tags }) }
  }

  #ttlOf(value: unknown, args: readonly unknown[]): number | undefined {
    const { ttlMs, ttlOf, absentMs } = this.#settings
    if (typeof absentMs === 'number' && this.#isAbsent(value)) return absentMs
    if (ttlOf === undefined) return ttlMs
    const ttl = ttlOf(value as never, ...(args as never[]))
    return ttl === 0 ? 0 : toMs(ttl, 'ttl')
  }

  /** Returns whether the result is outdated. */
  async #write(
    call: Call,
    value: string | Buffer,
    { ttlMs, note: about }: Terms,
    { token, isLeased, overrules }: Right,
  ): Promise<boolean> {
    const bytes = Buffer.byteLength(value)
    const obstacle =
      bytes > this.#settings.maxValueBytes ? 'too-large' : token === undefined ? 'no-token' : undefined
    if (obstacle !== undefined) {
      this.#report.skipped(call, obstacle, bytes)
      return false
    }
    const { shelf, hash } = call
    const held = isLeased ? await this.#endLease(call) : undefined
    try {
      const note = held || overrules ? { ...about, lease: held?.lease, overrules } : about
      const entry = { hash, value, ttlMs, token, note }
      const provenAt = shelf.departures
      const { stored, evicted } = await shelf.put(entry)
      call.provenAt = provenAt
      this.#report.evicted(call, shelf.place.keys[0], evicted)
      if (stored) this.#report.stored(call, bytes)
      else this.#report.skipped(call, 'invalidated', bytes)
      return !stored
    } catch (error) {
      if (held !== undefined) void this.#release(call, held) // the caller need not wait for more trouble
      this.#spare(call, 'put', error)
      return false
    }
  }

  /** The function failed: its error is stored if it is to be thrown again. */
  async #failed(call: Call, error: unknown, right: Right | undefined, old: Old): Promise<Outcome> {
    // Nobody waits any more: what the function makes of that says nothing of the next call.
    if (call.abortion?.signal.aborted) throw error
    const isSpared = old !== 'none' && this.#says(call, this.#settings.sparesError, error)
    const stored = old === 'served' || isSpared ? undefined : this.#encodeError(call, error)
    if (right !== undefined && stored !== undefined) await this.#writeError(call, stored, right)
    return outcomeOf(this.#settings.serializer, error, undefined, { isError: true, isSpared })
  }

  /** `undefined` for an error that is not to be thrown again, or cannot be. */
  #encodeError(call: Call, error: unknown): string | Buffer | undefined {
    const { cachedErrors, serializer } = this.#settings
    if (cachedErrors === undefined || !this.#says(call, cachedErrors.when, error)) return undefined
    try {
      return encodeError(serializer, error)
    } catch (trouble) {
      this.#report.failed(call, 'serialize', trouble)
      return undefined
    }
  }

  async #writeError(call: Call, stored: string | Buffer, right: Right): Promise<void> {
    const { cachedErrors, tags } = this.#settings
    const ttlMs = cachedErrors?.ttlMs
    try {
      await this.#write(call, stored, { ttlMs, note: this.#noteOf(ttlMs, 0, tags && []) }, right)
    } catch (trouble) {
      this.#report.failed(call, 'put', trouble) // what the caller is to hear of is the error of the function
    }
  }

  /** What a callback says of an error; no, if it fails itself. */
  #says(call: Call, when: (error: unknown) => boolean, error: unknown): boolean {
    try {
      return when(error)
    } catch (trouble) {
      this.#report.failed(call, 'callback', trouble)
      return false
    }
  }

  async #giveBack(call: Call): Promise<void> {
    const held = await this.#endLease(call)
    if (held !== undefined) await this.#release(call, held)
  }

  async #release(call: Call, held: HeldLease): Promise<void> {
    try {
      await call.shelf.release(held)
    } catch (error) {
      this.#report.failed(call, 'lease', error) // it ends by itself
    }
  }

  #endLease(call: Call): Promise<HeldLease | undefined> {
    return call.shelf.leases(this.#settings.leaseMs).end(call)
  }

  async #register(call: Call): Promise<void> {
    try {
      await call.shelf.register()
    } catch (error) {
      this.#spare(call, 'put', error)
    }
  }

  #checkForLoss(
    { context, hash }: { context: Context; hash: Call['hash'] },
    value: unknown,
    stored: string | Buffer,
  ): void {
    if (this.#checkedForLoss) return
    this.#checkedForLoss = true
    const detail = findLoss(this.#settings.serializer, value, stored)
    if (detail !== undefined) this.#report.lossy({ context, hash }, detail)
  }
}

/** @throws {OptionError} for what cannot be the tags of an entry. */
export function checkTags(tags: readonly string[]): readonly string[] {
  if (
    !Array.isArray(tags) ||
    tags.length > MOST_TAGS ||
    !tags.every((tag) => typeof tag === 'string' && tag !== '')
  ) {
    throw new OptionError(`tags: give an array of up to ${MOST_TAGS} texts that are not empty.`)
  }
  return [...new Set(tags)]
}

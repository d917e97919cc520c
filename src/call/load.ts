import type { CacheContext } from './cache-context.ts'
import { type Call, type Outcome, outcomeOf } from './call.ts'
import { type Duration, isZero, LONGEST_MS, spelled, toMs } from '../options/duration.ts'
import { beginRun, currentRun, endRun, Run } from '../context/run.ts'
import { DeadlockError, OptionError } from '../errors.ts'
import { jittered } from '../flow/freshness.ts'
import { reasonToAbort } from '../flow/timeout.ts'
import { monotonicMs } from '../flow/timers.ts'
import { type Eventually, whenKnown } from '../flow/when-known.ts'
import type { FunctionIdentity } from '../keys/function-identity.ts'
import { isPromise } from '../realms/native.ts'
import { warn } from '../telemetry/process-warning.ts'
import type { Reporter } from '../telemetry/reporter.ts'
import { autoSerializer } from '../serializers/formats/auto.ts'
import { encode, type Encoded, encodeResult, UnstorableError } from '../serializers/encoding.ts'
import { findLoss } from '../serializers/loss.ts'
import type { Serializer } from '../serializers/serializer.ts'
import { encodeError } from '../serializers/errors/stored-error.ts'
import type { HeldLease, EntryMetadata } from '../stores/store.ts'
import { graceMsOf, type WrapSettings } from '../options/function-settings.ts'

/** More tags an entry would make the index of tags larger than what it is the index of. */
const MOST_TAGS = 100

/** Under which terms a result is stored. */
interface Terms {
  /** How long the entry lives. */
  readonly ttlMs: number | undefined
  /** How long the result is fresh. */
  readonly freshMs: number | undefined
  readonly note: EntryMetadata | undefined
}

/** What became of a result that was computed. */
interface Written {
  readonly isOutdated: boolean
  /** By the clock of the store; `undefined` if it was not stored. */
  readonly storedAtMs: number | undefined
  readonly freshUntilMs: number | undefined
}

/** The name of a lease that was lost: it belongs to another process by now, or to none. */
const LOST = -1

const NOT_WRITTEN: Written = { isOutdated: false, storedAtMs: undefined, freshUntilMs: undefined }

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

/** A call whose function is run for its caller alone. */
export interface Solo extends Pick<Call, 'self' | 'args' | 'context' | 'round' | 'title'> {
  /** The run in which it is made. */
  askers: Run[] | undefined
}

/** Functions of which it was looked or told, once, whether their results come back as they were. */
const checkedForLoss = /* @__PURE__ */ new WeakSet<FunctionIdentity>()
/** Functions of which a warning told that a result of theirs cannot be stored at all. */
const warnedOfUnstorable = /* @__PURE__ */ new WeakSet<FunctionIdentity>()

/** Whether a warning has told of a function that its results cannot be stored, nor shared. */
export const isToldUnstorable = (identity: FunctionIdentity): boolean => warnedOfUnstorable.has(identity)

/** Runs a function, and stores what it returns or throws. */
export class Computation {
  /** Whether the time of a put is recorded where no option needs it. */
  notesTimes = false
  readonly #settings: WrapSettings
  readonly #cache: CacheContext
  readonly #report: Reporter
  /** Trouble of the store: passed over and told of, or thrown. */
  readonly #spare: (call: Call, during: 'put', error: unknown) => void

  constructor(
    settings: WrapSettings,
    cache: CacheContext,
    report: Reporter,
    spare: (call: Call, during: 'put', error: unknown) => void,
  ) {
    this.#settings = settings
    this.#cache = cache
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
    call.openScope()
    const life = this.#cache.loadDeadlines.after(this.#settings.maxComputeMs, () =>
      this.#outlive(call, right),
    )
    try {
      if (right !== undefined) await this.#register(call)
      const outcome = await this.#compute(call, right, old)
      if (right?.isLeased) await this.#orEarly(call, outcome, this.#giveBack(call)) // unless it was handed over
      return outcome
    } catch (error) {
      if (right?.isLeased) await this.#giveBack(call)
      throw error
    } finally {
      life.end()
      call.closeScope()
    }
  }

  /** The time of a computation is over: who comes from now on does not wait for it. */
  #outlive(call: Call, right: Right | undefined): void {
    const { partition, name, hasReturned } = call
    partition.flights.end(name, call)
    partition.refreshing.end(name, call)
    if (hasReturned) return // it is the store that takes its time
    call.giveUp()
    call.inScope(() => {
      this.#report.overdue(call, this.#settings.maxComputeMs)
      if (right?.isLeased) this.#cache.background.addBehind(this.#giveBack(call))
    })
  }

  async #compute(call: Call, right: Right | undefined, old: Old): Promise<Outcome> {
    call.provenAt = Number.POSITIVE_INFINITY
    const { serializer } = this.#settings
    const status = call.context.mode.read ? 'miss' : 'bypass'
    const signal = call.abortion?.signal
    if (signal?.aborted) throw reasonToAbort(signal) // nobody waits any more
    // Behind a caller, nobody asks for what became of his arguments.
    if (!call.asksTheSame() && old === 'served') {
      this.#skipped(call, 'changed', 0)
      return outcomeOf(serializer, undefined, undefined)
    }
    if (old !== 'served') call.isAskedBy(call, currentRun())
    const beganMs = monotonicMs()
    call.isRunning = true
    let value: unknown
    try {
      const running = this.#execute(call, signal)
      call.allowChanges()
      value = await running
    } catch (error) {
      call.hasReturned = true
      return this.#failed(call, error, right, old, this.#measured(beganMs))
    }
    call.hasReturned = true
    const computeMs = this.#measured(beganMs)
    if (right === undefined) return outcomeOf(serializer, value, undefined, { status })
    if (!call.asksTheSame()) {
      this.#skipped(call, 'changed', computeMs)
      return outcomeOf(serializer, value, undefined, { status, isOutdated: true })
    }
    const encoded = this.#encode(value)
    const { stored } = encoded
    const terms = call.isOverdue
      ? this.#skipped(call, 'overdue', computeMs)
      : this.#terms(call, value, computeMs)
    const put = whenKnown(this.#settled(call, terms), (known) =>
      // Meanwhile anything may have happened; of what is known at once it was looked for just now.
      isPromise(terms) && known !== undefined && this.#isSpoiled(call, computeMs)
        ? { ...NOT_WRITTEN, isOutdated: call.hasChanged }
        : this.#put(call, value, encoded, known, right, computeMs),
    )
    const early = outcomeOf(serializer, value, stored, { status })
    const { isOutdated, ...source } = isPromise(put) ? await this.#orEarly(call, early, put) : put
    return outcomeOf(serializer, value, stored, { isOutdated, status, source })
  }

  /** Stores a result as far as it is to be stored, and tells if it cannot be. */
  #put(
    call: Call,
    value: unknown,
    encoded: Encoded | Unencoded,
    terms: Terms | undefined,
    right: Right,
    computeMs: number,
  ): Written | Promise<Written> {
    // Of what is not to be stored anyway, nothing need be told.
    if (terms === undefined) return NOT_WRITTEN
    this.#tell(call, value, encoded, computeMs)
    const { stored } = encoded
    return stored === undefined ? NOT_WRITTEN : this.#write(call, stored, terms, right, computeMs)
  }

  /** Whether a result is not to be stored any more: its call asks for something else now, or has taken too long. */
  #isSpoiled(call: Call, computeMs: number): boolean {
    const reason = !call.asksTheSame() ? 'changed' : call.isOverdue ? 'overdue' : undefined
    if (reason !== undefined) this.#skipped(call, reason, computeMs)
    return reason !== undefined
  }

  /** What a callback said, or will say: as long as that takes, the computation goes on, and its time with it. */
  #settled<T>(call: Call, answer: Eventually<T>): T | Promise<T> {
    if (!isPromise(answer)) return answer
    call.hasReturned = false
    return Promise.resolve(answer as PromiseLike<T>).finally(() => {
      call.hasReturned = true
    })
  }

  /** What became of a put, or of a lease given back. When `putWait` is over, callers get the outcome before that is known. */
  async #orEarly<R>(call: Call, outcome: Outcome, put: Promise<R>): Promise<R> {
    const { putWaitMs } = this.#settings
    const serve = () => {
      call.isServedEarly = call.landEarly(outcome)
      if (call.isServedEarly) call.inScope(() => this.#cache.background.tell(put))
    }
    if (putWaitMs === 0) {
      serve()
      return put
    }
    const wait = this.#cache.putDeadlines.after(putWaitMs, serve)
    try {
      return await put
    } finally {
      wait.end()
    }
  }

  /**
   * Runs the function alone.
   *
   * @param signal What it can ask for as `cache.signal()`.
   */
  async execute(call: Solo, signal: AbortSignal | undefined): Promise<unknown> {
    if (signal?.aborted) throw reasonToAbort(signal) // nobody waits any more
    const run = currentRun()
    if (run !== undefined) call.askers = [run]
    const beganMs = monotonicMs()
    try {
      return await this.#execute(call, signal)
    } finally {
      this.#measured(beganMs)
    }
  }

  async #execute(call: Solo, signal: AbortSignal | undefined): Promise<unknown> {
    this.#report.executes(call)
    if (call.round !== undefined) return call.round.load(call)
    const { contexts } = this.#cache
    const fn = this.#settings.run as (...args: unknown[]) => unknown
    const perform = () => fn.apply(call.self, call.args as unknown[])
    const run = new Run([call])
    try {
      // That of a call around this one is not its own. A context costs time at every promise: only where it is needed.
      return await beginRun(run, () =>
        signal === contexts.current.signal ? perform() : contexts.withSignal(signal, perform),
      )
    } finally {
      endRun(run)
    }
  }

  #measured(beganMs: number): number {
    const ms = monotonicMs() - beganMs
    this.#report.executed(ms)
    return ms
  }

  /**
   * Stores a value that is known already. One that may not be stored (its `ttl` is 0, or it is too large) replaces what is
   * there as well: that is removed.
   *
   * @throws {SerializerError | StoreError} Nobody else would hear of it.
   */
  async store(call: Call, value: unknown): Promise<void> {
    const { partition, hash } = call
    const stored = encode(this.#settings.serializer, value) // as it is now
    const known = this.#termsOf(value, call.args, 0)
    const terms = isPromise(known) ? await known : known
    const bytes = Buffer.byteLength(stored)
    const obstacle =
      terms === undefined ? 'zero-ttl' : bytes > this.#settings.maxValueBytes ? 'too-large' : undefined
    if (terms === undefined || obstacle !== undefined) {
      await partition.invalidate([hash], false)
      this.#report.skipped(call, obstacle ?? 'zero-ttl', bytes, 0)
      return
    }
    await partition.register()
    const { ttlMs, note } = terms
    const entry = { hash, value: stored, ttlMs, token: undefined, note: { ...note, overrules: true } }
    const { evicted } = await partition.put(entry)
    this.#report.evicted(call, partition.place.keys[0], evicted)
    this.#report.wrote(call)
  }

  #encode(value: unknown): Encoded | Unencoded {
    try {
      return encodeResult(this.#settings.serializer, value)
    } catch (error) {
      return { stored: undefined, error }
    }
  }

  /** Tells of a result that cannot be stored, or not as it is. Never a reason to withhold a result that is there. */
  #tell(call: Call, value: unknown, encoded: Encoded | Unencoded, computeMs: number): void {
    const { identity } = this.#settings
    if (encoded.stored !== undefined) {
      this.#checkForLoss(call, value, encoded)
    } else if (encoded.error instanceof UnstorableError) {
      const isFirst = !warnedOfUnstorable.has(identity)
      warnedOfUnstorable.add(identity)
      this.#report.unstorable(call, encoded.error.part, isFirst, computeMs)
    } else {
      this.#report.failed(call, 'serialize', encoded.error)
    }
  }

  /** Under which terms to store a result; `undefined` for not at all. */
  #terms(call: Call, value: unknown, computeMs: number): Terms | undefined | Promise<Terms | undefined> {
    const { cacheIf, absentMs } = this.#settings
    const isAbsent = this.#isAbsent(value)
    if (isAbsent && absentMs === undefined) return this.#skipped(call, 'absent', computeMs)
    const failed = (error: unknown): undefined => {
      this.#report.failed(call, 'callback', error)
    }
    try {
      // What is kept of a row that is missing, `absent` says.
      const isWanted = isAbsent || cacheIf === undefined || cacheIf(value as never, ...(call.args as never[]))
      const terms = whenKnown(isWanted, (yes) => {
        if (!yes) return this.#skipped(call, 'unwanted', computeMs)
        return whenKnown(
          this.#termsOf(value, call.args, computeMs),
          (known) => known ?? this.#skipped(call, 'zero-ttl', computeMs),
        )
      })
      return isPromise(terms) ? (terms as Promise<Terms | undefined>).catch(failed) : terms
    } catch (error) {
      return failed(error)
    }
  }

  /** Whether it stands for a row that is missing. */
  #isAbsent(value: unknown): boolean {
    return this.#settings.rowsMayBeAbsent && (value === undefined || value === null)
  }

  #skipped(
    call: Call,
    reason: 'absent' | 'unwanted' | 'zero-ttl' | 'overdue' | 'changed',
    computeMs: number,
  ): undefined {
    this.#report.skipped(call, reason, 0, computeMs)
  }

  #termsOf(
    value: unknown,
    args: readonly unknown[],
    computeMs: number,
  ): Terms | undefined | Promise<Terms | undefined> {
    const { tags } = this.#settings
    return whenKnown(this.#ttlOf(value, args), (ttlMs) => {
      if (ttlMs === 0) return undefined
      return whenKnown(tags?.(value as never, ...(args as never[])), (given) => {
        const { freshMs, lifeMs } = this.#timesFor(ttlMs)
        const names = tags && checkTags(given as readonly string[])
        return { ttlMs: lifeMs, freshMs, note: this.#noteOf(freshMs, computeMs, names) }
      })
    })
  }

  /** For how long a result with that `ttl` is fresh, and how long its entry lives. */
  #timesFor(ttlMs: number | undefined): { readonly freshMs?: number; readonly lifeMs?: number } {
    if (ttlMs === undefined) return {}
    const { freshness, jitter, ttlOf } = this.#settings
    if (ttlMs === Number.POSITIVE_INFINITY) {
      this.#cache.partitions.provideFor(ttlMs)
      // An entry without an end would look like one that has lost it.
      return { freshMs: LONGEST_MS, lifeMs: LONGEST_MS }
    }
    const freshMs = jittered(ttlMs, jitter)
    const wantedMs = freshMs + graceMsOf(freshness)
    const lifeMs = ttlOf === undefined ? wantedMs : this.#lifeFor(wantedMs)
    return { freshMs: Math.min(freshMs, lifeMs), lifeMs }
  }

  /** How long a result may live whose `ttl` is known only now: no longer than the cache, and a warning tells. */
  #lifeFor(lifeMs: number): number {
    const { name, partitions } = this.#cache
    const fn = this.#settings.identity.name
    const allowedMs = partitions.provideFor(lifeMs)
    if (allowedMs < lifeMs) {
      warn(
        `ttl:${name}:${fn}`,
        `Cache '${name}', ${fn}: a result is to live ${spelled(lifeMs)}, but ends after ${spelled(allowedMs)} with the ` +
          'cache (option idleTtl of the cache). Give the cache a longer idleTtl, or none.',
      )
    }
    return allowedMs
  }

  /** What readers of the function ask for besides a result and its end; `undefined` for nothing. */
  #noteOf(
    freshMs: number | undefined,
    computeMs: number,
    tags: readonly string[] | undefined,
  ): EntryMetadata | undefined {
    const { freshness, identity } = this.#settings
    // Under a key, whoever reads may have other options than whoever stored.
    const isTimed = (freshness !== undefined || identity.isOfKeys || this.notesTimes) && freshMs !== undefined
    if (!isTimed && tags === undefined) return undefined
    return { ...(isTimed && { freshMs, computeMs: Math.round(computeMs) }), ...(tags && { tags }) }
  }

  /** 0 if the result is not to be stored; `undefined` for no end, of all results, or `Infinity`, of this one. */
  #ttlOf(value: unknown, args: readonly unknown[]): number | undefined | Promise<number | undefined> {
    const { ttlMs, ttlOf, absentMs, defaultTtlMs } = this.#settings
    if (absentMs !== undefined && this.#isAbsent(value)) return absentMs
    if (ttlOf === undefined) return ttlMs
    return whenKnown(ttlOf(value as never, ...(args as never[])), (ttl) => ttlMsOf(ttl, defaultTtlMs))
  }

  async #write(
    call: Call,
    value: string | Buffer,
    { ttlMs, freshMs, note: about }: Terms,
    { token, isLeased, overrules }: Right,
    computeMs: number,
  ): Promise<Written> {
    const bytes = Buffer.byteLength(value)
    const obstacle =
      bytes > this.#settings.maxValueBytes ? 'too-large' : token === undefined ? 'no-token' : undefined
    if (obstacle !== undefined) {
      this.#report.skipped(call, obstacle, bytes, computeMs)
      return NOT_WRITTEN
    }
    const { partition, hash } = call
    const held = isLeased ? await this.#endLease(call) : undefined
    try {
      const lease = isLeased ? (held?.lease ?? LOST) : undefined
      const note = isLeased || overrules ? { ...about, lease, overrules } : about
      const entry = { hash, value, ttlMs, token, note }
      const provenAt = partition.departures
      const { stored, evicted, atMs } = await partition.put(entry)
      call.provenAt = provenAt
      this.#report.evicted(call, partition.place.keys[0], evicted)
      if (stored) this.#report.stored(call, bytes, computeMs)
      else this.#report.skipped(call, 'invalidated', bytes, computeMs)
      const storedAtMs = stored ? atMs : undefined
      const freshUntilMs =
        storedAtMs === undefined || freshMs === undefined || freshMs === LONGEST_MS
          ? undefined
          : storedAtMs + freshMs
      return { isOutdated: !stored, storedAtMs, freshUntilMs }
    } catch (error) {
      // The caller need not wait for more trouble.
      if (held !== undefined) this.#cache.background.addBehind(this.#release(call, held))
      if (call.isServedEarly) this.#report.failed(call, 'put', error)
      else this.#spare(call, 'put', error)
      return NOT_WRITTEN
    }
  }

  /** The function failed: its error is stored if it is to be thrown again. */
  async #failed(
    call: Call,
    error: unknown,
    right: Right | undefined,
    old: Old,
    computeMs: number,
  ): Promise<Outcome> {
    // Nobody waits any more: what the function makes of that says nothing of the next call.
    if (call.abortion?.signal.aborted) throw error
    const spares = old !== 'none' && this.#says(call, this.#settings.fallsBackOn, error)
    const isSpared = isPromise(spares) ? await spares : spares
    const isOutdated = !call.asksTheSame()
    const outcome = outcomeOf(this.#settings.serializer, error, undefined, {
      isError: true,
      isSpared,
      isOutdated,
    })
    const { cachedErrors } = this.#settings
    if (right === undefined || old === 'served' || isSpared) return outcome
    // Mistakes of the program are none of its function's errors.
    if (cachedErrors === undefined || error instanceof DeadlockError || error instanceof OptionError)
      return outcome
    const put = whenKnown(this.#says(call, cachedErrors.when, error), (isToBeStored) => {
      const stored = isToBeStored ? this.#encodeError(call, error) : undefined
      if (stored === undefined || this.#isSpoiled(call, computeMs)) return undefined
      return this.#writeError(call, stored, right, computeMs)
    })
    if (isPromise(put)) await this.#orEarly(call, outcome, put as Promise<unknown>)
    return outcome
  }

  /** `undefined` for an error that cannot be stored. */
  #encodeError(call: Call, error: unknown): string | Buffer | undefined {
    try {
      return encodeError(this.#settings.serializer, error)
    } catch (trouble) {
      this.#report.failed(call, 'serialize', trouble)
      return undefined
    }
  }

  async #writeError(call: Call, stored: string | Buffer, right: Right, computeMs: number): Promise<Written> {
    const { cachedErrors, tags } = this.#settings
    const ttlMs = cachedErrors?.ttlMs
    try {
      const note = this.#noteOf(ttlMs, computeMs, tags && [])
      return await this.#write(call, stored, { ttlMs, freshMs: ttlMs, note }, right, computeMs)
    } catch (trouble) {
      this.#report.failed(call, 'put', trouble) // what the caller is to hear of is the error of the function
      return NOT_WRITTEN
    }
  }

  /** What a callback says of an error; no, if it fails itself. */
  #says(
    call: Call,
    when: (error: unknown) => Eventually<boolean>,
    error: unknown,
  ): boolean | Promise<boolean> {
    const failed = (trouble: unknown): boolean => {
      this.#report.failed(call, 'callback', trouble)
      return false
    }
    try {
      const answer = this.#settled(call, when(error))
      return isPromise(answer) ? (answer as Promise<boolean>).catch(failed) : answer
    } catch (trouble) {
      return failed(trouble)
    }
  }

  async #giveBack(call: Call): Promise<void> {
    const held = await this.#endLease(call)
    if (held !== undefined) await this.#release(call, held)
  }

  async #release(call: Call, held: HeldLease): Promise<void> {
    try {
      await call.partition.release(held)
    } catch (error) {
      this.#report.failed(call, 'lease', error) // it ends by itself
    }
  }

  #endLease(call: Call): Promise<HeldLease | undefined> {
    return call.partition.leases(this.#settings.leaseMs).end(call)
  }

  async #register(call: Call): Promise<void> {
    try {
      await call.partition.register()
    } catch (error) {
      this.#spare(call, 'put', error)
    }
  }

  #checkForLoss(call: Call, value: unknown, { stored, fidelity }: Encoded): void {
    const { identity, serializer } = this.#settings
    if (checkedForLoss.has(identity)) return
    // To look takes far longer than a call. Where it is known when that is worth it, it is worth waiting for.
    const { losesOnly } = serializer
    if (losesOnly !== undefined && !(fidelity & losesOnly)) return
    checkedForLoss.add(identity)
    const detail = findLoss(serializer, value, stored)
    if (detail === undefined) return
    this.#report.lossy(call, detail, serializer.isLossy ? undefined : isKept(autoSerializer, value))
  }
}

/** A result that the serializer refused. */
interface Unencoded {
  readonly stored: undefined
  readonly error: unknown
}

/** Whether a serializer brings a value back as it was. */
function isKept(serializer: Serializer, value: unknown): boolean {
  try {
    return findLoss(serializer, value, encode(serializer, value)) === undefined
  } catch {
    return false
  }
}

/**
 * How long a result is fresh by what a callback said of it, in milliseconds: 0 for not at all, `Infinity` for no end.
 * @throws {OptionError} for what is no duration.
 */
function ttlMsOf(ttl: Duration | undefined, defaultMs: number): number {
  if (ttl === undefined) return defaultMs
  if (ttl === Number.POSITIVE_INFINITY) return ttl
  return isZero(ttl) ? 0 : toMs(ttl, 'ttl')
}

/** @throws {OptionError} for what cannot be the tags of an entry. */
export function checkTags(tags: readonly string[], where = 'tags'): readonly string[] {
  if (
    !Array.isArray(tags) ||
    tags.length > MOST_TAGS ||
    !tags.every((tag) => typeof tag === 'string' && tag !== '')
  ) {
    const what =
      where === 'tags' ? `return an array of up to ${MOST_TAGS} texts` : `give up to ${MOST_TAGS} texts`
    throw new OptionError(`${where}: ${what} that are not empty.`)
  }
  return [...new Set(tags)]
}

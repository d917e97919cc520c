import type { CacheContext } from './cache-context.ts'
import { askedFor, Call, titleOf, type Outcome, type Round } from './call.ts'
import { checkKnown } from '../options/checks.ts'
import { type AwaitedCall, callsAround, circleOf, currentRun, type Run } from '../context/run.ts'
import type { Context } from '../context/context.ts'
import { Computation, isToldUnstorable, type Solo, type Old, type Right } from './load.ts'
import { type DetailedResult, detailOf, NOT_STORED } from '../functions/detailed-result.ts'
import { CacheMissError, DeadlockError, TimeoutError } from '../errors.ts'
import type { Passenger } from '../flow/in-flight.ts'
import { onAbort, reasonToAbort, unlessAborted, within } from '../flow/timeout.ts'
import { clearTimeout, monotonicMs, setTimeout } from '../flow/timers.ts'
import type { Hash } from '../keys/call-hash.ts'
import { known } from '../keys/canonical/path.ts'
import type { FunctionIdentity } from '../keys/function-identity.ts'
import type { CacheAddress } from '../keys/unwrapping.ts'
import { Opening } from './entry-reader.ts'
import { isPromise } from '../realms/native.ts'
import { decode } from '../serializers/encoding.ts'
import { copyOfThrown } from '../serializers/errors/error-copy.ts'
import type { EntryLocation } from '../partitions/partitions.ts'
import type { LeaseWish, Lookup } from '../stores/store.ts'
import type { ErrorPhase } from '../telemetry/events.ts'
import { Reporter } from '../telemetry/reporter.ts'
import type { WrapSettings } from '../options/function-settings.ts'

/** What holds for one call. */
export interface CallSettings {
  /** Lets the caller leave; what he waits for goes on as long as somebody else does. */
  readonly signal: AbortSignal | undefined
  /** Whether he wants to know where the result came from. */
  readonly isDetailed: boolean
  /** Whether he waits until the result is stored, however long that takes; default no. */
  readonly needsProof?: boolean
}

const NO_SETTINGS: CallSettings = { signal: undefined, isDetailed: false }

/** The way of one call, and what else can be done to the entries of one function. */
export class FunctionCache {
  readonly #cache: CacheContext
  readonly #settings: WrapSettings
  readonly #report: Reporter
  readonly #computation: Computation
  readonly #opening: Opening

  constructor(cache: CacheContext, settings: WrapSettings) {
    this.#cache = cache
    this.#settings = settings
    this.#report = new Reporter(cache.name, settings.identity.name, cache.events, cache.counters)
    this.#computation = new Computation(settings, cache, this.#report, (call, during, error) =>
      this.#spare(call, during, error),
    )
    this.#opening = new Opening(settings, cache.errorClasses, this.#report)
  }

  get identity(): FunctionIdentity {
    return this.#settings.identity
  }

  /** Of the cache that it belongs to. */
  get address(): CacheAddress {
    return this.#cache.address
  }

  /**
   * Serves a call: from the store, from an equal call under way, or by running the function.
   *
   * @param options What holds for this call.
   * @param round Calls that compute together what they miss.
   */
  call(
    self: unknown,
    args: readonly unknown[],
    options: CallSettings = NO_SETTINGS,
    round?: Round,
  ): Promise<unknown> {
    const { signal, isDetailed } = options
    const context = this.#cache.contexts.current
    this.#report.called(context)
    if (signal?.aborted) return Promise.reject(reasonToAbort(signal))
    const { read, write, execute } = context.mode
    let call: Call
    try {
      if (!read && !write && execute) {
        const value = this.#executeFor(this.#solo(self, args, context, round), signal)
        return isDetailed ? value.then((result) => detailOf(result, 'bypass', NOT_STORED)) : value
      }
      if (isDetailed) this.#noteTimes()
      call = this.#locate(self, args, round)
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#serveFrom(call, options)
  }

  /** What is executed for one caller, without any call. */
  #solo(self: unknown, args: readonly unknown[], context: Context, round: Round | undefined): Solo {
    const { name } = this.identity
    return {
      self: this.#given(self),
      args,
      context,
      round,
      askers: undefined,
      get title() {
        return titleOf(name, args)
      },
    }
  }

  /** Serves a call from the flight of an equal one, or from its own. */
  #serveFrom(call: Call, options: CallSettings): Promise<unknown> {
    try {
      return this.#isWithin(call)
        ? this.#runWithin(call, options)
        : this.#board(call, this.#takeOff(call, options.signal), options)
    } catch (error) {
      call.round?.leave(call)
      return Promise.reject(error)
    }
  }

  /** From now on the time of each put is recorded: somebody wants to know it. */
  #noteTimes(): void {
    if (this.#computation.notesTimes) return
    this.#computation.notesTimes = true
    this.#cache.partitions.ask({ expiry: true, freshness: true, tags: false })
  }

  /**
   * Whether a key is asked for from its own load: two layers of a program may use the same one. It would wait for itself.
   *
   * @throws {DeadlockError} if there are so many of them that no program means it.
   */
  #isWithin(call: Call): boolean {
    if (!this.identity.isOfKeys) return false
    const layers = equalCallsAround(call)
    if (layers.length >= MOST_LAYERS) {
      throw deadlock(circleOf(currentRun() as Run, layers[0] as AwaitedCall) ?? [])
    }
    return layers.length > 0
  }

  #runWithin(call: Call, { signal, isDetailed }: CallSettings): Promise<unknown> {
    call.round?.leave(call)
    const value = this.#executeFor(call, signal)
    return isDetailed ? value.then((result) => detailOf(result, 'miss', NOT_STORED)) : value
  }

  /** Removes the entry of a call, or lets it grow stale; whether there was one. A computation under way will not store it. */
  async invalidate(self: unknown, args: readonly unknown[], soft: boolean): Promise<boolean> {
    return (await this.#invalidate([this.#placeOf(self, args)], soft)) > 0
  }

  /** The same for many calls together; how many entries there were. */
  async invalidateEach(calls: readonly (readonly unknown[])[], soft: boolean): Promise<number> {
    return this.#invalidate(
      calls.map((args) => this.#placeOf(undefined, args)),
      soft,
    )
  }

  /** The same for all calls of the function; how many entries there were. */
  invalidateAll(soft: boolean): Promise<number> {
    return this.#cache.partitions.invalidateFunction(this.identity, soft)
  }

  async #invalidate(places: readonly EntryLocation<Call>[], soft: boolean): Promise<number> {
    const beganMs = monotonicMs()
    const { hashes, count } = await this.#cache.partitions.invalidate(places, soft)
    if (hashes.length > 0) this.#report.invalidated(hashes, soft, count, monotonicMs() - beganMs)
    return count
  }

  /** Computes a call now, and replaces what is stored; as far as the mode of the context lets it. */
  refresh(self: unknown, args: readonly unknown[], signal?: AbortSignal, round?: Round): Promise<unknown> {
    this.#report.called(this.#cache.contexts.current)
    if (signal?.aborted) return Promise.reject(reasonToAbort(signal))
    try {
      const call = this.#locate(self, args, round)
      call.beganMs = monotonicMs()
      if (signal !== undefined) call.abortion = new AbortController()
      this.#follow(call, this.#renew(call))
      return this.#board(call, call, { signal, isDetailed: false, needsProof: true })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async #renew(call: Call): Promise<Outcome> {
    const { write, execute } = call.context.mode
    if (!execute) {
      throw new CacheMissError(
        `${this.identity.name}: refresh has to execute the function, which the mode of this context forbids. Call it outside of ` +
          'readOnly().',
      )
    }
    const right = write ? { token: await this.#tokenOf(call), isLeased: false, overrules: true } : undefined
    return this.#run(call, right, this.#unseen)
  }

  /** What is stored for a call, without computing it and without touching the order; `undefined` if nothing is. */
  async peek(self: unknown, args: readonly unknown[]): Promise<unknown> {
    const call = this.#locate(self, args)
    if (!call.context.mode.read) return undefined
    const outcome = await this.#opening.open(call, await call.partition.peek(call.hash))
    return outcome?.isError ? undefined : outcome?.value
  }

  /** Stores a known value as the result of a call; nothing where the mode of the context forbids to write. */
  async prime(self: unknown, args: readonly unknown[], value: unknown): Promise<void> {
    const call = this.#locate(self, args)
    call.beganMs = monotonicMs()
    checkKnown(value, 'prime')
    if (call.context.mode.write) await this.#computation.store(call, value)
  }

  /** Where the entry of a call lies. */
  keyOf(
    self: unknown,
    args: readonly unknown[],
  ): { readonly index: string; readonly values: string; readonly hash: Hash } {
    const { partition, hash } = this.#locate(self, args)
    const [index, values] = partition.place.keys
    return { index, values, hash }
  }

  /** Starts a call, or finds the equal one under way that it joins. */
  #takeOff(call: Call, signal?: AbortSignal): Call {
    const { mode } = call.context
    const { partition, name } = call
    if (mode.read && mode.write && mode.execute) {
      const underWay = partition.flights.get(name)
      if (underWay !== undefined && !this.#isStuck(underWay)) {
        const run = currentRun()
        const circle = run === undefined ? undefined : circleOf(run, underWay)
        if (circle !== undefined) throw deadlock(circle)
        underWay.isAskedBy(call, run)
        call.round?.leave(call)
        call.beganMs = monotonicMs()
        this.#report.joined(call)
        return underWay
      }
      partition.flights.start(name, call)
    }
    if (signal !== undefined) call.abortion = new AbortController()
    if (mode.read) {
      this.#report.looks(call)
      call.provenAt = partition.departures
      call.look()
    } else {
      call.beganMs = monotonicMs()
      this.#follow(call, this.#miss(call, undefined, undefined))
    }
    return call
  }

  /** Whether a call has been under way for longer than any may be: it waits for an answer of the store that may never come. */
  #isStuck({ beganMs }: Call): boolean {
    const { maxComputeMs, waitMs = 0 } = this.#settings
    return monotonicMs() - beganMs > maxComputeMs + waitMs
  }

  /** What a caller gets when the flight that he is on has landed: its value if it is his own, else a copy. */
  #board(call: Call, flight: Call, options: CallSettings): Promise<unknown> {
    const { timeoutMs } = this.#settings
    const { signal, isDetailed } = options
    const result = new Promise<unknown>((resolve, reject) => {
      const passenger =
        flight === call
          ? isDetailed
            ? this.#detailedOwner(resolve, reject)
            : new Owner(resolve, reject, options.needsProof)
          : this.#guest(call, flight, options, resolve, reject)
      flight.board(signal === undefined ? passenger : leaving(passenger, call, flight, signal))
    })
    if (timeoutMs === undefined) return result
    return within(result, timeoutMs, () => {
      flight.isLeftBy(call)
      this.#cache.background.tell(result, flight)
      return this.#timeoutError(timeoutMs)
    })
  }

  /** Who joins the flight of another call. */
  #guest(
    call: Call,
    flight: Call,
    options: CallSettings,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ): Passenger<Outcome> {
    const { signal, isDetailed } = options
    const { departures } = call.partition
    call.openScope()
    return {
      // What the function read when it began is not older than a call that came before.
      needsProof: flight.isRunning,
      land: (outcome) => {
        // What runs for this call, runs where it was made, with the stores of its own request.
        call.leaveScope(() => {
          // The call may have come after an invalidation, and must not get what was before.
          const isLate = outcome.isOutdated || departures > flight.provenAt
          if (isLate) resolve(this.#serveFrom(call, options))
          else if (outcome.isError) reject(this.#settings.share ? outcome.value : copyOfThrown(outcome.value))
          else if (isDetailed) resolve(this.#shareDetailed(call, flight, outcome, signal))
          else resolve(this.#share(call, flight, outcome, signal))
        })
      },
      crash: (error) => {
        call.closeScope()
        reject(error)
      },
    }
  }

  /** What a call that joined another one gets: a copy of its own, or the result of a run of its own. */
  async #share(
    call: Call,
    flight: Call,
    outcome: Outcome,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const copy = await this.#copyOf(call, flight, outcome)
    return copy === undefined ? this.#executeFor(call, signal) : copy.value
  }

  /**
   * A copy for a call that joined another one; `undefined` if there is none, whatever the reason: the caller need not hear of
   * it. What nobody can change, or is shared by option, needs none.
   */
  async #copyOf(
    call: Call,
    flight: Call,
    outcome: Outcome,
  ): Promise<{ readonly value: unknown } | undefined> {
    const { value, stored, serializer } = outcome
    const { share, schema } = this.#settings
    const isUnchangeable = Object(value) !== value
    if (share || (isUnchangeable && schema === undefined)) return outcome
    let copy: { readonly value: unknown } | undefined
    try {
      copy = isUnchangeable
        ? outcome
        : stored === undefined
          ? flight.shared(value)
          : { value: decode(serializer, Buffer.from(stored as string)) }
    } catch (error) {
      this.#report.failed(call, 'serialize', error)
      return undefined
    }
    if (copy === undefined && !isToldUnstorable(this.identity)) this.#report.unshared()
    return copy === undefined || schema === undefined
      ? copy
      : this.#opening.check(call, { ...outcome, value: copy.value })
  }

  /** Who started the flight, and wants to know where the result came from. */
  #detailedOwner(resolve: (value: unknown) => void, reject: (error: unknown) => void): Passenger<Outcome> {
    return {
      needsProof: false,
      land: (outcome) => {
        const { value, isError, status } = outcome
        if (isError) reject(value)
        else resolve(detailOf(value, status, this.#opening.timesOf(outcome)))
      },
      crash: reject,
    }
  }

  async #shareDetailed(
    call: Call,
    flight: Call,
    outcome: Outcome,
    signal: AbortSignal | undefined,
  ): Promise<DetailedResult<unknown>> {
    const copy = await this.#copyOf(call, flight, outcome)
    return copy === undefined
      ? detailOf(await this.#executeFor(call, signal), 'miss', NOT_STORED)
      : detailOf(copy.value, 'joined', this.#opening.timesOf(outcome))
  }

  /** Runs the function for one caller alone. */
  #executeFor(call: Solo, signal: AbortSignal | undefined): Promise<unknown> {
    const result = this.#computation.execute(call, signal)
    return signal === undefined ? result : unlessAborted(result, signal)
  }

  /** The lookup has come. A hit ends here, and has taken no promise but the caller's own. Throws nothing. */
  found(call: Call, lookup: Lookup): void {
    try {
      const outcome = this.#serve(call, lookup)
      if (isPromise(outcome)) this.#follow(call, outcome)
      else this.#land(call, outcome)
    } catch (error) {
      this.#crash(call, error)
    }
  }

  /** The lookup failed: trouble of the store reads as nothing known, unless the caller wants to hear of it. */
  notFound(call: Call, error: unknown): void {
    try {
      this.#spare(call, 'get', error)
      this.#follow(call, this.#miss(call, undefined, undefined))
    } catch (thrown) {
      this.#crash(call, thrown)
    }
  }

  #follow(call: Call, outcome: Promise<Outcome>): void {
    this.#cache.background.add(outcome, call).then(
      (landed) => this.#land(call, landed),
      (error: unknown) => this.#crash(call, error),
    )
  }

  #land(call: Call, outcome: Outcome): void {
    call.round?.leave(call)
    call.partition.flights.end(call.name, call)
    call.land(outcome)
  }

  #crash(call: Call, error: unknown): void {
    call.round?.leave(call)
    call.partition.flights.end(call.name, call)
    call.crash(error)
  }

  #serve(call: Call, lookup: Lookup): Outcome | Promise<Outcome> {
    const opened = this.#opening.open(call, lookup)
    if (isPromise(opened)) return opened.then((checked) => this.#serveOpened(call, lookup, checked))
    return this.#serveOpened(call, lookup, opened)
  }

  /** By how fresh it is: served, served and refreshed behind the caller, or kept for the case that the function fails. */
  #serveOpened(call: Call, lookup: Lookup, outcome: Outcome | undefined): Outcome | Promise<Outcome> {
    if (outcome === undefined) return this.#miss(call, lookup, undefined)
    switch (this.#opening.judge(lookup, outcome)) {
      case 'fresh':
        this.#report.hit(call)
        return outcome
      case 'early':
        this.#report.hit(call)
        this.#refreshBehind(call, lookup, 'early')
        return outcome
      case 'stale':
        this.#report.stale(call, 'grace')
        this.#refreshBehind(call, lookup, 'stale')
        return { ...outcome, status: 'stale' }
      case 'fallback':
        return this.#miss(call, lookup, { ...outcome, status: 'stale' })
      case 'expired':
        return this.#miss(call, lookup, undefined)
    }
  }

  /** @param spare A result that is too old to be served, unless the function fails. */
  async #miss(call: Call, lookup: Lookup | undefined, spare: Outcome | undefined): Promise<Outcome> {
    const { mode } = call.context
    if (mode.read) this.#report.miss(call)
    if (!mode.execute) throw this.#missError(call)
    if (spare === undefined) return this.#compute(call, lookup, lookup === undefined ? this.#unseen : 'none')
    const reason = this.#reasonToSpare(call)
    if (reason === undefined) return this.#computeOr(spare, call, lookup)
    this.#report.stale(call, reason)
    return spare
  }

  /** Why a call need not be computed if there is an old result. */
  #reasonToSpare(call: Call): 'pause' | 'soft-timeout' | undefined {
    if (call.partition.failures.causeOfPause(call.name) === 'spared') return 'pause'
    // Somebody has waited for it already, or was served what had been stale.
    return this.#settings.softTimeoutMs !== undefined && this.#isRefreshed(call) ? 'soft-timeout' : undefined
  }

  /** Where nobody has looked, there may be an old result. */
  get #unseen(): Old {
    return this.#settings.freshness === undefined ? 'none' : 'spare'
  }

  async #compute(call: Call, lookup: Lookup | undefined, old: Old): Promise<Outcome> {
    if (!call.context.mode.write) return this.#run(call, undefined, old)
    const turn = await this.#turn(call, lookup)
    return 'outcome' in turn ? turn.outcome : this.#run(call, turn, old)
  }

  /** Computes a call for which there is an old result, and serves that if the function fails or takes too long. */
  async #computeOr(spare: Outcome, call: Call, lookup: Lookup | undefined): Promise<Outcome> {
    const { softTimeoutMs } = this.#settings
    const { partition, name, provenAt: foundAt } = call
    let isServed = false
    // From now on it is a refresh behind its callers. Who comes later looks for himself whether there still is a spare.
    const computed = this.#compute(call, lookup, 'spare')
    const serve = () => {
      isServed = true
      this.#cache.background.tell(computed, call)
      partition.flights.end(name, call)
      partition.refreshing.start(name, call)
      this.#report.stale(call, 'soft-timeout')
      call.provenAt = foundAt
      call.hasLeft = true
      call.askers = undefined
      call.land(spare)
    }
    const timer = softTimeoutMs === undefined ? undefined : setTimeout(serve, softTimeoutMs)
    try {
      const outcome = await computed
      if (outcome.isError && (outcome.isSpared || isServed)) {
        this.#report.failed(call, 'refresh', outcome.value)
      }
      if (!outcome.isSpared) return outcome
      if (!isServed) this.#report.stale(call, 'error')
      call.provenAt = foundAt // it may have been invalidated since it was found
      return spare
    } catch (error) {
      if (isServed) this.#report.failed(call, 'refresh', error)
      throw error
    } finally {
      clearTimeout(timer)
      if (isServed) partition.refreshing.end(name, call)
    }
  }

  /** Runs the function, and remembers whether it failed, where that is not told to the caller. */
  async #run(call: Call, right: Right | undefined, old: Old): Promise<Outcome> {
    const outcome = await this.#cache.background.add(this.#computation.run(call, right, old), call)
    const { failures } = call.partition
    if (call.hasChanged) return outcome // it says nothing of what was asked
    if (!outcome.isError) failures.succeeded(call.name)
    else if (old !== 'none') failures.failed(call.name, outcome.isSpared ? 'spared' : 'told')
    return outcome
  }

  /** By which right the call computes, or what another process has computed meanwhile. */
  async #turn(call: Call, lookup: Lookup | undefined): Promise<Right | { readonly outcome: Outcome }> {
    const { waitMs } = this.#settings
    // The lease may be held by whoever waits for this call, such as a refresh.
    if (waitMs === undefined || !call.context.mode.read || equalCallsAround(call).length > 0) {
      return { token: await this.#tokenBy(call, lookup), isLeased: false }
    }
    try {
      return await this.#wait(call, lookup, monotonicMs() + waitMs)
    } catch (error) {
      this.#spare(call, 'lease', error)
      return { token: await this.#tokenBy(call, lookup), isLeased: false }
    }
  }

  /** Waits for the lease, or for what those bring who have it before. */
  async #wait(
    call: Call,
    lookup: Lookup | undefined,
    untilMs: number,
    hasWaited = false,
  ): Promise<Right | { readonly outcome: Outcome }> {
    const { partition, hash } = call
    const hold = (lease: number) => ({ hash, lease })
    const leases = partition.leases(this.#settings.leaseMs)
    const turn = await leases.take(call, wishOf(call, lookup), untilMs, hold, () => {
      call.round?.leave(call)
      if (!hasWaited) this.#report.waits(call)
    })
    if (turn.state === 'taken') {
      this.#report.leased(call)
      return { token: turn.atUs, isLeased: true }
    }
    if (turn.state === 'late') return { token: await this.#tokenOf(call), isLeased: false }
    call.provenAt = partition.departures
    const second = await partition.look(hash)
    const outcome = await this.#opening.open(call, second)
    if (outcome !== undefined && ['fresh', 'early'].includes(this.#opening.judge(second, outcome)))
      return { outcome: { ...outcome, status: 'waited' } }
    if (turn.state === 'ended') return this.#wait(call, second, untilMs, true)
    // What will not do is computed without a lease: another process finds nothing amiss with it.
    return { token: await this.#tokenBy(call, second), isLeased: false }
  }

  /** Has one of all processes refresh a result, behind those who are served the old one. */
  #refreshBehind(call: Call, lookup: Lookup, reason: 'early' | 'stale'): void {
    const { partition, name, context } = call
    if (!context.mode.write || !context.mode.execute) return
    if (this.#isRefreshed(call) || partition.failures.causeOfPause(name) !== undefined) return
    const refresh = call.alone()
    partition.refreshing.start(name, refresh)
    const refreshed = this.#refreshOnce(refresh, lookup, reason)
      .catch((error: unknown) => this.#report.failed(call, 'refresh', error))
      .finally(() => partition.refreshing.end(name, refresh))
    this.#cache.background.addBehind(refreshed, refresh)
  }

  /** Whether its result is being computed behind its callers. */
  #isRefreshed({ partition, name }: Call): boolean {
    const refresh = partition.refreshing.get(name)
    return refresh !== undefined && !this.#isStuck(refresh)
  }

  async #refreshOnce(call: Call, lookup: Lookup, reason: 'early' | 'stale'): Promise<void> {
    const { partition, hash } = call
    const leases = partition.leases(this.#settings.leaseMs)
    const answer = await leases.tryToTake(call, wishOf(call, lookup), (lease) => ({ hash, lease }))
    if (answer.state !== 'taken') return
    this.#report.refreshes(call, reason)
    const { value, isError } = await this.#run(call, { token: answer.atUs, isLeased: true }, 'served')
    if (isError) throw value
  }

  /** The time of a lookup, if that was asked for. One that failed has none, and a second question would be no better off. */
  #tokenBy(call: Call, lookup: Lookup | undefined): Promise<number | undefined> | number | undefined {
    if (call.context.mode.read && lookup === undefined) return undefined
    return lookup?.atUs ?? this.#tokenOf(call)
  }

  async #tokenOf(call: Call): Promise<number | undefined> {
    try {
      return await call.partition.now()
    } catch (error) {
      this.#spare(call, 'get', error)
      return undefined
    }
  }

  canChange({ args }: Call): boolean {
    return typeof this.#settings.self === 'function' || args.some((arg) => Object(arg) === arg)
  }

  get functionName(): string {
    return this.identity.name
  }

  askedBy({ self, args }: Call): string {
    return askedFor(this.#placeOf(self, args))
  }

  /** Where the result of a call lies. */
  #placeOf(self: unknown, args: readonly unknown[]): EntryLocation<Call> {
    const picks = this.#settings.self
    const told = typeof picks === 'function' ? [known(picks(self as never), 'this', 'this'), ...args] : args
    return this.#cache.partitions.locate(this.identity, told)
  }

  #locate(self: unknown, args: readonly unknown[], round?: Round): Call {
    const location = this.#placeOf(self, args)
    const call = new Call(this, location, this.#given(self), args, this.#cache.contexts.current, round)
    round?.enter(call)
    return call
  }

  /** What the function gets as `this`: nothing, unless it was said what it means. */
  #given(self: unknown): unknown {
    return this.#settings.self === 'none' ? undefined : self
  }

  /** Trouble of the store is the caller's only if he asked for it. */
  #spare(call: Call, during: ErrorPhase, error: unknown): void {
    if (this.#cache.throwsOnError) throw error
    this.#report.failed(call, during, error)
  }

  #missError(call: Call): CacheMissError {
    return new CacheMissError(
      this.identity.isOfKeys
        ? 'getOrSet: nothing is stored under this key, and the mode of this context forbids to load it. Call it outside of ' +
            'readOnly(), or set() the key first.'
        : `${this.identity.name}: nothing is stored for this call (${call.hash}), and the mode of this ` +
            'context forbids to execute the function. Call it outside of readOnly(), or prime it first.',
    )
  }

  #timeoutError(ms: number): TimeoutError {
    return new TimeoutError(
      `${this.identity.name}: no result within ${ms} ms. The function goes on, and what it returns may still be stored.`,
    )
  }
}

/** Who is on his own flight. */
class Owner implements Passenger<Outcome> {
  readonly needsProof: boolean
  readonly #resolve: (value: unknown) => void
  readonly crash: (error: unknown) => void

  constructor(resolve: (value: unknown) => void, reject: (error: unknown) => void, needsProof = false) {
    this.needsProof = needsProof
    this.#resolve = resolve
    this.crash = reject
  }

  land({ value, isError }: Outcome): void {
    if (isError) this.crash(value)
    else this.#resolve(value)
  }
}

/** @param circle The titles of calls, each of which waits for the next; the last is the first. */
const deadlock = (circle: readonly string[]): DeadlockError =>
  new DeadlockError(
    `${circle[0]} would wait for itself: ${circle.join(' → ')}. Let one of these functions do without the result of the next, ` +
      'or let it call the function that was wrapped (original) instead of the cached one.',
  )

/** So many layers of a program may use the same key, each within the load of the one before. */
const MOST_LAYERS = 8

/** The calls that ask the same cache for the same, and in whose runs a call is made; the nearest first. */
function equalCallsAround(call: Call): readonly AwaitedCall[] {
  const run = currentRun()
  if (run === undefined) return []
  return callsAround(run, (other) => other instanceof Call && other.isEqualTo(call))
}

/** What of an entry was seen that will not do. */
const wishOf = ({ hash }: Call, lookup: Lookup | undefined): LeaseWish => ({
  hash,
  seenMs: lookup?.value === undefined ? undefined : (lookup.freshUntilMs ?? 0),
})

/** A passenger who leaves by a signal. If he is the last one, the work is told that nobody waits for it. */
function leaving(
  passenger: Passenger<Outcome>,
  call: Call,
  flight: Call,
  signal: AbortSignal,
): Passenger<Outcome> {
  const own: Passenger<Outcome> = {
    needsProof: passenger.needsProof,
    land: (outcome) => {
      stay()
      passenger.land(outcome)
    },
    crash: (error) => {
      stay()
      passenger.crash(error)
    },
  }
  const stay = onAbort(signal, () => {
    const reason = reasonToAbort(signal)
    passenger.crash(reason)
    flight.isLeftBy(call)
    if (!flight.leave(own) || flight.abortion === undefined) return
    flight.partition.flights.end(flight.name, flight)
    flight.abortion.abort(reason)
  })
  return own
}

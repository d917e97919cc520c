import { type Context, type Contexts, count } from './context.ts'
import { CacheMissError } from './errors.ts'
import type { ErrorPhase, Events } from './events.ts'
import { Flight } from './flow/single-flight.ts'
import type { Hash } from './keys/call-hash.ts'
import type { FunctionIdentity } from './keys/function-identity.ts'
import type { WrapSettings } from './options.ts'
import { Reporter } from './reporter.ts'
import { decode, encode } from './serializers/encoding.ts'
import { findLoss } from './serializers/loss.ts'
import type { Serializer } from './serializers/serializer.ts'
import { flightName, type Shelf } from './shelf.ts'
import type { Lookup } from './stores/store.ts'

/** What a call under way brings to all who wait for it. */
export interface Outcome {
  /** For the one who started it; the others get copies, made of `stored`. */
  readonly value: unknown
  /** The serialized value; `undefined` if it cannot be serialized. */
  readonly stored: string | Buffer | undefined
  readonly serializer: Serializer
}

/** The place of a call, and its name there. */
export interface Location {
  readonly shelf: Shelf<Flight<Outcome>>
  readonly hash: Hash
}

/** What cached functions ask of their cache. */
export interface FunctionHost {
  readonly name: string
  readonly contexts: Contexts
  readonly events: Events
  readonly throwsOnError: boolean
  locate(settings: WrapSettings, args: readonly unknown[]): Location
}

/** A call: what is asked for, by whom, and where its result lies. */
interface Call {
  readonly shelf: Shelf<Flight<Outcome>>
  readonly hash: Hash
  readonly self: unknown
  readonly args: readonly unknown[]
  readonly context: Context
}

/** The way of one call, and what else can be done to the entries of one function. */
export class FunctionCache {
  readonly #host: FunctionHost
  readonly #settings: WrapSettings
  readonly #report: Reporter
  #checkedForLoss = false

  constructor(host: FunctionHost, settings: WrapSettings) {
    this.#host = host
    this.#settings = settings
    this.#report = new Reporter(host.name, settings.identity.name, host.events)
  }

  get identity(): FunctionIdentity {
    return this.#settings.identity
  }

  /** Serves a call: from the store, from an equal call under way, or by running the function. */
  call(self: unknown, args: readonly unknown[]): Promise<unknown> {
    const context = this.#host.contexts.current
    const { read, write, execute } = context.mode
    count(context, 'count')
    if (!read && !write && execute) return this.#execute(this.#given(self), args, context)

    let call: Call
    try {
      call = this.#locate(self, args, context)
    } catch (error) {
      return Promise.reject(error)
    }
    const flight = new Flight<Outcome>()
    if (!(read && write && execute)) return this.#serve(call, flight)

    const { flights } = call.shelf
    const name = flightName(call.hash)
    const underWay = flights.get(name)
    if (underWay !== undefined) return this.#join(underWay, call)
    flights.start(name, flight)
    return this.#serve(call, flight)
  }

  /** Removes the entry of a call; whether there was one. A computation under way will not store it again. */
  async invalidate(self: unknown, args: readonly unknown[]): Promise<boolean> {
    const { shelf, hash } = this.#locate(self, args)
    return shelf.invalidate(hash)
  }

  /** Computes a call now, and replaces what is stored. */
  async refresh(self: unknown, args: readonly unknown[]): Promise<unknown> {
    const call = this.#locate(self, args)
    return (await this.#compute(call, await this.#tokenOf(call))).value
  }

  /** What is stored for a call, without computing it and without touching the order; `undefined` if nothing is. */
  async peek(self: unknown, args: readonly unknown[]): Promise<unknown> {
    const { shelf, hash } = this.#locate(self, args)
    const stored = this.#valid(await shelf.peek(hash))
    return stored === undefined ? undefined : decode(this.#settings.serializer, stored)
  }

  /** Stores a known value as the result of a call. */
  async prime(self: unknown, args: readonly unknown[], value: unknown): Promise<void> {
    const { shelf, hash } = this.#locate(self, args)
    const { serializer, ttlMs } = this.#settings
    await shelf.register()
    await shelf.put({ hash, value: encode(serializer, value), ttlMs, token: undefined })
  }

  /** Where the entry of a call lies. */
  keyOf(
    self: unknown,
    args: readonly unknown[],
  ): { readonly index: string; readonly values: string; readonly hash: Hash } {
    const { shelf, hash } = this.#locate(self, args)
    const [index, values] = shelf.place.keys
    return { index, values, hash }
  }

  /** From the lookup to the result. */
  async #serve(call: Call, flight: Flight<Outcome>): Promise<unknown> {
    try {
      const { mode } = call.context
      const lookup = mode.read ? await this.#read(call) : undefined
      const outcome = (lookup && this.#open(call, this.#valid(lookup))) ?? (await this.#miss(call, lookup))
      flight.land(outcome)
      return outcome.value
    } catch (error) {
      flight.crash(error)
      throw error
    } finally {
      call.shelf.flights.end(flightName(call.hash), flight)
    }
  }

  /** What a call that joins another one gets: a copy of its own, unless nobody can change it or sharing is wished. */
  async #join(underWay: Flight<Outcome>, call: Call): Promise<unknown> {
    count(call.context, 'joined')
    const { value, stored, serializer } = await underWay.join()
    if (this.#settings.share || Object(value) !== value) return value
    if (stored === undefined) return this.#execute(call.self, call.args, call.context)
    return decode(serializer, Buffer.from(stored))
  }

  /** Trouble of the store reads as nothing known, unless the caller wants to hear of it. */
  #read(call: Call): Promise<Lookup | undefined> {
    count(call.context, 'read')
    return call.shelf.get(call.hash).catch((error: unknown) => {
      this.#spare(call, 'get', error)
      return undefined
    })
  }

  async #miss(call: Call, lookup: Lookup | undefined): Promise<Outcome> {
    const { mode } = call.context
    if (mode.read) this.#report.miss(call)
    if (!mode.execute) throw this.#missError(call)
    if (!mode.write) return this.#outcome(await this.#execute(call.self, call.args, call.context), undefined)
    return this.#compute(call, mode.read ? lookup?.atUs : await this.#tokenOf(call))
  }

  /** An entry that lost its expiry (`maxmemory` may take that key alone) might live for ever: it counts as missing. */
  #valid({ value, expiresAtMs }: Lookup): Buffer | undefined {
    return this.#settings.ttlMs !== undefined && expiresAtMs === undefined ? undefined : value
  }

  /** A hit; `undefined` if there is nothing that can be read. */
  #open(call: Call, stored: Buffer | undefined): Outcome | undefined {
    if (stored === undefined) return undefined
    try {
      const outcome = this.#outcome(decode(this.#settings.serializer, stored), stored)
      this.#report.hit(call)
      return outcome
    } catch (error) {
      this.#report.undecodable(call, error)
      return undefined
    }
  }

  /** Runs the function and stores what it returns, if nobody invalidated it since `token`. */
  async #compute(call: Call, token: number | undefined): Promise<Outcome> {
    await this.#register(call)
    const value = await this.#execute(call.self, call.args, call.context)
    const stored = this.#encode(call, value)
    if (stored !== undefined) await this.#write(call, stored, token)
    return this.#outcome(value, stored)
  }

  #outcome(value: unknown, stored: string | Buffer | undefined): Outcome {
    return { value, stored, serializer: this.#settings.serializer }
  }

  async #execute(self: unknown, args: readonly unknown[], context: Context): Promise<unknown> {
    count(context, 'execute')
    const { identity } = this.#settings
    return await (identity.original as (...args: readonly unknown[]) => unknown).apply(
      self,
      args as unknown[],
    )
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

  async #write(call: Call, value: string | Buffer, token: number | undefined): Promise<void> {
    const bytes = Buffer.byteLength(value)
    if (bytes > this.#settings.maxValueBytes) return this.#report.skipped(call, 'too-large', bytes)
    // Without a token nothing proves that the value was not invalidated meanwhile.
    if (token === undefined) return this.#report.skipped(call, 'no-token', bytes)
    try {
      const { shelf, hash } = call
      const { stored, evicted } = await shelf.put({ hash, value, ttlMs: this.#settings.ttlMs, token })
      this.#report.evicted(call, shelf.place.keys[0], evicted)
      if (stored) this.#report.stored(call, bytes)
      else this.#report.skipped(call, 'invalidated', bytes)
    } catch (error) {
      this.#spare(call, 'put', error)
    }
  }

  async #tokenOf(call: Call): Promise<number | undefined> {
    try {
      return await call.shelf.now()
    } catch (error) {
      this.#spare(call, 'get', error)
      return undefined
    }
  }

  async #register(call: Call): Promise<void> {
    try {
      await call.shelf.register()
    } catch (error) {
      this.#spare(call, 'put', error)
    }
  }

  #locate(self: unknown, args: readonly unknown[], context: Context = this.#host.contexts.current): Call {
    const picks = this.#settings.self
    const told = typeof picks === 'function' ? [picks(self as never), ...args] : args
    const { shelf, hash } = this.#host.locate(this.#settings, told)
    return { shelf, hash, self: this.#given(self), args, context }
  }

  /** What the function gets as `this`: nothing, unless it was said what it means. */
  #given(self: unknown): unknown {
    return this.#settings.self === 'none' ? undefined : self
  }

  /** Trouble of the store is the caller's only if he asked for it. */
  #spare(call: Call, during: ErrorPhase, error: unknown): void {
    if (this.#host.throwsOnError) throw error
    this.#report.failed(call, during, error)
  }

  #missError(call: Call): CacheMissError {
    return new CacheMissError(
      `${this.#settings.identity.name}: nothing is stored for this call (${String(call.hash)}), and the mode of this ` +
        'context forbids to execute the function. Call it outside of readOnly(), or prime it first.',
    )
  }

  #checkForLoss(call: Call, value: unknown, stored: string | Buffer): void {
    if (this.#checkedForLoss) return
    this.#checkedForLoss = true
    const detail = findLoss(this.#settings.serializer, value, stored)
    if (detail !== undefined) this.#report.lossy(call, detail)
  }
}

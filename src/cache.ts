import { checkNames } from './checks.ts'
import { FunctionCache, type FunctionHost, type Location, type Outcome } from './cached-function.ts'
import { type CachedFunction, callable } from './callable.ts'
import { Contexts } from './context.ts'
import { type CachedDecorator, type CachedOptions, DecoratedMethods } from './decorator.ts'
import { IdentityError, OptionError } from './errors.ts'
import { type CacheEvents, Events } from './events.ts'
import type { Flight } from './flow/single-flight.ts'
import type { AnyFunction, FunctionIdentity } from './keys/function-identity.ts'
import type { KeyPair } from './keys/key-pair.ts'
import { BYPASS, DEFAULT_MODE, type Mode, READ_ONLY, WRITE_ONLY } from './mode.ts'
import {
  type CacheOptions,
  type CacheSettings,
  checkCacheName,
  checkCacheOptions,
  checkWrapOptions,
  type WrapOptions,
  type WrapSettings,
} from './options.ts'
import type { AbstractPolicy } from './policies/abstract-policy.ts'
import { Shelf } from './shelf.ts'
import type { Stats } from './stats.ts'
import type { Place } from './stores/store.ts'

/** Shelves kept at hand. A policy of the user's may give every call a key pair of its own. */
const SHELF_LIMIT = 1_000

/** A named, bounded set of results, shared by all processes that use the same name and prefix. */
export class RedisFuncCache {
  readonly name: string
  readonly policy: AbstractPolicy
  readonly #settings: CacheSettings
  readonly #contexts = new Contexts()
  readonly #events = new Events()
  readonly #methods = new DecoratedMethods()
  readonly #functions = new Map<string, AnyFunction>()
  readonly #shelves = new Map<string, Shelf<Flight<Outcome>>>()
  readonly #host: FunctionHost

  /**
   * @param name Part of the key names in Redis. Caches of the same name, prefix and policy share their entries.
   * @param policy Decides who leaves when the cache is full; one policy object a cache.
   * @throws {OptionError} for an option that cannot be.
   * @throws {PolicyError} for a policy that another cache has.
   */
  constructor(name: string, policy: AbstractPolicy, options: CacheOptions) {
    this.name = checkCacheName(name)
    if (typeof policy?.calcKeys !== 'function') {
      throw new OptionError(
        'policy: give an instance of a policy, such as new LruTPolicy(), not the class or its name.',
      )
    }
    this.#settings = checkCacheOptions(options)
    this.policy = policy
    this.#host = {
      name: this.name,
      contexts: this.#contexts,
      events: this.#events,
      throwsOnError: this.#settings.throwsOnError,
      locate: (settings, args) => this.#locate(settings, args),
    }
    policy.attach(this)
    this.#settings.store.accept(policy)
  }

  /** What begins all key names. */
  get prefix(): string {
    return this.#settings.prefix
  }

  /** Entries at the most, in each key pair; `Infinity` for no bound. */
  get maxSize(): number {
    return this.#settings.limits.maxSize
  }

  /**
   * Makes a function remember its results.
   *
   * @throws {IdentityError} for a function without a name, or one that takes the name of another in this cache.
   * @throws {OptionError} for an option that cannot be.
   */
  wrap<F extends AnyFunction>(fn: F, options: WrapOptions<F> = {}): CachedFunction<F> {
    const { functionCache, identity } = this.#register(fn, options as WrapOptions)
    return callable<F>(functionCache, identity)
  }

  /**
   * Makes a method remember its results: a decorator of the TC39 standard, and of `experimentalDecorators`.
   *
   * The method is known as `Class.method`, unless `name` says otherwise.
   * @throws {OptionError} if it is not said what `this` means.
   */
  cached<Self = never>(options: CachedOptions<Self>): CachedDecorator<Self> {
    const wrap = (method: AnyFunction, name: string): FunctionCache =>
      this.#register(method, { ...options, name } as WrapOptions).functionCache
    return this.#methods.decorator(wrap, options)
  }

  /** A decorated method of one object, with its handles: `cache.method(products, 'list').invalidate(3)`. */
  method<Self extends object, Name extends keyof Self>(
    self: Self,
    name: Name,
  ): Self[Name] extends AnyFunction ? CachedFunction<Self[Name]> : never {
    const functionCache = this.#methods.cacheOf(self, name)
    return callable(functionCache, functionCache.identity, self) as never
  }

  /** Entries that can be read now: of all functions, or of the key pair of one. */
  getSize(fn?: { readonly identity: FunctionIdentity }): Promise<number> {
    return this.policy.getSize(fn?.identity)
  }

  /**
   * Removes all entries, or those of the key pair of one function, and returns how many there were. Computations under
   * way, in whatever process, will not be stored.
   * @throws {StoreError} if the store cannot be reached.
   */
  purge(fn?: { readonly identity: FunctionIdentity }): Promise<number> {
    return this.policy.purge(fn?.identity)
  }

  /** Runs a callback in which calls read, write or execute only as said; what is not said stays as it is around. */
  withMode<R>(mode: Partial<Mode>, callback: () => R): R {
    checkNames(mode, Object.keys(DEFAULT_MODE), 'withMode')
    return this.#contexts.withMode(mode, callback)
  }

  /** Runs a callback in which calls are served from the store alone: a miss is a `CacheMissError`. */
  readOnly<R>(callback: () => R): R {
    return this.withMode(READ_ONLY, callback)
  }

  /** Runs a callback in which every call computes and stores. */
  writeOnly<R>(callback: () => R): R {
    return this.withMode(WRITE_ONLY, callback)
  }

  /** Runs a callback in which every call computes, as if there were no cache. */
  bypass<R>(callback: () => R): R {
    return this.withMode(BYPASS, callback)
  }

  /** Runs a callback and tells what the calls in it did. */
  withStats<R>(callback: () => R): Promise<{ result: Awaited<R>; stats: Stats }> {
    return this.#contexts.withStats(callback)
  }

  /** Listens to what the cache tells of. */
  on<E extends keyof CacheEvents>(event: E, listener: (detail: CacheEvents[E]) => void): this {
    this.#events.on(event, listener)
    return this
  }

  /** Stops listening. */
  off<E extends keyof CacheEvents>(event: E, listener: (detail: CacheEvents[E]) => void): this {
    this.#events.off(event, listener)
    return this
  }

  /** For policies: entries of one key pair, or of all. @internal */
  async countEntries(fn?: FunctionIdentity): Promise<number> {
    const { store } = this.#settings
    const sizes = await Promise.all((await this.#places(fn)).map((place) => store.size(place)))
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  /** For policies: removes the entries of one key pair, or of all. @internal */
  async removeEntries(fn?: FunctionIdentity): Promise<number> {
    const { store } = this.#settings
    const places = await this.#places(fn)
    const indexes = new Set(places.map(({ keys }) => keys[0]))
    for (const { place, flights } of this.#shelves.values()) {
      if (indexes.has(place.keys[0])) flights.clear()
    }
    const removed = await Promise.all(places.map((place) => store.purge(place)))
    return removed.reduce((sum, count) => sum + count, 0)
  }

  async #places(fn: FunctionIdentity | undefined): Promise<Place[]> {
    const { registry } = this.policy
    const pairs: readonly KeyPair[] =
      fn === undefined && registry !== undefined
        ? await this.#settings.store.registered(registry)
        : [this.policy.calcKeys(fn)]
    return pairs.map((keys) => this.#placeOf(keys, []))
  }

  #placeOf(keys: KeyPair, ext: readonly (string | Buffer)[]): Place {
    return { policy: this.policy, keys, limits: this.#settings.limits, ext }
  }

  #register(
    fn: AnyFunction,
    options: WrapOptions,
  ): { functionCache: FunctionCache; identity: FunctionIdentity } {
    const settings = checkWrapOptions(fn, options, this.#settings)
    const { identity } = settings
    const namesake = this.#functions.get(identity.text)
    if (namesake !== undefined && namesake !== fn) {
      throw new IdentityError(
        `The cache '${this.name}' has another function under the name '${identity.name}'. They would get each other's ` +
          'results: wrap it once and share the result, or give it a name or version of its own.',
      )
    }
    this.#functions.set(identity.text, fn)
    return { functionCache: new FunctionCache(this.#host, settings), identity }
  }

  #locate(settings: WrapSettings, args: readonly unknown[]): Location {
    const { policy } = this
    const { identity } = settings
    const keys = policy.calcKeys(identity, args)
    const ext = policy.calcExtArgs(identity, args)
    const shelf = ext === undefined ? this.#shelfOf(keys[0], keys, []) : this.#shelfWith(keys, ext)
    return { shelf, hash: policy.calcHash(identity, args) }
  }

  /** Calls travel together only with those that bring the same further arguments. */
  #shelfWith(keys: KeyPair, extArgs: Iterable<string | Buffer | number>): Shelf<Flight<Outcome>> {
    const ext = Array.from(extArgs, (arg) => (typeof arg === 'number' ? String(arg) : arg))
    return this.#shelfOf(JSON.stringify([keys[0], ...ext.map((arg) => arg.toString('latin1'))]), keys, ext)
  }

  #shelfOf(name: string, keys: KeyPair, ext: readonly (string | Buffer)[]): Shelf<Flight<Outcome>> {
    let shelf = this.#shelves.get(name)
    if (shelf === undefined) {
      const { store, touchEveryMs } = this.#settings
      shelf = new Shelf(store, this.#placeOf(keys, ext), this.policy.registry, touchEveryMs)
      if (this.#shelves.size >= SHELF_LIMIT) {
        for (const oldest of this.#shelves.keys()) {
          this.#shelves.delete(oldest)
          break
        }
      }
      this.#shelves.set(name, shelf)
    }
    return shelf
  }
}

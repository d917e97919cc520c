import process from 'node:process'
import type { CacheContext } from './call/cache-context.ts'
import { FunctionCache } from './call/call-runner.ts'
import { type CachedFunction, callable } from './functions/cached-function.ts'
import { checkCallback, checkFlag, checkKnown, checkNames, checkSoft } from './options/checks.ts'
import { checkTags } from './call/load.ts'
import { Contexts } from './context/context.ts'
import { BYPASS, DEFAULT_MODE, type ModeChange, READ_ONLY, WRITE_ONLY } from './context/mode.ts'
import type { Stats } from './context/stats.ts'
import {
  type AsyncMethod,
  type CachedDecorator,
  type CachedOptions,
  DecoratedMethods,
} from './functions/method-decorator.ts'
import type { DetailedResult } from './functions/detailed-result.ts'
import { spelled } from './options/duration.ts'
import { IdentityError, OptionError } from './errors.ts'
import { Background } from './flow/background.ts'
import { Deadlines } from './flow/deadlines.ts'
import {
  type CacheKey,
  checkKey,
  checkKeyOptions,
  type GetOrSetOptions,
  type KeyVerb,
  type PeekOptions,
  type SetOptions,
} from './options/key-options.ts'
import { type AnyFunction, FunctionIdentity } from './keys/function-identity.ts'
import { type CacheAddress, unwrap } from './keys/unwrapping.ts'
import { type CachedMany, callableMany, Loader, type LoadMany } from './functions/cached-many.ts'
import { checkCacheName, checkCacheOptions, drainMs } from './options/cache-checks.ts'
import type { CacheOptions, DrainOptions } from './options/cache-options.ts'
import type { CacheSettings } from './options/cache-settings.ts'
import type { AbstractPolicy } from './policies/policy.ts'
import { warn } from './telemetry/process-warning.ts'
import { Partitions } from './partitions/partitions.ts'
import type { Store } from './stores/store.ts'
import { CacheReporter } from './telemetry/cache-reporter.ts'
import { type CacheStats, Counters } from './telemetry/counters.ts'
import { type CacheEvents, Events } from './telemetry/events.ts'
import { checkWrapManyOptions, checkWrapOptions } from './options/function-checks.ts'
import type { WrapManyOptions, WrapOptions } from './options/function-options.ts'
import { aspectsOf, longestLifeOf, type WrapSettings } from './options/function-settings.ts'

/** Caches that have not been closed, by their store: several may share one. */
const openCaches = /* @__PURE__ */ new WeakMap<Store, Set<WeakRef<RedisFuncCache>>>()

/** A named, bounded set of results, shared by all processes that use the same name and prefix. */
export class RedisFuncCache {
  readonly name: string
  readonly policy: AbstractPolicy
  /** The same as {@link close}, for `await using`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>
  readonly #settings: CacheSettings
  readonly #address: CacheAddress
  readonly #contexts = new Contexts()
  readonly #events = new Events()
  readonly #methods: DecoratedMethods
  readonly #functions = new Map<string, AnyFunction>()
  readonly #settingsOf = new WeakMap<FunctionIdentity, WrapSettings>()
  readonly #counters = new Counters()
  readonly #report: CacheReporter
  readonly #background: Background
  /** The identity of all results that are stored under keys. */
  readonly #keyIdentity: FunctionIdentity
  readonly #partitions: CacheContext['partitions']
  readonly #context: CacheContext

  /**
   * @param name Part of the key names in Redis. Caches of the same name, prefix and policy share their entries.
   * @param policy Decides who leaves when the cache is full; one policy object a cache.
   * @throws {OptionError} for an unknown option, or a value it cannot have.
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
    this.#report = new CacheReporter(this.name, this.#events, this.#counters)
    this.#background = new Background(this.#settings.waitUntil, (error) => this.#report.callbackFailed(error))
    this.#keyIdentity = FunctionIdentity.ofKeys({ encoders: this.#settings.encoders })
    this.policy = policy
    const { prefix } = this.#settings
    this.#address = { name: this.name, prefix, store: options.client ?? this.#settings.store }
    this.#methods = new DecoratedMethods(this.#address)
    this.#partitions = new Partitions({
      ...this.#settings,
      policy,
      counters: this.#counters,
      background: this.#background,
      report: this.#report,
    })
    this.#context = {
      name: this.name,
      address: this.#address,
      partitions: this.#partitions,
      contexts: this.#contexts,
      background: this.#background,
      events: this.#events,
      counters: this.#counters,
      errorClasses: this.#settings.errorClasses,
      throwsOnError: this.#settings.throwsOnError,
      loadDeadlines: new Deadlines(false), // the work itself keeps the process alive, or nothing does
      putDeadlines: new Deadlines(true),
    }
    policy.attach(this, this.#partitions)
    try {
      this.#settings.store.accept(policy)
    } catch (error) {
      policy.detach()
      throw error
    }
    noteOpen(this.#settings.store, this)
    // Where it is missing, as in the realms of Jest on Node 20, compilers of `await using` look for the other symbol.
    Object.defineProperty(this, Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose'), {
      value: () => this.close(),
      writable: true,
      configurable: true,
    })
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
   * @throws {OptionError} for an unknown option, or a value it cannot have.
   */
  wrap<F extends AnyFunction>(fn: F, options: WrapOptions<NoInfer<F>> = {}): CachedFunction<F> {
    const given = unwrap(fn, this.#address)
    const settings = checkWrapOptions(given, options as unknown as WrapOptions, this.#settings)
    const functionCache = this.#register(settings, given.original, 'one')
    return callable<F>(functionCache, functionCache.identity)
  }

  /**
   * Makes a function that loads rows for a list of ids remember each row. What of a list is not stored is loaded in one
   * call, and stored in one round trip.
   *
   * Entries are shared with a function of a single id if it is given as `entriesOf`, or if both are given the same `name` and
   * `version`.
   * @throws {IdentityError} for a function without a name, or one that takes the name of another in this cache.
   * @throws {OptionError} for an unknown option, or a value it cannot have.
   */
  wrapMany<Id, Row>(load: LoadMany<Id, Row>, options: WrapManyOptions<Id, Row> = {}): CachedMany<Id, Row> {
    const given = unwrap(load as AnyFunction, this.#address)
    const single = this.#settingsOf.get(options?.entriesOf?.identity as FunctionIdentity)
    const settings = checkWrapManyOptions(
      given,
      options as unknown as WrapManyOptions,
      this.#settings,
      single,
    )
    const loader = new Loader(given.run as LoadMany<unknown, unknown>, settings.identity.name)
    const functionCache = this.#register(settings, given.original, 'many')
    return callableMany(functionCache, loader, given.original) as CachedMany<Id, Row>
  }

  /**
   * The result that is stored under a key; if there is none, `load` is called and its result is stored. All options and
   * guarantees of `wrap` hold: equal calls are joined, and an invalidation beats loads that are under way.
   *
   * Use it for closures and resolvers, and to migrate from a cache of keys. Prefer `wrap` where a function can be wrapped:
   * there the key is made of the arguments, and cannot be wrong. Give the same options wherever you use the same key: a
   * result stored with a longer `ttl`, without one, or without tags is loaded anew where these are asked for.
   *
   * @param key A text, a number, or an array or object of them, as arguments of a cached function are. It never collides
   *   with calls of wrapped functions.
   * @param load Called without arguments.
   * @throws {OptionError} for an unknown option, or a value it cannot have.
   * @throws {ArgumentsError} for a key that cannot be told apart safely.
   * @example
   * const user = await cache.getOrSet(`user:${id}`, () => db.user(id), { ttl: '5m', tags: () => ['users'] })
   */
  getOrSet<Result, Key extends CacheKey>(
    key: Key,
    load: () => Result,
    options: GetOrSetOptions<NoInfer<Result>, NoInfer<Key>> = {},
  ): Promise<Awaited<Result>> {
    return this.#getOrSet(key, load, options as unknown as GetOrSetOptions, false) as Promise<Awaited<Result>>
  }

  /** Like `getOrSet`, but resolves to the result with its status and times: see {@link DetailedResult}. */
  getOrSetDetailed<Result, Key extends CacheKey>(
    key: Key,
    load: () => Result,
    options: GetOrSetOptions<NoInfer<Result>, NoInfer<Key>> = {},
  ): Promise<DetailedResult<Awaited<Result>>> {
    return this.#getOrSet(key, load, options as unknown as GetOrSetOptions, true) as Promise<
      DetailedResult<Awaited<Result>>
    >
  }

  /**
   * Stores a known value under a key; in a context that forbids to write, it does nothing. Loads of that key that are under way, in any process,
   * will not be stored over it. A value that may not be stored (its `ttl` is 0, or it has more than `maxValueBytes`) removes
   * what is there.
   *
   * @param options The same as for `getOrSet`, or that loads anew.
   * @throws {StoreError} if the store cannot be reached.
   * @throws {SerializerError} for a value that cannot be serialized.
   */
  async set<Value, Key extends CacheKey>(
    key: Key,
    value: Value,
    options: SetOptions<NoInfer<Value>, NoInfer<Key>> = {},
  ): Promise<void> {
    const keyed = this.#ofKeys('set', () => value, options as unknown as GetOrSetOptions)
    await keyed.prime(undefined, [checkKey(key, 'set')], checkKnown(value, 'set'))
  }

  /**
   * What is stored under a key, neither loading it nor touching the eviction order. `undefined` if nothing is, and in a
   * context that forbids to read.
   *
   * @param options `serializer`, `schema` and `migrate` as for `getOrSet`.
   * @throws {StoreError} if the store cannot be reached.
   */
  async peek<Value = unknown>(key: CacheKey, options: PeekOptions<Value> = {}): Promise<Value | undefined> {
    const keyed = this.#ofKeys('peek', () => undefined, options as unknown as GetOrSetOptions)
    return (await keyed.peek(undefined, [checkKey(key, 'peek')])) as Value | undefined
  }

  /**
   * Removes what is stored under a key; resolves to whether there was something. A load of it that is under way, in whatever
   * process, will not be stored. With `{ soft: true }` a result that has a `staleWhileRevalidate` or `staleIfError` is kept and becomes stale.
   * @throws {StoreError} if the store cannot be reached.
   */
  async invalidate(key: CacheKey, options: { readonly soft?: boolean | undefined } = {}): Promise<boolean> {
    const soft = checkSoft(options, 'invalidate')
    return this.#ofKeys('invalidate', () => undefined, {}).invalidate(
      undefined,
      [checkKey(key, 'invalidate')],
      soft,
    )
  }

  /**
   * Makes a method remember its results: a decorator of the TC39 standard, and of `experimentalDecorators`.
   *
   * The method is known as `Class.method`, together with its source text, unless `name` says otherwise: minifiers rename
   * classes, and two of them may get one name.
   * @throws {OptionError} if it is not said what `this` means.
   */
  cached<Self = never, F extends AsyncMethod = AsyncMethod>(
    options: CachedOptions<Self, F>,
  ): CachedDecorator<Self, F> {
    const wrap = (method: AnyFunction, ownName?: string): FunctionCache => {
      const given = unwrap(method, this.#address, ownName)
      const settings = checkWrapOptions(given, options as unknown as WrapOptions, this.#settings, 'cached')
      return this.#register(settings, given.original, 'one')
    }
    return this.#methods.decorator(wrap, options)
  }

  /** A decorated method of one object, with its handles: `cache.method(products, 'list').invalidate(3)`. */
  method<Self extends object, Name extends keyof Self>(self: Self, name: Name): CachedMethod<Self[Name]> {
    const functionCache = this.#methods.cacheOf(self, name)
    return callable(functionCache, functionCache.identity, self) as never
  }

  /** Entries that can be read now: of all functions, or of the key pair of one. */
  async getSize(fn?: { readonly identity: FunctionIdentity }): Promise<number> {
    return this.policy.getSize(fn === undefined ? undefined : identityOf(fn, 'getSize'))
  }

  /**
   * Removes all entries, or those of the key pair of one function, and returns how many there were. Computations under
   * way, in whatever process, will not be stored.
   * @throws {StoreError} if the store cannot be reached.
   */
  async purge(fn?: { readonly identity: FunctionIdentity }): Promise<number> {
    return this.policy.purge(fn === undefined ? undefined : identityOf(fn, 'purge'))
  }

  /**
   * Invalidates all results that have one of these tags, and returns how many there were. Computations under way, in
   * whatever process, that turn out to have one will not be stored. Last may come `{ soft: true }`: results that have a
   * `staleWhileRevalidate` or `staleIfError` are then kept and become stale.
   * @throws {StoreError} if the store cannot be reached.
   */
  async invalidateTags(
    ...tagsAndOptions: readonly (string | { readonly soft?: boolean | undefined })[]
  ): Promise<number> {
    const last = tagsAndOptions.at(-1)
    const options = typeof last === 'object' && !isList(last) ? last : {}
    const soft = checkSoft(options, 'invalidateTags')
    const given = tagsAndOptions.filter((each) => each !== options) as readonly string[]
    if (given.some(isList)) {
      throw new OptionError(
        "invalidateTags: give the tags one by one, as in invalidateTags('a', 'b'), or spread the list: invalidateTags(...tags).",
      )
    }
    const tags = checkTags(given, 'invalidateTags')
    if (tags.length === 0) return 0
    return this.#partitions.invalidateTags(tags, soft)
  }

  /**
   * Within a cached function: a signal that aborts when nobody waits for its result any more. `undefined` if somebody
   * always will, because the call that started it came without a signal of its own, and elsewhere.
   */
  signal(): AbortSignal | undefined {
    return this.#contexts.current.signal
  }

  /**
   * Waits until everything is done that this cache has under way in this process: computations and refreshes, results being
   * stored, reads being recorded for the eviction policy, leases being given back. What begins meanwhile is waited for, too.
   * Call it before a process ends, or is frozen: a read is recorded a millisecond after it was served.
   *
   * @returns Whether all was done in time. What was not goes on; it is lost if the process ends. Never rejects for work that
   *   failed: events tell of that.
   * @throws {OptionError} for a timeout that is none.
   */
  async drain(options: DrainOptions = {}): Promise<boolean> {
    return this.#background.drain(drainMs(options, 'drain'), () => this.#partitions.flush())
  }

  /**
   * The same as {@link drain}; then it ends the connection over which the cache hears of other processes, if there is one
   * and no other cache over the same client needs it. Your client stays open. If work is left when the time is up, a warning
   * tells. A cache that is used again after may be closed again.
   *
   * @throws {OptionError} for a timeout that is none.
   */
  async close(options: DrainOptions = {}): Promise<void> {
    const timeoutMs = drainMs(options, 'close')
    if (!(await this.drain(options))) {
      warn(
        `close:${this.name}`,
        `Cache '${this.name}': close() waited ${spelled(timeoutMs)}, and work of the cache is still under way. What it would ` +
          'store may be lost if the process ends or the client is closed. Give it longer: close({ timeout }).',
      )
    }
    this.#partitions.close()
    if (isLastOpen(this.#settings.store, this)) await this.#settings.store.close()
  }

  /** Runs a callback in which calls read, write or execute only as said; what is not said stays as it is around. */
  withMode<R>(mode: ModeChange, callback: () => R): R {
    checkNames(mode, Object.keys(DEFAULT_MODE), 'withMode')
    for (const [name, value] of Object.entries(mode)) if (value !== undefined) checkFlag(value, name)
    checkCallback(callback, 'withMode')
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

  /**
   * Runs a callback and tells what the calls in it did.
   *
   * @param callback Receives the figures. They are updated while it runs, and can be read after it has thrown.
   */
  async withStats<R>(callback: (stats: Readonly<Stats>) => R): Promise<{ result: Awaited<R>; stats: Stats }> {
    checkCallback(callback, 'withStats')
    return this.#contexts.withStats(callback)
  }

  /** The figures of this cache in this process since its construction: all of `Stats`, and latencies in seconds. */
  stats(): CacheStats {
    return this.#counters.snapshot()
  }

  /** Adds a listener for an event. */
  on<E extends keyof CacheEvents>(event: E, listener: (detail: CacheEvents[E]) => void): this {
    this.#events.on(event, listener)
    return this
  }

  /** Removes a listener. */
  off<E extends keyof CacheEvents>(event: E, listener: (detail: CacheEvents[E]) => void): this {
    this.#events.off(event, listener)
    return this
  }

  #register(settings: WrapSettings, original: AnyFunction, kind: 'one' | 'many'): FunctionCache {
    const { identity } = settings
    const name = `${kind}:${identity.text}` // one of each kind may share entries
    const namesake = this.#functions.get(name)
    if (namesake !== undefined && namesake !== original) this.#replace(settings)
    this.#functions.set(name, original)
    if (kind === 'one') this.#settingsOf.set(identity, settings)
    this.#partitions.ask(aspectsOf(settings))
    this.#partitions.provideFor(longestLifeOf(settings))
    return new FunctionCache(this.#context, settings)
  }

  /** Lets a function take over from another one of its identity, if it may. */
  #replace({ identity, replace = isDevelopment() }: WrapSettings): void {
    if (!replace) {
      throw new IdentityError(
        `The cache '${this.name}' has another function under the name '${identity.name}'. They would get each other's ` +
          'results: wrap it once and share the result, or give it a name or version of its own. If it is the same function, ' +
          'and its module was evaluated again (hot reload, several bundles), keep the client in globalThis and make the cache in ' +
          'the module; or let the newest take over: { replace: true }, the default where NODE_ENV is development. See ' +
          'docs/deployments.md.',
      )
    }
    warn(
      `replace:${this.name}:${identity.text}`,
      (more) =>
        `Cache '${this.name}', ${identity.name}: another function takes over this name, as after a hot reload${more}. Results ` +
        'of the older one are still served. If these are two functions, give each a name of its own.',
    )
    // What the older one has under way is not for callers of the newer one.
    this.#partitions.forgetInFlight()
  }

  #getOrSet(
    key: CacheKey,
    load: () => unknown,
    options: GetOrSetOptions,
    isDetailed: boolean,
  ): Promise<unknown> {
    try {
      const keyed = this.#ofKeys('getOrSet', load, options)
      const { signal } = options
      return keyed.call(undefined, [checkKey(key, 'getOrSet')], { signal, isDetailed })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The runner of calls under keys. Its reads ask for all parts of entries: they may be stored with other options. */
  #ofKeys(where: KeyVerb, load: () => unknown, options: GetOrSetOptions): FunctionCache {
    const settings = checkKeyOptions(this.#keyIdentity, load, options, this.#settings, where)
    const { tags } = aspectsOf(settings)
    this.#partitions.ask({ expiry: true, freshness: true, tags })
    this.#partitions.provideFor(longestLifeOf(settings))
    return new FunctionCache(this.#context, settings)
  }
}

/** Notes that a cache uses a store. */
function noteOpen(store: Store, cache: RedisFuncCache): void {
  const caches = openCaches.get(store) ?? new Set()
  openCaches.set(store, caches.add(new WeakRef(cache)))
}

/** Notes that a cache was closed; whether no other one uses the store. One that nobody has any more does not. */
function isLastOpen(store: Store, cache: RedisFuncCache): boolean {
  const caches = openCaches.get(store)
  for (const ref of caches ?? []) {
    const open = ref.deref()
    if (open === undefined || open === cache) caches?.delete(ref)
  }
  return (caches?.size ?? 0) === 0
}

function isDevelopment(): boolean {
  try {
    return process.env['NODE_ENV'] === 'development'
  } catch {
    return false // a runtime may forbid to ask
  }
}

/** An array, a Set, or another list: but no text. */
const isList = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Symbol.iterator in value

/** @throws {OptionError} for what is no cached function: all would be meant. */
function identityOf(fn: { readonly identity: FunctionIdentity }, where: string): FunctionIdentity {
  const { identity } = (fn ?? {}) as { readonly identity?: FunctionIdentity }
  if (typeof identity?.checksum === 'string') return identity
  throw new OptionError(
    `${where}: give a cached function, as wrap() returns it; or nothing, for all functions.`,
  )
}

/** The type of a cached method. It must not be `never` while the class of `this` is still being declared. */
type CachedMethod<F> = F extends AnyFunction ? CachedFunction<F> : never

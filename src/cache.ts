import type { CacheContext } from './call/cache-context.ts'
import type { Call } from './call/call.ts'
import { runCall } from './call/call-runner.ts'
import type { FunctionContext } from './call/function-context.ts'
import { invalidate, peek, prime } from './call/function-entries.ts'
import { ResultCosts } from './call/result-costs.ts'
import { sinceStamp } from './call/since.ts'
import { type LoadMany, RowLoader } from './call/row-loader.ts'
import { type CachedFunction, callable } from './functions/cached-function.ts'
import { checkCallback, checkFlag, checkKnown, checkNames } from './validation/checks.ts'
import { Contexts } from './context/context.ts'
import { BYPASS, DEFAULT_MODE, type ModeChange, READ_ONLY, WRITE_ONLY } from './context/mode.ts'
import type { Stats } from './context/stats.ts'
import {
  type AsyncMethod,
  type CachedDecorator,
  type CachedOptions,
  DecoratedMethods,
} from './functions/method-decorator.ts'
import type { DetailedResult } from './call/detailed-result.ts'
import { spelled } from './validation/duration.ts'
import {
  checkInvalidation,
  identityOf,
  type InvalidateOptions,
  type PurgeOptions,
  readPurge,
  readTagsToInvalidate,
} from './options/invalidation-options.ts'
import { OptionError } from './errors.ts'
import { Background } from './flow/background.ts'
import { Deadlines } from './flow/deadlines.ts'
import {
  type CacheKey,
  checkKey,
  type GetOrSetOptions,
  type PeekOptions,
  type SetOptions,
} from './options/key-options.ts'
import type { AnyFunction, FunctionIdentity } from './keys/function-identity.ts'
import { unwrap } from './keys/unwrapping.ts'
import { type CachedMany, callableMany } from './functions/cached-many.ts'
import { checkCacheName, checkCacheOptions, drainMs } from './options/cache-checks.ts'
import type { CacheOptions, DrainOptions } from './options/cache-options.ts'
import { checkRecording, type RecordOptions } from './options/record-options.ts'
import type { CacheSettings } from './options/cache-settings.ts'
import { LruTPolicy } from './policies/lru-t.ts'
import type { AbstractPolicy } from './policies/policy.ts'
import type { Advisor } from './simulation/advice/advisor.ts'
import { advisorFor } from './simulation/advice/advisor-for.ts'
import { warn } from './warnings/process-warning.ts'
import { NearTier } from './partitions/near-tier.ts'
import { Partitions } from './partitions/partitions.ts'
import { Recorder, type Recording } from './simulation/recording/recorder.ts'
import { closeStore } from './stores/close-store.ts'
import { guard } from './stores/guard.ts'
import { isLastOpen, addOpenCache } from './stores/open-caches.ts'
import { CacheReporter } from './telemetry/cache-reporter.ts'
import type { Health } from './telemetry/store-health.ts'
import { type CacheStats, Counters } from './telemetry/counters.ts'
import { type CacheEvents, Events } from './telemetry/events.ts'
import { checkCachedOptions, checkWrapManyOptions, checkWrapOptions } from './options/function-checks.ts'
import type { WrapManyOptions, WrapOptions } from './options/function-options.ts'
import { KeyedCalls } from './functions/keyed-calls.ts'
import { WrappedFunctions } from './functions/wrapped-functions.ts'

/**
 * A named, bounded cache of function results, shared by all processes that use the same server, name and prefix.
 *
 * @example
 * const cache = new RedisFuncCache('shop', new LruTPolicy(), { client, maxSize: 10_000, ttl: '5m' })
 * const getProduct = cache.wrap(async (id: number) => db.product(id), { name: 'getProduct' })
 * await getProduct(42)
 */
export class RedisFuncCache {
  /** The name of the cache, which is part of its key names. */
  readonly name: string
  /** The policy that decides which entries are evicted. */
  readonly policy: AbstractPolicy
  /** Closes the cache at the end of a block: `await using cache = new RedisFuncCache(…)`. See {@link close}. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>
  readonly #settings: CacheSettings
  readonly #shared: CacheContext
  readonly #functions: WrappedFunctions
  readonly #methods: DecoratedMethods
  readonly #keyed: KeyedCalls
  readonly #recordings = new Set<Recorder>()
  readonly #advisor: Advisor | undefined

  /**
   * Makes a cache. No command is sent to the server before the first call.
   *
   * @param name The name of the cache. Caches of the same name, prefix and policy share their entries.
   * @param policy The policy that decides which entries are evicted; each cache needs an instance of its own. `'auto'` stands for
   * {@link LruTPolicy}, and lets the cache tell what another policy would spare, see the option `advise`.
   * @throws {OptionError} for an unknown option, and for a value that an option cannot have.
   * @throws {PolicyError} for a policy that another cache has already.
   */
  constructor(name: string, policy: AbstractPolicy | 'auto', options: CacheOptions) {
    this.name = checkCacheName(name)
    const isAuto = policy === 'auto'
    this.policy = isAuto ? defaultPolicy() : checkPolicy(policy)
    const settings = checkCacheOptions(options, isAuto)
    this.#settings = settings
    this.#shared = sharedBy(this.name, this.policy, settings, options.client ?? settings.store)
    this.#functions = new WrappedFunctions(this.#shared)
    this.#methods = new DecoratedMethods(this.#shared.address)
    this.#keyed = new KeyedCalls(this.#shared, settings)
    this.policy.attach(this, this.#shared.partitions)
    try {
      settings.store.accept(this.policy)
      this.#advisor = this.#advise()
    } catch (error) {
      this.policy.detach()
      throw error
    }
    addOpenCache(settings.store, this)
    // Where it is missing, as in the realms of Jest on Node 20, compilers of `await using` look for the other symbol.
    Object.defineProperty(this, Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose'), {
      value: () => this.close(),
      writable: true,
      configurable: true,
    })
  }

  /** The beginning of all key names of the cache. */
  get prefix(): string {
    return this.#settings.prefix
  }

  /** The largest number of entries in each key pair, or in all shards of one together; `Infinity` for no bound. */
  get maxSize(): number {
    return this.#settings.limits.maxSize
  }

  /** The largest number of stored bytes in each key pair, or in all shards of one together; `Infinity` for no bound. */
  get maxBytes(): number {
    return this.#settings.limits.maxBytes ?? Number.POSITIVE_INFINITY
  }

  /**
   * Returns a function that stores the results of the given one, and serves them to later equal calls.
   *
   * @throws {IdentityError} for a function without a name, and for a name that another function of this cache has.
   * @throws {OptionError} for an unknown option, and for a value that an option cannot have.
   * @example
   * const getUser = cache.wrap(async (id: number) => db.user(id), { name: 'getUser', ttl: '5m' })
   */
  wrap<F extends AnyFunction>(fn: F, options: WrapOptions<NoInfer<F>> = {}): CachedFunction<F> {
    const given = unwrap(fn, this.#shared.address)
    const settings = checkWrapOptions(given, options as unknown as WrapOptions, this.#settings)
    return callable<F>(this.#functions.register(settings, given.original, 'one'))
  }

  /**
   * Returns a function of a list of ids that stores the row of each id by itself.
   *
   * All rows of a list that are not stored are loaded in one call and stored in one round trip. Entries are shared with a
   * function of a single id that is given as `entriesOf`, or that has the same `name` and `version`.
   * @throws {IdentityError} for a function without a name, and for a name that another function of this cache has.
   * @throws {OptionError} for an unknown option, and for a value that an option cannot have.
   * @example
   * const getUsers = cache.wrapMany(async (ids: readonly number[]) => db.users(ids), { name: 'getUsers' })
   * const [ada, bob] = await getUsers([1, 2])
   */
  wrapMany<Id, Row>(load: LoadMany<Id, Row>, options: WrapManyOptions<Id, Row> = {}): CachedMany<Id, Row> {
    const given = unwrap(load as AnyFunction, this.#shared.address)
    const single = this.#functions.settingsOf(options?.entriesOf?.identity)
    const settings = checkWrapManyOptions(
      given,
      options as unknown as WrapManyOptions,
      this.#settings,
      single,
    )
    const loader = new RowLoader(given.run as LoadMany<unknown, unknown>, settings.identity.name)
    const fn = this.#functions.register(settings, given.original, 'many')
    return callableMany(fn, loader, given.original) as CachedMany<Id, Row>
  }

  /**
   * Returns the value that is stored under a key; if there is none, calls `load` and stores its result.
   *
   * All guarantees of `wrap` hold: equal calls are joined, and an invalidation beats loads that are under way. Use it for
   * closures and resolvers, and prefer `wrap` where a function can be wrapped: there the key is made of the arguments, and
   * cannot be wrong. Give the same options wherever you use the same key: a value stored with a longer `ttl` or without tags is
   * loaded again where a shorter `ttl` or tags are asked for.
   *
   * @param key A text, a number, or an array or object of them. It never collides with calls of wrapped functions.
   * @param load Called without arguments.
   * @throws {OptionError} for an unknown option, and for a value that an option cannot have.
   * @throws {ArgumentsError} for a key that cannot be told apart safely from others.
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

  /**
   * Returns the value that is stored under a key, or else loads and stores it, with its status and times.
   *
   * @throws {OptionError} for an unknown option, and for a value that an option cannot have.
   * @throws {ArgumentsError} for a key that cannot be told apart safely from others.
   * @see {@link getOrSet}
   */
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
   * Stores a known value under a key; in a context that forbids to write, it does nothing.
   *
   * Loads of that key that are under way in any process will not be stored over it. A value that may not be stored, because its
   * `ttl` is 0 or it is larger than `maxValueBytes`, removes what is stored.
   *
   * @param options The options that `getOrSet` is given for this key; with others `getOrSet` may load the value again.
   * @throws {StoreError} if the store cannot be reached.
   * @throws {SerializerError} for a value that cannot be serialized.
   */
  async set<Value, Key extends CacheKey>(
    key: Key,
    value: Value,
    options: SetOptions<NoInfer<Value>, NoInfer<Key>> = {},
  ): Promise<void> {
    const keyed = this.#keyed.contextFor('set', () => value, options as unknown as GetOrSetOptions)
    await prime(keyed, undefined, [checkKey(key, 'set')], checkKnown(value, 'set'))
  }

  /**
   * Returns the value that is stored under a key, without loading it and without counting as a read for the policy.
   *
   * Returns `undefined` if nothing is stored, and in a context that forbids to read.
   * @param options The options `serializer`, `schema` and `migrate` that `getOrSet` is given for this key.
   * @throws {StoreError} if the store cannot be reached.
   */
  async peek<Value = unknown>(key: CacheKey, options: PeekOptions<Value> = {}): Promise<Value | undefined> {
    const keyed = this.#keyed.contextFor('peek', () => undefined, options as unknown as GetOrSetOptions)
    return (await peek(keyed, undefined, [checkKey(key, 'peek')])) as Value | undefined
  }

  /**
   * Removes the value that is stored under a key, and returns whether there was one.
   *
   * Loads of that key that are under way in any process will not be stored. With `{ soft: true }` a value that has
   * `staleWhileRevalidate` or `staleIfError` is kept and becomes stale.
   * @throws {StoreError} if the store cannot be reached.
   */
  async invalidate(key: CacheKey, options: InvalidateOptions = {}): Promise<boolean> {
    const how = checkInvalidation(options, 'invalidate')
    const keyed = this.#keyed.contextFor('invalidate', () => undefined, {})
    return invalidate(keyed, undefined, [checkKey(key, 'invalidate')], how)
  }

  /**
   * Returns a method decorator that stores the results of the method, for the TC39 proposal and `experimentalDecorators`.
   *
   * Without a `name`, the method is known as `Class.method` together with its source text. Minifiers rename classes, and two
   * classes may get the same name: give names where code is minified.
   * @throws {OptionError} if the option `this` is missing, for an unknown option, and for a value that an option cannot have.
   * @throws {IdentityError} for a name that another function of this cache has; from the decorator, or with the first instance.
   * @example
   * // The decorator, to be written above a method after an at sign.
   * const cached = cache.cached({ this: 'shared', name: 'Products.list' })
   */
  cached<Self = never, F extends AsyncMethod = AsyncMethod>(
    options: CachedOptions<Self, F>,
  ): CachedDecorator<Self, F> {
    const wrap = (method: AnyFunction, ownName?: string): FunctionContext => {
      const given = unwrap(method, this.#shared.address, ownName)
      const settings = checkWrapOptions(given, options as unknown as WrapOptions, this.#settings, 'cached')
      return this.#functions.register(settings, given.original, 'one')
    }
    const decorator = this.#methods.decorator(wrap, options)
    checkCachedOptions(options as unknown as WrapOptions, this.#settings)
    return decorator
  }

  /**
   * Returns a decorated method of an object, with its handles.
   *
   * @throws {OptionError} if the object has no method of that name that this cache decorates.
   * @example
   * await cache.method(products, 'list').invalidate(3)
   */
  method<Self extends object, Name extends keyof Self>(self: Self, name: Name): CachedMethod<Self[Name]> {
    return callable(this.#methods.contextOf(self, name), self) as never
  }

  /**
   * Counts the entries that can be read now.
   *
   * @param fn With `scope: 'function'`, the function whose entries are counted. Otherwise all functions share one key pair, and
   * the entries of all are counted.
   * @throws {StoreError} if the store cannot be reached.
   */
  async getSize(fn?: { readonly identity: FunctionIdentity }): Promise<number> {
    return this.policy.getSize(fn === undefined ? undefined : identityOf(fn, 'getSize'))
  }

  /**
   * Adds up the bytes that are stored for entries, their metadata included.
   *
   * With `maxBytes` the sum is known; without it the server reads the lengths of all entries, a portion at a time. Expired entries
   * count until a write removes them.
   * @param fn With `scope: 'function'`, the function whose entries are meant. Otherwise all functions share one key pair, and the
   * entries of all are meant.
   * @throws {StoreError} if the store cannot be reached, or does not tell.
   */
  async getBytes(fn?: { readonly identity: FunctionIdentity }): Promise<number> {
    return this.#shared.partitions.bytes(fn === undefined ? undefined : identityOf(fn, 'getBytes'))
  }

  /**
   * Removes all entries of the cache, and returns how many there were.
   *
   * Runs of functions that are under way in any process will not be stored. To remove the results of one function, call its
   * `invalidateAll()`.
   * @param fnOrOptions With `scope: 'function'`, the function whose entries are removed. Otherwise all functions share one key
   * pair, and the entries of all are removed.
   * @throws {StoreError} if the store cannot be reached, with `retryFor` within that time.
   * @example
   * await cache.purge({ retryFor: '1m' })
   */
  async purge(
    fnOrOptions?: { readonly identity: FunctionIdentity } | PurgeOptions,
    options?: PurgeOptions,
  ): Promise<number> {
    const { fn, retryForMs } = readPurge(fnOrOptions, options)
    return this.#shared.partitions.purgeBy(() => this.policy.purge(fn), fn, retryForMs)
  }

  /**
   * Removes all results that have one of these tags, and returns how many there were.
   *
   * Runs of functions that are under way in any process will not be stored if their result has one of the tags. With a last
   * argument `{ soft: true }`, results that have `staleWhileRevalidate` or `staleIfError` are kept and become stale.
   * @throws {OptionError} for a tag that is not a text, or is empty.
   * @throws {StoreError} if the store cannot be reached.
   * @example
   * await cache.invalidateTags('user:42', 'orders')
   */
  async invalidateTags(...tagsAndOptions: readonly (string | InvalidateOptions)[]): Promise<number> {
    const { tags, how } = readTagsToInvalidate(tagsAndOptions)
    if (tags.length === 0) return 0
    return this.#shared.partitions.invalidateTags(tags, how)
  }

  /**
   * Returns, within a cached function, a signal that aborts when no caller waits for its result any more.
   *
   * Returns `undefined` elsewhere, and if the call that started the function has no signal of its own: it waits to the end.
   */
  signal(): AbortSignal | undefined {
    return this.#shared.contexts.current.signal
  }

  /**
   * Waits until this process has finished all work of the cache: runs of functions, refreshes, results being stored, reads
   * being reported to the policy, and leases being released.
   *
   * Work that begins meanwhile is waited for, too. Call it before a process ends or is frozen: a read is reported shortly after
   * it was served. Work that fails is reported by events, and not by this promise.
   *
   * @returns Whether all work ended within `timeout`. The rest goes on, and is lost if the process ends.
   * @throws {OptionError} for a timeout that is not a duration.
   */
  async drain(options: DrainOptions = {}): Promise<boolean> {
    return this.#shared.background.drain(drainMs(options, 'drain'), () => this.#shared.partitions.flush())
  }

  /**
   * Begins to write the calls of this process to a file, for the simulator: `npx redis-func-cache simulate --trace FILE`.
   *
   * A line of the file, which is compressed by gzip, has a time, a digest of the call, the name of its function and what became of
   * it; of runs of functions also milliseconds and bytes. Arguments are not written, and cannot be guessed from the digest. The
   * recording ends by `stop()`, with {@link close}, or when the file has `maxBytes`. A file that is there is replaced.
   *
   * If the file cannot be written later, such as on a full disk, the recording ends, an `error` event tells of it, and calls go on.
   * @throws {OptionError} for a file that cannot be opened, for an unknown option, and for a value that an option cannot have.
   * @example
   * const recording = cache.record('calls.csv.gz', { sample: 0.1 })
   * setTimeout(() => recording.stop(), 3_600_000)
   */
  record(file: string, options: RecordOptions = {}): Recording {
    const settings = checkRecording(file, options)
    const { events, report } = this.#shared
    const recorder: Recorder = new Recorder(
      file,
      settings,
      { cache: this.name, policy: this.policy.key, limits: this.#settings.limits },
      () => {
        events.observers.remove(recorder)
        this.#recordings.delete(recorder)
      },
      (error) => report.recordFailed(error),
    )
    this.#recordings.add(recorder)
    events.observers.add(recorder)
    return recorder
  }

  /**
   * Waits like {@link drain}, and then closes the connection over which the cache receives messages of other processes.
   *
   * Your own client stays open, and so does that connection while another cache over the same client needs it. If work is left
   * after `timeout`, a process warning is emitted. If the server is frozen, closing takes about a second longer. A cache may be
   * used again after it, and closed again.
   *
   * @throws {OptionError} for a timeout that is not a duration.
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
    await Promise.all([...this.#recordings].map((each) => each.end('close')))
    this.#shared.partitions.close()
    if (isLastOpen(this.#settings.store, this)) await closeStore(this.#settings.store, this.name)
  }

  /**
   * Runs a callback whose calls read, write or execute only as the mode says; what the mode leaves out stays as it is.
   *
   * @throws {OptionError} for an unknown mode, and for a value other than `true` and `false`.
   * @example
   * const product = await cache.withMode({ write: false }, () => getProduct(42))
   */
  withMode<R>(mode: ModeChange, callback: () => R): R {
    checkNames(mode, Object.keys(DEFAULT_MODE), 'withMode')
    for (const [name, value] of Object.entries(mode)) if (value !== undefined) checkFlag(value, name)
    checkCallback(callback, 'withMode')
    return this.#shared.contexts.withMode(mode, callback)
  }

  /** Runs a callback whose calls are served from the store only; a call without a stored result throws a {@link CacheMissError}. */
  readOnly<R>(callback: () => R): R {
    return this.withMode(READ_ONLY, callback)
  }

  /** Runs a callback whose calls run their functions and store the results, whatever is stored. */
  writeOnly<R>(callback: () => R): R {
    return this.withMode(WRITE_ONLY, callback)
  }

  /** Runs a callback whose calls run their functions as if there were no cache: nothing is read or stored. */
  bypass<R>(callback: () => R): R {
    return this.withMode(BYPASS, callback)
  }

  /**
   * Runs a callback, and returns its result with the figures of what the calls in it did.
   *
   * @param callback Gets the figures. They are updated while it runs, and can be read after it has thrown.
   * @example
   * const { result, stats } = await cache.withStats(() => getProduct(42))
   */
  async withStats<R>(callback: (stats: Readonly<Stats>) => R): Promise<{ result: Awaited<R>; stats: Stats }> {
    checkCallback(callback, 'withStats')
    return this.#shared.contexts.withStats(callback)
  }

  /**
   * Returns a short text that tells what this process has changed in this cache, for {@link since}: a cookie, a header or the field
   * of a job takes it to another process. Ask for it when the change has resolved.
   *
   * It has letters, digits and `._~-` alone, and some 20 characters for each partition that was changed lately.
   * @example
   * await getUser.invalidate(42)
   * response.setHeader('x-cache-stamp', cache.stamp())
   */
  stamp(): string {
    return this.#shared.partitions.stamp()
  }

  /**
   * Runs a callback whose calls see what a process had changed when it made the stamp, or something newer: near hits that may be
   * older wait for the store.
   *
   * @param stamp What {@link stamp} of a cache with the same name has returned, in any process.
   * @throws {OptionError} for what is no stamp, so catch it if the stamp comes from outside.
   * @example
   * const stamp = request.headers.get('x-cache-stamp')
   * const user = stamp === null ? await getUser(42) : await cache.since(stamp, () => getUser(42))
   */
  since<R>(stamp: string, callback: () => R): R {
    checkCallback(callback, 'since')
    return this.#shared.contexts.withSince((outer) => sinceStamp(stamp, outer), callback)
  }

  /** Returns the figures of this cache in this process since its construction, with latencies in seconds. */
  stats(): CacheStats {
    const { counters, near } = this.#shared
    return { ...counters.snapshot(), nearTier: near.stats, advice: this.#advisor?.advice }
  }

  /**
   * Returns how the store does, as far as the calls of this process have shown: for a health check. Nothing is asked of it.
   *
   * @example
   * const isHealthy = cache.health().state === 'closed'
   */
  health(): Health {
    const { counters, partitions } = this.#shared
    return { ...counters.health, near: partitions.nearHealth }
  }

  /**
   * Adds a listener for an event.
   *
   * @throws {OptionError} for an unknown event, and for a listener that is not a function.
   * @example
   * cache.on('error', ({ during, error }) => logger.warn({ during, error }))
   */
  on<E extends keyof CacheEvents>(event: E, listener: (detail: CacheEvents[E]) => void): this {
    this.#shared.events.on(event, listener)
    return this
  }

  /**
   * Removes a listener for an event.
   *
   * @throws {OptionError} for an unknown event, and for a listener that is not a function.
   */
  off<E extends keyof CacheEvents>(event: E, listener: (detail: CacheEvents[E]) => void): this {
    this.#shared.events.off(event, listener)
    return this
  }

  /** Lets the cache advise on its policy, if it shall. */
  #advise(): Advisor | undefined {
    const { adviseEveryMs } = this.#settings
    if (adviseEveryMs === undefined) return undefined
    const { events, report } = this.#shared
    const advisor: Advisor = advisorFor(this.policy, this.#settings.limits, adviseEveryMs, {
      due: (advice) => report.advises(advice),
      failed: (error) => {
        events.observers.remove(advisor)
        report.callbackFailed(error)
      },
    })
    events.observers.add(advisor)
    return advisor
  }

  #getOrSet(
    key: CacheKey,
    load: () => unknown,
    options: GetOrSetOptions,
    isDetailed: boolean,
  ): Promise<unknown> {
    try {
      const keyed = this.#keyed.contextFor('getOrSet', load, options)
      const { signal } = options
      return runCall(keyed, undefined, [checkKey(key, 'getOrSet')], { signal, isDetailed })
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

/** The policy for which `'auto'` stands: the one to begin with. See docs/policies.md. */
const defaultPolicy = (): AbstractPolicy => new LruTPolicy()

/** @throws {OptionError} for what is no policy. */
function checkPolicy(policy: AbstractPolicy): AbstractPolicy {
  if (typeof policy?.calcKeys === 'function') return policy
  throw new OptionError(
    "policy: give an instance of a policy, such as new LruTPolicy(), not the class or its name; or 'auto'.",
  )
}

/** What the functions of a cache share. @param store The client or store that the user gave. */
function sharedBy(
  name: string,
  policy: AbstractPolicy,
  settings: CacheSettings,
  store: object,
): CacheContext {
  const events = new Events()
  const counters = new Counters()
  const report = new CacheReporter(name, events, counters)
  const background = new Background(settings.waitUntil, (error) => report.callbackFailed(error))
  const storeDeadlines = new Deadlines(false) // the client keeps the process alive for a command, or nothing does
  const stores = guard(settings, policy.shards, storeDeadlines, counters.store, {
    worstChanged: (state, from) => report.breakerChanged(state, from),
    changed: (state) => {
      if (state === 'open') partitions.stopWaiting()
      if (state === 'closed') partitions.invalidatePending()
    },
  })
  const partitions: Partitions<Call> = new Partitions<Call>({
    ...settings,
    stores,
    policy,
    counters,
    background,
    report,
  })
  return {
    name,
    address: { name, prefix: settings.prefix, store },
    partitions,
    near: new NearTier(settings.near),
    costs: new ResultCosts(name, policy),
    store: settings.store,
    contexts: new Contexts(),
    background,
    events,
    counters,
    report,
    errorClasses: settings.errorClasses,
    envelope: settings.envelope,
    throwsOnError: settings.throwsOnError,
    storeTimeoutMs: settings.store.isInProcess ? Number.POSITIVE_INFINITY : settings.storeTimeoutMs,
    storeDeadlines,
    loadDeadlines: new Deadlines(false), // the work itself keeps the process alive, or nothing does
    putDeadlines: new Deadlines(true),
  }
}

/** The type of a cached method. It must not be `never` while the class of `this` is still being declared. */
type CachedMethod<F> = F extends AnyFunction ? CachedFunction<F> : never

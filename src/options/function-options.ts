import type { Duration } from '../validation/duration.ts'
import type { ArgumentEncoder, Known } from '../keys/canonical/options.ts'
import type { AnyFunction, FunctionIdentity } from '../keys/function-identity.ts'
import type { FunctionNearOptions } from './near-options.ts'
import type { StandardSchema } from './standard-schema.ts'
import type { SerializerOption } from '../serializers/resolve-serializer.ts'

/** A callback that gets a result and the arguments that led to it; without the function's type, one that needs neither. */
type AboutResult<F extends AnyFunction, Answer> = AnyFunction extends F
  ? () => Answer
  : (result: Awaited<ReturnType<F>>, ...args: Parameters<F>) => Answer

/** A callback that tells what a result costs; without the function's type, one that needs neither result nor arguments. */
type AboutRun<F extends AnyFunction> = AnyFunction extends F
  ? () => number
  : (result: Awaited<ReturnType<F>>, ms: number, ...args: Parameters<F>) => number

/** A callback that gets the arguments; without the function's type, one that needs none. */
type AboutArguments<F extends AnyFunction, Answer> = AnyFunction extends F
  ? () => Answer
  : (...args: Parameters<F>) => Answer

/** An answer now or later. Callers of the function wait for a later one no longer than `putWait`. */
type OrPromise<Answer> = Answer | Promise<Answer>

/** What a schema must produce: the function's result; without the function's type, no schema is known to fit. */
type SchemaOutput<F extends AnyFunction> = AnyFunction extends F ? never : Awaited<ReturnType<F>>

/**
 * Options of one cached function.
 *
 * `WrapOptions` without a type argument fit any function: their callbacks take no parameters. For the options of one
 * function write `WrapOptions<typeof loadUser>`.
 */
export interface WrapOptions<F extends AnyFunction = AnyFunction> {
  /**
   * The name of the function in the cache, the same in every process and build.
   *
   * Functions with the same name and `version` share their results. A name is required for functions that have none, and for
   * those without a source text: bound functions, built-in functions and proxies.
   * @default the function's own name, together with its source text
   */
  readonly name?: string | undefined
  /**
   * A version of the function: results of one version are never served to another.
   *
   * Change it when code under a fixed `name` changes what it returns.
   * @default none
   */
  readonly version?: string | number | undefined
  /**
   * Whether the source text of the function is part of its identity, so that changed code starts with no results.
   *
   * The text of one function differs between builds: a minifier or another bundle changes it.
   * @default `false` if `name` is given, otherwise `true`
   */
  readonly source?: boolean | undefined
  /**
   * Whether the function may replace another function of the same identity in this cache, as after a hot reload.
   *
   * A replacement is reported by a process warning. The function wrapped earlier keeps working and shares the entries.
   * With `false`, the second `wrap` is refused with an `IdentityError`.
   * @default `true` if the environment variable `NODE_ENV` is `'development'`, otherwise `false`
   */
  readonly replace?: boolean | undefined
  /**
   * How long a result is fresh: seconds, a text such as `'5m'`, or `Infinity` for no end; or a function that returns one of
   * these for each result.
   *
   * Such a function may return `0` to store nothing, or `undefined` for the `ttl` of the cache. An `idleTtl` of the cache
   * also bounds what it returns.
   * @default the `ttl` of the cache
   * @example
   * cache.wrap(loadToken, { ttl: (token) => token.expiresIn })
   */
  readonly ttl?:
    | Duration
    | AboutResult<F, Duration | undefined | Promise<number | string | undefined>>
    | undefined
  /**
   * How long past `ttl` a stale result is still served at once, while one process refreshes it in the background: seconds, or
   * a text such as `'5m'`.
   * @default not at all
   * @see https://www.rfc-editor.org/rfc/rfc5861#section-3
   */
  readonly staleWhileRevalidate?: Duration | undefined
  /**
   * How long past `ttl` a stale result is served if the function fails: seconds, or a text such as `'1h'`.
   *
   * `when` chooses the errors for which that holds. After a failure the function is not run for a pause of 1 second; each
   * further failure doubles the pause, up to 1 minute.
   * @default not at all
   * @example
   * cache.wrap(loadRates, { ttl: '5m', staleIfError: { for: '1d', when: (error) => !(error instanceof TypeError) } })
   * @see https://www.rfc-editor.org/rfc/rfc5861#section-4
   */
  readonly staleIfError?:
    | Duration
    | { readonly for: Duration; readonly when?: ((error: unknown) => OrPromise<boolean>) | undefined }
    | undefined
  /**
   * Whether one of many readers refreshes a result shortly before its `ttl` ends; the longer the function takes, the earlier.
   *
   * `beta` (default 1) makes refreshes earlier above 1, and later below.
   * @default false
   * @see Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015,
   *   https://www.vldb.org/pvldb/vol8/p886-vattani.pdf
   */
  readonly earlyRefresh?: boolean | { readonly beta?: number | undefined } | undefined
  /**
   * The largest random part by which each `ttl` is shortened, so that results do not all end at once: from 0 up to, but not
   * including, 1; 0.1 is a tenth.
   * @default 0
   */
  readonly jitter?: number | undefined
  /**
   * A function of the result and the arguments that says whether the result is stored.
   * @default every result is stored
   * @example
   * cache.wrap(findUser, { cacheIf: (user) => user !== undefined })
   */
  readonly cacheIf?: AboutResult<F, OrPromise<boolean>> | undefined
  /**
   * A function of the result and the arguments that returns names, such as `'user:42'`, by which `cache.invalidateTags` finds
   * the result; at most 100.
   * @default no tags
   * @example
   * cache.wrap(loadOrder, { tags: (order, id) => [`order:${id}`, `user:${order.userId}`] })
   */
  readonly tags?: AboutResult<F, OrPromise<readonly string[]>> | undefined
  /**
   * What a result costs to compute again, if the policy weighs results as `CostPolicy` does: a function of the result, the
   * milliseconds that it took, and the arguments. It returns a finite number from 0 on, in a unit that is the same for all functions
   * of the cache. If it throws, or returns anything else, a process warning is emitted, and the milliseconds are used.
   *
   * The milliseconds are at least 1; for a value given to `prime` or `set`, they are the mean of the latest runs in this process.
   * @default the `cost` of the policy, or else the milliseconds
   * @throws {OptionError} if the policy does not weigh results.
   * @example
   * cache.wrap(complete, { cost: (answer, ms) => ms + 1_000 * answer.dollars })
   */
  readonly cost?: AboutRun<F> | undefined
  /**
   * Who runs the function for a missing result: `'process'` lets each process run it once at a time; `'global'` lets one of all
   * processes run it, while the others wait for its result.
   *
   * An object stands for `'global'` with other times. `lease` is how long the right to run the function outlives a process
   * that died, or that does not answer any more; default 2 seconds. While the function runs it is renewed. `wait` is how long a
   * caller waits for another process before it runs the function itself; default 30 seconds.
   * @default 'process'
   */
  readonly singleFlight?:
    | 'process'
    | 'global'
    | { readonly lease?: Duration | undefined; readonly wait?: Duration | undefined }
    | undefined
  /**
   * How long errors of the function are stored, so that the next calls throw them again: `ttl` in seconds, or as a text.
   *
   * `when` chooses the errors that are stored; without it, all are.
   * @default errors are not stored
   * @example
   * cache.wrap(loadUser, { cacheErrors: { ttl: '10s', when: (error) => error instanceof NotFoundError } })
   */
  readonly cacheErrors?:
    | { readonly ttl: Duration; readonly when?: ((error: unknown) => OrPromise<boolean>) | undefined }
    | undefined
  /**
   * The longest time that a caller waits for a result, after which its call rejects with a `TimeoutError`: seconds, or a text.
   *
   * The function goes on running, and its result is stored for later calls.
   * @default no limit
   */
  readonly timeout?: Duration | undefined
  /**
   * How many runs of the function may be under way at once in this process; beyond it calls wait in order, up to their `timeout`.
   * It protects the source of the function while the store cannot be used.
   *
   * Hits need no run, and equal calls share one. A run of `wrapMany` loads many ids, and counts once. A run that takes longer than
   * `maxComputeTime` does not count any more; nor does one that the function starts within its own run. A call that still waits when
   * its last caller has stopped waiting does not run.
   * @default Infinity
   */
  readonly maxConcurrent?: number | undefined
  /**
   * The longest time that a caller waits for the function while `staleIfError` keeps a stale result, which is served then:
   * seconds, or a text. Must be shorter than `timeout`.
   * @default no limit
   */
  readonly softTimeout?: Duration | undefined
  /**
   * A schema, such as one of zod, valibot or arktype, that every stored result has to pass before it is served; the function
   * runs again for a result that does not.
   * @default stored results are not checked
   * @see https://standardschema.dev
   */
  readonly schema?: StandardSchema<SchemaOutput<F>> | undefined
  /**
   * A function that turns a stored result which does not pass `schema`, such as one of an older shape, into one that does.
   * @default such results are computed again
   */
  readonly migrate?: ((stored: never) => unknown) | undefined
  /**
   * The serializer that turns the function's results into bytes and back: a name, or an encoder and a decoder.
   * @default the `serializer` of the cache
   */
  readonly serializer?: SerializerOption | undefined
  /**
   * Whether the serializer `'json'` stores a result also if JSON changes it, such as a `Date`; refused with other serializers.
   * @default the `lossy` of the cache
   */
  readonly lossy?: boolean | undefined
  /**
   * The largest result that is stored, in bytes; larger ones are returned without being stored, and a `skip` event is emitted.
   * @default the `maxValueBytes` of the cache
   */
  readonly maxValueBytes?: number | undefined
  /**
   * The longest time that calls may join one run of the function: seconds, a text, or `Infinity`. After it the next call runs
   * the function again.
   * @default the `maxComputeTime` of the cache
   */
  readonly maxComputeTime?: Duration | undefined
  /**
   * The longest time that callers wait for a computed result to be stored: seconds, a text, `0` for not at all, or `Infinity`.
   * @default the `putWait` of the cache
   */
  readonly putWait?: Duration | undefined
  /**
   * A function of the arguments whose return value tells calls apart, instead of the arguments themselves.
   *
   * A call with arguments for which it returns `undefined` rejects with an `ArgumentsError`: a `return` may be missing.
   * @default all arguments tell calls apart
   * @example
   * cache.wrap(handle, { key: (request) => request.url })
   */
  readonly key?: AboutArguments<F, Known> | undefined
  /**
   * Arguments that do not tell calls apart: positions, counted from 0, or names of properties of arguments that are plain
   * objects.
   * @default nothing is excluded
   * @example
   * cache.wrap((id: number, options: { signal: AbortSignal }) => load(id, options), { excludes: ['signal'] })
   */
  readonly excludes?: readonly (number | string)[] | undefined
  /**
   * Encoders that tell instances of your classes apart in arguments, asked before those of the cache.
   * @default no encoders beside those of the cache
   */
  readonly encoders?: readonly ArgumentEncoder[] | undefined
  /**
   * What of `this` tells calls apart: a function that picks it, or `'shared'` if all objects share their results.
   *
   * Without this option the function is called without `this`.
   * @default the function gets no `this`
   */
  readonly this?: 'shared' | ((self: never) => Known) | undefined
  /**
   * Whether callers of equal calls that are under way at the same time may get one and the same object, instead of copies.
   * @default false
   */
  readonly share?: boolean | undefined
  /**
   * Whether this process holds results of the function in front of the store, and how: a near tier. An object stands for `true` with
   * other values than those of the cache.
   * @default the `near` of the cache
   * @example
   * cache.wrap(loadRates, { near: { maxStaleness: '250ms', values: 'frozen' } })
   */
  readonly near?: boolean | FunctionNearOptions | undefined
}

/** The function of one id that a function of many ids stands for; without the type of the row, any function. */
type OfOne<Id, Row> = [Row] extends [undefined] ? AnyFunction : (id: Id) => Promise<Row>

/** Options of a function that loads many rows at once: the options of `wrap`, each applied to one id and its row. */
export interface WrapManyOptions<Id = never, Row = never>
  extends Omit<WrapOptions<OfOne<Id, Row>>, 'this' | 'tags'> {
  /**
   * A function of the row and its id that returns names by which `cache.invalidateTags` finds the row; at most 100. With
   * `absent` it is also called for an id without a row, and gets `undefined`.
   * @default no tags
   */
  readonly tags?: AboutResult<OfOne<Id, Row | undefined>, OrPromise<readonly string[]>> | undefined
  /**
   * How long it is stored that an id has no row: `ttl` in seconds, or as a text.
   * @default not at all: an id without a row is loaded again by each call
   */
  readonly absent?: { readonly ttl: Duration } | undefined
  /**
   * The cached function of a single id whose entries are shared.
   *
   * The options of that function hold: beside `entriesOf`, only `absent` and `replace` may be given.
   * @default entries are shared with functions of the same `name` and `version`
   */
  readonly entriesOf?: { readonly identity: FunctionIdentity } | undefined
}

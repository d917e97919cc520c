import type { DetailedResult } from '../call/detailed-result.ts'
import type { Duration } from '../validation/duration.ts'
import {
  checkInvalidation,
  type InvalidateOptions,
  type Invalidation,
} from '../options/invalidation-options.ts'
import { checkNames, checkSignal, shown } from '../validation/checks.ts'
import { PLAIN, runCall, runRefresh } from '../call/call-runner.ts'
import type { FunctionContext } from '../call/function-context.ts'
import * as entries from '../call/function-entries.ts'
import { OptionError } from '../errors.ts'
import { keepProperties } from './function-properties.ts'
import { LazyProperties } from './lazy-properties.ts'
import type { AnyFunction, FunctionIdentity } from '../keys/function-identity.ts'
import { markCached } from '../keys/unwrapping.ts'

/** Where the entry of a call lies in the store: two keys, and a field in them. */
export interface CallKey {
  /** The name of the key that holds the index, in which the policy orders the entries. */
  readonly index: string
  /** The name of the key that holds the stored values. */
  readonly values: string
  /** The call hash: the name of the entry in both keys. */
  readonly hash: string
}

/**
 * What can be done with the entries of a cached function, beside calling the function.
 *
 * If its results depend on `this`, call a handle with the object that is meant: `list.invalidate.call(products, 3)`. For a
 * decorated method `cache.method(products, 'list').invalidate(3)` does that.
 */
export interface Handles<Args extends readonly unknown[], Result> {
  /**
   * Removes the stored result of a call, and returns whether there was one. Runs of that call that are under way in any process
   * will not be stored.
   * @throws {StoreError} if the store cannot be reached: an invalidation is never lost silently.
   */
  invalidate(...args: Args): Promise<boolean>
  /**
   * Removes all stored results of the function, and returns how many there were. With `{ soft: true }`, results that have
   * `staleWhileRevalidate` or `staleIfError` are kept and become stale.
   * @throws {StoreError} if the store cannot be reached.
   */
  invalidateAll(options?: InvalidateOptions): Promise<number>
  /**
   * Calls the function, and returns the result with its status and times, for example for HTTP cache headers.
   * @example
   * const { value, status, freshUntil } = await getUser.detailed(42)
   */
  detailed(...args: Args): Promise<DetailedResult<Result>>
  /**
   * Runs the function now, replaces the stored result, and returns the new one when it is stored.
   *
   * In a context that forbids to write, the result is not stored.
   * @throws {CacheMissError} in a context that forbids to execute.
   */
  refresh(...args: Args): Promise<Result>
  /**
   * Returns the stored result of a call, without running the function and without counting as a read for the policy.
   *
   * Returns `undefined` if nothing is stored, if `undefined` is stored, and in a context that forbids to read.
   */
  peek(...args: Args): Promise<Result | undefined>
  /**
   * Stores a known value as the result of a call; in a context that forbids to write, it does nothing.
   *
   * A value that may not be stored, because its `ttl` is 0 or it is larger than `maxValueBytes`, removes what is stored.
   * @throws {StoreError} if the store cannot be reached.
   * @example
   * await getUser.prime([42], user)
   */
  prime(args: Args, value: Result): Promise<void>
  /** Returns where the entry of a call lies in the store, whether there is one or not. */
  keyOf(...args: Args): CallKey
}

/** Options for single calls of a cached function, given to `with`. */
export interface CallOptions {
  /**
   * A signal that ends the waiting of this call when it aborts: the call rejects with the reason of the signal.
   *
   * The function goes on as long as another caller waits for it. When none does, the signal that the function gets from
   * `cache.signal()` aborts too.
   * @default the call waits for its result
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Whether `invalidate` and `invalidateAll` keep results that have `staleWhileRevalidate` or `staleIfError`, as stale ones.
   * @default false
   */
  readonly soft?: boolean | undefined
  /**
   * For how long `invalidate` and `invalidateAll` are tried again if they fail: seconds, or a text such as `'1m'`. See
   * {@link InvalidateOptions}.
   * @default they are tried once
   */
  readonly retryFor?: Duration | undefined
}

/** A function whose results are stored; it always returns a promise, since lookups are asynchronous. */
export type CachedFunction<F extends AnyFunction> = Promised<F> &
  Handles<AnyArgs<F>, AnyResult<F>> & {
    /** The function as it was given to `wrap`; if that was a cached function, the function it caches. */
    readonly original: F
    /** The name, version and checksum by which the cache knows this function. */
    readonly identity: FunctionIdentity
    /**
     * Returns this function with options for its calls.
     * @example
     * const user = await getUser.with({ signal: request.signal })(42)
     */
    with(options: CallOptions): CachedFunction<F>
  }

/**
 * The call signatures of a function, returning promises.
 *
 * A function that returns only promises keeps its own type, with generics and overloads. For any other function TypeScript can
 * convert only the last four overloads, and replaces a type parameter by its constraint: `<T extends string>(key: T) => T`
 * becomes `(key: string) => Promise<string>`. Make the function `async` to keep them.
 */
export type Promised<F extends AnyFunction> =
  Overloads<F> extends readonly [infer O1, infer O2, infer O3, infer O4]
    ? ReturnsPromise<O1 | O2 | O3 | O4> extends true
      ? F
      : Signature<O1> & Signature<O2> & Signature<O3> & Signature<O4>
    : never

/** The last four call signatures, each as `this`, arguments and result. A function with fewer repeats its first one. */
type Overloads<F> = F extends {
  (this: infer S1, ...args: infer A1): infer R1
  (this: infer S2, ...args: infer A2): infer R2
  (this: infer S3, ...args: infer A3): infer R3
  (this: infer S4, ...args: infer A4): infer R4
}
  ? [[S1, A1, R1], [S2, A2, R2], [S3, A3, R3], [S4, A4, R4]]
  : never

/** Whether a signature returns plain promises. Members that a subclass of Promise adds do not come back from a cache. */
type ReturnsPromise<O> = O extends readonly [unknown, unknown, infer R]
  ? 0 extends 1 & R
    ? false
    : [R, Promise<Awaited<R>>] extends [Promise<unknown>, R]
      ? true
      : false
  : never

type Signature<O> = O extends readonly [infer S, infer A extends readonly unknown[], infer R]
  ? unknown extends S
    ? (...args: A) => Promise<Awaited<R>>
    : (this: S, ...args: A) => Promise<Awaited<R>>
  : never

/** The arguments of any call signature of a function. */
type AnyArgs<F> = Overloads<F>[number] extends infer O
  ? O extends readonly [unknown, infer A extends readonly unknown[], unknown]
    ? A
    : never
  : never

/** The result of any call signature of a function. */
type AnyResult<F> = Overloads<F>[number] extends infer O
  ? O extends readonly [unknown, unknown, infer R]
    ? Awaited<R>
    : never
  : never

/** What the handles of one cached function work with. */
interface HandleState {
  readonly fn: FunctionContext
  /** The cached function. In `cached.invalidate(…)`, `this` is that, which means that no object was given. */
  readonly cached: AnyFunction
  readonly self: object | undefined
  readonly options: CallOptions
  readonly invalidation: Invalidation
}

const selfOf = ({ self, cached }: HandleState, given: unknown): unknown =>
  self ?? (given === cached ? undefined : given)

type HandleName = keyof Handles<[], unknown> | 'with' | 'original' | 'identity'

const HANDLES = /* @__PURE__ */ new LazyProperties<HandleState, HandleName>({
  invalidate: (state) =>
    function invalidate(this: unknown, ...args: readonly unknown[]) {
      return entries.invalidate(state.fn, selfOf(state, this), args, state.invalidation)
    },
  invalidateAll:
    ({ fn, invalidation }) =>
    async (options: InvalidateOptions = {}) =>
      entries.invalidateAll(fn, checkInvalidation(options, 'invalidateAll', invalidation)),
  detailed: (state) =>
    function detailed(this: unknown, ...args: readonly unknown[]) {
      const { fn, options } = state
      return runCall(fn, selfOf(state, this), args, { signal: options.signal, isDetailed: true })
    },
  refresh: (state) =>
    function refresh(this: unknown, ...args: readonly unknown[]) {
      return runRefresh(state.fn, selfOf(state, this), args, state.options.signal)
    },
  peek: (state) =>
    function peek(this: unknown, ...args: readonly unknown[]) {
      return entries.peek(state.fn, selfOf(state, this), args)
    },
  prime: (state) =>
    async function prime(this: unknown, args: readonly unknown[], value: unknown) {
      return entries.prime(state.fn, selfOf(state, this), checkArguments(args), value)
    },
  keyOf: (state) =>
    function keyOf(this: unknown, ...args: readonly unknown[]) {
      return entries.keyOf(state.fn, selfOf(state, this), args)
    },
  with:
    ({ fn, self, options }) =>
    (more: CallOptions) =>
      callable(fn, self, { ...options, ...checkCallOptions(more) }),
  original: ({ fn }) => fn.settings.identity.original,
  identity: ({ fn }) => fn.settings.identity,
})

/**
 * Makes the function that users call, with its handles.
 * @param self The `this` of every call; `undefined` for the `this` with which each call is made.
 */
export function callable<F extends AnyFunction>(
  fn: FunctionContext,
  self?: object,
  options?: CallOptions,
): CachedFunction<F> {
  const { signal, ...how } = options ?? NO_OPTIONS
  const waiting = signal === undefined ? PLAIN : { signal, isDetailed: false }
  const cached = function (this: unknown, ...args: readonly unknown[]): Promise<unknown> {
    return runCall(fn, self ?? this, args, waiting)
  }
  const { original, name } = fn.settings.identity
  const invalidation = options === undefined ? AS_USUAL : checkInvalidation(how, 'with')
  const state = { fn, cached, self, options: options ?? NO_OPTIONS, invalidation }
  HANDLES.giveTo(keepProperties(cached, original, HANDLES.names), state, { name, length: original.length })
  return markCached(
    cached,
    self === undefined ? original : undefined,
    fn.cache.address,
  ) as unknown as CachedFunction<F>
}

const NO_OPTIONS: CallOptions = {}
const AS_USUAL: Invalidation = /* @__PURE__ */ checkInvalidation(NO_OPTIONS, 'with')

function checkArguments(args: readonly unknown[]): readonly unknown[] {
  if (Array.isArray(args)) return args
  throw new OptionError(
    `prime: ${shown(args)} is not an array of arguments. Give one, then the value: prime([42], user).`,
  )
}

/** @throws {OptionError} */
export function checkCallOptions(options: CallOptions): CallOptions {
  checkNames(options, ['signal', 'soft', 'retryFor'], 'with')
  const { signal, ...how } = options
  if (signal !== undefined) checkSignal(signal)
  checkInvalidation(how, 'with')
  return options
}

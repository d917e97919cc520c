import type { DetailedResult } from './detailed-result.ts'
import { checkFlag, checkNames, checkSignal, checkSoft, shown } from '../options/checks.ts'
import type { FunctionCache } from '../call/call-runner.ts'
import { OptionError } from '../errors.ts'
import { define, keepProperties } from './function-properties.ts'
import type { AnyFunction, FunctionIdentity } from '../keys/function-identity.ts'
import { markCached } from '../keys/unwrapping.ts'

/** Where the entry of a call lies: the two keys, and the name of the entry in them. */
export interface CallKey {
  readonly index: string
  readonly values: string
  /** One character a byte: where a policy names its calls by bytes, `Buffer.from(hash, 'latin1')` has them. */
  readonly hash: string
}

/**
 * What can be done to the entries of a cached function, besides calling it. If its results depend on `this`, say whose are
 * meant: `list.invalidate.call(products, 3)`. For decorated methods `cache.method(products, 'list')` says it once.
 */
export interface Handles<Args extends readonly unknown[], Result> {
  /**
   * Removes what is stored for a call; resolves to whether there was something. A computation of it that is under way,
   * in whatever process, will not be stored.
   * @throws {StoreError} if the store cannot be reached: an invalidation is never lost silently.
   */
  invalidate(...args: Args): Promise<boolean>
  /** The same for all calls; resolves to how many entries there were. `soft` as in {@link CallOptions}. */
  invalidateAll(options?: { readonly soft?: boolean | undefined }): Promise<number>
  /** Calls the function and resolves to the result with its status and times, for example for HTTP cache headers. */
  detailed(...args: Args): Promise<DetailedResult<Result>>
  /**
   * Computes a call now, and replaces what is stored. Resolves when the result is stored. In a context that forbids to write it
   * is not; in one that forbids to execute, this is a {@link CacheMissError}.
   */
  refresh(...args: Args): Promise<Result>
  /**
   * What is stored for a call, neither computing it nor touching the eviction order. `undefined` if nothing is (or if
   * `undefined` is what is stored), and in a context that forbids to read.
   */
  peek(...args: Args): Promise<Result | undefined>
  /**
   * Stores a known value as the result of a call; in a context that forbids to write, it does nothing. A value that may not be stored (its
   * `ttl` is 0, or it has more than `maxValueBytes`) removes what is there.
   * @throws {StoreError} if the store cannot be reached.
   */
  prime(args: Args, value: Result): Promise<void>
  /** Where the entry of a call lies, whether there is one or not. */
  keyOf(...args: Args): CallKey
}

/** What holds for one call, beside its arguments. */
export interface CallOptions {
  /**
   * Stops waiting when it aborts: the call rejects with its reason. The work goes on as long as another caller waits for
   * it; when none does any more, the signal that the function asked for with `cache.signal()` aborts.
   */
  readonly signal?: AbortSignal | undefined
  /** Whether `invalidate` keeps a result that has a `staleWhileRevalidate` or `staleIfError`, as a stale one; default false. */
  readonly soft?: boolean | undefined
}

/** A function that remembers. Its lookups are asynchronous, so it always returns a promise. */
export type CachedFunction<F extends AnyFunction> = Promised<F> &
  Handles<AnyArgs<F>, AnyResult<F>> & {
    /** The function as given; if that was a cached one, what it caches. */
    readonly original: F
    /** How the cache knows it. */
    readonly identity: FunctionIdentity
    /** The same function and handles, with options for its calls: `getUser.with({ signal })(42)`. */
    with(options: CallOptions): CachedFunction<F>
  }

/**
 * The same call signatures, returning promises. A function that returns nothing but promises keeps its own: generics,
 * overloads and all. Of another one TypeScript can take over the last four overloads, and of type parameters only what
 * they extend: `<T extends string>(key: T) => T` becomes `(key: string) => Promise<string>`. Make it `async` to keep them.
 */
export type Promised<F extends AnyFunction> =
  Overloads<F> extends readonly [infer O1, infer O2, infer O3, infer O4]
    ? ReturnsPromise<O1 | O2 | O3 | O4> extends true
      ? F
      : Signature<O1> & Signature<O2> & Signature<O3> & Signature<O4>
    : never

/** The last four call signatures, each as `this`, arguments and result. One that has fewer repeats its first. */
type Overloads<F> = F extends {
  (this: infer S1, ...args: infer A1): infer R1
  (this: infer S2, ...args: infer A2): infer R2
  (this: infer S3, ...args: infer A3): infer R3
  (this: infer S4, ...args: infer A4): infer R4
}
  ? [[S1, A1, R1], [S2, A2, R2], [S3, A3, R3], [S4, A4, R4]]
  : never

/** Promises and nothing more: what a subclass of Promise adds does not come back out of a cache. */
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

/** The arguments of any of the signatures. */
type AnyArgs<F> = Overloads<F>[number] extends infer O
  ? O extends readonly [unknown, infer A extends readonly unknown[], unknown]
    ? A
    : never
  : never

/** The result of any of them. */
type AnyResult<F> = Overloads<F>[number] extends infer O
  ? O extends readonly [unknown, unknown, infer R]
    ? Awaited<R>
    : never
  : never

/**
 * Makes a function of a {@link FunctionCache}, with its handles.
 * @param self Stands for `this` in every call; `undefined` takes that of each call.
 */
export function callable<F extends AnyFunction>(
  cache: FunctionCache,
  identity: FunctionIdentity,
  self?: object,
  { signal, soft = false }: CallOptions = {},
): CachedFunction<F> {
  const settings = { signal, isDetailed: false }
  function cached(this: unknown, ...args: readonly unknown[]): Promise<unknown> {
    return cache.call(self ?? this, args, settings)
  }
  // Called as `cached.invalidate(…)` their own `this` is the function, which is nobody's.
  const selfOf = (given: unknown): unknown => self ?? (given === cached ? undefined : given)
  const handles = {
    invalidate(this: unknown, ...args: readonly unknown[]) {
      return cache.invalidate(selfOf(this), args, soft)
    },
    async invalidateAll(options: { readonly soft?: boolean | undefined } = {}) {
      return cache.invalidateAll(checkSoft(options, 'invalidateAll', soft))
    },
    detailed(this: unknown, ...args: readonly unknown[]) {
      return cache.call(selfOf(this), args, { signal, isDetailed: true }) as Promise<DetailedResult<unknown>>
    },
    refresh(this: unknown, ...args: readonly unknown[]) {
      return cache.refresh(selfOf(this), args, signal)
    },
    peek(this: unknown, ...args: readonly unknown[]) {
      return cache.peek(selfOf(this), args)
    },
    async prime(this: unknown, args: readonly unknown[], value: unknown) {
      return cache.prime(selfOf(this), checkArguments(args), value)
    },
    keyOf(this: unknown, ...args: readonly unknown[]) {
      return cache.keyOf(selfOf(this), args)
    },
  } satisfies Handles<readonly unknown[], unknown>
  const { original } = identity
  const withOptions = (options: CallOptions) =>
    callable<F>(cache, identity, self, { signal, soft, ...checkCallOptions(options) })
  const properties = {
    ...handles,
    with: withOptions,
    original,
    identity,
    name: identity.name,
    length: original.length,
  }
  const complete = define(keepProperties(cached, original), properties)
  return markCached(
    complete,
    self === undefined ? original : undefined,
    cache.address,
  ) as unknown as CachedFunction<F>
}

function checkArguments(args: readonly unknown[]): readonly unknown[] {
  if (Array.isArray(args)) return args
  throw new OptionError(
    `prime: ${shown(args)} is no list of arguments. Give an array of them, then the value: prime([42], user).`,
  )
}

/** @throws {OptionError} */
export function checkCallOptions(options: CallOptions): CallOptions {
  checkNames(options, ['signal', 'soft'], 'with')
  const { signal, soft } = options
  if (signal !== undefined) checkSignal(signal)
  if (soft !== undefined) checkFlag(soft, 'soft')
  return options
}

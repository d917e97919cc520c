import type { FunctionCache } from './cached-function.ts'
import type { AnyFunction, FunctionIdentity } from './keys/function-identity.ts'

/** Where the entry of a call lies: the two keys, and the name of the entry in them. */
export interface CallKey {
  readonly index: string
  readonly values: string
  readonly hash: string | Buffer
}

/** What can be done to the entries of a cached function, besides calling it. */
export interface Handles<Args extends readonly unknown[], Result> {
  /**
   * Removes what is stored for a call; resolves to whether there was something. A computation of it that is under way,
   * in whatever process, will not be stored.
   * @throws {StoreError} if the store cannot be reached: an invalidation is never lost silently.
   */
  invalidate(...args: Args): Promise<boolean>
  /** Computes a call now, and replaces what is stored. */
  refresh(...args: Args): Promise<Result>
  /**
   * What is stored for a call, neither computing it nor touching the eviction order. `undefined` if nothing is (or if
   * `undefined` is what is stored).
   */
  peek(...args: Args): Promise<Result | undefined>
  /** Stores a known value as the result of a call. */
  prime(args: Args, value: Result): Promise<void>
  /** Where the entry of a call lies, whether there is one or not. */
  keyOf(...args: Args): CallKey
}

/** A function that remembers. Its lookups are asynchronous, so it always returns a promise. */
export type CachedFunction<F extends AnyFunction> = Promised<F> &
  Handles<Parameters<F>, Awaited<ReturnType<F>>> & {
    /** The function as given. */
    readonly original: F
    /** How the cache knows it. */
    readonly identity: FunctionIdentity
  }

/**
 * The same call signatures, returning promises. A function that returns promises keeps its own: generics, overloads and
 * all. Of a synchronous one TypeScript can take over up to four overloads, and no generics.
 */
export type Promised<F extends AnyFunction> = F extends (...args: never[]) => Promise<unknown>
  ? F
  : F extends {
        (...args: infer A1): infer R1
        (...args: infer A2): infer R2
        (...args: infer A3): infer R3
        (...args: infer A4): infer R4
      }
    ? Signature<A1, R1> & Signature<A2, R2> & Signature<A3, R3> & Signature<A4, R4>
    : never

/** Overloads that are not there are inferred as a function of and to unknown: no signature worth having. */
type Signature<A extends readonly unknown[], R> = unknown[] extends A
  ? unknown extends R
    ? unknown
    : (...args: A) => Promise<Awaited<R>>
  : (...args: A) => Promise<Awaited<R>>

/**
 * Makes a function of a {@link FunctionCache}, with its handles.
 * @param self Stands for `this` in every call; `undefined` takes that of each call.
 */
export function callable<F extends AnyFunction>(
  cache: FunctionCache,
  identity: FunctionIdentity,
  self?: object,
): CachedFunction<F> {
  function cached(this: unknown, ...args: readonly unknown[]): Promise<unknown> {
    return cache.call(self ?? this, args)
  }
  const handles: Handles<readonly unknown[], unknown> = {
    invalidate: (...args) => cache.invalidate(self, args),
    refresh: (...args) => cache.refresh(self, args),
    peek: (...args) => cache.peek(self, args),
    prime: (args, value) => cache.prime(self, args, value),
    keyOf: (...args) => cache.keyOf(self, args),
  }
  const { original } = identity
  const properties = { ...handles, original, identity, name: original.name, length: original.length }
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(cached, name, { value, configurable: true })
  }
  return cached as unknown as CachedFunction<F>
}

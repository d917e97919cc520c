import type { Duration } from '../validation/duration.ts'

/** How results of a function are held in this process. */
export interface FunctionNearOptions {
  /**
   * The greatest age of what a near hit serves, after an invalidation, refresh or newer result of any process: seconds, or a text
   * such as `'1s'`; at least 10 milliseconds, at most an hour. It holds whatever messages, connections or processes are lost.
   *
   * While a function is called, each process asks the server once in half of this time whether it has missed a change.
   * @default '1s'
   */
  readonly maxStaleness?: Duration | undefined
  /**
   * What callers get: `'copies'`, each its own object; or `'frozen'`, all one and the same object, which is frozen with everything
   * in it, and costs nothing to hand out.
   *
   * Results with a `Date`, `Map`, `Set`, bytes or the like cannot be frozen: callers get copies of them. The call that runs the
   * function gets what the function returned, and calls that are served from the store get objects of their own.
   * @default 'copies'
   */
  readonly values?: 'copies' | 'frozen' | undefined
}

/** What this process holds in front of the store, for all functions of the cache together. */
export interface NearOptions extends FunctionNearOptions {
  /**
   * The largest number of results that this process holds for the cache.
   * @default 4096
   */
  readonly maxSize?: number | undefined
  /**
   * The memory that these results may take, in bytes, as far as it can be estimated. Results of more than an eighth of it are not
   * held.
   * @default 32 MiB
   */
  readonly maxBytes?: number | undefined
  /**
   * How often near hits are reported to the policy, so that the server keeps what is used here: at most once in each span of
   * `every`, in seconds or as a text. Near hits on one entry within it count once.
   * @default '5s', or a quarter of `idleTtl` if that is shorter
   */
  readonly touch?: { readonly every: Duration } | undefined
}

import type { AnyFunction } from './function-identity.ts'

/** Which cache a cached function belongs to: two objects of one name, prefix and store are one cache. */
export interface CacheAddress {
  readonly name: string
  readonly prefix: string
  /** The client or store that the user gave. */
  readonly store: object
}

/** Whether they are of one cache, if of two objects of it. */
export const isSameCache = (one: CacheAddress, other: CacheAddress): boolean =>
  one.name === other.name && one.prefix === other.prefix && one.store === other.store

/** What a cached function tells of itself. */
interface CachedMark {
  /** The function that has this mark. A wrapper that copies all properties has the mark of another one. */
  readonly cached: AnyFunction
  /** What it caches; `undefined` for a method that is bound to its object, and cannot run without it. */
  readonly original: AnyFunction | undefined
  readonly address: CacheAddress
}

/** Known to all copies of this library in the process: one may be a module, another CommonJS. */
const MARK = /* @__PURE__ */ Symbol.for('redis-func-cache.cached')

/** Makes a cached function known as one, to whatever cache wraps it again. */
export function markCached<F extends AnyFunction>(
  cached: F,
  original: AnyFunction | undefined,
  address: CacheAddress,
): F {
  const mark: CachedMark = { cached, original, address }
  return Object.defineProperty(cached, MARK, { value: mark, configurable: true })
}

/** A function to be cached, seen through the caching that it has already. */
export interface Unwrapped {
  /** The function that the user wrote. */
  readonly original: AnyFunction
  /** What is run for a call. */
  readonly run: AnyFunction
  /** What the function is called where the user gives no name. */
  readonly ownName: string
}

/**
 * Looks through a function that is cached already. In the cache that it belongs to, its original is run: it would wait for
 * itself. In another one it is run as it is, so that a cache may stand in front of another.
 */
export function unwrap(fn: AnyFunction, address: CacheAddress, ownName: string = fn?.name): Unwrapped {
  const mark = (fn as { readonly [MARK]?: CachedMark } | undefined | null)?.[MARK]
  if (mark?.cached !== fn || mark.original === undefined) return { original: fn, run: fn, ownName }
  const run = isSameCache(mark.address, address) ? mark.original : fn
  return { original: mark.original, run, ownName }
}

/** Whether a function is cached already, and what it caches cannot be told: its text is that of all cached functions. */
export const hidesOriginal = (fn: AnyFunction): boolean => {
  const mark = (fn as { readonly [MARK]?: CachedMark })[MARK]
  return mark?.cached === fn && mark.original === undefined
}

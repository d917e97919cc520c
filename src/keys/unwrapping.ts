import type { AnyFunction } from './function-identity.ts'

/** What identifies a cache: two objects with the same name, prefix and store are one cache. */
export interface CacheAddress {
  readonly name: string
  readonly prefix: string
  /** The client or store that the user gave. */
  readonly store: object
}

/** Whether two addresses belong to one cache, even if it has several objects. */
export const isSameCache = (one: CacheAddress, other: CacheAddress): boolean =>
  one.name === other.name && one.prefix === other.prefix && one.store === other.store

/** The mark of a cached function, by which other caches recognize it. */
interface CachedMark {
  /** The function that was marked. A wrapper that copies all properties carries the mark of another function. */
  readonly cached: AnyFunction
  /** The function it caches; `undefined` for a method bound to its object, which cannot run without it. */
  readonly original: AnyFunction | undefined
  readonly address: CacheAddress
}

/** One symbol for all copies of this library in the process: one copy may be a module, another CommonJS. */
const MARK = /* @__PURE__ */ Symbol.for('redis-func-cache.cached')

/** Marks a cached function, so that a cache that wraps it again recognizes it. */
export function markCached<F extends AnyFunction>(
  cached: F,
  original: AnyFunction | undefined,
  address: CacheAddress,
): F {
  const mark: CachedMark = { cached, original, address }
  return Object.defineProperty(cached, MARK, { value: mark, configurable: true })
}

/** A function that is to be cached, without the caching that it already has. */
export interface Unwrapped {
  /** The function that the user wrote. */
  readonly original: AnyFunction
  /** The function that runs for a call. */
  readonly run: AnyFunction
  /** The name of the function without the option `name`. */
  readonly ownName: string
}

/**
 * Finds the original of a function that is cached already.
 *
 * In the cache that it belongs to, the original runs, since the cached function would wait for itself. In another cache the
 * cached function runs, so that one cache can stand in front of another.
 */
export function unwrap(fn: AnyFunction, address: CacheAddress, ownName: string = fn?.name): Unwrapped {
  const mark = (fn as { readonly [MARK]?: CachedMark } | undefined | null)?.[MARK]
  if (mark === undefined || mark.cached !== fn || mark.original === undefined)
    return { original: fn, run: fn, ownName }
  const run = isSameCache(mark.address, address) ? mark.original : fn
  return { original: mark.original, run, ownName }
}

/** Whether a function is cached already and hides its original: its source text is then that of every cached function. */
export const hidesOriginal = (fn: AnyFunction): boolean => {
  const mark = (fn as { readonly [MARK]?: CachedMark })[MARK]
  return mark?.cached === fn && mark.original === undefined
}

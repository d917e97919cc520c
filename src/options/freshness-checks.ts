import { checkCallback, checkPredicate } from './callback-checks.ts'
import type { CacheSettings } from './cache-settings.ts'
import { checkNames, shown } from '../validation/checks.ts'
import { type Duration, spelled, toLifeMs, toMs } from '../validation/duration.ts'
import type { WrapOptions } from './function-options.ts'
import { graceMsOf, resultLifeOf, type FunctionSettings } from './function-settings.ts'
import { OptionError } from '../errors.ts'
import type { FreshnessRules } from '../flow/freshness.ts'
import type { Eventually } from '../flow/when-known.ts'

/** Options about time, in whole milliseconds: the `ttl` of each result, or the function that returns it. */
export function lifetime(
  ttl: WrapOptions['ttl'],
  cache: CacheSettings,
): Pick<FunctionSettings, 'ttlMs' | 'ttlOf' | 'defaultTtlMs'> {
  const defaultTtlMs = cache.ttlMs ?? Number.POSITIVE_INFINITY
  if (typeof ttl === 'function') {
    checkCallback(ttl, 'ttl', 'of the result and the arguments that returns how long the result is fresh')
    return { ttlMs: undefined, ttlOf: ttl as FunctionSettings['ttlOf'], defaultTtlMs }
  }
  return { ttlMs: ttl === undefined ? cache.ttlMs : toLifeMs(ttl, 'ttl'), ttlOf: undefined, defaultTtlMs }
}

/** How long past its `ttl` a result may be served, and for which errors. */
export function freshness({ staleWhileRevalidate, staleIfError, earlyRefresh = false }: WrapOptions): {
  freshness: FreshnessRules | undefined
  fallsBackOn: (error: unknown) => Eventually<boolean>
} {
  const staleWhileRevalidateMs =
    staleWhileRevalidate === undefined ? 0 : toMs(staleWhileRevalidate, 'staleWhileRevalidate')
  const fallback = typeof staleIfError === 'object' ? staleIfError : { for: staleIfError }
  checkNames(fallback, ['for', 'when'], 'staleIfError')
  const fallsBackOn = checkPredicate('when' in fallback ? fallback.when : undefined, 'staleIfError.when')
  const staleIfErrorMs = staleIfError === undefined ? 0 : toMs(fallback.for as Duration, 'staleIfError')
  const beta = betaOf(earlyRefresh)
  const isPlain = staleWhileRevalidateMs === 0 && staleIfErrorMs === 0 && beta === undefined
  return { freshness: isPlain ? undefined : { staleWhileRevalidateMs, staleIfErrorMs, beta }, fallsBackOn }
}

function betaOf(earlyRefresh: NonNullable<WrapOptions['earlyRefresh']>): number | undefined {
  if (earlyRefresh === false) return undefined
  if (earlyRefresh === true) return 1
  checkNames(earlyRefresh, ['beta'], 'earlyRefresh')
  const { beta = 1 } = earlyRefresh
  if (typeof beta === 'number' && beta > 0 && beta < Number.POSITIVE_INFINITY) return beta
  throw new OptionError(
    `earlyRefresh.beta: ${shown(beta)} is not a number above 0. Give 1, or more to refresh earlier.`,
  )
}

export function checkJitter(jitter: number): number {
  if (typeof jitter === 'number' && jitter >= 0 && jitter < 1) return jitter
  throw new OptionError(
    `jitter: ${shown(jitter)} is not a number from 0 up to, but not including, 1. Give 0.1 to shorten each ttl by up to a tenth.`,
  )
}

/** Options that mean nothing where results are fresh without end. */
const NEEDS_AN_END = ['staleWhileRevalidate', 'staleIfError', 'earlyRefresh', 'jitter'] as const

/** @throws {OptionError} for an option about the end of a `ttl` that has none. */
export function checkEnd(options: WrapOptions, cache: CacheSettings): void {
  const isEndless = (options.ttl ?? cache.ttlMs ?? Number.POSITIVE_INFINITY) === Number.POSITIVE_INFINITY
  const useless = NEEDS_AN_END.find((option) => isEndless && options[option])
  if (useless === undefined) return
  const whose = options.ttl === undefined ? 'the ttl of the cache' : 'ttl'
  throw new OptionError(
    `${useless}: results never stop being fresh, since ${whose} is Infinity. Give the function a ttl that ends, such as ` +
      "{ ttl: '5m' }.",
  )
}

/** @throws {OptionError} for times that contradict each other, or the `idleTtl` of the cache. */
export function checkTimes(settings: FunctionSettings, cache: CacheSettings): void {
  const { freshness: rules, cachedErrors: errors, timeoutMs, softTimeoutMs } = settings
  if (softTimeoutMs !== undefined && rules !== undefined) {
    const { staleIfErrorMs, staleWhileRevalidateMs } = rules
    // Within staleWhileRevalidate a stale result is served at once; only past it does a caller wait.
    if (staleIfErrorMs <= staleWhileRevalidateMs) {
      throw new OptionError(
        `softTimeout: it never applies, because staleIfError (${spelled(staleIfErrorMs)}) is not longer than ` +
          `staleWhileRevalidate (${spelled(staleWhileRevalidateMs)}), within which stale results are served at once. Make ` +
          'staleIfError longer.',
      )
    }
  }
  if (timeoutMs !== undefined && softTimeoutMs !== undefined && timeoutMs <= softTimeoutMs) {
    throw new OptionError(
      `softTimeout: it never applies, because ${spelled(softTimeoutMs)} is not shorter than timeout (${spelled(timeoutMs)}). ` +
        'Make softTimeout shorter.',
    )
  }
  const isGraced = graceMsOf(rules) > 0
  checkLife(resultLifeOf(settings), isGraced ? 'ttl plus staleWhileRevalidate or staleIfError' : 'ttl', cache)
  if (errors !== undefined) checkLife(errors.ttlMs, 'cacheErrors.ttl', cache)
}

/** @throws {OptionError} for entries that would outlive the keys that hold them. */
export function checkLife(ms: number, option: string, { limits, isIdleTtlFixed }: CacheSettings): void {
  const { idleTtlMs } = limits
  // A result without an end lives as long as the cache is used.
  if (!isIdleTtlFixed || idleTtlMs === undefined || ms <= idleTtlMs || ms === Number.POSITIVE_INFINITY) return
  throw new OptionError(
    `${option}: results may live ${spelled(ms)}, but the keys of the cache expire ${spelled(idleTtlMs)} after their last use ` +
      `(option idleTtl of the cache). Leave idleTtl out, or make it longer: new RedisFuncCache(name, policy, { idleTtl: '${spelled(ms)}', … }).`,
  )
}

import { jittered } from '../flow/freshness.ts'
import { whenKnown } from '../flow/when-known.ts'
import { checkTags } from '../options/check-tags.ts'
import { type Duration, isZero, LONGEST_MS, spelled, toMs } from '../validation/duration.ts'
import { graceMsOf, type FunctionSettings } from '../options/function-settings.ts'
import { isPromise } from '../realms/native.ts'
import type { EntryMetadata } from '../stores/store.ts'
import { warn } from '../warnings/process-warning.ts'
import type { Call } from './call.ts'
import type { FunctionContext } from './function-context.ts'

/** The terms under which a result is stored. */
export interface Terms {
  /** How long the entry lives; `undefined` for no end. */
  readonly ttlMs: number | undefined
  /** How long the result is fresh; `undefined` for no end. */
  readonly freshMs: number | undefined
  readonly metadata: EntryMetadata
}

/** The terms for the result of a load; `undefined` if it is not to be stored, which is reported. */
export function termsFor(
  call: Call,
  value: unknown,
  computeMs: number,
): Terms | undefined | Promise<Terms | undefined> {
  const { settings, report } = call.fn
  const { cacheIf, absentMs } = settings
  const skipped = (reason: 'absent' | 'unwanted' | 'zero-ttl'): undefined => {
    report.skipped(call, reason, 0, computeMs)
  }
  const failed = (error: unknown): undefined => {
    report.failed(call, 'callback', error)
  }
  const isRowAbsent = isAbsent(settings, value)
  if (isRowAbsent && absentMs === undefined) return skipped('absent')
  try {
    // For a missing row the option `absent` decides, and not `cacheIf`.
    const isWanted =
      isRowAbsent || cacheIf === undefined || cacheIf(value as never, ...(call.args as never[]))
    const terms = whenKnown(isWanted, (yes) => {
      if (!yes) return skipped('unwanted')
      return whenKnown(termsOf(call.fn, value, call.args, computeMs), (known) => known ?? skipped('zero-ttl'))
    })
    return isPromise(terms) ? (terms as Promise<Terms | undefined>).catch(failed) : terms
  } catch (error) {
    return failed(error)
  }
}

/**
 * The terms for a value, without asking `cacheIf`; `undefined` if its `ttl` is 0.
 *
 * @param computeMs How long its function took; `undefined` for a known value.
 */
export function termsOf(
  fn: FunctionContext,
  value: unknown,
  args: readonly unknown[],
  computeMs: number | undefined,
): Terms | undefined | Promise<Terms | undefined> {
  const { tags } = fn.settings
  return whenKnown(ttlMsFor(fn.settings, value, args), (ttlMs) => {
    if (ttlMs === 0) return undefined
    return whenKnown(tags?.(value as never, ...(args as never[])), (given) => {
      const { freshMs, lifeMs } = timesFor(fn, ttlMs)
      const names = tags && checkTags(given as readonly string[])
      const cost = fn.cache.costs.of(fn.settings, value, args, computeMs)
      return { ttlMs: lifeMs, freshMs, metadata: metadataFor(fn, freshMs, computeMs ?? 0, names, cost) }
    })
  })
}

/** The metadata with which an entry is stored. */
export const metadataFor = (
  { settings }: FunctionContext,
  freshMs: number | undefined,
  computeMs: number,
  tags: readonly string[] | undefined,
  cost?: number,
): EntryMetadata => ({
  serializer: settings.serializer.name,
  computeMs: Math.round(computeMs),
  freshMs,
  tags,
  ...(cost !== undefined && { cost }),
})

/** Whether a value stands for a row that is missing. */
const isAbsent = ({ rowsMayBeAbsent }: FunctionSettings, value: unknown): boolean =>
  rowsMayBeAbsent && (value === undefined || value === null)

/**
 * The `ttl` of a result: 0 if it is not to be stored, `undefined` if no result of the function has an end, and `Infinity` if
 * this one has none.
 */
function ttlMsFor(
  settings: FunctionSettings,
  value: unknown,
  args: readonly unknown[],
): number | undefined | Promise<number | undefined> {
  const { ttlMs, ttlOf, absentMs, defaultTtlMs } = settings
  if (absentMs !== undefined && isAbsent(settings, value)) return absentMs
  if (ttlOf === undefined) return ttlMs
  return whenKnown(ttlOf(value as never, ...(args as never[])), (ttl) => ttlMsOf(ttl, defaultTtlMs))
}

/** For how long a result with that `ttl` is fresh, and how long its entry lives. */
function timesFor(
  fn: FunctionContext,
  ttlMs: number | undefined,
): { readonly freshMs?: number; readonly lifeMs?: number } {
  if (ttlMs === undefined) return {}
  const { freshness, jitter, ttlOf } = fn.settings
  if (ttlMs === Number.POSITIVE_INFINITY) {
    fn.cache.partitions.provideFor(ttlMs)
    // Entries of this function need an end: without one, an entry would look as if its end had been lost.
    return { freshMs: LONGEST_MS, lifeMs: LONGEST_MS }
  }
  const freshMs = jittered(ttlMs, jitter)
  const wantedMs = freshMs + graceMsOf(freshness)
  const lifeMs = ttlOf === undefined ? wantedMs : lifeFor(fn, wantedMs)
  return { freshMs: Math.min(freshMs, lifeMs), lifeMs }
}

/** Limits the life of a result whose `ttl` was not known before to the `idleTtl` of the cache, with a warning. */
function lifeFor({ cache, settings }: FunctionContext, lifeMs: number): number {
  const fn = settings.identity.name
  const allowedMs = cache.partitions.provideFor(lifeMs)
  if (allowedMs < lifeMs) {
    warn(
      `ttl:${cache.name}:${fn}`,
      `Cache '${cache.name}', ${fn}: a result is to live ${spelled(lifeMs)}, but ends after ${spelled(allowedMs)} with the ` +
        'cache (option idleTtl of the cache). Give the cache a longer idleTtl, or none.',
    )
  }
  return allowedMs
}

/**
 * How long a result is fresh by what a callback said of it, in milliseconds: 0 for not at all, `Infinity` for no end.
 * @throws {OptionError} for what is no duration.
 */
function ttlMsOf(ttl: Duration | undefined, defaultMs: number): number {
  if (ttl === undefined) return defaultMs
  if (ttl === Number.POSITIVE_INFINITY) return ttl
  return isZero(ttl) ? 0 : toMs(ttl, 'ttl')
}

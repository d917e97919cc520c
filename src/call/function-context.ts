import { checkCost } from './result-costs.ts'
import { checkBareValues } from '../options/bare-values.ts'
import { type FunctionSettings, longestLifeOf } from '../options/function-settings.ts'
import { checkNearStore } from '../options/near-checks.ts'
import { Slots } from '../flow/slots.ts'
import { known } from '../keys/canonical/path.ts'
import type { NearFunction } from '../partitions/near-function.ts'
import type { EntryLocation } from '../partitions/partitions.ts'
import type { ErrorPhase } from '../errors.ts'
import { Reporter } from '../telemetry/reporter.ts'
import type { CacheContext } from './cache-context.ts'
import type { Call } from './call.ts'
import { EntryReader } from './entry-reader.ts'
import { EnvelopeReader } from './envelope-reader.ts'

/** What all calls of one function share. */
export interface FunctionContext {
  readonly cache: CacheContext
  readonly settings: FunctionSettings
  readonly report: Reporter
  readonly reader: EntryReader
  /** Slots for runs of the function (`maxConcurrent`); `undefined` for no limit. */
  readonly slots: Slots | undefined
  /** What this process holds of the function in front of the store; `undefined` if it holds nothing. */
  readonly near: NearFunction | undefined
  /** The same, if calls find what is held by their arguments alone, without a call hash. */
  readonly nearByKey: NearFunction | undefined
}

/**
 * Makes what the calls of a function share, and lets the keys of the cache live as long as its entries.
 * @throws {OptionError} if the policy stores bare values, and the options need more.
 */
export function functionContext(cache: CacheContext, settings: FunctionSettings): FunctionContext {
  const { partitions } = cache
  checkBareValues(partitions.policy, settings, cache.envelope !== undefined)
  checkCost(partitions.policy, settings)
  partitions.provideFor(longestLifeOf(settings))
  const report = new Reporter(cache.name, settings.identity.name, cache.events, cache.counters)
  const { envelope, errorClasses } = cache
  const reader =
    envelope === undefined
      ? new EntryReader(settings, errorClasses, report)
      : new EnvelopeReader(settings, errorClasses, report, envelope)
  const { maxConcurrent } = settings
  const slots = maxConcurrent === Number.POSITIVE_INFINITY ? undefined : new Slots(maxConcurrent)
  const near = nearFunction(cache, settings)
  // Where one of many hits refreshes, each has to be judged.
  const isJudged = settings.freshness?.beta !== undefined
  const nearByKey = isJudged || !partitions.policy.locatesByArguments ? undefined : near
  return { cache, settings, report, reader, slots, near, nearByKey }
}

/** @throws {OptionError} if the results of this cache cannot be held near. */
function nearFunction(cache: CacheContext, settings: FunctionSettings): NearFunction | undefined {
  const { near } = settings
  if (near === undefined) return undefined
  checkNearStore(cache.store, cache.partitions.policy)
  return cache.near.functionFor(settings, near)
}

/** Where the entry of a call lies. @throws for arguments that cannot be told apart safely. */
export function locate(
  { settings, cache }: FunctionContext,
  self: unknown,
  args: readonly unknown[],
): EntryLocation<Call> {
  const picks = settings.self
  const keyed = typeof picks === 'function' ? [known(picks(self as never), 'this', 'this'), ...args] : args
  return cache.partitions.locate(settings.identity, keyed)
}

/** What the function gets as `this`: nothing, unless the options say what it means. */
export const selfFor = ({ settings }: FunctionContext, self: unknown): unknown =>
  settings.self === 'none' ? undefined : self

/**
 * A failure of the store: an event reports it, and the call goes on without the store.
 * @throws that error where the cache was given `onError: 'throw'`.
 */
export function tolerate(call: Call, during: ErrorPhase, error: unknown): void {
  const { cache, report } = call.fn
  if (cache.throwsOnError) throw error
  report.failed(call, during, error)
}

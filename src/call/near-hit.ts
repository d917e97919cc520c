/*
 * NEAR: results that this process holds in front of the store.
 *
 * An entry is served if it is fresh, and proven: all changes of its partition were heard until a moment that is not longer ago than
 * `maxStaleness`, see flow/hearing.ts. Past half of that time the next proof is asked for while callers are served; past all of it
 * a call waits for it, and goes to the store if there is none.
 */
import type { Context } from '../context/context.ts'
import { currentRun } from '../context/run.ts'
import { judge, type Verdict } from '../flow/freshness.ts'
import { unlessAborted } from '../flow/timeout.ts'
import { monotonicMs, setImmediate } from '../flow/timers.ts'
import { detailOf } from '../functions/detailed-result.ts'
import type { NearEntry } from '../partitions/near-entry.ts'
import type { NearFunction } from '../partitions/near-function.ts'
import { isPromise } from '../realms/native.ts'
import { StoredEntry } from '../stores/trailer.ts'
import { refreshBehind } from './background-refresh.ts'
import type { Call } from './call.ts'
import type { Waiting } from './coalescing.ts'
import type { FunctionContext } from './function-context.ts'
import { executed, type Settlement } from './settlement.ts'
import { askStore, hasLostStore } from './store-time.ts'

/** What a call does that is not served near. */
interface Beyond {
  /** Goes on without the near tier. @param error What the store has failed with, if it is not to be asked any more. */
  serveByStore(call: Call, waiting: Waiting, error?: unknown): Promise<unknown>
  /** Limits how long a caller waits, by the option `timeout`. */
  limited(result: Promise<unknown>, call: Call, leader: Call): Promise<unknown>
}

/**
 * NEAR, by the arguments alone: no call is made, and no promise but that of the caller. `undefined` if that does not do: then the
 * call may still be served near by its call hash.
 */
export function nearByKey(
  fn: FunctionContext,
  near: NearFunction,
  args: readonly unknown[],
  context: Context,
  isDetailed: boolean,
): Promise<unknown> | undefined {
  const { identity } = fn.settings
  const key = identity.keyText(args)
  const entry = key === undefined ? undefined : near.byKey.get(key)
  if (entry === undefined || !entry.isReady) return undefined
  if (context.since !== undefined || fn.cache.partitions.withholds) return undefined
  // Within the load of the same key, `getOrSet` must not be served what is to be replaced.
  if (identity.isOfKeys && currentRun() !== undefined) return undefined
  const nowMs = monotonicMs()
  const todayMs = entry.partition.todayMs()
  const ageMs = entry.partition.proofAgeMs(nowMs, todayMs)
  // Without a proof, the age is Infinity.
  if (ageMs > near.maxStalenessMs || nowMs >= entry.untilMs || todayMs >= entry.untilTodayMs) return undefined
  return served(fn, entry, context, nowMs, ageMs, isDetailed)
}

/** A near hit; `undefined` if the entry cannot be decoded: it is dropped, and the store will tell. */
function served(
  fn: FunctionContext,
  entry: NearEntry,
  context: Context,
  beganMs: number,
  ageMs: number,
  isDetailed: boolean,
): Promise<unknown> | undefined {
  let value: unknown
  try {
    value = entry.result()
  } catch {
    entry.partition.dropEach([entry.hash])
    return undefined
  }
  use(fn, entry, context, beganMs, ageMs)
  const result = isDetailed ? detailOf(value, 'near', entry, Date.now() - ageMs) : value
  return entry.fn.tier.isTurnDue(beganMs)
    ? new Promise((resolve) => setImmediate(resolve, result))
    : Promise.resolve(result)
}

function use(fn: FunctionContext, entry: NearEntry, context: Context, beganMs: number, ageMs: number): void {
  entry.isVisited = true
  if (!entry.isUsed) entry.partition.use(entry)
  if (ageMs > entry.fn.maxStalenessMs / 2) entry.partition.proveBehind()
  fn.report.nearHit(context, entry.hash, beganMs, ageMs)
}

/** NEAR, by the call hash. */
export function nearByHash(call: Call, waiting: Waiting, beyond: Beyond): Promise<unknown> {
  const { partition, fn } = call
  if (partition.near === undefined) partition.openNear((fn.near as NearFunction).tier)
  const entry = heldFor(call)
  const verdict = entry === undefined ? 'expired' : judged(call, entry)
  if (entry === undefined || !isServable(verdict)) return beyond.serveByStore(call, waiting)
  call.beganMs = monotonicMs()
  return isProvenFor(call, entry)
    ? serve(call, entry, verdict, waiting, beyond)
    : beyond.limited(afterProof(call, waiting, beyond), call, call)
}

/** Waits until the store has proven what is held; if it does not, or the entry has changed, the call goes on to the store. */
async function afterProof(call: Call, waiting: Waiting, beyond: Beyond): Promise<unknown> {
  const { near } = call.partition
  const { signal } = waiting
  try {
    const proving = askStore(call, async () => near?.prove())
    await (signal === undefined ? proving : unlessAborted(proving, signal))
  } catch (error) {
    if (signal?.aborted) throw error
    return beyond.serveByStore(call, waiting, hasLostStore(call) ? error : undefined)
  }
  const entry = heldFor(call)
  const verdict = entry === undefined ? 'expired' : judged(call, entry)
  if (entry === undefined || !isServable(verdict) || !isProvenFor(call, entry)) {
    return beyond.serveByStore(call, waiting)
  }
  return serve(call, entry, verdict, waiting, beyond)
}

/** What this process holds of a call. */
function heldFor(call: Call): NearEntry | undefined {
  const { partition, hash, fn } = call
  const entry = partition.near?.get(hash)
  return entry === undefined || entry.fn !== fn.near || partition.isWithheld(call) ? undefined : entry
}

const isServable = (verdict: Verdict): boolean => verdict === 'fresh' || verdict === 'early'

const isProvenFor = (call: Call, entry: NearEntry): boolean =>
  proofAgeFor(call, entry) <= entry.fn.maxStalenessMs

/** How long ago it was proven what is held; `Infinity` if that does not do for the call. */
function proofAgeFor({ context }: Call, { partition }: NearEntry): number {
  const nowMs = monotonicMs()
  const ageMs = partition.proofAgeMs(nowMs, partition.todayMs())
  const isEnough = context.since === undefined || context.since.isMetBy(partition, nowMs - ageMs)
  return isEnough ? ageMs : Number.POSITIVE_INFINITY
}

/** A near hit of a call: at once, or when the schema has seen the result. */
function serve(
  call: Call,
  entry: NearEntry,
  verdict: Verdict,
  waiting: Waiting,
  beyond: Beyond,
): Promise<unknown> {
  const { fn, context, beganMs } = call
  const ageMs = proofAgeFor(call, entry)
  if (!entry.isReady) return afterCheck(call, entry, verdict, waiting, beyond)
  const result = served(fn, entry, context, beganMs, ageMs, waiting.isDetailed)
  if (result === undefined) return beyond.serveByStore(call, waiting)
  isServed(call, entry, verdict)
  return result
}

async function afterCheck(
  call: Call,
  entry: NearEntry,
  verdict: Verdict,
  waiting: Waiting,
  beyond: Beyond,
): Promise<unknown> {
  const { fn, context, beganMs } = call
  const ageMs = proofAgeFor(call, entry)
  const reading = fn.reader.again(call, entry)
  const settlement = isPromise(reading) ? await reading : reading
  if (settlement === undefined) {
    entry.partition.dropEach([entry.hash])
    return beyond.serveByStore(call, waiting)
  }
  const value = entry.hold(settlement.value)
  use(fn, entry, context, beganMs, ageMs)
  isServed(call, entry, verdict)
  return waiting.isDetailed ? detailOf(value, 'near', entry, Date.now() - ageMs) : value
}

/** A call was served near. If that was early, one of many calls refreshes the entry, as after a hit in the store. */
function isServed(call: Call, entry: NearEntry, verdict: Verdict): void {
  call.batch?.leave(call)
  link(call, entry)
  if (verdict === 'early') refreshBehind(call, lookupOf(entry), 'early')
}

/** The next equal call finds the entry without a call hash. */
function link({ fn, args }: Call, entry: NearEntry): void {
  if (fn.nearByKey === undefined || entry.key !== undefined) return
  const key = fn.settings.identity.keyText(args)
  if (key !== undefined) fn.nearByKey.link(entry, key)
}

function judged({ fn }: Call, entry: NearEntry): Verdict {
  const { untilMs, untilTodayMs, freshUntilMs = Number.POSITIVE_INFINITY, computeMs, partition } = entry
  const leftMs = Math.min(untilMs - monotonicMs(), untilTodayMs - partition.todayMs())
  const { freshness } = fn.settings
  if (freshness === undefined || leftMs === Number.POSITIVE_INFINITY) return leftMs > 0 ? 'fresh' : 'expired'
  return judge({ atMs: freshUntilMs - leftMs, freshUntilMs, computeMs }, freshness)
}

/** What a lookup in the store would have found. */
function lookupOf({ storedAtMs, freshUntilMs, computeMs }: NearEntry): StoredEntry {
  return Object.assign(new StoredEntry(), { value: '', storedAtMs, freshUntilMs, computeMs })
}

/**
 * What this process holds of a call while the store gives no answer: a fallback, if the function fails too. It may have changed in
 * the store meanwhile. `undefined` if it is not within `staleIfError`.
 */
export function nearFallback(call: Call): Settlement | undefined {
  const { partition, hash, fn } = call
  const { freshness } = fn.settings
  if (fn.near === undefined || freshness === undefined || freshness.staleIfErrorMs === 0) return undefined
  const entry = partition.near?.get(hash)
  if (entry === undefined || entry.fn !== fn.near || !entry.isReady) return undefined
  if (judged(call, entry) === 'expired') return undefined
  try {
    return executed(entry.result(), { status: 'stale', validAsOf: call.lookupEpoch, source: entry })
  } catch {
    return undefined // it cannot be decoded
  }
}

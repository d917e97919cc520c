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
import { detailOf } from './detailed-result.ts'
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

/** What this process holds of a call, and may serve if that is proven. */
interface Held {
  readonly entry: NearEntry
  readonly verdict: Verdict
  /** How long ago it was proven; `Infinity` if no proof does for the call. */
  readonly ageMs: number
}

/** NEAR, by the call hash. */
export function nearByHash(call: Call, waiting: Waiting, beyond: Beyond): Promise<unknown> {
  const { partition, fn } = call
  if (partition.near === undefined) partition.openNear((fn.near as NearFunction).tier)
  const held = heldFor(call)
  if (held === undefined) return beyond.serveByStore(call, waiting)
  call.beganMs = monotonicMs()
  return isProven(held)
    ? serve(call, held, waiting, beyond)
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
  const held = heldFor(call)
  return held !== undefined && isProven(held)
    ? serve(call, held, waiting, beyond)
    : beyond.serveByStore(call, waiting)
}

/** `undefined` if nothing is held of a call that is fresh, and not waiting to be invalidated. */
function heldFor(call: Call): Held | undefined {
  const { partition, hash, fn, context } = call
  const entry = partition.near?.get(hash)
  if (entry === undefined || entry.fn !== fn.near || partition.isWithheld(call)) return undefined
  const nowMs = monotonicMs()
  const todayMs = entry.partition.todayMs()
  const verdict = judged(call, entry, nowMs, todayMs)
  if (verdict !== 'fresh' && verdict !== 'early') return undefined
  const ageMs = entry.partition.proofAgeMs(nowMs, todayMs)
  const isEnough = context.since === undefined || context.since.isMetBy(entry.partition, nowMs - ageMs)
  return { entry, verdict, ageMs: isEnough ? ageMs : Number.POSITIVE_INFINITY }
}

const isProven = ({ entry, ageMs }: Held): boolean => ageMs <= entry.fn.maxStalenessMs

/** A near hit of a call: at once, or when the schema has seen the result. */
function serve(call: Call, held: Held, waiting: Waiting, beyond: Beyond): Promise<unknown> {
  const { entry, ageMs } = held
  if (!entry.isReady) return afterCheck(call, held, waiting, beyond)
  const result = served(call.fn, entry, call.context, call.beganMs, ageMs, waiting.isDetailed)
  if (result === undefined) return beyond.serveByStore(call, waiting)
  isServed(call, held)
  return result
}

async function afterCheck(call: Call, held: Held, waiting: Waiting, beyond: Beyond): Promise<unknown> {
  const { entry, ageMs } = held
  const reading = call.fn.reader.again(call, entry)
  const settlement = isPromise(reading) ? await reading : reading
  if (settlement === undefined) {
    entry.partition.dropEach([entry.hash])
    return beyond.serveByStore(call, waiting)
  }
  const value = entry.hold(settlement.value)
  use(call.fn, entry, call.context, call.beganMs, ageMs)
  isServed(call, held)
  return waiting.isDetailed ? detailOf(value, 'near', entry, Date.now() - ageMs) : value
}

/** A call was served near. If that was early, one of many calls refreshes the entry, as after a hit in the store. */
function isServed(call: Call, { entry, verdict }: Held): void {
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

/** @param nowMs By {@link monotonicMs}. @param todayMs By the wall clock of the partition. */
function judged({ fn }: Call, entry: NearEntry, nowMs: number, todayMs: number): Verdict {
  const { untilMs, untilTodayMs, freshUntilMs = Number.POSITIVE_INFINITY, computeMs } = entry
  const leftMs = Math.min(untilMs - nowMs, untilTodayMs - todayMs)
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
  if (judged(call, entry, monotonicMs(), entry.partition.todayMs()) === 'expired') return undefined
  try {
    return executed(entry.result(), { status: 'stale', validAsOf: call.lookupEpoch, source: entry })
  } catch {
    return undefined // it cannot be decoded
  }
}

/*
 * The way of one call. Each name in capitals is a function here or in the file beside it.
 *
 *             ┌ mode without read and write ───────────────► EXECUTE ─────────────────────────────► caller
 * call ─ key ─┤
 *             ├ held near, fresh, proven recently enough ──► NEAR ────────────────────────────────► caller
 *             ├ equal call in flight ──► FOLLOW (until the leader settles; what may be older than the call starts over)
 *             └ else LEAD
 *                  │ LOOKUP ── store error ─┐
 *                READ (decode, schema) none ┤
 *                JUDGE                      ▼
 *       fresh ────── SETTLE(hit)          MISS ── PERMIT (token; lease and wait with 'global') ── LOAD ── SETTLE, PUT
 *       early/stale ─ SETTLE, REFRESH behind              │ error: fallback? SETTLE(fallback); cacheErrors? PUT(error)
 *       fallback ─── MISS with a fallback
 *
 * | state   | file                  | function                                  |
 * |---------|-----------------------|-------------------------------------------|
 * | EXECUTE | execute.ts            | execute, executeAlone; turn: run-slot.ts  |
 * | NEAR    | near-hit.ts           | nearByKey, nearByHash; kept: near-put.ts  |
 * | FOLLOW  | coalescing.ts         | leaderFor, asFollower, copyFor            |
 * | LEAD    | here                  | lead; the leader's value: coalescing.ts   |
 * | LOOKUP  | here                  | lookUp, lookedUp                          |
 * | READ    | entry-reader.ts       | open                                      |
 * | JUDGE   | entry-reader.ts       | judge                                     |
 * | MISS    | here                  | miss                                      |
 * | PERMIT  | acquire-permit.ts     | acquirePermit                             |
 * | LOAD    | load.ts               | load; with a fallback: stale-if-error.ts  |
 * | PUT     | store-result.ts       | storeResult; an error: store-error.ts     |
 * | REFRESH | background-refresh.ts | refreshBehind                             |
 * | SETTLE  | call.ts               | Call.settle, the one exit                 |
 *
 * An entry whose invalidation was not carried out yet (`retryFor`) is not looked up: LEAD goes to MISS, and nothing is put.
 * A failure of the store rejects no call, unless the cache has `onError: 'throw'` (`tolerate`). No call waits for the store longer
 * than `storeTimeout` in LOOKUP, PERMIT and PUT together (store-time.ts).
 */
import { CacheMissError, TimeoutError } from '../errors.ts'
import { reasonToAbort, within } from '../flow/timeout.ts'
import { monotonicMs } from '../flow/timers.ts'
import { detailOf, NOT_STORED, type ResultStatus } from './detailed-result.ts'
import { isPromise } from '../realms/native.ts'
import { copyOfThrown } from '../serializers/errors/error-copy.ts'
import type { Lookup } from '../stores/store.ts'
import { overrulingPermit } from './acquire-permit.ts'
import { isRefreshed, refreshBehind } from './background-refresh.ts'
import { type Call, newCall } from './call.ts'
import {
  asFollower,
  asLeader,
  copyFor,
  isTooOld,
  leaderFor,
  awaitedLeader,
  type Waiting,
} from './coalescing.ts'
import { isWithinItself } from './deadlock.ts'
import { executeAlone, type Invocation, invocationOf } from './execute.ts'
import { type FunctionContext, tolerate } from './function-context.ts'
import type { ListBatch } from './list-batch.ts'
import { load, loadWithPermit } from './load.ts'
import { nearByHash, nearByKey, nearFallback } from './near-hit.ts'
import { keepFound } from './near-put.ts'
import { failure, type Settlement } from './settlement.ts'
import { askStore, countLookup, countStepsOf, loseStore } from './store-time.ts'
import { fallbackUnseen, loadWithFallback } from './stale-if-error.ts'

/** The caller waits as long as it takes, for nothing but the value. */
export const PLAIN: Waiting = { signal: undefined, isDetailed: false }

/**
 * Serves a call: from the store, from an equal call in flight, or by running the function.
 *
 * @param waiting How its caller waits.
 * @param batch The calls of the same list.
 */
export function runCall(
  fn: FunctionContext,
  self: unknown,
  args: readonly unknown[],
  waiting: Waiting = PLAIN,
  batch?: ListBatch,
): Promise<unknown> {
  const { signal } = waiting
  const context = fn.cache.contexts.current
  fn.report.called(context)
  if (signal?.aborted) return Promise.reject(reasonToAbort(signal))
  const { read, write, execute } = context.mode
  let call: Call
  try {
    if (fn.nearByKey !== undefined && read) {
      const near = nearByKey(fn, fn.nearByKey, args, context, waiting.isDetailed)
      if (near !== undefined) return near
    }
    if (!read && !write && execute) {
      return serveAlone(invocationOf(fn, self, args, context, batch), waiting, 'bypass')
    }
    call = newCall(fn, self, args, batch, context)
  } catch (error) {
    return Promise.reject(error)
  }
  return serve(call, waiting)
}

/** Loads a call now, and replaces what is stored; as far as the mode of the context lets it. */
export function runRefresh(
  fn: FunctionContext,
  self: unknown,
  args: readonly unknown[],
  signal?: AbortSignal,
  batch?: ListBatch,
): Promise<unknown> {
  fn.report.called(fn.cache.contexts.current)
  if (signal?.aborted) return Promise.reject(reasonToAbort(signal))
  try {
    const call = newCall(fn, self, args, batch)
    call.beganMs = monotonicMs()
    if (signal !== undefined) call.abortion = new AbortController()
    settleBy(call, renew(call))
    return limited(asLeader(call, { signal, isDetailed: false, needsProof: true }), call, call)
  } catch (error) {
    return Promise.reject(error)
  }
}

async function renew(call: Call): Promise<Settlement> {
  const { write, execute } = call.context.mode
  if (!execute) {
    throw new CacheMissError(
      `${call.fn.settings.identity.name}: refresh has to execute the function, which the mode of this context forbids. Call it ` +
        'outside of readOnly().',
    )
  }
  return loadWithPermit(call, write ? await overrulingPermit(call) : undefined, fallbackUnseen(call))
}

/** NEAR, FOLLOW or LEAD. */
function serve(call: Call, waiting: Waiting): Promise<unknown> {
  try {
    if (isWithinItself(call)) return serveWithinItself(call, waiting)
  } catch (error) {
    call.batch?.leave(call)
    return Promise.reject(error)
  }
  return call.fn.near !== undefined && call.context.mode.read
    ? nearByHash(call, waiting, { serveByStore, limited })
    : serveByStore(call, waiting)
}

/** FOLLOW or LEAD. @param error What the store has failed with, if it is not to be asked any more. */
function serveByStore(call: Call, waiting: Waiting, error?: unknown): Promise<unknown> {
  try {
    const leader = leaderFor(call)
    if (leader !== undefined) return limited(follow(call, leader, waiting), call, leader)
    return limited(error === undefined ? lead(call, waiting) : leadAfter(error, call, waiting), call, call)
  } catch (thrown) {
    call.batch?.leave(call)
    return Promise.reject(thrown)
  }
}

/** A key that is asked for from its own load: it is loaded for this caller alone. */
function serveWithinItself(call: Call, waiting: Waiting): Promise<unknown> {
  call.batch?.leave(call)
  return serveAlone(call, waiting, 'miss')
}

/** EXECUTE for one caller alone, who gets the result in the form that it asks for. */
function serveAlone(
  what: Invocation,
  { signal, isDetailed }: Waiting,
  status: ResultStatus,
): Promise<unknown> {
  const value = executeAlone(what, signal)
  return isDetailed ? value.then((result) => detailOf(result, status, NOT_STORED)) : value
}

/** Limits how long a caller waits, by the option `timeout`. */
function limited(result: Promise<unknown>, call: Call, leader: Call): Promise<unknown> {
  const { timeoutMs } = call.fn.settings
  return timeoutMs === undefined ? result : untilTimeout(timeoutMs, result, call, leader)
}

/** A function of its own, not a part of {@link limited}: the variables of a callback are allocated when its function begins. */
function untilTimeout(ms: number, result: Promise<unknown>, call: Call, leader: Call): Promise<unknown> {
  return within(result, ms, () => {
    const { background } = call.fn.cache
    leader.isLeftBy(call)
    // What `waitUntil` is given has to settle with the load.
    if (background.isTold) background.tell(result, leader)
    else leader.leaveOf(call)
    return new TimeoutError(
      `${call.fn.settings.identity.name}: no result within ${ms} ms. The function goes on, and what it returns may still be stored.`,
    )
  })
}

/** LEAD. */
function lead(call: Call, waiting: Waiting): Promise<unknown> {
  if (waiting.signal !== undefined) call.abortion = new AbortController()
  if (call.context.mode.read) return lookUp(call, waiting)
  call.beganMs = monotonicMs()
  settleBy(call, miss(call, undefined, undefined))
  return asLeader(call, waiting)
}

/**
 * LOOKUP: together with all that are looked up in this turn. Each call registers with the results of the batch by itself, and
 * so goes on in the async context in which it was made. A hit takes no other promise than this one, its caller's.
 */
function lookUp(call: Call, waiting: Waiting): Promise<unknown> {
  const { partition } = call
  if (partition.isWithheld(call)) return leadWithoutStore(call, waiting)
  call.fn.report.looks(call)
  call.lookupEpoch = partition.epoch
  if (call.storeMs > 0) return lookUpAgain(call, waiting)
  const batch = partition.lookUp(call, call.fn.reader.readsText)
  const at = batch.items.length - 1
  call.beganMs = batch.beganMs // the clock is read once for all of the batch
  // A list rejects with the error of its first row that fails. Of equal rows that has to be the leader, which has the original error.
  if (waiting.signal === undefined && !waiting.isDetailed && call.batch === undefined) {
    return batch.results.then(
      (lookups) => resultOf(call, lookedUp(call, lookups[at] as Lookup)),
      (error: unknown) => resultOf(call, notLookedUp(call, error)),
    )
  }
  const result = asLeader(call, waiting)
  void batch.results.then(
    (lookups) => lookedUp(call, lookups[at] as Lookup),
    (error: unknown) => notLookedUp(call, error),
  )
  return result
}

/** LEAD without a LOOKUP, after the store has failed. */
function leadAfter(error: unknown, call: Call, waiting: Waiting): Promise<unknown> {
  if (waiting.signal !== undefined) call.abortion = new AbortController()
  call.lookupEpoch = call.partition.epoch
  const result = asLeader(call, waiting)
  notLookedUp(call, error)
  return result
}

/** MISS without a LOOKUP: the entry waits to be invalidated, so that it is not read, and nothing is stored. */
function leadWithoutStore(call: Call, waiting: Waiting): Promise<unknown> {
  call.beganMs = monotonicMs()
  call.lookupEpoch = call.partition.epoch
  loseStore(call)
  settleBy(call, miss(call, undefined, undefined))
  return asLeader(call, waiting)
}

/** The value of a call that has settled; of one that has not, what stands for it. @throws the error it settled with. */
function resultOf(call: Call, settlement: Settlement | undefined): unknown {
  if (settlement === undefined) return awaitedLeader(call)
  if (settlement.isError) throw settlement.value
  return settlement.value
}

/** FOLLOW: waits for an equal call in flight, and goes on in the async context of the follower. */
async function follow(call: Call, leader: Call, waiting: Waiting): Promise<unknown> {
  const joinedIn = call.partition.epoch
  const settlement = await asFollower(call, leader, waiting)
  if (isTooOld(settlement, joinedIn)) {
    countStepsOf(leader, call)
    return serve(call, waiting)
  }
  call.fn.report.joined(call)
  const { value, isError } = settlement
  if (isError) throw call.fn.settings.share ? value : copyOfThrown(value)
  const copying = copyFor(call, leader, settlement)
  const copy = isPromise(copying) ? await copying : copying
  if (copy === undefined) return serveAlone(call, waiting, 'miss')
  return waiting.isDetailed ? detailOf(copy.value, 'joined', call.fn.reader.timesOf(settlement)) : copy.value
}

/** READ and JUDGE what the lookup found. Settles a call that needs nothing more, and returns its settlement. Never throws. */
function lookedUp(call: Call, lookup: Lookup): Settlement | undefined {
  if (call.fn.reader.isNoText(lookup)) {
    countLookup(call)
    const peek = () => call.partition.peek(call) // the first lookup already counts as a read for the policy
    settleBy(call, lookUpInTime(call, peek))
    return undefined
  }
  let settlement: Settlement | Promise<Settlement>
  try {
    const read = call.fn.reader.open(call, lookup)
    if (isPromise(read)) countLookup(call)
    settlement = isPromise(read)
      ? read.then((checked) => judge(call, lookup, checked))
      : judge(call, lookup, read)
  } catch (error) {
    settlement = failure(error)
  }
  if (isPromise(settlement)) {
    settleBy(call, settlement)
    return undefined
  }
  call.settle(settlement)
  return settlement
}

/** LOOKUP of a call that starts over: no longer than the time that its leader has left it. */
function lookUpAgain(call: Call, waiting: Waiting): Promise<unknown> {
  call.beganMs = monotonicMs()
  const look = () => call.partition.look(call)
  settleBy(call, lookUpInTime(call, look))
  return asLeader(call, waiting)
}

/** LOOKUP of a call that has waited for the store before. */
async function lookUpInTime(call: Call, ask: () => Promise<Lookup>): Promise<Settlement> {
  let lookup: Lookup
  try {
    lookup = await askStore(call, ask)
  } catch (error) {
    loseStore(call)
    tolerate(call, 'get', error)
    return miss(call, undefined, nearFallback(call))
  }
  return judge(call, lookup, await call.fn.reader.open(call, lookup))
}

/**
 * After a failed lookup, or one that an open breaker refused: a miss, or with `onError: 'throw'` an error. Returns as
 * {@link lookedUp} does, and never throws.
 *
 * What this process holds near is a fallback within `staleIfError`.
 */
function notLookedUp(call: Call, error: unknown): Settlement | undefined {
  loseStore(call)
  try {
    tolerate(call, 'get', error)
    settleBy(call, miss(call, undefined, nearFallback(call)))
    return undefined
  } catch (thrown) {
    const settlement = failure(thrown)
    call.settle(settlement)
    return settlement
  }
}

/** Settles a call with the outcome of its remaining steps. */
function settleBy(call: Call, steps: Settlement | Promise<Settlement>): void {
  if (!isPromise(steps)) return call.settle(steps)
  const end = call.fn.cache.background.start(call)
  const settle = (settlement: Settlement) => {
    end()
    call.settle(settlement)
  }
  steps.then(settle, (error: unknown) => settle(failure(error)))
}

/** JUDGE: an entry is served, served and refreshed in the background, or kept for the case that the function fails. */
function judge(call: Call, lookup: Lookup, entry: Settlement | undefined): Settlement | Promise<Settlement> {
  if (entry === undefined) return miss(call, lookup, undefined)
  const { reader, report } = call.fn
  const verdict = reader.judge(lookup, entry)
  switch (verdict) {
    case 'fresh':
    case 'early':
      report.hit(call)
      if (call.fn.near !== undefined) keepFound(call, lookup, entry)
      if (verdict === 'early') refreshBehind(call, lookup, 'early')
      return entry
    case 'stale':
      report.stale(call, 'grace')
      refreshBehind(call, lookup, 'stale')
      return { ...entry, status: 'stale' }
    case 'fallback':
      return miss(call, lookup, { ...entry, status: 'stale' })
    case 'expired':
      return miss(call, lookup, undefined)
  }
}

/**
 * MISS.
 *
 * @param lookup `undefined` if the entry was not looked up, or the store failed.
 * @param fallback A result that is too old to be served, unless the function fails.
 */
function miss(
  call: Call,
  lookup: Lookup | undefined,
  fallback: Settlement | undefined,
): Settlement | Promise<Settlement> {
  const { mode } = call.context
  const { report } = call.fn
  countLookup(call)
  if (mode.read) report.miss(call)
  if (!mode.execute) return Promise.reject(missError(call))
  if (fallback === undefined) return load(call, lookup, lookup === undefined ? fallbackUnseen(call) : 'none')
  const reason = reasonNotToLoad(call)
  if (reason === undefined) return loadWithFallback(call, lookup, fallback)
  report.stale(call, reason)
  return fallback
}

/** Why a call need not be loaded if there is a fallback. */
function reasonNotToLoad(call: Call): 'pause' | 'soft-timeout' | undefined {
  if (call.partition.failures.causeOfPause(call.hash) === 'fallback') return 'pause'
  // The entry is being refreshed, so a caller has already waited for `softTimeout`, or was served a stale result.
  return call.fn.settings.softTimeoutMs !== undefined && isRefreshed(call) ? 'soft-timeout' : undefined
}

function missError({ fn, hash }: Call): CacheMissError {
  const { identity } = fn.settings
  return new CacheMissError(
    identity.isOfKeys
      ? 'getOrSet: nothing is stored under this key, and the mode of this context forbids to load it. Call it outside of ' +
          'readOnly(), or set() the key first.'
      : `${identity.name}: nothing is stored for this call (${hash}), and the mode of this ` +
          'context forbids to execute the function. Call it outside of readOnly(), or prime it first.',
  )
}

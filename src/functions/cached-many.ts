import { runCall, runRefresh } from '../call/call-runner.ts'
import type { FunctionContext } from '../call/function-context.ts'
import * as entries from '../call/function-entries.ts'
import { ListBatch } from '../call/list-batch.ts'
import type { LoadMany, RowLoader } from '../call/row-loader.ts'
import { type CallKey, type CallOptions, checkCallOptions } from './cached-function.ts'
import {
  checkInvalidation,
  type InvalidateOptions,
  type Invalidation,
} from '../options/invalidation-options.ts'
import type { DetailedResult } from '../call/detailed-result.ts'
import { OptionError } from '../errors.ts'
import { shown } from '../validation/checks.ts'
import { keepProperties } from './function-properties.ts'
import { LazyProperties } from './lazy-properties.ts'
import type { AnyFunction, FunctionIdentity } from '../keys/function-identity.ts'
import { markCached } from '../keys/unwrapping.ts'

/** A function of a list of ids that stores and looks up the row of each id by itself. */
export interface CachedMany<Id, Row> {
  /**
   * Returns the rows for a list of ids, in the order of the ids; `undefined` (or `null`, if that was loaded) for an id without
   * a row. All rows that are not stored are loaded in one call.
   */
  (ids: readonly Id[]): Promise<(Row | undefined)[]>
  /**
   * Removes the stored rows of these ids, and returns how many there were. Loads of these ids that are under way in any process
   * will not be stored.
   * @throws {StoreError} if the store cannot be reached.
   */
  invalidate(...ids: readonly Id[]): Promise<number>
  /**
   * Removes all stored rows of this function, and returns how many there were. With `{ soft: true }`, rows that have
   * `staleWhileRevalidate` or `staleIfError` are kept and become stale.
   * @throws {StoreError} if the store cannot be reached.
   */
  invalidateAll(options?: InvalidateOptions): Promise<number>
  /** Returns the rows for a list of ids, each with its status and times. */
  detailed(ids: readonly Id[]): Promise<DetailedResult<Row | undefined>[]>
  /** Loads the rows of these ids in one call, also those that are stored, and replaces what is stored. */
  refresh(ids: readonly Id[]): Promise<(Row | undefined)[]>
  /**
   * Returns the stored rows of these ids, `undefined` where there is none, without loading anything and without counting as a
   * read for the policy.
   */
  peek(ids: readonly Id[]): Promise<(Row | undefined)[]>
  /**
   * Stores rows that are known already, each with its id.
   * @throws {StoreError} if the store cannot be reached.
   * @example
   * await getUsers.prime([[1, ada], [2, bob]])
   */
  prime(rows: Iterable<readonly [id: Id, row: Row]>): Promise<void>
  /** Returns where the entry of an id lies in the store, whether there is one or not. */
  keyOf(id: Id): CallKey
  /** Returns this function with options for its calls, such as `getUsers.with({ signal })([1, 2])`. */
  with(options: CallOptions): CachedMany<Id, Row>
  /** The function as it was given to `wrapMany`; if that was a cached function, the function it caches. */
  readonly original: LoadMany<Id, Row>
  /** The name, version and checksum by which the cache knows this function. */
  readonly identity: FunctionIdentity
}

/** What the handles of one function of lists work with. */
interface HandleState {
  readonly fn: FunctionContext
  readonly loader: RowLoader
  readonly original: AnyFunction
  readonly options: CallOptions
  readonly invalidation: Invalidation
}

const HANDLES = /* @__PURE__ */ new LazyProperties<HandleState, keyof CachedMany<never, never>>({
  detailed: (state) => (ids: readonly unknown[]) => callAll(state, ids, true),
  invalidate:
    ({ fn, invalidation }) =>
    async (...ids: readonly unknown[]) =>
      entries.invalidateEach(
        fn,
        ids.map((id) => [id]),
        invalidation,
      ),
  invalidateAll:
    ({ fn, invalidation }) =>
    async (chosen: InvalidateOptions = {}) =>
      entries.invalidateAll(fn, checkInvalidation(chosen, 'invalidateAll', invalidation)),
  refresh:
    ({ fn, loader, options }) =>
    (ids: readonly unknown[]) =>
      together(fn, loader, ids, (id, batch) => runRefresh(fn, undefined, [id], options.signal, batch)),
  peek:
    ({ fn }) =>
    async (ids: readonly unknown[]) => {
      checkList(ids, fn)
      return Promise.all(ids.map((id) => entries.peek(fn, undefined, [id])))
    },
  prime:
    ({ fn }) =>
    async (rows: Iterable<readonly [unknown, unknown]>) => {
      await Promise.all(checkPairs(rows).map(([id, row]) => entries.prime(fn, undefined, [id], row)))
    },
  keyOf:
    ({ fn }) =>
    (id: unknown) =>
      entries.keyOf(fn, undefined, [id]),
  with:
    ({ fn, loader, original, options }) =>
    (more: CallOptions) =>
      callableMany(fn, loader, original, { ...options, ...checkCallOptions(more) }),
  original: ({ original }) => original,
  identity: ({ fn }) => fn.settings.identity,
})

/** Makes a function of lists of ids out of what the calls for single ids share. */
export function callableMany(
  fn: FunctionContext,
  loader: RowLoader,
  original: AnyFunction,
  options: CallOptions = {},
): CachedMany<unknown, unknown> {
  const { signal: _, ...how } = options
  const state = { fn, loader, original, options, invalidation: checkInvalidation(how, 'with') }
  const cached = (ids: readonly unknown[]) => callAll(state, ids, false)
  const { name } = fn.settings.identity
  HANDLES.giveTo(keepProperties(cached, original, HANDLES.names), state, { name })
  return markCached(cached, original, fn.cache.address) as unknown as CachedMany<unknown, unknown>
}

function callAll(
  { fn, loader, options: { signal } }: HandleState,
  ids: readonly unknown[],
  isDetailed: boolean,
): Promise<unknown[]> {
  return together(fn, loader, ids, (id, batch) => runCall(fn, undefined, [id], { signal, isDetailed }, batch))
}

async function together(
  fn: FunctionContext,
  loader: RowLoader,
  ids: readonly unknown[],
  run: (id: unknown, batch: ListBatch) => Promise<unknown>,
): Promise<unknown[]> {
  checkList(ids, fn)
  const batch = new ListBatch(loader)
  const rows = ids.map((id) => run(id, batch))
  batch.complete()
  return Promise.all(rows)
}

function checkPairs(rows: Iterable<readonly [unknown, unknown]>): (readonly [unknown, unknown])[] {
  if (typeof rows === 'object' && rows !== null && Symbol.iterator in rows) {
    const pairs = [...rows]
    if (pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) return pairs
  }
  throw new OptionError('prime: give pairs of id and row: prime([[1, row], [2, other]]), or a Map of them.')
}

function checkList(ids: unknown, { settings }: FunctionContext): void {
  if (Array.isArray(ids)) return
  throw new OptionError(
    `${settings.identity.name}: ${shown(ids)} is not an array. Give a list of ids, such as [1, 2, 3].`,
  )
}

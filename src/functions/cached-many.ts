import { runCall, runRefresh } from '../call/call-runner.ts'
import type { FunctionContext } from '../call/function-context.ts'
import { invalidateAll, invalidateEach, keyOf, peek, prime } from '../call/function-entries.ts'
import { ListBatch } from '../call/list-batch.ts'
import type { LoadMany, RowLoader } from '../call/row-loader.ts'
import { type CallKey, type CallOptions, checkCallOptions } from './cached-function.ts'
import { checkInvalidation, type InvalidateOptions } from '../options/invalidation-options.ts'
import type { DetailedResult } from './detailed-result.ts'
import { OptionError } from '../errors.ts'
import { define, keepProperties } from './function-properties.ts'
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

/** Makes a function of lists of ids out of what the calls for single ids share. */
export function callableMany(
  fn: FunctionContext,
  loader: RowLoader,
  original: AnyFunction,
  options: CallOptions = {},
): CachedMany<unknown, unknown> {
  const { signal, ...how } = options
  const invalidation = checkInvalidation(how, 'with')
  const { identity } = fn.settings
  const together = async (
    ids: readonly unknown[],
    run: (id: unknown, batch: ListBatch) => Promise<unknown>,
  ): Promise<unknown[]> => {
    checkList(ids)
    const batch = new ListBatch(loader)
    const rows = ids.map((id) => run(id, batch))
    batch.complete()
    return Promise.all(rows)
  }
  const callAll = (ids: readonly unknown[], isDetailed: boolean) =>
    together(ids, (id, batch) => runCall(fn, undefined, [id], { signal, isDetailed }, batch))
  const cached = (ids: readonly unknown[]) => callAll(ids, false)
  const complete = define(keepProperties(cached, original), {
    detailed: (ids: readonly unknown[]) => callAll(ids, true),
    invalidate: async (...ids: readonly unknown[]) =>
      invalidateEach(
        fn,
        ids.map((id) => [id]),
        invalidation,
      ),
    invalidateAll: async (chosen: InvalidateOptions = {}) =>
      invalidateAll(fn, checkInvalidation(chosen, 'invalidateAll', invalidation)),
    refresh: (ids: readonly unknown[]) =>
      together(ids, (id, batch) => runRefresh(fn, undefined, [id], signal, batch)),
    peek: async (ids: readonly unknown[]) => {
      checkList(ids)
      return Promise.all(ids.map((id) => peek(fn, undefined, [id])))
    },
    prime: async (rows: Iterable<readonly [unknown, unknown]>) => {
      await Promise.all(checkPairs(rows).map(([id, row]) => prime(fn, undefined, [id], row)))
    },
    keyOf: (id: unknown) => keyOf(fn, undefined, [id]),
    with: (more: CallOptions) =>
      callableMany(fn, loader, original, { ...options, ...checkCallOptions(more) }),
    original,
    identity,
    name: identity.name,
  })
  return markCached(complete, original, fn.cache.address) as unknown as CachedMany<unknown, unknown>
}

function checkPairs(rows: Iterable<readonly [unknown, unknown]>): (readonly [unknown, unknown])[] {
  if (typeof rows === 'object' && rows !== null && Symbol.iterator in rows) {
    const pairs = [...rows]
    if (pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) return pairs
  }
  throw new OptionError('prime: give pairs of id and row: prime([[1, row], [2, other]]), or a Map of them.')
}

function checkList(ids: unknown): void {
  if (!Array.isArray(ids)) throw new OptionError('This function takes a list of ids, such as [1, 2, 3].')
}

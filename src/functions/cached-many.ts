import { types } from 'node:util'
import type { Call, Round } from '../call/call.ts'
import type { FunctionCache } from '../call/call-runner.ts'
import type { Solo } from '../call/load.ts'
import { beginRun, endRun, Run } from '../context/run.ts'
import { type CallKey, type CallOptions, checkCallOptions } from './cached-function.ts'
import { checkSoft, shown } from '../options/checks.ts'
import type { DetailedResult } from './detailed-result.ts'
import { OptionError } from '../errors.ts'
import { define, keepProperties } from './function-properties.ts'
import { setImmediate } from '../flow/timers.ts'
import type { AnyFunction, FunctionIdentity } from '../keys/function-identity.ts'
import { markCached } from '../keys/unwrapping.ts'
import { isError } from '../realms/native.ts'

/**
 * Rows for a list of ids: an array of the same length and order, with `undefined` or `null` for an id without a row; or a `Map`
 * from the given ids to the rows that exist.
 *
 * An `Error` in the place of a row is thrown to the callers that asked for that id.
 */
export type Rows<Id, Row> = readonly (Row | Error | null | undefined)[] | ReadonlyMap<Id, Row | Error>

/** A function that loads the rows for a list of ids. */
export type LoadMany<Id, Row> = (ids: readonly Id[]) => Promise<Rows<Id, Row>> | Rows<Id, Row>

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
  invalidateAll(options?: { readonly soft?: boolean | undefined }): Promise<number>
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

/** A call for the row of one id; the methods where the row is to be stored. */
type Asking = Solo & Partial<Pick<Call, 'asksTheSame' | 'allowChanges'>>

const idOf = ({ call }: Seat): unknown => call.args[0]

/** Somebody who waits for a row. */
interface Seat {
  readonly call: Asking
  resolve(row: unknown): void
  reject(error: unknown): void
}

/** Loads rows, many at a time. */
export class Loader {
  readonly #load: LoadMany<unknown, unknown>
  readonly #name: string
  #seats: Seat[] = []

  constructor(load: LoadMany<unknown, unknown>, name: string) {
    this.#load = load
    this.#name = name
  }

  /** One that loads nothing together with what is asked of this one. */
  another(): Loader {
    return new Loader(this.#load, this.#name)
  }

  /** One row, together with all that are asked for in this turn of the event loop. */
  loadOne(call: Asking): Promise<unknown> {
    if (this.#seats.length === 0) {
      setImmediate(() => {
        const seats = this.#seats
        this.#seats = []
        void this.load(seats)
      })
    }
    return new Promise((resolve, reject) => this.#seats.push({ call, resolve, reject }))
  }

  /** Rows for all of these; rejects nothing but them. */
  async load(seats: readonly Seat[]): Promise<void> {
    const calls = seats.map(({ call }) => call)
    for (const call of calls) call.asksTheSame?.()
    const run = new Run(calls)
    try {
      const loading = beginRun(run, () => this.#load(seats.map(idOf)))
      for (const call of calls) call.allowChanges?.()
      const rows = this.#inOrder(seats, await loading)
      seats.forEach((seat, i) => {
        const row = rows[i]
        if (isError(row)) seat.reject(row)
        else seat.resolve(row)
      })
    } catch (error) {
      for (const seat of seats) seat.reject(error)
    } finally {
      endRun(run)
    }
  }

  #inOrder(seats: readonly Seat[], rows: Rows<unknown, unknown>): readonly unknown[] {
    if (types.isMap(rows)) {
      const ids = seats.map(idOf)
      this.#checkKeys(rows, ids)
      return ids.map((id) => rows.get(id))
    }
    if (Array.isArray(rows) && rows.length === seats.length) return rows
    throw new OptionError(
      `${this.#name}: for ${seats.length} ids, return as many rows in the same order, with undefined for one that is ` +
        'missing, or a Map of id to row. Rows of a database come in an order of their own, and without the missing ones: ' +
        'new Map(rows.map((row) => [row.id, row])).',
    )
  }

  /** A row under a key that no id asked for would be taken for missing, and that be kept in mind. */
  #checkKeys(rows: ReadonlyMap<unknown, unknown>, ids: readonly unknown[]): void {
    const asked = new Set(ids)
    for (const key of rows.keys()) {
      if (asked.has(key)) continue
      throw new OptionError(
        `${this.#name}: the Map has a row for ${keyed(key)}, which was not asked for: the first of ${ids.length} ids is ` +
          `${keyed(ids[0])}. Its keys have to be the ids as they were given, of the same type; an object is the same only if it is ` +
          'that very object. Leave out rows of other ids.',
      )
    }
  }
}

/** An id and its type, in messages. */
const keyed = (id: unknown): string => `${shown(id)} (${id === null ? 'null' : typeof id})`

/** The calls of one list: when all have said whether they miss something, those that do load it together. */
class ListRound implements Round {
  readonly #loader: Loader
  readonly #undecided = new Set<Call>()
  /** What is to be loaded, by call hash: an id that stands in the list twice is loaded once. */
  readonly #loads = new Map<string, Promise<unknown>>()
  #seats: Seat[] = []
  #isComplete = false

  constructor(loader: Loader) {
    this.#loader = loader.another() // each list is loaded in the context of its caller
  }

  enter(call: Call): void {
    this.#undecided.add(call)
  }

  /** All calls have entered. */
  complete(): void {
    this.#isComplete = true
    this.#goIfAllDecided()
  }

  load(call: Solo | Call): Promise<unknown> {
    // Whoever waited for another process, say, was not waited for; nor is who asks nobody else.
    if (!this.#isUndecided(call)) return this.#loader.loadOne(call)
    const load = this.#loads.get(call.name) ?? this.#seat(call)
    this.#loads.set(call.name, load)
    this.leave(call)
    return load
  }

  #isUndecided(call: Solo | Call): call is Call {
    return this.#undecided.has(call as Call)
  }

  #seat(call: Call): Promise<unknown> {
    return new Promise((resolve, reject) => this.#seats.push({ call, resolve, reject }))
  }

  leave(call: Call): void {
    if (this.#undecided.delete(call)) this.#goIfAllDecided()
  }

  #goIfAllDecided(): void {
    if (!this.#isComplete || this.#undecided.size > 0 || this.#seats.length === 0) return
    const seats = this.#seats
    this.#seats = []
    void this.#loader.load(seats)
  }
}

/** Makes a function of lists of ids out of what caches the function of a single id. */
export function callableMany(
  cache: FunctionCache,
  loader: Loader,
  original: AnyFunction,
  options: CallOptions = {},
): CachedMany<unknown, unknown> {
  const { signal, soft = false } = options
  const together = async (
    ids: readonly unknown[],
    run: (id: unknown, round: ListRound) => Promise<unknown>,
  ): Promise<unknown[]> => {
    checkList(ids)
    const round = new ListRound(loader)
    const rows = ids.map((id) => run(id, round))
    round.complete()
    return Promise.all(rows)
  }
  const callAll = (ids: readonly unknown[], isDetailed: boolean) =>
    together(ids, (id, round) => cache.call(undefined, [id], { signal, isDetailed }, round))
  const cached = (ids: readonly unknown[]) => callAll(ids, false)
  const complete = define(keepProperties(cached, original), {
    detailed: (ids: readonly unknown[]) => callAll(ids, true),
    invalidate: async (...ids: readonly unknown[]) =>
      cache.invalidateEach(
        ids.map((id) => [id]),
        soft,
      ),
    invalidateAll: async (chosen: { readonly soft?: boolean | undefined } = {}) =>
      cache.invalidateAll(checkSoft(chosen, 'invalidateAll', soft)),
    refresh: (ids: readonly unknown[]) =>
      together(ids, (id, round) => cache.refresh(undefined, [id], signal, round)),
    peek: async (ids: readonly unknown[]) => {
      checkList(ids)
      return Promise.all(ids.map((id) => cache.peek(undefined, [id])))
    },
    prime: async (rows: Iterable<readonly [unknown, unknown]>) => {
      await Promise.all(checkPairs(rows).map(([id, row]) => cache.prime(undefined, [id], row)))
    },
    keyOf: (id: unknown) => cache.keyOf(undefined, [id]),
    with: (more: CallOptions) =>
      callableMany(cache, loader, original, { ...options, ...checkCallOptions(more) }),
    original,
    identity: cache.identity,
    name: cache.identity.name,
  })
  return markCached(complete, original, cache.address) as unknown as CachedMany<unknown, unknown>
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

import { types } from 'node:util'
import { beginRun, endRun, Run } from '../context/run.ts'
import { OptionError } from '../errors.ts'
import { setImmediate } from '../flow/timers.ts'
import { shown } from '../validation/checks.ts'
import { isError, isPromise } from '../realms/native.ts'
import type { Call } from './call.ts'
import { slotForRun } from './run-slot.ts'
import type { Invocation } from './execute.ts'

/**
 * Rows for a list of ids: an array of the same length and order, with `undefined` or `null` for an id without a row; or a `Map`
 * from the given ids to the rows that exist.
 *
 * An `Error` in the place of a row is thrown to the callers that asked for that id.
 */
export type Rows<Id, Row> = readonly (Row | Error | null | undefined)[] | ReadonlyMap<Id, Row | Error>

/** A function that loads the rows for a list of ids. */
export type LoadMany<Id, Row> = (ids: readonly Id[]) => Promise<Rows<Id, Row>> | Rows<Id, Row>

/** A call for the row of one id. It has the methods if the row is to be stored. */
type Asking = Invocation & Partial<Pick<Call, 'asksTheSame' | 'allowChanges'>>

const idOf = ({ call }: PendingRow): unknown => call.args[0]

/** A row that a call waits for. */
export interface PendingRow {
  readonly call: Asking
  resolve(row: unknown): void
  reject(error: unknown): void
}

/** Loads rows, many at a time, by the function that `wrapMany` was given. */
export class RowLoader {
  readonly #load: LoadMany<unknown, unknown>
  readonly #name: string
  #pending: PendingRow[] = []

  constructor(load: LoadMany<unknown, unknown>, name: string) {
    this.#load = load
    this.#name = name
  }

  /** Another loader of the same function: the two never load rows together. */
  another(): RowLoader {
    return new RowLoader(this.#load, this.#name)
  }

  /** One row, together with all that are asked for in this turn of the event loop. */
  loadOne(call: Asking): Promise<unknown> {
    if (this.#pending.length === 0) {
      setImmediate(() => {
        const pending = this.#pending
        this.#pending = []
        void this.load(pending)
      })
    }
    return new Promise((resolve, reject) => this.#pending.push({ call, resolve, reject }))
  }

  /** Loads these rows, and resolves or rejects each of them. Never rejects itself. */
  async load(pending: readonly PendingRow[]): Promise<void> {
    const calls = pending.map(({ call }) => call)
    const slot = slotForRun((calls[0] as Asking).fn, undefined)
    const release = isPromise(slot) ? await slot : slot
    for (const call of calls) call.asksTheSame?.()
    const run = new Run(calls)
    try {
      const loading = beginRun(run, () => this.#load(pending.map(idOf)))
      for (const call of calls) call.allowChanges?.()
      const rows = this.#inOrder(pending, await loading)
      pending.forEach((each, i) => {
        const row = rows[i]
        if (isError(row)) each.reject(row)
        else each.resolve(row)
      })
    } catch (error) {
      for (const each of pending) each.reject(error)
    } finally {
      endRun(run)
      release()
    }
  }

  #inOrder(pending: readonly PendingRow[], rows: Rows<unknown, unknown>): readonly unknown[] {
    if (types.isMap(rows)) {
      const ids = pending.map(idOf)
      this.#checkKeys(rows, ids)
      return ids.map((id) => rows.get(id))
    }
    if (Array.isArray(rows) && rows.length === pending.length) return rows
    throw new OptionError(
      `${this.#name}: for ${pending.length} ids, return as many rows in the same order, with undefined for one that is ` +
        'missing, or a Map of id to row. Rows of a database come in an order of their own, and without the missing ones: ' +
        'new Map(rows.map((row) => [row.id, row])).',
    )
  }

  /** Refuses a row whose key is none of the ids: the id that it belongs to would be stored as missing. */
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

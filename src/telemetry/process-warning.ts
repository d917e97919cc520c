import process from 'node:process'
import { monotonicMs } from '../flow/timers.ts'

/** Of the same kind, no more than one warning in this time. */
const EVERY_MS = 60_000

/** Kinds that are remembered. */
const KIND_LIMIT = 100

interface Warned {
  readonly atMs: number
  /** How often it has happened since. */
  more: number
}

/** Shared by all copies of this library in the process: one may be a module, another CommonJS. */
const REGISTRY = /* @__PURE__ */ Symbol.for('redis-func-cache.warnings')

/**
 * Prints a warning of the process (`FuncCacheWarning`), and for the same kind none again within a minute.
 *
 * @param kind What the warning is about; the same for all that need be told once.
 * @param text The warning; if it is a function, `more` is empty or says how many there were since the last warning.
 */
export function warn(kind: string, text: string | ((more: string) => string)): void {
  const more = moreSinceWarned(kind)
  if (more === undefined) return
  const again = more === 0 ? '' : ` (${more} more since the last warning)`
  process.emitWarning(typeof text === 'string' ? text : text(again), 'FuncCacheWarning')
}

/** How often it has happened since the last warning; `undefined` if it is too soon for another one. */
function moreSinceWarned(kind: string): number | undefined {
  const warned = registry()
  const last = warned.get(kind)
  const nowMs = monotonicMs()
  if (last !== undefined && nowMs - last.atMs < EVERY_MS) {
    last.more++
    return undefined
  }
  if (last === undefined && warned.size >= KIND_LIMIT) {
    for (const [name, { atMs }] of warned) if (nowMs - atMs >= EVERY_MS) warned.delete(name)
    if (warned.size >= KIND_LIMIT) return undefined
  }
  warned.set(kind, { atMs: nowMs, more: 0 })
  return last?.more ?? 0
}

function registry(): Map<string, Warned> {
  const holder = globalThis as { [REGISTRY]?: Map<string, Warned> }
  holder[REGISTRY] ??= new Map()
  return holder[REGISTRY]
}

import process from 'node:process'
import { monotonicMs } from '../flow/timers.ts'

/** There is at most one warning of the same kind in this time. */
const EVERY_MS = 60_000

/** So many kinds are remembered: their number is bounded, since names of functions are part of them. */
const KIND_LIMIT = 100

interface Warned {
  readonly atMs: number
  /** How often the same has happened since that warning. */
  more: number
}

/** All copies of this library in the process share one registry: one copy may be a module, another CommonJS. */
const REGISTRY = /* @__PURE__ */ Symbol.for('redis-func-cache.warnings')

/**
 * Emits a process warning (`FuncCacheWarning`), unless there was one of the same kind within the last minute.
 *
 * @param kind What the warning is about: one kind is reported once a minute.
 * @param text The warning. A function is given how often the same has happened since the last warning, as a text.
 */
export function warn(kind: string, text: string | ((more: string) => string)): void {
  const more = moreSinceWarned(kind)
  if (more === undefined) return
  const again = more === 0 ? '' : ` (${more} more since the last warning)`
  process.emitWarning(typeof text === 'string' ? text : text(again), 'FuncCacheWarning')
}

/** How often the same has happened since the last warning; `undefined` if it is too soon for another one. */
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

/**
 * What is told by `process.emitWarning` where nobody listens: a cache that fails silently looks like one that works, and
 * only the database knows better.
 */
import { monotonicMs } from '../flow/timers.ts'
import { cureFor } from './cures.ts'
import type { ErrorPhase } from './events.ts'

/** How often a failure of one kind is told. */
const EVERY_MS = 60_000

/** By kind: when it was told, and how often it has happened since. Kinds are few. */
const told = /* @__PURE__ */ new Map<string, { readonly atMs: number; more: number }>()

/** What went wrong, as a sentence begins. */
const WHAT: Record<ErrorPhase | 'undecodable' | 'invalid', string> = {
  get: 'a lookup failed, so the function ran',
  put: 'a result could not be stored',
  touch: 'the eviction policy could not be told of reads',
  lease: 'a lease could not be had, so several processes may compute the same',
  serialize: 'a result could not be serialized, so it was not stored',
  refresh: 'a stale result could not be refreshed',
  callback: 'a callback of the options failed, so the result was not stored or not used',
  undecodable: 'what is stored could not be read, so the function ran',
  invalid: 'what is stored does not pass the schema, so the function ran',
}

/**
 * Tells of a failure that a call has survived: the first of its kind in this process, then one a minute at most.
 *
 * @param fn The function, if it concerns one.
 */
export function warnOfFailure(
  cache: string,
  fn: string | undefined,
  what: keyof typeof WHAT,
  error: Error,
): void {
  const { kind, cure = '' } = cureFor(error)
  const where = fn === undefined ? `Cache '${cache}'` : `Cache '${cache}', ${fn}`
  const event = what === 'undecodable' || what === 'invalid' ? what : 'error'
  warn(`${what}:${kind}`, (more) =>
    [
      `${where}: ${WHAT[what]}: ${sentence(error.message)}${more}`,
      ...(cure === '' ? [] : [cure]),
      `To hear of each: cache.on('${event}', …).`,
    ].join(' '),
  )
}

/** Tells that a serializer does not bring results back as they were. */
export function warnOfLoss(cache: string, fn: string, detail: string, serializer: string): void {
  const cure =
    serializer === 'v8'
      ? 'Return plain data, or give the function a serializer of its own: { serializer: [encode, decode] }.'
      : "Another serializer keeps it, such as { serializer: 'v8' }."
  process.emitWarning(`Cache '${cache}', ${fn}: ${sentence(detail)} ${cure}`, 'FuncCacheWarning')
}

/** Tells of something, and of the same kind not again for a minute. */
export function warn(kind: string, text: string | ((more: string) => string)): void {
  const more = moreSinceTold(kind)
  if (more === undefined) return
  const again = more === 0 ? '' : ` (${more} more in the last minute)`
  process.emitWarning(typeof text === 'string' ? text : text(again), 'FuncCacheWarning')
}

/** How often it has happened since it was told last; `undefined` if it is too soon to tell again. */
function moreSinceTold(kind: string): number | undefined {
  const last = told.get(kind)
  const nowMs = monotonicMs()
  if (last !== undefined && nowMs - last.atMs < EVERY_MS) {
    last.more++
    return undefined
  }
  told.set(kind, { atMs: nowMs, more: 0 })
  return last?.more ?? 0
}

/** With the full stop at its end. */
const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

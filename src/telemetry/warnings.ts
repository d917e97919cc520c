/** Warnings for failures that no listener hears: without them, a cache that fails looks like one that works. */
import process from 'node:process'
import { spelled } from '../options/duration.ts'
import { warn } from './process-warning.ts'
import { toError } from '../realms/native.ts'
import { cureFor } from './cures.ts'
import type { ErrorPhase } from './events.ts'

type Failure = ErrorPhase | 'undecodable' | 'invalid'

/** What went wrong, and with what effect. */
const WHAT: Record<Failure, string> = {
  get: 'a lookup failed, so the function ran',
  put: 'a result could not be stored',
  touch: 'a read could not be recorded for the eviction policy',
  lease: 'could not get a lease, so several processes may compute the same result',
  serialize: 'a result could not be serialized, so it was not stored',
  refresh: 'a stale result could not be refreshed',
  callback:
    'a callback of the options failed, so the result was not stored or not used, or work went on untold',
  undecodable: 'a stored value could not be read, so it counts as a miss',
  invalid: 'a stored value does not pass the schema, so it counts as a miss',
}

/** Failures of the store. The others are those of the program, of which nothing is known. */
const OF_STORE: ReadonlySet<Failure> = /* @__PURE__ */ new Set(['get', 'put', 'touch', 'lease'])

/**
 * Warns of a failure that a call has survived: at the first one of its kind in this process, then at most once a minute.
 *
 * @param fn The function, if it concerns one.
 */
export function warnOfFailure(cache: string, fn: string | undefined, what: Failure, error: Error): void {
  const where = fn === undefined ? `Cache '${cache}'` : `Cache '${cache}', ${fn}`
  const { kind, cure } = OF_STORE.has(what) ? cureFor(error) : { kind: where, cure: undefined }
  const event = what === 'undecodable' || what === 'invalid' ? what : 'error'
  warn(`${what}:${kind}`, (more) =>
    [
      `${where}: ${WHAT[what]}: ${sentence(error.message)}${more}`,
      ...(cure === undefined ? [] : [cure]),
      `Listen with cache.on('${event}', …) to get every one, instead of this warning.`,
    ].join(' '),
  )
}

/**
 * Warns that a serializer does not bring results back as they were.
 *
 * @param isKept Whether the serializer `'auto'` does.
 */
export function warnOfLoss(cache: string, fn: string, detail: string, isKept: boolean): void {
  const cure = isKept
    ? "Another serializer keeps it: leave it to the default, { serializer: 'auto' }."
    : 'Return plain data, or give the function a serializer of its own: { serializer: [encode, decode] }.'
  process.emitWarning(`Cache '${cache}', ${fn}: ${sentence(detail)} ${cure}`, 'FuncCacheWarning')
}

/** Warns that results cannot be stored at all, and so will be computed at every call. */
export function warnOfUnstorable(cache: string, fn: string, part: string): void {
  process.emitWarning(
    `Cache '${cache}', ${fn}: ${part}, which cannot be brought back. Such a result is returned, and not stored: the function ` +
      'runs at every call, also at each of several equal ones at the same time unless { share: true } gives all of them one ' +
      'object. Return data instead, such as what was read from it; or leave it out by cacheIf, which also silences this warning.',
    'FuncCacheWarning',
  )
}

/** Warns of a result that was not stored because it is too large, and so will be computed at every call. */
export function warnOfSize(cache: string, fn: string, bytes: number): void {
  warn(
    `too-large:${cache}:${fn}`,
    (more) =>
      `Cache '${cache}', ${fn}: a result of ${bytes} bytes was not stored, since maxValueBytes is less${more}. Raise it, or ` +
      "return less. Listen with cache.on('skip', …) to get every one, instead of this warning.",
  )
}

/** Warns of equal calls that come at the same time, each of which runs the function. */
export function warnOfSharing(cache: string, fn: string): void {
  warn(
    `unshared:${cache}:${fn}`,
    (more) =>
      `Cache '${cache}', ${fn}: a result can neither be serialized nor copied, so each of the equal calls that waited for it ran ` +
      `the function itself${more}. Return plain data; or give the function { share: true } if all of them may have one object.`,
  )
}

/** Warns of a result that was not stored because nobody knows which arguments led to it. */
export function warnOfChange(cache: string, fn: string): void {
  warn(
    `changed:${cache}:${fn}`,
    (more) =>
      `Cache '${cache}', ${fn}: a result was not stored, since the arguments of its call were changed before it was there${more}. ` +
      'Give each call objects of its own, and let the function change copies. Listen with ' +
      "cache.on('skip', …) to get every one, instead of this warning.",
  )
}

/** Warns of a function that runs for so long that no call waits for it any more, beside those that do already. */
export function warnOfTime(cache: string, fn: string, limitMs: number): void {
  warn(
    `overdue:${cache}:${fn}`,
    (more) =>
      `Cache '${cache}', ${fn}: the function has been running for ${spelled(limitMs)} (maxComputeTime)${more}. Other calls run ` +
      'it anew, and what it brings will not be stored. Let it fail in time, or raise maxComputeTime. Listen with ' +
      "cache.on('overdue', …) to get every one, instead of this warning.",
  )
}

/** Warns of a listener that failed. What it was told of goes on. */
export function warnOfListener(event: string, thrown: unknown): void {
  const { message } = toError(thrown)
  warn(
    `listener:${event}`,
    (more) =>
      `A listener of the event '${event}' failed: ${sentence(message)}${more} Catch errors within the listener.`,
  )
}

/** With the full stop at its end. */
const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

/** Process warnings for failures without a listener: otherwise a failing cache would look like a working one. */
import process from 'node:process'
import { spelled } from '../validation/duration.ts'
import { warn } from './process-warning.ts'
import { toError } from '../realms/native.ts'
import { cureFor } from './cures.ts'
import type { ErrorPhase } from '../errors.ts'

type Failure = ErrorPhase | 'undecodable' | 'misplaced' | 'invalid'

/** What failed, and what that led to. */
const WHAT: Record<Failure, string> = {
  get: 'a lookup failed, so the function ran',
  put: 'a result could not be stored',
  touch: 'a read could not be reported to the eviction policy',
  lease: 'could not get a lease, so several processes may run the function for the same call',
  serialize: 'a result could not be serialized, so it was not stored',
  refresh: 'a stale result could not be refreshed',
  callback: 'a callback of the options failed, so the result may not have been stored',
  near: 'could not ask for changes, so what is held in this process may not be served',
  record: 'a recording ended, because its file could not be written',
  misplaced: 'what is stored for a call belongs to another one, so it counts as a miss',
  undecodable: 'a stored value could not be read, so it counts as a miss',
  invalid: 'a stored value did not pass the schema, so it counts as a miss',
}

/** Failures of the store, for which there may be advice. All others come from the program. */
const OF_STORE: ReadonlySet<Failure> = /* @__PURE__ */ new Set(['get', 'put', 'touch', 'lease', 'near'])

/**
 * Warns of a failure that a call survived: the first of its kind in this process, and then at most once a minute.
 *
 * @param fn The name of the function, if the failure concerns one.
 */
export function warnOfFailure(cache: string, fn: string | undefined, what: Failure, error: Error): void {
  const where = fn === undefined ? `Cache '${cache}'` : `Cache '${cache}', ${fn}`
  const { kind, cure } = OF_STORE.has(what) ? cureFor(error) : { kind: where, cure: undefined }
  const event = what === 'undecodable' || what === 'misplaced' || what === 'invalid' ? what : 'error'
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
 * @param isKept Whether the serializer `'auto'` would.
 */
export function warnOfLoss(cache: string, fn: string, detail: string, isKept: boolean): void {
  const cure = isKept
    ? "The default serializer keeps it: give { serializer: 'auto' }, or leave the option out."
    : 'Return plain data, or give the function a serializer that keeps it: { serializer: [encode, decode] }.'
  process.emitWarning(`Cache '${cache}', ${fn}: ${sentence(detail)} ${cure}`, 'FuncCacheWarning')
}

/** Warns that results cannot be stored at all, so that the function runs at every call. */
export function warnOfUnstorable(cache: string, fn: string, part: string): void {
  process.emitWarning(
    `Cache '${cache}', ${fn}: ${part}, which no serializer can bring back. The result is returned without being stored: the ` +
      'function runs at every call, and for each of several equal calls at the same time, unless { share: true } gives all of ' +
      'them one object. Return data instead, such as what was read from it; or exclude such results by cacheIf, which also ' +
      'silences this warning.',
    'FuncCacheWarning',
  )
}

/** Warns that the arguments of a call are so large that it takes long to tell the call by them. */
export function warnOfLargeArguments(fn: string, characters: number): void {
  warn(
    `large-arguments:${fn}`,
    (more) =>
      `${fn}: the arguments of a call make a text of ${characters} characters${more}, which is written and digested at each call, ` +
      'and the process does nothing else meanwhile. Say what tells the calls apart by the option `key`, such as an id, or leave ' +
      'out by `excludes` what does not.',
  )
}

/** Warns that a result was not stored because it is too large, so that the function runs at every call. */
export function warnOfSize(cache: string, fn: string, bytes: number): void {
  warn(
    `too-large:${cache}:${fn}`,
    (more) =>
      `Cache '${cache}', ${fn}: a result of ${bytes} bytes was not stored, because it is larger than maxValueBytes${more}. Raise ` +
      "maxValueBytes, or return less. Listen with cache.on('skip', …) to get every one, instead of this warning.",
  )
}

/** Warns that equal calls at the same time could not share a result, so that each ran the function. */
export function warnOfSharing(cache: string, fn: string): void {
  warn(
    `unshared:${cache}:${fn}`,
    (more) =>
      `Cache '${cache}', ${fn}: a result can neither be serialized nor copied, so each of the equal calls that waited for it ran ` +
      `the function itself${more}. Return plain data, or give the function { share: true } if all callers may get one object.`,
  )
}

/** Warns that a result was not stored because its arguments were changed, so that it may belong to other ones. */
export function warnOfChange(cache: string, fn: string): void {
  warn(
    `changed:${cache}:${fn}`,
    (more) =>
      `Cache '${cache}', ${fn}: a result was not stored, because the arguments of its call were changed while the function ran${more}. ` +
      'Pass new objects to each call, and let the function change copies only. Listen with ' +
      "cache.on('skip', …) to get every one, instead of this warning.",
  )
}

/** Warns that a function runs for longer than `maxComputeTime`, so that no further call waits for it. */
export function warnOfTime(cache: string, fn: string, limitMs: number): void {
  warn(
    `overdue:${cache}:${fn}`,
    (more) =>
      `Cache '${cache}', ${fn}: the function has been running for ${spelled(limitMs)} (maxComputeTime)${more}. Later calls run ` +
      'it again, and the result of this run will not be stored. Let the function time out, or raise maxComputeTime. Listen with ' +
      "cache.on('overdue', …) to get every one, instead of this warning.",
  )
}

/** Warns that a listener failed; the call goes on. */
export function warnOfListener(event: string, thrown: unknown): void {
  const { message } = toError(thrown)
  warn(
    `listener:${event}`,
    (more) =>
      `A listener of the event '${event}' failed: ${sentence(message)}${more} Catch errors within the listener.`,
  )
}

/** A text with a full stop at its end. */
const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

import { inspect } from 'node:util'
import { OptionError } from '../errors.ts'
import { isPromise } from '../realms/native.ts'

/** Checks that all options use. Each returns what it was given, or throws an {@link OptionError} that says what to give. */

/** @param known All names there are, so that a misspelled option is not passed over. */
export function checkNames(options: object, known: readonly string[], where: string): void {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError(`${where}: options are an object, such as { ${known[0]}: … }.`)
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new OptionError(
        `${name}: ${where} knows no such option.${suggestion(name, known)} It knows ${known.join(', ')}.`,
      )
    }
  }
}

/** Words that are spelled quite differently, here or in neighbouring libraries, and mean the same. */
const SYNONYMS: Readonly<Record<string, string>> = {
  staleTtl: 'staleWhileRevalidate',
  swr: 'staleWhileRevalidate',
  everyMs: 'every',
  of: 'entriesOf',
  cluster: 'global',
}

/** A sentence that asks whether a known word was meant; empty if none is near. */
export function suggestion(given: unknown, known: readonly string[]): string {
  if (typeof given !== 'string') return ''
  const synonym = Object.hasOwn(SYNONYMS, given) ? SYNONYMS[given] : undefined
  if (synonym !== undefined && known.includes(synonym)) return ` Did you mean ${synonym}?`
  const [nearest] = known
    .map((word) => ({ word, distance: distance(given.toLowerCase(), word.toLowerCase()) }))
    .filter(
      ({ word, distance: far }) => far <= Math.max(1, Math.floor(Math.min(given.length, word.length) / 3)),
    )
    .sort((a, b) => a.distance - b.distance)
  return nearest === undefined ? '' : ` Did you mean ${nearest.word}?`
}

/**
 * How many letters have to be changed, added, left out, or swapped with their neighbour. (The restricted edit distance:
 * Damerau, "A technique for computer detection and correction of spelling errors", CACM 1964.)
 */
function distance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, i) => i)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1]
      const isSwapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      row.push(
        Math.min(
          at(i - 1, j) + 1,
          at(i, j - 1) + 1,
          at(i - 1, j - 1) + (isSame ? 0 : 1),
          isSwapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
  }
  return at(from.length, to.length)
}

/** A value that was given, as a program would write it; only the outside of objects. */
export function shown(value: unknown): string {
  return inspect(value, {
    depth: 0,
    maxArrayLength: 3,
    maxStringLength: 60,
    breakLength: Number.POSITIVE_INFINITY,
  })
}

export function checkBound(bound: number, option: string): number {
  if (bound === Number.POSITIVE_INFINITY || (Number.isSafeInteger(bound) && bound > 0)) return bound
  throw new OptionError(
    `${option}: ${shown(bound)} is no bound. Give a whole number above 0, or Infinity for no bound.`,
  )
}

export function checkText(value: string, option: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new OptionError(
    `${option}: ${shown(value)} is ${value === '' ? 'empty' : 'no text'}. Give a text, such as 'shop'.`,
  )
}

export function checkFlag(value: boolean, option: string): boolean {
  if (typeof value === 'boolean') return value
  throw new OptionError(`${option}: ${shown(value)} is neither true nor false.`)
}

/** A value that is known, and not just promised. */
export function checkKnown<Value>(value: Value, where: string): Value {
  if (!isPromise(value)) return value
  throw new OptionError(`${where}: the value is a promise. Await it first.`)
}

export function checkCallback<F extends (...args: never[]) => unknown>(callback: F, where: string): F {
  if (typeof callback === 'function') return callback
  throw new OptionError(
    `${where}: ${shown(callback)} is no function. Give a callback, such as () => getUser(42).`,
  )
}

/** An AbortSignal of any realm, or one that stands in for it: told by its members. */
export function checkSignal(signal: AbortSignal): AbortSignal {
  if (typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function') return signal
  throw new OptionError('signal: give the signal of an AbortController, or AbortSignal.timeout(…).')
}

/** The option of what invalidates: whether entries with `staleWhileRevalidate` or `staleIfError` are kept and become stale. */
export function checkSoft(
  options: { readonly soft?: boolean | undefined },
  where: string,
  byDefault = false,
): boolean {
  checkNames(options, ['soft'], where)
  return checkFlag(options.soft ?? byDefault, 'soft')
}

export function checkChoice<T extends string>(value: T, choices: readonly T[], option: string): T {
  if (choices.includes(value)) return value
  throw new OptionError(
    `${option}: ${shown(value)} is not known.${suggestion(value, choices)} Choose one of ${choices.join(', ')}.`,
  )
}

/** Braces mark the slot of a key in a cluster. */
export function checkBraces(value: string, option: string): string {
  if (!/[{}]/.test(value)) return value
  throw new OptionError(
    `${option}: ${shown(value)} has braces, which mark the slot of a key in a cluster. Leave them out.`,
  )
}

/** Timers take no more than 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** A duration that somebody waits for. */
export function checkTimer(ms: number, option: string): number {
  if (ms <= LONGEST_TIMER_MS) return ms
  throw new OptionError(`${option}: give at most 24 days, the limit of a timer.`)
}

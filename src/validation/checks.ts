import { inspect } from 'node:util'
import { OptionError } from '../errors.ts'
import { isPromise } from '../realms/native.ts'

/** Checks that options of all kinds use. Each returns what it was given, or throws an {@link OptionError} that says what to give. */

/**
 * Refuses unknown options: a misspelled one would be ignored otherwise.
 * @param known The names of all options.
 * @param where What takes the options, for the message.
 * @param otherTaker Tells where an option belongs that something else takes; empty for a name that is no option at all.
 */
export function checkNames(
  options: object,
  known: readonly string[],
  where: string,
  otherTaker: (name: string) => string = () => '',
): void {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError(
      `${where}: ${shown(options)} is not an object of options. Give one, such as { ${known[0]}: … }.`,
    )
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const cure =
      suggestion(name, known) === '' && otherTaker(name) !== ''
        ? ` ${otherTaker(name)}`
        : `${suggestion(name, known)} It knows ${known.join(', ')}.`
    throw new OptionError(`${name}: ${where} knows no such option.${cure}`)
  }
}

/** Known words of the same meaning but another spelling, from earlier versions and other libraries. */
const SYNONYMS: Readonly<Record<string, string>> = {
  staleTtl: 'staleWhileRevalidate',
  swr: 'staleWhileRevalidate',
  everyMs: 'every',
  of: 'entriesOf',
  max: 'maxSize',
  size: 'maxSize',
  cluster: 'global',
}

/** A sentence that asks whether a known word was meant; empty if no known word is similar. */
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
 * How many letters have to be changed, added, removed, or swapped with their neighbour: the restricted edit distance.
 * @see Damerau, "A technique for computer detection and correction of spelling errors", CACM 1964.
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

/** A value as a program would write it, for a message; of objects within it only the kind. */
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
    `${option}: ${shown(bound)} is not a whole number above 0. Give one, or Infinity for no limit.`,
  )
}

export function checkText(value: string, option: string, example = 'shop'): string {
  if (typeof value === 'string' && value !== '') return value
  throw new OptionError(
    `${option}: ${shown(value)} is ${value === '' ? 'empty' : 'not a text'}. Give a text, such as '${example}'.`,
  )
}

export function checkFlag(value: boolean, option: string): boolean {
  if (typeof value === 'boolean') return value
  throw new OptionError(`${option}: ${shown(value)} is neither true nor false. Give one of them.`)
}

/** Refuses a promise where its value is needed. */
export function checkKnown<Value>(value: Value, where: string): Value {
  if (!isPromise(value)) return value
  throw new OptionError(`${where}: the value is a promise. Await it first.`)
}

export function checkCallback<F extends (...args: never[]) => unknown>(
  callback: F,
  where: string,
  example = '() => getUser(42)',
): F {
  if (typeof callback === 'function') return callback
  throw new OptionError(
    `${where}: ${shown(callback)} is not a function. Give a callback, such as ${example}.`,
  )
}

/** Accepts an AbortSignal of any realm, and polyfills of it: it is recognized by its members. */
export function checkSignal(signal: AbortSignal): AbortSignal {
  if (typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function') return signal
  throw new OptionError(
    'signal: this is not an AbortSignal. Give the signal of an AbortController, or AbortSignal.timeout(…).',
  )
}

export function checkChoice<T extends string>(value: T, choices: readonly T[], option: string): T {
  if (choices.includes(value)) return value
  throw new OptionError(
    `${option}: ${shown(value)} is not known.${suggestion(value, choices)} Choose one of ${choices.join(', ')}.`,
  )
}

/** Refuses braces, which mark the part of a key name that decides its slot in a cluster. */
export function checkBraces(value: string, option: string): string {
  if (!/[{}]/.test(value)) return value
  throw new OptionError(
    `${option}: ${shown(value)} has braces, which mark the slot of a key in a cluster. Leave them out.`,
  )
}

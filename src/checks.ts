import { OptionError } from './errors.ts'

/** Checks that all options use. Each returns what it was given, or throws an {@link OptionError} that says what to give. */

/** @param known All names there are, so that a misspelled option is not passed over. */
export function checkNames(options: object, known: readonly string[], where: string): void {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError(`${where}: options are an object, such as { ${known[0]}: … }.`)
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new OptionError(`${name}: ${where} knows no such option. It knows ${known.join(', ')}.`)
    }
  }
}

export function checkBound(bound: number, option: string): number {
  if (bound === Number.POSITIVE_INFINITY || (Number.isSafeInteger(bound) && bound > 0)) return bound
  throw new OptionError(
    `${option}: ${String(bound)} is no bound. Give a whole number above 0, or Infinity for no bound.`,
  )
}

export function checkText(value: string, option: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new OptionError(`${option}: ${String(value)} is not a text, or is empty.`)
}

export function checkFlag(value: boolean, option: string): boolean {
  if (typeof value === 'boolean') return value
  throw new OptionError(`${option}: ${String(value)} is neither true nor false.`)
}

/** Of a handle that invalidates: whether what has a time of grace only grows stale. */
export function checkSoft(options: { readonly soft?: boolean }, where: string, byDefault = false): boolean {
  checkNames(options, ['soft'], where)
  return checkFlag(options.soft ?? byDefault, 'soft')
}

export function checkChoice<T extends string>(value: T, choices: readonly T[], option: string): T {
  if (choices.includes(value)) return value
  throw new OptionError(
    `${option}: ${JSON.stringify(value)} is not known. Choose one of ${choices.join(', ')}.`,
  )
}

/** Braces mark the slot of a key in a cluster. */
export function checkBraces(value: string, option: string): string {
  if (!/[{}]/.test(value)) return value
  throw new OptionError(
    `${option}: '${value}' has braces, which mark the slot of a key in a cluster. Leave them out.`,
  )
}

/** Timers take no more than 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** A duration that somebody waits for. */
export function checkTimer(ms: number, option: string): number {
  if (ms <= LONGEST_TIMER_MS) return ms
  throw new OptionError(`${option}: nobody can wait that long. Give less than 25 days.`)
}

export function checkMilliseconds(ms: number, option: string): number {
  if (Number.isSafeInteger(ms) && ms > 0 && ms <= LONGEST_TIMER_MS) return ms
  throw new OptionError(
    `${option}: ${String(ms)} is no time to wait. Give a whole number of milliseconds above 0.`,
  )
}

import { shown } from './checks.ts'
import { OptionError } from '../errors.ts'

type DurationUnit = 'ms' | 's' | 'm' | 'h' | 'd'

/**
 * Seconds as a number (fractions allowed), or a number with its unit: `'250ms'`, `'30s'`, `'5m'`, `'1h'`, `'7d'`. Where
 * something may have no end, `Infinity`.
 */
export type Duration = number | `${number}${DurationUnit}`

const MS_PER_UNIT: Record<DurationUnit, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const FORM = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** A hundred years: beyond it, a duration is a unit mistaken for another one. */
export const LONGEST_MS: number = 100 * 365 * MS_PER_UNIT.d

/**
 * A duration in whole milliseconds.
 *
 * @param option Name of the option it was given as, for the message.
 * @throws {OptionError} for what is no duration, is negative, is zero, or is longer than a hundred years.
 */
export function toMs(duration: Duration, option: string): number {
  const ms = Math.round(typeof duration === 'number' ? duration * MS_PER_UNIT.s : parse(duration))
  if (!(ms >= 1 && ms <= LONGEST_MS)) {
    throw new OptionError(
      `${option}: ${shown(duration)} is no duration. Give seconds as a positive number ` +
        `(0.25 is a quarter of a second), or a string such as '250ms', '30s', '5m', '1h' or '7d', up to 100 years.`,
    )
  }
  return ms
}

/**
 * A lifetime in whole milliseconds; `undefined` for `Infinity`, which has no end.
 * @throws {OptionError} as {@link toMs} does.
 */
export const toLifeMs = (duration: Duration, option: string): number | undefined =>
  duration === Number.POSITIVE_INFINITY ? undefined : toMs(duration, option)

/** Whether it is no time at all: `0`, `'0s'`. */
export const isZero = (duration: unknown): boolean =>
  duration === 0 || (typeof duration === 'string' && parse(duration) === 0)

/** A duration as one would write it in the largest unit that it is a whole number of: `'90s'`, `'2h'`. */
export function spelled(ms: number): string {
  const units = Object.entries(MS_PER_UNIT).reverse()
  const [unit, each] = units.find(([, perUnit]) => ms % perUnit === 0) ?? ['ms', 1]
  return `${ms / each}${unit}`
}

function parse(text: string): number {
  const [, amount, unit] = FORM.exec(String(text)) ?? []
  return amount === undefined ? Number.NaN : Number(amount) * MS_PER_UNIT[unit as DurationUnit]
}

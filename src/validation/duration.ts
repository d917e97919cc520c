import { shown } from './checks.ts'
import { OptionError } from '../errors.ts'

type DurationUnit = 'ms' | 's' | 'm' | 'h' | 'd'

/**
 * A length of time: seconds as a number (fractions allowed), or a text with a unit, such as `'250ms'`, `'30s'`, `'5m'`, `'1h'` or
 * `'7d'`; where the option allows it, `Infinity` for no end.
 */
export type Duration = number | `${number}${DurationUnit}`

const MS_PER_UNIT: Record<DurationUnit, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const FORM = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** A hundred years, in milliseconds: a longer duration is most often milliseconds given as seconds. */
export const LONGEST_MS: number = 100 * 365 * MS_PER_UNIT.d

/**
 * Converts a duration to whole milliseconds.
 *
 * @param option The name of the option, for the message.
 * @throws {OptionError} for a value that is no duration, is zero or negative, or is longer than a hundred years.
 */
export function toMs(duration: Duration, option: string): number {
  const ms = Math.round(typeof duration === 'number' ? duration * MS_PER_UNIT.s : parse(duration))
  if (!(ms >= 1 && ms <= LONGEST_MS)) {
    throw new OptionError(
      `${option}: ${shown(duration)} is not a duration. Give seconds as a positive number ` +
        `(0.25 is a quarter of a second), or a text such as '250ms', '30s', '5m', '1h' or '7d', up to 100 years.`,
    )
  }
  return ms
}

/** The longest delay of a timer: Node turns longer ones into 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Converts the delay of a timer to whole milliseconds.
 * @throws {OptionError} for a value that {@link toMs} refuses, and for one that no timer can wait for.
 */
export function toTimerMs(duration: Duration, option: string): number {
  const ms = toMs(duration, option)
  if (ms <= LONGEST_TIMER_MS) return ms
  throw new OptionError(
    `${option}: ${Math.round(ms / MS_PER_UNIT.d)} days are longer than a timer can wait. Give at most 24 days.`,
  )
}

/**
 * Converts a lifetime to whole milliseconds; `Infinity`, which has no end, becomes `undefined`.
 * @throws {OptionError} for a value that {@link toMs} refuses.
 */
export const toLifeMs = (duration: Duration, option: string): number | undefined =>
  duration === Number.POSITIVE_INFINITY ? undefined : toMs(duration, option)

/** Whether a duration is zero: `0`, `'0s'`. */
export const isZero = (duration: unknown): boolean =>
  duration === 0 || (typeof duration === 'string' && parse(duration) === 0)

/** Writes a duration in the largest unit of which it is a whole number: `'90s'`, `'2h'`. */
export function spelled(ms: number): string {
  const units = Object.entries(MS_PER_UNIT).reverse()
  const [unit, each] = units.find(([, perUnit]) => ms % perUnit === 0) ?? ['ms', 1]
  return `${ms / each}${unit}`
}

function parse(text: string): number {
  const [, amount, unit] = FORM.exec(String(text)) ?? []
  return amount === undefined ? Number.NaN : Number(amount) * MS_PER_UNIT[unit as DurationUnit]
}

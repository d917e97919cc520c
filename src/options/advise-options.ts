import { OptionError } from '../errors.ts'
import { checkNames, shown } from '../validation/checks.ts'
import { type Duration, toTimerMs } from '../validation/duration.ts'

/** How a cache advises on its policy and its bound. */
export interface AdviseOptions {
  /**
   * How often an `advice` event tells what other policies and bounds would have saved, and over how long: seconds, or a text such as
   * `'1h'`. It is emitted at a call.
   * @default '1h'
   */
  readonly every?: Duration | undefined
}

const HOUR_MS = 3_600_000

/**
 * The option `advise` of a cache: how often it advises, in milliseconds; `undefined` for never.
 *
 * @param isAuto Whether the policy is `'auto'`, which advises unless the option `advise` is false.
 */
export function checkAdvise(
  advise: boolean | AdviseOptions | undefined,
  isAuto: boolean,
): number | undefined {
  if (advise === false || (advise === undefined && !isAuto)) return undefined
  if (advise === true || advise === undefined) return HOUR_MS
  if (typeof advise !== 'object') {
    throw new OptionError(
      `advise: ${shown(advise)} is neither true nor false, nor { every: '1h' }. Give one of them.`,
    )
  }
  checkNames(advise, ['every'], 'advise')
  return advise.every === undefined ? HOUR_MS : toTimerMs(advise.every, 'advise.every')
}

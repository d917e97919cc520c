import { secondsText } from '../seconds-text.ts'

/** What another policy, or another bound, would have spared in a span of time. All figures are simulated. */
export interface Alternative {
  /** The policy as users write it, such as `'CostPolicy'` or `'LfuPolicy({ aging: true })'`. */
  readonly policy: string
  /** The bound, as a multiple of that of the cache: 1, 2 or 0.5. */
  readonly size: number
  /** How many seconds fewer functions would have run; below 0 for more. */
  readonly spared: number
  /** The part of the calls that would have hit. */
  readonly hitRatio: number
}

/** What other policies and bounds would have done with the calls of this process. */
export interface Advice {
  /** When the span began, by the clock of this process: an hour ago at most. */
  readonly since: Date
  /** The number of calls in the span. */
  readonly calls: number
  /** The part of the keys of which it was simulated. */
  readonly sample: number
  /** The seconds that functions run because of misses, with the policy and the bound of the cache, simulated like all others. */
  readonly recomputed: number
  /** The part of the calls that hit, likewise. */
  readonly hitRatio: number
  /** Other policies with the same bound, and the same policy with other bounds; what spares most is first. */
  readonly alternatives: readonly Alternative[]
  /** The advice in plain words. */
  readonly text: string
}

/** What is to be gained by less than this part of what is recomputed is not worth a word. */
const SMALL = 0.02

/** Says what would have been spared: by the best other policy, and by twice the bound. */
export function adviceText(
  policy: string,
  { since, recomputed, alternatives }: Omit<Advice, 'text'>,
  now: Date,
): string {
  const span = spanText(now.getTime() - since.getTime())
  const best = alternatives.find(({ size }) => size === 1)
  const twice = alternatives.find(({ size }) => size === 2)
  const isWorthIt = best !== undefined && best.spared > SMALL * recomputed
  const first = isWorthIt
    ? `${best.policy} would have spared ${secondsText(best.spared)} of ${secondsText(recomputed)} in the last ${span}`
    : `No policy that was tried would have spared more than 2 % of the ${secondsText(recomputed)} that ${policy} recomputed in the last ${span}`
  return `${first}; 2 × the bound ${isWorthIt ? '' : 'would have spared '}${secondsText(Math.max(0, twice?.spared ?? 0))}.`
}

/** A span of time in the largest unit of which it has one and a half. */
function spanText(ms: number): string {
  const seconds = ms / 1_000
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  return seconds < 5_400
    ? seconds > 3_420
      ? 'hour'
      : `${Math.round(seconds / 60)} minutes`
    : `${Math.round(seconds / 3_600)} hours`
}

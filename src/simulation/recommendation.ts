import { type Bound, boundText } from './bound.ts'
import { type Comparison, OPTIMUM, type Result } from './compare.ts'
import { secondsText } from './seconds-text.ts'

/** What others are compared with: the policy that a cache has by default. */
const DEFAULT = 'lru-t'

/** Differences below this part of what is recomputed, or missed, are not worth a change. */
const SMALL = 0.02

/** A bound is large enough if it spares this part of what the largest one does. */
const ENOUGH = 0.95

/** Says in plain words which policy and which bound suit the trace. */
export function recommendation(comparison: Comparison): string[] {
  const measure = measureOf(comparison)
  const bests = comparison.bounds.map((bound) => bestOf(comparison, bound, measure))
  const chosen = enough(bests, measure)
  if (chosen === undefined)
    return ['No bound that was tried spares anything: hardly any key is requested twice.']
  const lines = [policyLine(comparison, chosen, measure), boundLine(bests, chosen, measure)]
  const others = bests.filter(({ policy }) => policy !== chosen.policy)
  if (others.length > 0) {
    const list = others.map(({ bound, policy }) => `${nameOf(comparison, policy)} with ${boundText(bound)}`)
    lines.push(`With other bounds another policy is best: ${list.join(', ')}.`)
  }
  return lines.filter((line) => line !== '')
}

/** What is to be low: the seconds that are recomputed, or where costs are not known, the requests that miss. */
interface Measure {
  readonly isTime: boolean
  /** What no cache at all would lose. */
  readonly total: number
  readonly lost: (result: Result) => number
  readonly text: (amount: number) => string
}

function measureOf({ totalSeconds, requests }: Comparison): Measure {
  if (totalSeconds !== undefined && totalSeconds > 0) {
    return {
      isTime: true,
      total: totalSeconds,
      lost: ({ recomputedSeconds = 0 }) => recomputedSeconds,
      text: secondsText,
    }
  }
  return {
    isTime: false,
    total: requests,
    lost: ({ hitRatio }) => (1 - hitRatio) * requests,
    text: (misses) =>
      `${Math.round(misses).toLocaleString('en')} ${Math.round(misses) === 1 ? 'miss' : 'misses'}`,
  }
}

/** Of a bound, the best policy; the default one if none is better by more than a little. */
function bestOf({ results }: Comparison, bound: Bound, { lost }: Measure): Result {
  const ofBound = results.filter((result) => result.bound === bound && result.policy !== OPTIMUM)
  const best = ofBound.reduce((one, other) => (lost(other) < lost(one) ? other : one))
  const usual = ofBound.find(({ policy }) => policy === DEFAULT)
  return usual !== undefined && lost(usual) * (1 - SMALL) <= lost(best) ? usual : best
}

/** The smallest bound that is nearly as good as the largest; `undefined` if none spares anything. */
function enough(bests: readonly Result[], { total, lost }: Measure): Result | undefined {
  const bySize = [...bests].sort((one, other) => one.bound.limit - other.bound.limit)
  const most = Math.max(...bests.map((best) => total - lost(best)))
  return most <= 0 ? undefined : bySize.find((best) => total - lost(best) >= ENOUGH * most)
}

function policyLine(comparison: Comparison, chosen: Result, measure: Measure): string {
  const { lost, text, isTime } = measure
  const { results } = comparison
  const name = nameOf(comparison, chosen.policy)
  const at = (policy: string) =>
    results.find((result) => result.bound === chosen.bound && result.policy === policy)
  const [usual, optimum] = [at(DEFAULT), at(OPTIMUM)]
  const what = isTime ? 'recomputes' : 'has'
  const least = optimum === undefined ? '' : ` No policy can do with less than ${text(lost(optimum))}.`
  const head = `Policy: ${name}. With ${boundText(chosen.bound)} it ${what} ${text(lost(chosen))}`
  if (usual === undefined || usual === chosen) {
    const isUsual = chosen.policy === DEFAULT && comparison.policies.length > 1
    return `${head}${isUsual ? ', and no other policy that was tried is better by more than 2 %' : ''}.${least}`
  }
  const less = lost(usual) === 0 ? 0 : 1 - lost(chosen) / lost(usual)
  return `${head}, ${percent(less)} less than ${nameOf(comparison, DEFAULT)} (${text(lost(usual))}).${least}`
}

function boundLine(bests: readonly Result[], chosen: Result, { lost, text }: Measure): string {
  const head = `Bound: ${boundText(chosen.bound)}.`
  const bySize = [...bests].sort((one, other) => one.bound.limit - other.bound.limit)
  const at = bySize.indexOf(chosen)
  const [smaller, larger] = [bySize[at - 1], bySize.at(-1)]
  const parts: string[] = []
  if (larger !== undefined && larger !== chosen)
    parts.push(
      `${boundText(larger.bound)} would spare only ${text(Math.max(0, lost(chosen) - lost(larger)))} more`,
    )
  if (smaller !== undefined)
    parts.push(
      `${boundText(smaller.bound)} would cost ${text(Math.max(0, lost(smaller) - lost(chosen)))} more`,
    )
  if (parts.length === 0) return bests.length > 1 ? head : ''
  const isLargest = larger === chosen && bests.length > 1
  return `${head} ${sentence(parts.join('; '))}.${isLargest ? ' It is the largest that was tried: try larger ones.' : ''}`
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const percent = (part: number): string => `${(100 * part).toFixed(1)} %`

function nameOf({ policies }: Comparison, policy: string): string {
  return policies.find(({ name }) => name === policy)?.writtenName ?? policy
}

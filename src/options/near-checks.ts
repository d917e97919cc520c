import { OptionError } from '../errors.ts'
import type { AbstractPolicy } from '../policies/policy.ts'
import { hasChangeLog, type Store } from '../stores/store.ts'
import { checkBound, checkChoice, checkNames, shown } from '../validation/checks.ts'
import { type Duration, spelled, toMs, toTimerMs } from '../validation/duration.ts'
import type { FunctionNearOptions, NearOptions } from './near-options.ts'

/** How results of a function are held near. */
export interface FunctionNearSettings {
  readonly maxStalenessMs: number
  readonly isFrozen: boolean
}

/** How results are held near in a cache. */
export interface NearSettings extends FunctionNearSettings {
  /** Whether functions hold results near that do not say so themselves. */
  readonly isOn: boolean
  readonly maxSize: number
  readonly maxBytes: number
  readonly touchEveryMs: number
}

const OF_FUNCTION: Record<keyof FunctionNearOptions, true> = { maxStaleness: true, values: true }
const OF_CACHE: Record<keyof NearOptions, true> = {
  ...OF_FUNCTION,
  maxSize: true,
  maxBytes: true,
  touch: true,
}

const MAX_SIZE = 4_096
const MAX_BYTES = 32 * 1_024 * 1_024
const TOUCH_EVERY_MS = 5_000

/** Within half of it the store has to answer; and it must not outlast the log of changes by far. */
const SHORTEST_STALENESS_MS = 10
const LONGEST_STALENESS_MS = 3_600_000

/** The option `near` of a cache. @param idleTtlMs How long the keys live that near hits prolong. */
export function checkNear(near: boolean | NearOptions, idleTtlMs: number | undefined): NearSettings {
  const given: NearOptions = typeof near === 'boolean' ? {} : checkIsNear(near)
  checkNames(given, Object.keys(OF_CACHE), 'near')
  const { maxSize = MAX_SIZE, maxBytes = MAX_BYTES, touch } = given
  return {
    isOn: near !== false,
    ...ofEach(given, { maxStalenessMs: 1_000, isFrozen: false }),
    maxSize: checkBound(maxSize, 'near.maxSize'),
    maxBytes: checkBound(maxBytes, 'near.maxBytes'),
    touchEveryMs: touchEveryMs(touch, idleTtlMs ?? Number.POSITIVE_INFINITY),
  }
}

/** The option `near` of a function; `undefined` if it holds no results. */
export function checkFunctionNear(
  near: boolean | FunctionNearOptions | undefined,
  cache: NearSettings,
): FunctionNearSettings | undefined {
  if (near === false || (near === undefined && !cache.isOn)) return undefined
  const given = near === true || near === undefined ? {} : checkIsNear(near)
  const ofCache = Object.keys(Object(given)).find((name) => name in OF_CACHE && !(name in OF_FUNCTION))
  if (ofCache !== undefined) {
    throw new OptionError(
      `near.${ofCache}: it is for all functions of the cache together. Give it to the cache: ` +
        `new RedisFuncCache(name, policy, { near: { ${ofCache}: … } }).`,
    )
  }
  checkNames(given, Object.keys(OF_FUNCTION), 'near')
  return ofEach(given, cache)
}

/** @throws {OptionError} for what is neither a flag nor an object: the name of a value, or a number of results. */
function checkIsNear<Options extends object>(near: Options): Options {
  if (typeof near === 'object' && near !== null) return near
  throw new OptionError(
    `near: ${shown(near)} is neither true, false nor an object of options. Give true, or such as { maxStaleness: '1s' }.`,
  )
}

/** @throws {OptionError} if nothing would tell this process what other processes and programs change. */
export function checkNearStore(store: Store, policy: AbstractPolicy): void {
  if (!hasChangeLog(store)) {
    throw new OptionError(
      'near: this store does not record changes (changes, listen, watchChanges), so that nothing tells when a result that is ' +
        'held here is outdated. Leave near out, or give a client or a MemoryStore.',
    )
  }
  if (store.recordsChanges(policy)) return
  throw new OptionError(
    `near: other programs write the entries of the policy '${policy.key}', too, and do not tell what they change. Leave near out.`,
  )
}

function ofEach(
  { maxStaleness, values }: FunctionNearOptions,
  { maxStalenessMs, isFrozen }: FunctionNearSettings,
): FunctionNearSettings {
  return {
    maxStalenessMs: maxStaleness === undefined ? maxStalenessMs : checkStaleness(maxStaleness),
    isFrozen:
      values === undefined ? isFrozen : checkChoice(values, ['copies', 'frozen'], 'near.values') === 'frozen',
  }
}

function checkStaleness(maxStaleness: Duration): number {
  const ms = toMs(maxStaleness, 'near.maxStaleness')
  if (ms >= SHORTEST_STALENESS_MS && ms <= LONGEST_STALENESS_MS) return ms
  throw new OptionError(
    `near.maxStaleness: ${shown(maxStaleness)} is out of range. Give ${spelled(SHORTEST_STALENESS_MS)} at least, since the server ` +
      `has to answer within half of it, and ${spelled(LONGEST_STALENESS_MS)} at most; or near: false.`,
  )
}

function touchEveryMs(touch: NearOptions['touch'], idleTtlMs: number): number {
  const longestMs = Math.max(1, Math.floor(idleTtlMs / 4))
  if (touch === undefined) return Math.min(TOUCH_EVERY_MS, longestMs)
  checkNames(touch, ['every'], 'near.touch')
  const ms = toTimerMs(touch.every, 'near.touch.every')
  if (ms <= longestMs) return ms
  throw new OptionError(
    `near.touch.every: ${spelled(ms)} is longer than a quarter of the time after which unused keys expire (idleTtl, ` +
      `${spelled(idleTtlMs)}), so that what is used here could be lost there. Give ${spelled(longestMs)} or less.`,
  )
}

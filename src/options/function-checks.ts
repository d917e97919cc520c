import { checkCallback, checkFunction, checkImmediate, checkPredicate } from './callback-checks.ts'
import { checkEncoders, checkMaxComputeTime, checkPutWait } from './cache-checks.ts'
import type { CacheSettings } from './cache-settings.ts'
import { checkBound, checkFlag, checkNames, checkText, shown, suggestion } from '../validation/checks.ts'
import { toMs, toTimerMs } from '../validation/duration.ts'
import { checkEnd, checkJitter, checkLife, checkTimes, freshness, lifetime } from './freshness-checks.ts'
import { checkFunctionNear } from './near-checks.ts'
import type { WrapManyOptions, WrapOptions } from './function-options.ts'
import type { FunctionSettings } from './function-settings.ts'
import { otherTaker, WRAP_MANY_OPTIONS, WRAP_OPTIONS } from './option-names.ts'
import { OptionError } from '../errors.ts'
import type { CanonicalOptions } from '../keys/canonical/options.ts'
import { type AnyFunction, FunctionIdentity } from '../keys/function-identity.ts'
import { parameterNames } from '../keys/parameter-names.ts'
import type { Unwrapped } from '../keys/unwrapping.ts'
import { resolveSerializer, withLosses } from '../serializers/resolve-serializer.ts'
import type { Serializer } from '../serializers/serializer.ts'
import type { StandardSchema } from './standard-schema.ts'

const LEASE_MS = 2_000
const WAIT_MS = 30_000

/**
 * Checks the options of `wrap` and `cached`, and fills in the defaults.
 * @throws {OptionError | IdentityError} for options that cannot be, and a function that cannot be identified.
 */
export function checkWrapOptions(
  fn: Unwrapped,
  options: WrapOptions,
  cache: CacheSettings,
  where: 'wrap' | 'cached' = 'wrap',
): FunctionSettings {
  checkFunction(fn.original, where)
  checkNames(options, Object.keys(WRAP_OPTIONS), where, otherTaker)
  return settingsFor(fn, options, cache)
}

/** Stands for a method that is not known yet. */
const NO_METHOD: Unwrapped = { original: async () => {}, run: async () => {}, ownName: 'method' }

/**
 * Checks the options of a decorator as far as they do not depend on the method: a standard decorator without a `name` knows its class
 * only when there is an instance, and a wrong option is to be seen where it was written.
 * @throws {OptionError} for options that cannot be.
 */
export function checkCachedOptions(options: WrapOptions, cache: CacheSettings): void {
  checkWrapOptions(NO_METHOD, options, cache, 'cached')
}

function settingsFor(
  { original, run, ownName }: Unwrapped,
  options: WrapOptions,
  cache: CacheSettings,
  argumentName?: string,
): FunctionSettings {
  const { name, version, source, key, excludes, this: self = 'none' } = options
  if (key !== undefined && excludes !== undefined) {
    throw new OptionError(
      'key and excludes: give only one of them. With key, what it returns is all that tells calls apart.',
    )
  }
  if (key !== undefined) checkImmediate(key, 'key', 'of the arguments that returns what tells calls apart')
  if (version !== undefined && typeof version !== 'string' && typeof version !== 'number') {
    throw new OptionError('version: give a text or a number.')
  }
  if (self !== 'none' && self !== 'shared' && typeof self !== 'function') {
    throw new OptionError("this: give 'shared', or a function that picks what tells one `this` from another.")
  }
  if (typeof self === 'function') {
    checkImmediate(self, 'this', 'that picks what tells one `this` from another')
  }
  const hasSelf = typeof self === 'function'
  const identity = new FunctionIdentity(original, {
    name: name === undefined ? undefined : checkText(name, 'name'),
    ownName,
    version,
    source: source === undefined ? name === undefined : checkFlag(source, 'source'),
    key: key as ((...args: never[]) => unknown) | undefined,
    canonical: canonicalOptions(original, options, cache, hasSelf, argumentName),
    argumentName,
    hasSelf,
  })
  return checkSettings(identity, run, self, options, cache)
}

/**
 * Checks the options of `wrapMany`, and fills in the defaults.
 * @param single The settings of the function given as `entriesOf`; `undefined` if this cache knows no such function.
 * @throws {OptionError | IdentityError} for options that cannot be, and a function that cannot be identified.
 */
export function checkWrapManyOptions(
  fn: Unwrapped,
  given: WrapManyOptions,
  cache: CacheSettings,
  single: FunctionSettings | undefined,
): FunctionSettings {
  checkFunction(fn.original, 'wrapMany')
  checkNames(given, Object.keys(WRAP_MANY_OPTIONS), 'wrapMany', otherTaker)
  const { absent, entriesOf, replace, ...options } = given
  if (absent !== undefined) checkNames(absent, ['ttl'], 'absent')
  const absentMs = absent === undefined ? undefined : toMs(absent.ttl, 'absent.ttl')
  if (absentMs !== undefined) checkLife(absentMs, 'absent.ttl', cache)
  const rows = { rowsMayBeAbsent: true, absentMs }
  if (entriesOf === undefined)
    return { ...settingsFor(fn, { ...options, replace } as WrapOptions, cache, 'id'), ...rows }
  if (single === undefined) throw new OptionError('entriesOf: give a function that this cache has wrapped.')
  if (typeof single.self === 'function') {
    throw new OptionError(
      'entriesOf: results of that function depend on `this`, which a list of ids does not have.',
    )
  }
  const own = Object.keys(options).find((name) => options[name as keyof typeof options] !== undefined)
  if (own !== undefined)
    throw new OptionError(`${own}: with entriesOf, the options of that function apply. Leave it out.`)
  return { ...single, ...rows, replace: checkReplace(replace) }
}

/** Checks all options that do not concern how calls are told apart: those that `getOrSet` has too. */
export function checkSettings(
  identity: FunctionIdentity,
  run: AnyFunction,
  self: FunctionSettings['self'],
  options: WrapOptions,
  cache: CacheSettings,
): FunctionSettings {
  checkCallbacks(options)
  checkEnd(options, cache)
  checkNeeds(options)
  const { ttl, softTimeout, timeout } = options
  const settings: FunctionSettings = {
    identity,
    run,
    ...lifetime(ttl, cache),
    jitter: checkJitter(options.jitter ?? 0),
    ...freshness(options),
    cacheIf: options.cacheIf,
    tags: options.tags,
    costOf: checkCostOf(options.cost),
    ...singleFlight(options.singleFlight ?? 'process'),
    cachedErrors: cachedErrors(options.cacheErrors),
    rowsMayBeAbsent: false,
    absentMs: undefined,
    timeoutMs: timeout === undefined ? undefined : toTimerMs(timeout, 'timeout'),
    softTimeoutMs: softTimeout === undefined ? undefined : toTimerMs(softTimeout, 'softTimeout'),
    schema: checkSchema(options.schema),
    migrate: options.migrate,
    serializer: serializerOf(options, cache),
    maxValueBytes: checkBound(options.maxValueBytes ?? cache.maxValueBytes, 'maxValueBytes'),
    maxConcurrent: checkBound(options.maxConcurrent ?? Number.POSITIVE_INFINITY, 'maxConcurrent'),
    maxComputeMs:
      options.maxComputeTime === undefined ? cache.maxComputeMs : checkMaxComputeTime(options.maxComputeTime),
    putWaitMs: options.putWait === undefined ? cache.putWaitMs : checkPutWait(options.putWait),
    self,
    share: checkFlag(options.share ?? false, 'share'),
    replace: checkReplace(options.replace),
    near: checkFunctionNear(options.near, cache.near),
  }
  checkTimes(settings, cache)
  return settings
}

const checkReplace = (replace: boolean | undefined): boolean | undefined =>
  replace === undefined ? undefined : checkFlag(replace, 'replace')

function serializerOf({ serializer, lossy }: WrapOptions, cache: CacheSettings): Serializer {
  const resolved = serializer === undefined ? cache.serializer : resolveSerializer(serializer)
  if (lossy !== undefined) return withLosses(resolved, checkFlag(lossy, 'lossy'))
  return serializer === 'json' && cache.serializer.isLossy ? cache.serializer : resolved
}

function checkCostOf(cost: WrapOptions['cost']): FunctionSettings['costOf'] {
  if (cost !== undefined)
    checkImmediate(
      cost,
      'cost',
      'of the result, the milliseconds that it took and the arguments that returns a number',
    )
  return cost as FunctionSettings['costOf']
}

const CALLBACKS = {
  cacheIf: 'of the result and the arguments that returns whether to store the result',
  tags: 'of the result and the arguments that returns an array of names',
  migrate: 'of a stored result that returns it in the shape of the schema',
} as const

function checkCallbacks(options: WrapOptions): void {
  for (const [name, what] of Object.entries(CALLBACKS)) {
    const callback: unknown = options[name as keyof typeof CALLBACKS]
    if (callback !== undefined) checkCallback(callback, name, what)
  }
}

/** Options that mean nothing without another one. */
const NEEDS: readonly (readonly [option: keyof WrapOptions, needed: keyof WrapOptions, why: string])[] = [
  ['softTimeout', 'staleIfError', 'which keeps the stale results that softTimeout serves'],
  ['migrate', 'schema', 'which tells the results that migrate is given'],
]

function checkNeeds(options: WrapOptions): void {
  for (const [option, needed, why] of NEEDS) {
    if (options[option] && options[needed] === undefined) {
      throw new OptionError(`${option}: needs the option ${needed}, ${why}. Give both.`)
    }
  }
}

function singleFlight(option: NonNullable<WrapOptions['singleFlight']>): {
  waitMs: number | undefined
  leaseMs: number
} {
  if (option === 'process') return { waitMs: undefined, leaseMs: LEASE_MS }
  if (option === 'global') return { waitMs: WAIT_MS, leaseMs: LEASE_MS }
  if (typeof option !== 'object' || option === null) {
    throw new OptionError(
      `singleFlight: ${shown(option)} is not known.${suggestion(option, ['process', 'global'])} Give 'process', 'global', or ` +
        "{ lease, wait } for 'global' with other times.",
    )
  }
  checkNames(option, ['lease', 'wait'], 'singleFlight')
  const { lease, wait } = option
  return {
    waitMs: wait === undefined ? WAIT_MS : toTimerMs(wait, 'singleFlight.wait'),
    leaseMs: lease === undefined ? LEASE_MS : toTimerMs(lease, 'singleFlight.lease'),
  }
}

function cachedErrors(option: WrapOptions['cacheErrors']): FunctionSettings['cachedErrors'] {
  if (option === undefined) return undefined
  checkNames(option, ['ttl', 'when'], 'cacheErrors')
  return {
    ttlMs: toMs(option.ttl, 'cacheErrors.ttl'),
    when: checkPredicate(option.when, 'cacheErrors.when'),
  }
}

function checkSchema(schema: StandardSchema | undefined): StandardSchema | undefined {
  if (schema === undefined || typeof schema?.['~standard']?.validate === 'function') return schema
  throw new OptionError(
    'schema: this value does not implement the Standard Schema. Give a schema of zod, valibot, arktype or another library that does.',
  )
}

function canonicalOptions(
  fn: AnyFunction,
  options: WrapOptions,
  cache: CacheSettings,
  hasSelf: boolean,
  argumentName: string | undefined,
): CanonicalOptions {
  const excludes = options.excludes ?? []
  if (!Array.isArray(excludes))
    throw new OptionError('excludes: give an array of positions (0, 1, …) and names of properties.')
  for (const excluded of excludes) {
    if (typeof excluded === 'string' ? excluded === '' : !(Number.isInteger(excluded) && excluded >= 0)) {
      throw new OptionError(
        `excludes: ${shown(excluded)} is neither a position (0, 1, …) nor the name of a property.`,
      )
    }
  }
  const positions = excludes.filter((excluded) => typeof excluded === 'number')
  const names = excludes.filter((excluded) => typeof excluded === 'string')
  if (argumentName !== undefined && positions.length > 0) {
    throw new OptionError(
      'excludes: wrapMany knows no positions, since each id is the only argument of its call. Give names of properties of the ids.',
    )
  }
  refuseParameters(names, fn, argumentName)
  return {
    encoders:
      options.encoders === undefined
        ? cache.encoders
        : [...checkEncoders(options.encoders), ...cache.encoders],
    excludedNames: setOf(names),
    // What is picked of `this` is hashed as the first argument, so all others move by one.
    excludedPositions: setOf(hasSelf ? positions.map((position) => position + 1) : positions),
  }
}

const setOf = <T>(members: readonly T[]): ReadonlySet<T> | undefined =>
  members.length === 0 ? undefined : new Set(members)

/** Shorter names of parameters are those of a minifier: they say nothing about what the user has meant. */
const SHORTEST_PARAMETER = 3

/**
 * Refuses names of parameters: they would exclude nothing, and each call would have a key of its own.
 * @throws {OptionError}
 */
function refuseParameters(names: readonly string[], fn: AnyFunction, argumentName: string | undefined): void {
  if (names.length === 0) return
  const parameters = parameterNames(fn)
  for (const name of names) {
    const position = name.length < SHORTEST_PARAMETER ? -1 : parameters.indexOf(name)
    if (position === -1) continue
    const cure =
      argumentName === undefined
        ? `To exclude this argument, give its position: excludes: [${position}].`
        : 'For wrapMany, the arguments are the ids.'
    throw new OptionError(
      `excludes: ${shown(name)} is a parameter of the function, but a name excludes a property of arguments that are plain objects. ${cure}`,
    )
  }
}

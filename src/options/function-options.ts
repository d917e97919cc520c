import { types } from 'node:util'
import { checkBound, checkFlag, checkNames, checkText, checkTimer, shown, suggestion } from './checks.ts'
import { type Duration, spelled, toLifeMs, toMs } from './duration.ts'
import { OptionError } from '../errors.ts'
import type { FreshnessRules } from '../flow/freshness.ts'
import type { Eventually } from '../flow/when-known.ts'
import type { ArgumentEncoder, CanonicalOptions, Known } from '../keys/canonical/options.ts'
import { type AnyFunction, FunctionIdentity } from '../keys/function-identity.ts'
import { isClass } from '../keys/source-text.ts'
import type { Unwrapped } from '../keys/unwrapping.ts'
import { type CacheSettings, checkEncoders, checkMaxComputeTime, checkPutWait } from './cache-options.ts'
import { isPromise } from '../realms/native.ts'
import type { StandardSchema } from './standard-schema.ts'
import { resolveSerializer, type SerializerOption, withLosses } from '../serializers/resolve-serializer.ts'
import type { Serializer } from '../serializers/serializer.ts'
import { graceMsOf, resultLifeOf, type WrapSettings } from './function-settings.ts'

/** A callback that gets a result and the arguments that led to it; for any function, one that needs neither. */
type AboutResult<F extends AnyFunction, Answer> = AnyFunction extends F
  ? () => Answer
  : (result: Awaited<ReturnType<F>>, ...args: Parameters<F>) => Answer

/** A callback that gets the arguments; for any function, one that needs none. */
type AboutArguments<F extends AnyFunction, Answer> = AnyFunction extends F
  ? () => Answer
  : (...args: Parameters<F>) => Answer

/** An answer, at once or later: the result goes to its callers no later than `putWait` after it is there, and is stored then. */
type OrPromise<Answer> = Answer | Promise<Answer>

/** What a schema must produce; for any function, nothing is known to fit. */
type SchemaOutput<F extends AnyFunction> = AnyFunction extends F ? never : Awaited<ReturnType<F>>

/**
 * Options of one cached function. Without its type, `WrapOptions` are options that fit any function: their callbacks take no
 * parameters. For others write `WrapOptions<typeof loadUser>`.
 */
export interface WrapOptions<F extends AnyFunction = AnyFunction> {
  /**
   * Names the function in the cache, in every process and build: functions of the same name and `version` share their results.
   * Default its own name, together with its source text. Needed for functions without a name, and for those without a
   * source text (bound and built-in ones, proxies).
   */
  readonly name?: string | undefined
  /** Part of the identity: another version shares no results. Change it when the code under a `name` changes its results. */
  readonly version?: string | number | undefined
  /**
   * Whether the source text is part of the identity, so that changed code shares no results; default false where a `name` is
   * given, else true. Another build (minified, another bundle) has another text.
   */
  readonly source?: boolean | undefined
  /**
   * Whether the function takes over from another one of the same identity in this cache, with a warning, as after a hot reload;
   * otherwise it is refused. What was wrapped before goes on with its own function and the same entries. Default true where
   * `NODE_ENV` is `'development'`, else false.
   */
  readonly replace?: boolean | undefined
  /**
   * For how long a result is fresh, exact to the millisecond; default the `ttl` of the cache. `Infinity` for no end. A
   * function says it for each result; 0 does not store it, and `undefined` stands for the `ttl` of the cache. (Of `async () => '5m'` TypeScript knows only that it promises a text.) (Its answers are not checked against an `idleTtl` of the cache:
   * a result that would live longer ends with that.)
   */
  readonly ttl?:
    | Duration
    | AboutResult<F, Duration | undefined | Promise<number | string | undefined>>
    | undefined
  /** So much longer, past `ttl`, a result is served at once while one process refreshes it; default not at all. */
  readonly staleWhileRevalidate?: Duration | undefined
  /**
   * So much longer, past `ttl`, a result is served where the function fails: for any error, or for those of which `when`
   * says so. After each failure the function is left alone for a while: a second, two, four … up to a minute.
   */
  readonly staleIfError?:
    | Duration
    | { readonly for: Duration; readonly when?: ((error: unknown) => OrPromise<boolean>) | undefined }
    | undefined
  /**
   * Lets one of many readers refresh a result shortly before its `ttl` ends, the sooner the longer it took to compute;
   * default false. `beta` (default 1) makes it more eager above 1, less below.
   */
  readonly earlyRefresh?: boolean | { readonly beta?: number | undefined } | undefined
  /** Shortens each `ttl` by a random part of it, up to this one (0.1 is a tenth), so that not all end at once; default 0. */
  readonly jitter?: number | undefined
  /** Which results are stored; default all. */
  readonly cacheIf?: AboutResult<F, OrPromise<boolean>> | undefined
  /** Names by which `invalidateTags` finds the result, such as `'user:42'`; up to 100. */
  readonly tags?: AboutResult<F, OrPromise<readonly string[]>> | undefined
  /**
   * Who computes what is missing: `'process'` (default) each process once at a time, `'global'` one of all processes,
   * while the others wait for it. Of the latter, `lease` (default 10 seconds) is how long a process that died is waited
   * for, and `wait` (default 30 seconds) how long any is before the caller computes himself.
   */
  readonly singleFlight?:
    | 'process'
    | 'global'
    | { readonly lease?: Duration | undefined; readonly wait?: Duration | undefined }
    | undefined
  /** Stores errors too, of which `when` says so (default all), for so long: the next calls throw them again. */
  readonly cacheErrors?:
    | { readonly ttl: Duration; readonly when?: ((error: unknown) => OrPromise<boolean>) | undefined }
    | undefined
  /** The longest that a caller waits: then he gets a `TimeoutError`, and the work goes on without him. Default no limit. */
  readonly timeout?: Duration | undefined
  /** The longest that a caller waits if there is a stale result that `staleIfError` keeps: then he gets that. */
  readonly softTimeout?: Duration | undefined
  /** What stored results have to pass (zod, valibot, arktype …); one that does not is computed again. */
  readonly schema?: StandardSchema<SchemaOutput<F>> | undefined
  /** Mends a stored result that does not pass, such as one of an older shape. */
  readonly migrate?: ((stored: never) => unknown) | undefined
  /** How its results become bytes; default that of the cache. */
  readonly serializer?: SerializerOption | undefined
  /** Whether `'json'` stores also what it changes, see the option of the cache; default that of the cache. */
  readonly lossy?: boolean | undefined
  /** Results of more bytes are not stored; default that of the cache. */
  readonly maxValueBytes?: number | undefined
  /** The longest life of a computation, after which the next call computes anew; default that of the cache, one minute. */
  readonly maxComputeTime?: Duration | undefined
  /** How long a result waits to be stored before its callers get it; default that of the cache, 25 ms. */
  readonly putWait?: Duration | undefined
  /** What tells its calls apart, instead of the arguments. */
  readonly key?: AboutArguments<F, Known> | undefined
  /** What does not: positions of arguments, and names of properties of arguments that are plain objects. */
  readonly excludes?: readonly (number | string)[] | undefined
  /** How instances of your classes are told apart in arguments, asked before those of the cache. */
  readonly encoders?: readonly ArgumentEncoder[] | undefined
  /**
   * What of `this` tells calls apart: a function that picks it, or `'shared'` if nothing does. Without this option the
   * function is called without `this`.
   */
  readonly this?: 'shared' | ((self: never) => Known) | undefined
  /** Whether equal calls under way at the same time may be given one and the same object; default false. */
  readonly share?: boolean | undefined
}

/** The function of one id that a function of many stands for; any, if the row is not known. */
type OfOne<Id, Row> = [Row] extends [undefined] ? AnyFunction : (id: Id) => Promise<Row>

/** Options of a function that loads many rows at once: those of `wrap`, as for one id. */
export interface WrapManyOptions<Id = never, Row = never>
  extends Omit<WrapOptions<OfOne<Id, Row>>, 'this' | 'tags'> {
  /** Names by which `invalidateTags` finds a row, or, with `absent`, that there is none. */
  readonly tags?: AboutResult<OfOne<Id, Row | undefined>, OrPromise<readonly string[]>> | undefined
  /** Keeps in mind for so long that there is no such row; default not at all. */
  readonly absent?: { readonly ttl: Duration } | undefined
  /**
   * The cached function of a single id with which entries are shared. Its options hold; give none but `absent` and `replace`
   * beside it.
   */
  readonly entriesOf?: { readonly identity: FunctionIdentity } | undefined
}

const WRAP_OPTIONS: Record<keyof WrapOptions, true> = {
  name: true,
  version: true,
  source: true,
  replace: true,
  ttl: true,
  staleWhileRevalidate: true,
  staleIfError: true,
  earlyRefresh: true,
  jitter: true,
  cacheIf: true,
  tags: true,
  singleFlight: true,
  cacheErrors: true,
  timeout: true,
  softTimeout: true,
  schema: true,
  migrate: true,
  serializer: true,
  lossy: true,
  maxValueBytes: true,
  maxComputeTime: true,
  putWait: true,
  key: true,
  excludes: true,
  encoders: true,
  this: true,
  share: true,
}

const { this: _, ...OF_MANY } = WRAP_OPTIONS
const WRAP_MANY_OPTIONS: Record<keyof WrapManyOptions, true> = { ...OF_MANY, absent: true, entriesOf: true }

const LEASE_MS = 10_000
const WAIT_MS = 30_000

/** @throws {OptionError | IdentityError} for a function that cannot be cached so. */
export function checkWrapOptions(
  fn: Unwrapped,
  options: WrapOptions,
  cache: CacheSettings,
  where: 'wrap' | 'cached' = 'wrap',
): WrapSettings {
  checkFunction(fn.original, where)
  checkNames(options, Object.keys(WRAP_OPTIONS), where)
  return settingsFor(fn, options, cache)
}

function settingsFor(
  { original, run, ownName }: Unwrapped,
  options: WrapOptions,
  cache: CacheSettings,
  argumentName?: string,
): WrapSettings {
  const { name, version, source, key, excludes, this: self = 'none' } = options
  if (key !== undefined && excludes !== undefined) {
    throw new OptionError('key and excludes: give one of them; what key returns is all that counts.')
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
    canonical: canonicalOptions(options, cache, hasSelf),
    argumentName,
    hasSelf,
  })
  return checkSettings(identity, run, self, options, cache)
}

/**
 * @param single The settings of a function with which entries are shared.
 * @throws {OptionError | IdentityError} for a function that cannot be cached so.
 */
export function checkWrapManyOptions(
  fn: Unwrapped,
  given: WrapManyOptions,
  cache: CacheSettings,
  single: WrapSettings | undefined,
): WrapSettings {
  checkFunction(fn.original, 'wrapMany')
  checkNames(given, Object.keys(WRAP_MANY_OPTIONS), 'wrapMany')
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
      'entriesOf: results of that function depend on `this`, which a list of ids has not.',
    )
  }
  const own = Object.keys(options).find((name) => options[name as keyof typeof options] !== undefined)
  if (own !== undefined)
    throw new OptionError(`${own}: with entriesOf, the options of that function hold. Leave it out.`)
  return { ...single, ...rows, replace: checkReplace(replace) }
}

/** Checks what does not depend on how calls are told apart. */
export function checkSettings(
  identity: FunctionIdentity,
  run: AnyFunction,
  self: WrapSettings['self'],
  options: WrapOptions,
  cache: CacheSettings,
): WrapSettings {
  checkCallbacks(options)
  checkCompany(options, cache)
  const { ttl, softTimeout, timeout } = options
  const settings: WrapSettings = {
    identity,
    run,
    ...lifetime(ttl, cache),
    jitter: checkJitter(options.jitter ?? 0),
    ...freshness(options),
    cacheIf: options.cacheIf,
    tags: options.tags,
    ...singleFlight(options.singleFlight ?? 'process'),
    cachedErrors: cachedErrors(options.cacheErrors),
    rowsMayBeAbsent: false,
    absentMs: undefined,
    timeoutMs: timeout === undefined ? undefined : checkTimer(toMs(timeout, 'timeout'), 'timeout'),
    softTimeoutMs:
      softTimeout === undefined ? undefined : checkTimer(toMs(softTimeout, 'softTimeout'), 'softTimeout'),
    schema: checkSchema(options.schema),
    migrate: options.migrate,
    serializer: serializerOf(options, cache),
    maxValueBytes: checkBound(options.maxValueBytes ?? cache.maxValueBytes, 'maxValueBytes'),
    maxComputeMs:
      options.maxComputeTime === undefined ? cache.maxComputeMs : checkMaxComputeTime(options.maxComputeTime),
    putWaitMs: options.putWait === undefined ? cache.putWaitMs : checkPutWait(options.putWait),
    self,
    share: checkFlag(options.share ?? false, 'share'),
    replace: checkReplace(options.replace),
  }
  checkAgreement(settings, cache)
  return settings
}

const checkReplace = (replace: boolean | undefined): boolean | undefined =>
  replace === undefined ? undefined : checkFlag(replace, 'replace')

function serializerOf({ serializer, lossy }: WrapOptions, cache: CacheSettings): Serializer {
  const resolved = serializer === undefined ? cache.serializer : resolveSerializer(serializer)
  if (lossy !== undefined) return withLosses(resolved, checkFlag(lossy, 'lossy'))
  return serializer === 'json' && cache.serializer.isLossy ? cache.serializer : resolved
}

/** Refuses options that contradict each other. */
function checkAgreement(settings: WrapSettings, cache: CacheSettings): void {
  const { freshness, cachedErrors: errors, timeoutMs, softTimeoutMs } = settings
  if (
    softTimeoutMs !== undefined &&
    freshness !== undefined &&
    freshness.staleIfErrorMs <= freshness.staleWhileRevalidateMs
  ) {
    throw new OptionError(
      `softTimeout: there is never a stale result to fall back on, as staleIfError (${spelled(freshness.staleIfErrorMs)}) is not above ` +
        `staleWhileRevalidate (${spelled(freshness.staleWhileRevalidateMs)}): within staleWhileRevalidate it is served at once. Make staleIfError longer.`,
    )
  }
  if (timeoutMs !== undefined && softTimeoutMs !== undefined && timeoutMs <= softTimeoutMs) {
    throw new OptionError(
      `softTimeout: ${spelled(softTimeoutMs)} is not below timeout (${spelled(timeoutMs)}), so it would never apply. ` +
        'Make softTimeout shorter.',
    )
  }
  checkLife(
    resultLifeOf(settings),
    graceMsOf(freshness) === 0 ? 'ttl' : 'ttl plus staleWhileRevalidate or staleIfError',
    cache,
  )
  if (errors !== undefined) checkLife(errors.ttlMs, 'cacheErrors.ttl', cache)
}

/** An entry does not outlive the keys it lies in. */
function checkLife(ms: number, option: string, { limits, isIdleTtlFixed }: CacheSettings): void {
  const { idleTtlMs } = limits
  // Without an end means as long as the cache is used.
  if (!isIdleTtlFixed || idleTtlMs === undefined || ms <= idleTtlMs || ms === Number.POSITIVE_INFINITY) return
  throw new OptionError(
    `${option}: results may live ${spelled(ms)}, but the cache ends ${spelled(idleTtlMs)} after its last use (option idleTtl ` +
      `of the cache). Leave idleTtl out, or make it longer: new RedisFuncCache(name, policy, { idleTtl: '${spelled(ms)}', … }).`,
  )
}

/** The `ttl` of each result, or the function that says it. */
function lifetime(
  ttl: WrapOptions['ttl'],
  cache: CacheSettings,
): Pick<WrapSettings, 'ttlMs' | 'ttlOf' | 'defaultTtlMs'> {
  const defaultTtlMs = cache.ttlMs ?? Number.POSITIVE_INFINITY
  if (typeof ttl === 'function') {
    checkCallback(ttl, 'ttl', 'of the result and the arguments that returns how long to keep it')
    return { ttlMs: undefined, ttlOf: ttl as WrapSettings['ttlOf'], defaultTtlMs }
  }
  return { ttlMs: ttl === undefined ? cache.ttlMs : toLifeMs(ttl, 'ttl'), ttlOf: undefined, defaultTtlMs }
}

const CALLBACKS = {
  cacheIf: 'of the result and the arguments that says whether to store it',
  tags: 'of the result and the arguments that returns an array of names',
  migrate: 'of what is stored that returns it mended',
} as const

function checkCallbacks(options: WrapOptions): void {
  for (const [name, what] of Object.entries(CALLBACKS)) {
    const callback: unknown = options[name as keyof typeof CALLBACKS]
    if (callback !== undefined) checkCallback(callback, name, what)
  }
}

function checkCallback(callback: unknown, option: string, what: string): void {
  if (typeof callback !== 'function' || types.isGeneratorFunction(callback)) {
    throw new OptionError(`${option}: give a function ${what}.`)
  }
}

/** One whose answer is needed before anything else can be done: what tells calls apart. */
function checkImmediate(callback: unknown, option: string, what: string): void {
  checkCallback(callback, option, what)
  if (types.isAsyncFunction(callback)) {
    throw new OptionError(
      `${option}: this function is async, and its answer is needed at once. Give a function ${what}, not a promise of it; what ` +
        'has to be waited for, wait for before the call, and give it as an argument.',
    )
  }
}

/** Options that mean nothing where results are fresh without end. */
const NEEDS_AN_END = ['staleWhileRevalidate', 'staleIfError', 'earlyRefresh', 'jitter'] as const

/** Options that mean nothing without another one. */
const COMPANY: readonly (readonly [option: keyof WrapOptions, needs: keyof WrapOptions, why: string])[] = [
  ['softTimeout', 'staleIfError', 'it serves what that keeps'],
  ['migrate', 'schema', 'it mends what does not pass that'],
]

function checkCompany(options: WrapOptions, cache: CacheSettings): void {
  const isEndless = (options.ttl ?? cache.ttlMs ?? Number.POSITIVE_INFINITY) === Number.POSITIVE_INFINITY
  const vain = NEEDS_AN_END.find((option) => isEndless && options[option])
  if (vain !== undefined) {
    const whose = options.ttl === undefined ? 'that of the cache' : 'its ttl'
    throw new OptionError(
      `${vain}: needs a ttl that ends, but results are fresh without end (${whose} is Infinity). Give the function a ttl, ` +
        "such as { ttl: '5m' }.",
    )
  }
  for (const [option, needs, why] of COMPANY) {
    if (options[option] && options[needs] === undefined) {
      throw new OptionError(`${option}: needs ${needs} beside it: ${why}.`)
    }
  }
}

function freshness({ staleWhileRevalidate, staleIfError, earlyRefresh = false }: WrapOptions): {
  freshness: FreshnessRules | undefined
  fallsBackOn: (error: unknown) => Eventually<boolean>
} {
  const staleWhileRevalidateMs =
    staleWhileRevalidate === undefined ? 0 : toMs(staleWhileRevalidate, 'staleWhileRevalidate')
  const fallback = typeof staleIfError === 'object' ? staleIfError : { for: staleIfError }
  checkNames(fallback, ['for', 'when'], 'staleIfError')
  const fallsBackOn = checkPredicate('when' in fallback ? fallback.when : undefined, 'staleIfError.when')
  const staleIfErrorMs = staleIfError === undefined ? 0 : toMs(fallback.for as Duration, 'staleIfError')
  const beta = betaOf(earlyRefresh)
  const freshness =
    staleWhileRevalidateMs === 0 && staleIfErrorMs === 0 && beta === undefined
      ? undefined
      : { staleWhileRevalidateMs, staleIfErrorMs, beta }
  return { freshness, fallsBackOn }
}

function betaOf(earlyRefresh: NonNullable<WrapOptions['earlyRefresh']>): number | undefined {
  if (earlyRefresh === false) return undefined
  if (earlyRefresh === true) return 1
  checkNames(earlyRefresh, ['beta'], 'earlyRefresh')
  const { beta = 1 } = earlyRefresh
  if (typeof beta === 'number' && beta > 0 && beta < Number.POSITIVE_INFINITY) return beta
  throw new OptionError(
    `earlyRefresh.beta: ${shown(beta)} will not do. Give a number above 0; 1 is the usual one, and more refreshes earlier.`,
  )
}

function checkJitter(jitter: number): number {
  if (typeof jitter === 'number' && jitter >= 0 && jitter < 1) return jitter
  throw new OptionError(
    `jitter: ${shown(jitter)} will not do. Give a number from 0 up to, but not including, 1: 0.1 shortens a ttl by up to a tenth.`,
  )
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
    waitMs: wait === undefined ? WAIT_MS : checkTimer(toMs(wait, 'singleFlight.wait'), 'singleFlight.wait'),
    leaseMs:
      lease === undefined ? LEASE_MS : checkTimer(toMs(lease, 'singleFlight.lease'), 'singleFlight.lease'),
  }
}

function cachedErrors(option: WrapOptions['cacheErrors']): WrapSettings['cachedErrors'] {
  if (option === undefined) return undefined
  checkNames(option, ['ttl', 'when'], 'cacheErrors')
  return {
    ttlMs: toMs(option.ttl, 'cacheErrors.ttl'),
    when: checkPredicate(option.when, 'cacheErrors.when'),
  }
}

function checkPredicate(
  when: ((error: unknown) => Eventually<boolean>) | undefined,
  option: string,
): (error: unknown) => Eventually<boolean> {
  if (when === undefined) return () => true
  if (typeof when === 'function' && !types.isGeneratorFunction(when)) return when
  throw new OptionError(`${option}: give a function of the error that says yes or no.`)
}

function checkSchema(schema: StandardSchema | undefined): StandardSchema | undefined {
  if (schema === undefined || typeof schema?.['~standard']?.validate === 'function') return schema
  throw new OptionError(
    'schema: this is none. Give a schema of a library that knows the Standard Schema, such as zod, valibot or arktype.',
  )
}

function canonicalOptions(options: WrapOptions, cache: CacheSettings, hasSelf: boolean): CanonicalOptions {
  const excludes = options.excludes ?? []
  if (!Array.isArray(excludes))
    throw new OptionError('excludes: give a list of positions and names of properties.')
  for (const excluded of excludes) {
    if (typeof excluded === 'string' ? excluded === '' : !(Number.isInteger(excluded) && excluded >= 0)) {
      throw new OptionError(
        `excludes: ${shown(excluded)} is neither a position (0, 1, …) nor the name of a property.`,
      )
    }
  }
  const positions = excludes.filter((excluded) => typeof excluded === 'number')
  return {
    encoders: [...checkEncoders(options.encoders ?? []), ...cache.encoders],
    excludedNames: new Set(excludes.filter((excluded) => typeof excluded === 'string')),
    // What stands for `this` goes before the arguments.
    excludedPositions: new Set(hasSelf ? positions.map((position) => position + 1) : positions),
  }
}

export function checkFunction(original: AnyFunction, where = 'wrap'): void {
  if (typeof original !== 'function') {
    const hint = isPromise(original) ? ' Give the function itself, not what it returns.' : ''
    throw new OptionError(`${where}: ${shown(original)} is no function.${hint}`)
  }
  if (types.isGeneratorFunction(original)) {
    const name = (original as AnyFunction).name || 'this'
    throw new OptionError(
      `${where}: ${name} is a generator function: what it yields cannot be stored. Wrap a function that collects it, ` +
        'such as one that returns [...generate()].',
    )
  }
  if (isClass(original)) {
    throw new OptionError(
      `${where}: ${original.name || 'this'} is a class, which cannot be called without new. Wrap a function that makes its ` +
        `instances, or decorate its methods.`,
    )
  }
}

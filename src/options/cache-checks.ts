import { types } from 'node:util'
import { checkAdvise } from './advise-options.ts'
import type { CacheOptions, DrainOptions } from './cache-options.ts'
import type { CacheSettings } from './cache-settings.ts'
import {
  checkBound,
  checkBraces,
  checkCallback,
  checkChoice,
  checkFlag,
  checkNames,
  checkText,
  shown,
} from '../validation/checks.ts'
import { type Duration, spelled, toLifeMs, toTimerMs } from '../validation/duration.ts'
import { envelopeOf } from './envelope-checks.ts'
import { checkNear } from './near-checks.ts'
import { CACHE_OPTIONS, otherTaker } from './option-names.ts'
import { unsupported } from '../clients/unsupported.ts'
import { OptionError } from '../errors.ts'
import type { BreakerLimits } from '../flow/circuit-breaker.ts'
import type { ArgumentEncoder } from '../keys/canonical/options.ts'
import { isClass } from '../keys/source-text.ts'
import { ErrorClasses } from '../serializers/errors/error-classes.ts'
import { resolveSerializer, withLosses } from '../serializers/resolve-serializer.ts'
import { RedisStore } from '../stores/redis/redis-store.ts'
import type { Store } from '../stores/store.ts'

const DRAIN_MS = 5_000

/** How long `drain` and `close` wait, in milliseconds. */
export function drainMs(options: DrainOptions, where: string): number {
  checkNames(options, ['timeout'], where)
  const { timeout } = options
  return timeout === undefined ? DRAIN_MS : toTimerMs(timeout, 'timeout')
}

const HOUR_MS = 3_600_000

/** Checks the name of a cache, which is part of its key names. */
export function checkCacheName(name: string): string {
  if (checkText(name, 'name').trim() === '') {
    throw new OptionError("name: the name of a cache is blank. Give a text, such as 'shop'.")
  }
  return checkBraces(name, 'name')
}

/**
 * Checks the options of a cache, and fills in the defaults.
 * @param isAuto Whether the policy is `'auto'`.
 * @throws {OptionError} for an unknown option, and for a value that an option cannot have.
 */
export function checkCacheOptions(options: CacheOptions, isAuto = false): CacheSettings {
  refuseClient(options)
  checkNames(options, Object.keys(CACHE_OPTIONS), 'new RedisFuncCache', otherTaker)
  const { ttl, idleTtl } = options
  const idleTtlMs = idleTtl === undefined ? HOUR_MS : toLifeMs(idleTtl, 'idleTtl')
  const ttlMs = ttl === undefined ? Math.min(HOUR_MS, idleTtlMs ?? HOUR_MS) : toLifeMs(ttl, 'ttl')
  const isIdleTtlFixed = idleTtl !== undefined
  if (isIdleTtlFixed && ttlMs !== undefined && idleTtlMs !== undefined && ttlMs > idleTtlMs) {
    throw new OptionError(
      `idleTtl: results live longer (ttl: ${shown(ttl)}) than the keys that hold them (${spelled(idleTtlMs)} after the last ` +
        'use). Make idleTtl longer, or leave it out: the keys then live as long as the results.',
    )
  }
  return {
    store: storeOf(options),
    ttlMs,
    limits: { ...boundsOf(options), idleTtlMs },
    isIdleTtlFixed,
    prefix: checkBraces(checkText(options.prefix ?? 'fcache:', 'prefix'), 'prefix'),
    serializer: withLosses(
      resolveSerializer(options.serializer ?? 'auto'),
      checkFlag(options.lossy ?? false, 'lossy'),
    ),
    envelope: envelopeOf(options),
    encoders: checkEncoders(options.encoders ?? []),
    errorClasses: new ErrorClasses(options.errors ?? []),
    throwsOnError: checkChoice(options.onError ?? 'execute', ['execute', 'throw'], 'onError') === 'throw',
    storeTimeoutMs: checkStoreTimeout(options.storeTimeout ?? '500ms'),
    breaker: checkBreaker(options.breaker ?? {}),
    maxValueBytes: checkBound(options.maxValueBytes ?? Number.POSITIVE_INFINITY, 'maxValueBytes'),
    maxComputeMs: checkMaxComputeTime(options.maxComputeTime ?? '1m'),
    putWaitMs: checkPutWait(options.putWait ?? '25ms'),
    touchEveryMs: options.touch === undefined ? undefined : touchEveryMs(options.touch),
    near: checkNear(options.near === undefined ? false : options.near, idleTtlMs),
    adviseEveryMs: checkAdvise(options.advise, isAuto),
    waitUntil:
      options.waitUntil === undefined
        ? undefined
        : checkCallback(options.waitUntil, 'waitUntil', '(work) => after(work)'),
  }
}

/** Refuses a client or a store in place of the options: the message would name one of its private properties otherwise. */
function refuseClient(options: object): void {
  if (typeof (options as { readonly get?: unknown } | undefined)?.get !== 'function') return
  throw new OptionError(
    'new RedisFuncCache: this is a client or a store, not an object of options. Give it by its name: { client } or { store }.',
  )
}

/** Converts `maxComputeTime` to milliseconds. */
export const checkMaxComputeTime = (duration: Duration): number =>
  duration === Number.POSITIVE_INFINITY ? duration : toTimerMs(duration, 'maxComputeTime')

/** Converts `putWait` to milliseconds. */
export function checkPutWait(duration: Duration): number {
  if (duration === 0 || duration === Number.POSITIVE_INFINITY) return duration
  return toTimerMs(duration, 'putWait')
}

const checkStoreTimeout = (duration: Duration): number =>
  duration === Number.POSITIVE_INFINITY ? duration : toTimerMs(duration, 'storeTimeout')

/** Checks the limits of the breaker, and fills in the defaults; `undefined` for none. */
function checkBreaker(breaker: NonNullable<CacheOptions['breaker']>): BreakerLimits | undefined {
  if (breaker === false) return undefined
  if ((breaker as unknown) === true) {
    throw new OptionError(
      'breaker: there is one by default. Leave the option out, or give { failures, openFor, maxOpenFor }.',
    )
  }
  checkNames(breaker, ['failures', 'openFor', 'maxOpenFor'], 'breaker')
  const { failures = 5, openFor = '100ms', maxOpenFor } = breaker
  if (!(Number.isSafeInteger(failures) && failures > 0)) {
    throw new OptionError(
      `breaker.failures: ${shown(failures)} is not a whole number above 0. Give one, or { breaker: false } for no breaker.`,
    )
  }
  const openForMs = toTimerMs(openFor, 'breaker.openFor')
  const maxOpenForMs =
    maxOpenFor === undefined ? Math.max(1_000, openForMs) : toTimerMs(maxOpenFor, 'breaker.maxOpenFor')
  if (maxOpenForMs < openForMs) {
    throw new OptionError(
      `breaker.maxOpenFor: ${spelled(maxOpenForMs)} is shorter than openFor, ${spelled(openForMs)}. Make it at least as long.`,
    )
  }
  return { failures, openForMs, maxOpenForMs }
}

function touchEveryMs(touch: { readonly every: Duration }): number {
  checkNames(touch, ['every'], 'touch')
  return toTimerMs(touch.every, 'touch.every')
}

function storeOf({ client, store }: CacheOptions): Store {
  if (client !== undefined && store !== undefined)
    throw new OptionError('client and store: give only one of them.')
  if (store !== undefined) {
    if (typeof store?.get === 'function' && typeof store.put === 'function') return store
    throw new OptionError('store: this value is not a store. Give new MemoryStore(), or a client instead.')
  }
  if (typeof client === 'function' && isClass(client)) throw unsupported(client)
  if (client !== undefined) return new RedisStore(client)
  throw new OptionError(
    'client or store: a cache needs one of them. Give a connected Redis client ({ client }), or { store: new MemoryStore() } ' +
      'to keep results in this process only.',
  )
}

/** Checks encoders: each needs a class, a function that answers at once, and a name that no other one has. */
export function checkEncoders(encoders: readonly ArgumentEncoder[]): readonly ArgumentEncoder[] {
  if (Array.isArray(encoders)) {
    for (const encoder of encoders) checkNames(encoder, ['type', 'name', 'encode'], 'an encoder')
  }
  const isEncoder = (encoder: ArgumentEncoder): boolean =>
    typeof encoder?.type === 'function' && typeof encoder.encode === 'function'
  if (!Array.isArray(encoders) || !encoders.every(isEncoder)) {
    throw new OptionError('encoders: give an array of { type: Class, encode: (instance) => … }.')
  }
  const waiting = encoders.find(({ encode }) => types.isAsyncFunction(encode))
  if (waiting !== undefined) {
    throw new OptionError(
      `encoders: encode for ${waiting.name ?? waiting.type.name} is async, but its answer is needed at once. Let it return what ` +
        'tells instances apart, not a promise of it.',
    )
  }
  const names = encoders.map(({ name, type }) => name ?? type.name)
  const twice = names.find((name, i) => name === '' || names.indexOf(name) !== i)
  if (twice !== undefined) {
    throw new OptionError(
      `encoders: two encoders have the name '${twice}', or one has no name. Give each a name of its own.`,
    )
  }
  return encoders
}

/** A bound of bytes alone means what it says: then the default of entries does not hold. */
function boundsOf({ maxSize, maxBytes }: CacheOptions): {
  readonly maxSize: number
  readonly maxBytes: number
} {
  const size = maxSize ?? (maxBytes === undefined ? 1024 : Number.POSITIVE_INFINITY)
  return {
    maxSize: checkBound(size, 'maxSize'),
    maxBytes: checkBound(maxBytes ?? Number.POSITIVE_INFINITY, 'maxBytes'),
  }
}

import { types } from 'node:util'
import {
  checkBound,
  checkBraces,
  checkCallback,
  checkChoice,
  checkFlag,
  checkNames,
  checkText,
  checkTimer,
  shown,
} from './checks.ts'
import { type Duration, spelled, toLifeMs, toMs } from './duration.ts'
import { OptionError } from '../errors.ts'
import type { WaitUntil } from '../flow/background.ts'
import type { ArgumentEncoder } from '../keys/canonical/options.ts'
import type { RedisClient } from '../clients/port.ts'
import { type ErrorClass, ErrorClasses } from '../serializers/errors/error-classes.ts'
import { resolveSerializer, type SerializerOption, withLosses } from '../serializers/resolve-serializer.ts'
import type { Serializer } from '../serializers/serializer.ts'
import { RedisStore } from '../stores/redis/redis-store.ts'
import type { Limits, Store } from '../stores/store.ts'

/** Options of a cache. */
export interface CacheOptions {
  /**
   * A connected client of node-redis, ioredis, iovalkey or valkey-glide (single, sentinel or cluster), or a function
   * that returns one and is asked at every use. Either this or `store`.
   */
  readonly client?: RedisClient | (() => RedisClient) | undefined
  /** Where entries live, if not in a server: `new MemoryStore()`. */
  readonly store?: Store | undefined
  /** Entries at the most, in each key pair; default 1024. `Infinity` for no bound. */
  readonly maxSize?: number | undefined
  /**
   * For how long results of its functions are fresh that have no `ttl` of their own; `Infinity` for no end. Default: an hour,
   * or `idleTtl` if that is less.
   */
  readonly ttl?: Duration | undefined
  /**
   * How long the keys of a key pair live after the last read or write; `Infinity` for ever. Default: an hour, or as long as
   * the results of any function if these live longer. If it is given, a function with a longer `ttl` is refused with
   * an {@link OptionError}; one of `Infinity` then holds as long as the cache is used. Use renews it when a tenth of it has run down, at most every six minutes.
   */
  readonly idleTtl?: Duration | undefined
  /** Begins all key names; default `'fcache:'`. */
  readonly prefix?: string | undefined
  /** How results become bytes; default `'auto'`: JSON, or structured clone for what JSON would change. */
  readonly serializer?: SerializerOption | undefined
  /**
   * Whether the serializer `'json'` stores what JSON makes of a result, also where it changes it; default false: such
   * results are returned, and not stored. Means nothing to other serializers, and is refused with them.
   */
  readonly lossy?: boolean | undefined
  /** Results of more bytes are not stored, and a `skip` event tells; default no bound. A function may have its own. */
  readonly maxValueBytes?: number | undefined
  /**
   * The longest life of a computation; default one minute, `Infinity` for no end. After it no call joins it any more, its
   * lease is let go, the next call computes anew, and an `overdue` event tells. Calls that wait for it already wait on; what
   * it brings is theirs, and is not stored. A function may have its own.
   */
  readonly maxComputeTime?: Duration | undefined
  /**
   * How long a result that was computed waits to be stored before its callers get it; default 25 ms. 0 for not at all,
   * `Infinity` for as long as it takes. A function may have its own.
   */
  readonly putWait?: Duration | undefined
  /**
   * Reports reads to the policy at most once in so much time, in which an entry counts as read once. Saves the
   * server work where few entries are read often. Default: it is told a millisecond later, of every read in its order, and
   * before this process stores anything.
   */
  readonly touch?: { readonly every: Duration } | undefined
  /** How instances of your classes are told apart in arguments. */
  readonly encoders?: readonly ArgumentEncoder[] | undefined
  /**
   * Classes of errors that `cacheErrors` brings back as instances of, known by their names. Those of JavaScript are known
   * anyway; others come back as plain errors of the same name.
   */
  readonly errors?: readonly ErrorClass[] | undefined
  /**
   * What a call does when the store fails: `'execute'` (default) goes on without it, and an `error` event tells;
   * `'throw'` rejects the call with a `StoreError`.
   */
  readonly onError?: 'execute' | 'throw' | undefined
  /**
   * Is given each piece of work that goes on behind callers, as a promise that never rejects: refreshes, reads that are
   * recorded for the policy, results that are still being stored, leases that are given back. For hosts that freeze a process
   * when a request was answered: `after` of Next.js, `waitUntil` of Vercel or Cloudflare. It is called in the async context
   * of a call. Default: nobody is told.
   */
  readonly waitUntil?: WaitUntil | undefined
}

/** How long {@link RedisFuncCache.drain} and `close` wait. */
export interface DrainOptions {
  /** The longest time; default 5 seconds. */
  readonly timeout?: Duration | undefined
}

const DRAIN_MS = 5_000

/** @throws {OptionError} */
export function drainMs(options: DrainOptions, where: string): number {
  checkNames(options, ['timeout'], where)
  const { timeout } = options
  return timeout === undefined ? DRAIN_MS : checkTimer(toMs(timeout, 'timeout'), 'timeout')
}

/** Options of a cache, checked and with their defaults. */
export interface CacheSettings {
  readonly store: Store
  /** That of functions that have none of their own, in milliseconds; `undefined` for no end. */
  readonly ttlMs: number | undefined
  readonly limits: Limits
  /** Whether `limits.idleTtlMs` was given. Otherwise it grows with the results that live longest. */
  readonly isIdleTtlFixed: boolean
  readonly prefix: string
  readonly serializer: Serializer
  readonly encoders: readonly ArgumentEncoder[]
  readonly errorClasses: ErrorClasses
  readonly throwsOnError: boolean
  readonly maxValueBytes: number
  readonly maxComputeMs: number
  readonly putWaitMs: number
  readonly touchEveryMs: number | undefined
  readonly waitUntil: WaitUntil | undefined
}

const HOUR_MS = 3_600_000

const CACHE_OPTIONS: Record<keyof CacheOptions, true> = {
  client: true,
  store: true,
  maxSize: true,
  ttl: true,
  idleTtl: true,
  prefix: true,
  serializer: true,
  lossy: true,
  maxValueBytes: true,
  maxComputeTime: true,
  putWait: true,
  touch: true,
  encoders: true,
  errors: true,
  onError: true,
  waitUntil: true,
}

/** @throws {OptionError} */
export function checkCacheName(name: string): string {
  if (typeof name !== 'string' || name.trim() === '')
    throw new OptionError('name: a cache needs a name that is not empty.')
  return checkBraces(name, 'name')
}

/** @throws {OptionError} for what a cache cannot be made of. */
export function checkCacheOptions(options: CacheOptions): CacheSettings {
  checkNames(options, Object.keys(CACHE_OPTIONS), 'new RedisFuncCache')
  const { ttl, idleTtl } = options
  const idleTtlMs = idleTtl === undefined ? HOUR_MS : toLifeMs(idleTtl, 'idleTtl')
  const ttlMs = ttl === undefined ? Math.min(HOUR_MS, idleTtlMs ?? HOUR_MS) : toLifeMs(ttl, 'ttl')
  const isIdleTtlFixed = idleTtl !== undefined
  if (isIdleTtlFixed && ttlMs !== undefined && idleTtlMs !== undefined && ttlMs > idleTtlMs) {
    throw new OptionError(
      `idleTtl: results live longer (ttl: ${shown(ttl)}) than the keys that hold them (${spelled(idleTtlMs)} after the last ` +
        'use). Make idleTtl longer, or leave it out: then it is as long as the results live.',
    )
  }
  return {
    store: storeOf(options),
    ttlMs,
    limits: { maxSize: checkBound(options.maxSize ?? 1024, 'maxSize'), idleTtlMs },
    isIdleTtlFixed,
    prefix: checkBraces(checkText(options.prefix ?? 'fcache:', 'prefix'), 'prefix'),
    serializer: withLosses(
      resolveSerializer(options.serializer ?? 'auto'),
      checkFlag(options.lossy ?? false, 'lossy'),
    ),
    encoders: checkEncoders(options.encoders ?? []),
    errorClasses: new ErrorClasses(options.errors ?? []),
    throwsOnError: checkChoice(options.onError ?? 'execute', ['execute', 'throw'], 'onError') === 'throw',
    maxValueBytes: checkBound(options.maxValueBytes ?? Number.POSITIVE_INFINITY, 'maxValueBytes'),
    maxComputeMs: checkMaxComputeTime(options.maxComputeTime ?? '1m'),
    putWaitMs: checkPutWait(options.putWait ?? '25ms'),
    touchEveryMs: options.touch === undefined ? undefined : touchEveryMs(options.touch),
    waitUntil: options.waitUntil === undefined ? undefined : checkCallback(options.waitUntil, 'waitUntil'),
  }
}

/** In milliseconds. @throws {OptionError} */
export const checkMaxComputeTime = (duration: Duration): number =>
  duration === Number.POSITIVE_INFINITY
    ? duration
    : checkTimer(toMs(duration, 'maxComputeTime'), 'maxComputeTime')

/** In milliseconds. @throws {OptionError} */
export function checkPutWait(duration: Duration): number {
  if (duration === 0 || duration === Number.POSITIVE_INFINITY) return duration
  return checkTimer(toMs(duration, 'putWait'), 'putWait')
}

function touchEveryMs(touch: { readonly every: Duration }): number {
  checkNames(touch, ['every'], 'touch')
  return checkTimer(toMs(touch.every, 'touch.every'), 'touch.every')
}

function storeOf({ client, store }: CacheOptions): Store {
  if (client !== undefined && store !== undefined)
    throw new OptionError('client and store: give one of them.')
  if (store !== undefined) {
    if (typeof store?.get === 'function' && typeof store.put === 'function') return store
    throw new OptionError('store: this is no store. Give new MemoryStore(), or a client instead.')
  }
  if (client !== undefined) return new RedisStore(client)
  throw new OptionError(
    'client or store: a cache needs one of them. Give a connected Redis client ({ client }), or { store: new MemoryStore() } ' +
      'to keep results in this process.',
  )
}

/** Which class an encoder is for, and under which name, has to be clear. */
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
      `encoders: that of ${waiting.name ?? waiting.type.name} is async, and its answer is needed at once. Let encode return what ` +
        'tells instances apart, not a promise of it.',
    )
  }
  const names = encoders.map(({ name, type }) => name ?? type.name)
  const twice = names.find((name, i) => name === '' || names.indexOf(name) !== i)
  if (twice !== undefined) {
    throw new OptionError(
      `encoders: two have the name '${twice}', or one has none. Give each a name of its own.`,
    )
  }
  return encoders
}

import {
  checkBound,
  checkBraces,
  checkChoice,
  checkFlag,
  checkMilliseconds,
  checkNames,
  checkText,
} from './checks.ts'
import { type Duration, toMs } from './duration.ts'
import { OptionError } from './errors.ts'
import type { ArgumentEncoder, CanonicalOptions } from './keys/canonical-options.ts'
import { type AnyFunction, FunctionIdentity } from './keys/function-identity.ts'
import type { RedisClient } from './redis/client.ts'
import { resolveSerializer, type SerializerOption } from './serializers/resolve-serializer.ts'
import type { Serializer } from './serializers/serializer.ts'
import { RedisStore } from './stores/redis-store.ts'
import type { Limits, Store } from './stores/store.ts'

/** Options of a cache. */
export interface CacheOptions {
  /**
   * A connected client of node-redis, ioredis, iovalkey or valkey-glide (single, sentinel or cluster), or a function
   * that returns one and is asked at every use. Either this or `store`.
   */
  readonly client?: RedisClient | (() => RedisClient)
  /** Where entries live, if not in a server: `new MemoryStore()`. */
  readonly store?: Store
  /** Entries at the most, in each key pair; default 1024. `Infinity` for no bound. */
  readonly maxSize?: number
  /** Lifetime of a key pair as a whole; default 3600 seconds. `Infinity` for no end. */
  readonly ttl?: Duration
  /**
   * Whether use prolongs that lifetime; default true. It is renewed when a tenth of it has run down. With false, a key
   * pair ends `ttl` after it began.
   */
  readonly updateTtl?: boolean
  /** Begins all key names; default `'func-cache:'`. */
  readonly prefix?: string
  /** How results become bytes; default `'json'`. */
  readonly serializer?: SerializerOption
  /** Results of more bytes are not stored, and a `skip` event tells; default no bound. A function may have its own. */
  readonly maxValueBytes?: number
  /**
   * Lets the policy wait to be told of reads, for so many milliseconds, in which an entry counts as read once. Saves the
   * server work where few entries are read often. Default: it is told at once, in exact order.
   */
  readonly touch?: { readonly everyMs: number }
  /** How instances of your classes are told apart in arguments. */
  readonly encoders?: readonly ArgumentEncoder[]
  /**
   * What a call does when the store fails: `'execute'` (default) goes on without it, and an `error` event tells;
   * `'throw'` rejects the call with a `StoreError`.
   */
  readonly onError?: 'execute' | 'throw'
}

/** Options of one cached function. */
export interface WrapOptions<F extends AnyFunction = AnyFunction> {
  /** Names the function in the cache; default its own name. Anonymous functions need one. */
  readonly name?: string
  /** Part of the identity: another version shares no results. */
  readonly version?: string | number
  /** Whether the source text is part of the identity, so that changed code shares no results; default true. */
  readonly source?: boolean
  /** Lifetime of each result, exact to the millisecond; default none but that of the whole. */
  readonly ttl?: Duration
  /** How its results become bytes; default that of the cache. */
  readonly serializer?: SerializerOption
  /** Results of more bytes are not stored; default that of the cache. */
  readonly maxValueBytes?: number
  /** What tells its calls apart, instead of the arguments. */
  readonly key?: (...args: Parameters<F>) => unknown
  /** What does not: positions of arguments, and names of properties of arguments that are plain objects. */
  readonly excludes?: readonly (number | string)[]
  /** How instances of your classes are told apart in arguments, asked before those of the cache. */
  readonly encoders?: readonly ArgumentEncoder[]
  /**
   * What of `this` tells calls apart: a function that picks it, or `'shared'` if nothing does. Without this option the
   * function is called without `this`.
   */
  readonly this?: 'shared' | ((self: never) => unknown)
  /** Whether equal calls under way at the same time may be given one and the same object; default false. */
  readonly share?: boolean
}

/** Options of a cache, checked and with their defaults. */
export interface CacheSettings {
  readonly store: Store
  readonly limits: Limits
  readonly prefix: string
  readonly serializer: Serializer
  readonly encoders: readonly ArgumentEncoder[]
  readonly throwsOnError: boolean
  readonly maxValueBytes: number
  readonly touchEveryMs: number | undefined
}

/** Options of a cached function, checked and with their defaults. */
export interface WrapSettings {
  readonly identity: FunctionIdentity
  readonly ttlMs: number | undefined
  readonly serializer: Serializer
  readonly maxValueBytes: number
  readonly self: 'none' | 'shared' | ((self: never) => unknown)
  readonly share: boolean
}

const CACHE_OPTIONS: Record<keyof CacheOptions, true> = {
  client: true,
  store: true,
  maxSize: true,
  ttl: true,
  updateTtl: true,
  prefix: true,
  serializer: true,
  maxValueBytes: true,
  touch: true,
  encoders: true,
  onError: true,
}

const WRAP_OPTIONS: Record<keyof WrapOptions, true> = {
  name: true,
  version: true,
  source: true,
  ttl: true,
  serializer: true,
  maxValueBytes: true,
  key: true,
  excludes: true,
  encoders: true,
  this: true,
  share: true,
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
  return {
    store: storeOf(options),
    limits: {
      maxSize: checkBound(options.maxSize ?? 1024, 'maxSize'),
      ttlMs: options.ttl === Number.POSITIVE_INFINITY ? undefined : toMs(options.ttl ?? 3600, 'ttl'),
      sliding: checkFlag(options.updateTtl ?? true, 'updateTtl'),
    },
    prefix: checkBraces(checkText(options.prefix ?? 'func-cache:', 'prefix'), 'prefix'),
    serializer: resolveSerializer(options.serializer ?? 'json'),
    encoders: checkEncoders(options.encoders ?? []),
    throwsOnError: checkChoice(options.onError ?? 'execute', ['execute', 'throw'], 'onError') === 'throw',
    maxValueBytes: checkBound(options.maxValueBytes ?? Number.POSITIVE_INFINITY, 'maxValueBytes'),
    touchEveryMs: options.touch === undefined ? undefined : touchEveryMs(options.touch),
  }
}

/** @throws {OptionError | IdentityError} for a function that cannot be cached so. */
export function checkWrapOptions(
  original: AnyFunction,
  options: WrapOptions,
  cache: CacheSettings,
): WrapSettings {
  checkFunction(original)
  checkNames(options, Object.keys(WRAP_OPTIONS), 'wrap')
  if (options.key !== undefined && options.excludes !== undefined) {
    throw new OptionError('key and excludes: give one of them; what key returns is all that counts.')
  }
  const { key, version } = options
  if (key !== undefined && typeof key !== 'function') {
    throw new OptionError('key: give a function of the arguments that returns what tells calls apart.')
  }
  if (version !== undefined && typeof version !== 'string' && typeof version !== 'number') {
    throw new OptionError('version: give a text or a number.')
  }
  const self = options.this ?? 'none'
  if (self !== 'none' && self !== 'shared' && typeof self !== 'function') {
    throw new OptionError("this: give 'shared', or a function that picks what tells one `this` from another.")
  }
  const hasSelf = typeof self === 'function'
  return {
    identity: new FunctionIdentity(original, {
      name: options.name === undefined ? undefined : checkText(options.name, 'name'),
      version: options.version,
      source: checkFlag(options.source ?? true, 'source'),
      key: options.key as ((...args: never[]) => unknown) | undefined,
      canonical: canonicalOptions(options, cache, hasSelf),
      hasSelf,
    }),
    ttlMs: options.ttl === undefined ? undefined : toMs(options.ttl, 'ttl'),
    serializer: options.serializer === undefined ? cache.serializer : resolveSerializer(options.serializer),
    maxValueBytes: checkBound(options.maxValueBytes ?? cache.maxValueBytes, 'maxValueBytes'),
    self,
    share: checkFlag(options.share ?? false, 'share'),
  }
}

function touchEveryMs(touch: { readonly everyMs: number }): number {
  checkNames(touch, ['everyMs'], 'touch')
  return checkMilliseconds(touch.everyMs, 'touch.everyMs')
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

function canonicalOptions(options: WrapOptions, cache: CacheSettings, hasSelf: boolean): CanonicalOptions {
  const excludes = options.excludes ?? []
  if (!Array.isArray(excludes))
    throw new OptionError('excludes: give a list of positions and names of properties.')
  for (const excluded of excludes) {
    if (typeof excluded === 'string' ? excluded === '' : !(Number.isInteger(excluded) && excluded >= 0)) {
      throw new OptionError(
        `excludes: ${typeof excluded === 'string' ? JSON.stringify(excluded) : String(excluded)} is neither a position (0, 1, …) nor the name of a property.`,
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

const GENERATORS = new Set(['GeneratorFunction', 'AsyncGeneratorFunction'])

function checkFunction(original: AnyFunction): void {
  if (typeof original !== 'function') throw new OptionError(`wrap: ${String(original)} is no function.`)
  if (GENERATORS.has(original.constructor.name)) {
    throw new OptionError(
      `wrap: ${original.name || 'this'} is a generator function: what it yields cannot be stored. Wrap a function that ` +
        'collects it, such as one that returns [...generate()].',
    )
  }
}

/** Which class an encoder is for, and under which name, has to be clear. */
function checkEncoders(encoders: readonly ArgumentEncoder[]): readonly ArgumentEncoder[] {
  const isEncoder = (encoder: ArgumentEncoder): boolean =>
    typeof encoder?.type === 'function' && typeof encoder.encode === 'function'
  if (!Array.isArray(encoders) || !encoders.every(isEncoder)) {
    throw new OptionError('encoders: give an array of { type: Class, encode: (instance) => … }.')
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

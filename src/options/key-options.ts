import { checkNames, checkSignal } from '../validation/checks.ts'
import { OptionError } from '../errors.ts'
import type { AnyFunction, FunctionIdentity } from '../keys/function-identity.ts'
import type { CacheSettings } from './cache-settings.ts'
import { checkFunction } from './callback-checks.ts'
import { checkSettings } from './function-checks.ts'
import type { WrapOptions } from './function-options.ts'
import type { FunctionSettings } from './function-settings.ts'

/** A key of `getOrSet`: a text, number, bigint or boolean, or an array or plain object of such values. */
export type CacheKey = string | number | bigint | boolean | object

/** The function that a key and its `load` stand for; without the type of the result, any function. */
type OfKey<Result, Key> = [Result] extends [never] ? AnyFunction : (key: Key) => Result

/**
 * Options of `getOrSet`: the options of `wrap` except those about names, arguments, `this` and runs of one function; and `signal`.
 *
 * `GetOrSetOptions` without type arguments fit any result: their callbacks take no parameters. For one kind of result write
 * `GetOrSetOptions<User, string>`.
 */
export interface GetOrSetOptions<Result = never, Key = CacheKey>
  extends Omit<
    WrapOptions<OfKey<Result, Key>>,
    'name' | 'version' | 'source' | 'replace' | 'maxConcurrent' | 'key' | 'excludes' | 'encoders' | 'this'
  > {
  /**
   * A signal that ends the waiting of this call when it aborts: the call rejects with the reason of the signal.
   * @default the call waits for its result
   */
  readonly signal?: AbortSignal | undefined
}

/** Options of `set`: those about the lifetime, tags, size and serializer of the entry. */
export type SetOptions<Value = never, Key = CacheKey> = Pick<GetOrSetOptions<Value, Key>, SetOption>

/** Options of `peek`: those about reading a stored value. */
export type PeekOptions<Value = never> = Pick<GetOrSetOptions<Value>, PeekOption>

type SetOption =
  | 'ttl'
  | 'jitter'
  | 'staleWhileRevalidate'
  | 'staleIfError'
  | 'earlyRefresh'
  | 'tags'
  | 'cost'
  | 'serializer'
  | 'lossy'
  | 'maxValueBytes'

type PeekOption = 'serializer' | 'schema' | 'migrate'

const SET_OPTIONS: Record<SetOption, true> = {
  ttl: true,
  jitter: true,
  staleWhileRevalidate: true,
  staleIfError: true,
  earlyRefresh: true,
  tags: true,
  cost: true,
  serializer: true,
  lossy: true,
  maxValueBytes: true,
}

const PEEK_OPTIONS: Record<PeekOption, true> = { serializer: true, schema: true, migrate: true }

const GET_OR_SET_OPTIONS: Record<keyof GetOrSetOptions, true> = {
  ...SET_OPTIONS,
  ...PEEK_OPTIONS,
  cacheIf: true,
  cacheErrors: true,
  singleFlight: true,
  timeout: true,
  maxComputeTime: true,
  putWait: true,
  softTimeout: true,
  share: true,
  near: true,
  signal: true,
}

/** The methods of a cache that take a key. */
export type KeyVerb = 'getOrSet' | 'set' | 'peek' | 'invalidate'

/** The options that each of these methods takes. */
const KEY_OPTIONS: Readonly<Record<KeyVerb, object>> = {
  getOrSet: GET_OR_SET_OPTIONS,
  set: SET_OPTIONS,
  peek: PEEK_OPTIONS,
  invalidate: {},
}

/**
 * Checks the options of a method that takes a key, and fills in the defaults.
 * @param identity The identity that all keys of a cache share.
 * @param load Called without arguments.
 * @throws {OptionError} for an unknown option, and for a value that an option cannot have.
 */
export function checkKeyOptions(
  identity: FunctionIdentity,
  load: AnyFunction,
  options: GetOrSetOptions,
  cache: CacheSettings,
  where: KeyVerb,
): FunctionSettings {
  checkFunction(load, where)
  checkNames(options, Object.keys(KEY_OPTIONS[where]), where)
  if (options.signal !== undefined) checkSignal(options.signal)
  const run = () => (load as () => unknown)()
  return checkSettings(identity, run, 'none', options as WrapOptions, cache)
}

/**
 * Refuses `undefined` and `null` as keys: most often a value is missing, and all such calls would share one entry.
 * @throws {OptionError} for these two, and for a function.
 */
export function checkKey(key: CacheKey, where: KeyVerb): CacheKey {
  if (typeof key === 'function') {
    throw new OptionError(
      `${where}: a function is not a key. For the results of a cached function use its handles, such as getUser.invalidate(42).`,
    )
  }
  if (key !== undefined && key !== null) return key
  throw new OptionError(
    `${where}: ${String(key)} is not a key. Give a text, a number, or an array or object of them. Is the value missing that the key is made of?`,
  )
}

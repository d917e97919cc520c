import { checkNames, checkSignal } from './checks.ts'
import { OptionError } from '../errors.ts'
import type { AnyFunction, FunctionIdentity } from '../keys/function-identity.ts'
import type { CacheSettings } from './cache-options.ts'
import { checkFunction, checkSettings, type WrapOptions } from './function-options.ts'
import type { WrapSettings } from './function-settings.ts'

/** A key of `getOrSet`: a text, number, bigint or boolean, or an array or object of them, as arguments of functions are. */
export type CacheKey = string | number | bigint | boolean | object

/** The function that `getOrSet` stands for; any, if the result is not known. */
type OfKey<Result, Key> = [Result] extends [never] ? AnyFunction : (key: Key) => Result

/**
 * Options of `getOrSet`: those of `wrap` except names, arguments and `this`, plus `signal`. Without types they fit any
 * result: their callbacks take no parameters. For others write `GetOrSetOptions<User, string>`.
 */
export interface GetOrSetOptions<Result = never, Key = CacheKey>
  extends Omit<
    WrapOptions<OfKey<Result, Key>>,
    'name' | 'version' | 'source' | 'replace' | 'key' | 'excludes' | 'encoders' | 'this'
  > {
  /** Stops waiting when it aborts; see {@link CallOptions}. */
  readonly signal?: AbortSignal | undefined
}

/** Options of `set`: lifetime, tags, size and serializer of the entry. */
export type SetOptions<Value = never, Key = CacheKey> = Pick<GetOrSetOptions<Value, Key>, SetOption>

/** Options of `peek`: how to read what is stored. */
export type PeekOptions<Value = never> = Pick<GetOrSetOptions<Value>, PeekOption>

type SetOption =
  | 'ttl'
  | 'jitter'
  | 'staleWhileRevalidate'
  | 'staleIfError'
  | 'earlyRefresh'
  | 'tags'
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
  signal: true,
}

/** What is done with a key. */
export type KeyVerb = 'getOrSet' | 'set' | 'peek' | 'invalidate'

/** Which options each takes. */
const KEY_OPTIONS: Readonly<Record<KeyVerb, object>> = {
  getOrSet: GET_OR_SET_OPTIONS,
  set: SET_OPTIONS,
  peek: PEEK_OPTIONS,
  invalidate: {},
}

/**
 * @param identity The identity that all keys of a cache share.
 * @param load Called without arguments.
 * @throws {OptionError} for an unknown option, or a value it cannot have.
 */
export function checkKeyOptions(
  identity: FunctionIdentity,
  load: AnyFunction,
  options: GetOrSetOptions,
  cache: CacheSettings,
  where: KeyVerb,
): WrapSettings {
  checkFunction(load, where)
  checkNames(options, Object.keys(KEY_OPTIONS[where]), where)
  if (options.signal !== undefined) checkSignal(options.signal)
  const run = () => (load as () => unknown)()
  return checkSettings(identity, run, 'none', options as WrapOptions, cache)
}

/**
 * Refuses `undefined` and `null`: these are missing values most often, and all such calls would share one entry.
 * @throws {OptionError}
 */
export function checkKey(key: CacheKey, where: KeyVerb): CacheKey {
  if (key !== undefined && key !== null) return key
  throw new OptionError(
    `${where}: ${String(key)} is no key. Give a text, a number, or an array or object of them. Is the value that makes the key missing?`,
  )
}

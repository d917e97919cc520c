import { checkNames, checkSignal } from './checks.ts'
import { OptionError } from './errors.ts'
import type { AnyFunction, FunctionIdentity } from './keys/function-identity.ts'
import type { CacheSettings } from './options.ts'
import { checkFunction, checkSettings, type WrapOptions, type WrapSettings } from './wrap-options.ts'

/** What tells one call from another where results are stored under keys. */
export type CacheKey = string | number | bigint | boolean | object

/** Options of `getOrSet`: those of `wrap` that are not about functions and arguments, and `signal`. */
export interface GetOrSetOptions<Result = never, Key = CacheKey>
  extends Omit<
    WrapOptions<(key: Key) => Result>,
    'name' | 'version' | 'source' | 'key' | 'excludes' | 'encoders' | 'this'
  > {
  /** Lets the caller leave, as in {@link CallOptions}. */
  readonly signal?: AbortSignal | undefined
}

/** Options of `set`: those that tell how long a value lives, how it is found, and how it becomes bytes. */
export type SetOptions<Value = never, Key = CacheKey> = Pick<
  GetOrSetOptions<Value, Key>,
  'ttl' | 'jitter' | 'staleTtl' | 'staleIfError' | 'earlyRefresh' | 'tags' | 'serializer'
>

/** Options of `peek`: those that tell how to read what is stored. */
export type PeekOptions<Value = never> = Pick<GetOrSetOptions<Value>, 'serializer' | 'schema' | 'migrate'>

/** What is done with a key. */
export type KeyVerb = 'getOrSet' | 'set' | 'peek' | 'invalidate'

/** Which options each takes. */
const KEY_OPTIONS: Readonly<Record<KeyVerb, readonly (keyof GetOrSetOptions)[]>> = {
  getOrSet: [
    'ttl',
    'jitter',
    'staleTtl',
    'staleIfError',
    'earlyRefresh',
    'tags',
    'cacheIf',
    'cacheErrors',
    'singleFlight',
    'timeout',
    'softTimeout',
    'schema',
    'migrate',
    'serializer',
    'maxValueBytes',
    'share',
    'signal',
  ],
  set: ['ttl', 'jitter', 'staleTtl', 'staleIfError', 'earlyRefresh', 'tags', 'serializer'],
  peek: ['serializer', 'schema', 'migrate'],
  invalidate: [],
}

/**
 * @param identity That of all keys of the cache.
 * @param load Called without arguments.
 * @throws {OptionError} for a result that cannot be cached so.
 */
export function checkKeyOptions(
  identity: FunctionIdentity,
  load: AnyFunction,
  options: GetOrSetOptions,
  cache: CacheSettings,
  where: KeyVerb,
): WrapSettings {
  checkFunction(load, where)
  checkNames(options, KEY_OPTIONS[where], where)
  if (options.signal !== undefined) checkSignal(options.signal)
  const run = () => (load as () => unknown)()
  return checkSettings(identity, run, 'none', options as WrapOptions, cache)
}

/**
 * What is no key is most often a value that is missing, and would be the same key for all.
 * @throws {OptionError}
 */
export function checkKey(key: CacheKey, where: KeyVerb): CacheKey {
  if (key !== undefined && key !== null) return key
  throw new OptionError(
    `${where}: ${String(key)} is no key. Give a text, a number, or an array or object of them.`,
  )
}

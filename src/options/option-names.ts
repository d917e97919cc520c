import type { PolicyOptions } from '../policies/policy-options.ts'
import type { CacheOptions } from './cache-options.ts'
import type { WrapManyOptions, WrapOptions } from './function-options.ts'

/** The names of all options, by what takes them: the compiler sees to it that none is missing. */

export const CACHE_OPTIONS: Record<keyof CacheOptions, true> = {
  client: true,
  store: true,
  maxSize: true,
  maxBytes: true,
  ttl: true,
  idleTtl: true,
  prefix: true,
  serializer: true,
  lossy: true,
  compress: true,
  sign: true,
  encrypt: true,
  maxValueBytes: true,
  maxComputeTime: true,
  putWait: true,
  touch: true,
  encoders: true,
  errors: true,
  onError: true,
  storeTimeout: true,
  breaker: true,
  waitUntil: true,
  near: true,
  advise: true,
}

export const WRAP_OPTIONS: Record<keyof WrapOptions, true> = {
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
  cost: true,
  singleFlight: true,
  cacheErrors: true,
  timeout: true,
  maxConcurrent: true,
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
  near: true,
}

const { this: _, ...OF_MANY } = WRAP_OPTIONS
export const WRAP_MANY_OPTIONS: Record<keyof WrapManyOptions, true> = {
  ...OF_MANY,
  absent: true,
  entriesOf: true,
}

const POLICY_OPTIONS: Record<keyof PolicyOptions, true> = {
  scope: true,
  keys: true,
  hash: true,
  shards: true,
  admit: true,
}

/** Where to give an option that was given to something else; empty for a name that is no option at all. */
export function otherTaker(name: string): string {
  if (Object.hasOwn(POLICY_OPTIONS, name))
    return `Give it to the policy, such as new LruTPolicy({ ${name}: … }).`
  if (Object.hasOwn(CACHE_OPTIONS, name))
    return `Give it to the cache: new RedisFuncCache(name, policy, { ${name}: … }).`
  if (Object.hasOwn(WRAP_OPTIONS, name)) return `Give it to a function: cache.wrap(fn, { ${name}: … }).`
  if (Object.hasOwn(WRAP_MANY_OPTIONS, name)) return `It is an option of wrapMany.`
  return ''
}

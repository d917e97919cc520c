export { RedisFuncCache } from './cache.ts'
export type { DetailedResult, ResultStatus } from './detailed-result.ts'
export type { CachedFunction, CallKey, CallOptions, Handles } from './callable.ts'
export type { AsyncMethod, CachedDecorator, CachedOptions } from './decorator.ts'
export type { Duration } from './duration.ts'
export {
  ArgumentsError,
  CacheMissError,
  FuncCacheError,
  type FuncCacheErrorCode,
  IdentityError,
  OptionError,
  PolicyError,
  SerializerError,
  StoreError,
  TimeoutError,
  DeadlockError,
} from './errors.ts'
export type { CacheKey, GetOrSetOptions, PeekOptions, SetOptions } from './key-options.ts'
export type { CallHashOptions, Hash, HashAlgorithm, HashEncoding } from './keys/call-hash.ts'
export { CANONICAL_FORM } from './keys/canonical.ts'
export type { ArgumentEncoder } from './keys/canonical-options.ts'
export type { AnyFunction, FunctionIdentity } from './keys/function-identity.ts'
export type { KeyPair, KeyStyle, Scope } from './keys/key-pair.ts'
export { composeScripts, type LuaSources, type Verb } from './lua/compose.ts'
export type { CachedMany, LoadMany, Rows } from './many.ts'
export type { Mode } from './context/mode.ts'
export type { WaitUntil } from './flow/background.ts'
export type { CacheOptions, DrainOptions } from './options.ts'
export { AbstractPolicy, type LuaScripts, type PolicyOptions } from './policies/abstract-policy.ts'
export type { EvictionOrder } from './policies/eviction-order.ts'
export { FifoPolicy } from './policies/fifo-policy.ts'
export { FifoTPolicy } from './policies/fifo-t-policy.ts'
export { LfuPolicy } from './policies/lfu-policy.ts'
export { LruPolicy } from './policies/lru-policy.ts'
export { LruTPolicy } from './policies/lru-t-policy.ts'
export { MruPolicy } from './policies/mru-policy.ts'
export { RrPolicy } from './policies/rr-policy.ts'
export type { RedisClient } from './redis/client.ts'
export { bson } from './serializers/bson.ts'
export { cbor } from './serializers/cbor.ts'
export type { ErrorClass } from './serializers/error-classes.ts'
export { msgpack } from './serializers/msgpack.ts'
export type {
  SerializerFunctions,
  SerializerName,
  SerializerOption,
  SerializerPair,
} from './serializers/resolve-serializer.ts'
export { superjson } from './serializers/superjson.ts'
export { yaml } from './serializers/yaml.ts'
export type { StandardSchema } from './schema.ts'
export type { Stats } from './context/stats.ts'
export { MemoryStore, type MemoryStoreOptions } from './stores/memory-store.ts'
export { RedisStore } from './stores/redis-store.ts'
export type {
  Aspects,
  HeldLease,
  LeaseAnswer,
  LeaseWatch,
  LeaseWatcher,
  LeaseWish,
  Limits,
  Lookup,
  NewEntry,
  Note,
  Place,
  PutReport,
  Store,
} from './stores/store.ts'
export type { CacheStats, Latency } from './telemetry/counters.ts'
export type {
  CacheEvents,
  CallEvent,
  ComputedEvent,
  ErrorEvent,
  ErrorPhase,
  InvalidateEvent,
  SkipReason,
  StaleReason,
} from './telemetry/events.ts'
export type { WrapManyOptions, WrapOptions } from './wrap-options.ts'

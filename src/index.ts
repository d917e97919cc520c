export { RedisFuncCache } from './cache.ts'
export type { DetailedResult, ResultStatus } from './call/detailed-result.ts'
export type { CachedFunction, CallKey, CallOptions, Handles } from './functions/cached-function.ts'
export type { AsyncMethod, CachedDecorator, CachedOptions } from './functions/method-decorator.ts'
export type { InvalidateOptions, PurgeOptions } from './options/invalidation-options.ts'
export type { Duration } from './validation/duration.ts'
export {
  ArgumentsError,
  CacheMissError,
  type ErrorPhase,
  FuncCacheError,
  type FuncCacheErrorCode,
  IdentityError,
  OptionError,
  PolicyError,
  SerializerError,
  StoreError,
  type StoreFailure,
  TimeoutError,
  DeadlockError,
} from './errors.ts'
export type { CompressOptions, SecretKey, SecretKeyOptions } from './options/envelope-options.ts'
export type { CacheKey, GetOrSetOptions, PeekOptions, SetOptions } from './options/key-options.ts'
export type { CallHashOptions, Hash, HashAlgorithm, HashEncoding } from './keys/call-hash.ts'
export { CANONICAL_FORM } from './keys/canonical/canonicalize.ts'
export type { ArgumentEncoder } from './keys/canonical/options.ts'
export type { AnyFunction, FunctionIdentity } from './keys/function-identity.ts'
export type { KeyPair, KeyStyle, Scope } from './keys/key-names.ts'
export { composeScripts, type LuaSources, type Verb } from './lua/compose.ts'
export type { LoadMany, Rows } from './call/row-loader.ts'
export type { CachedMany } from './functions/cached-many.ts'
export type { Mode } from './context/mode.ts'
export type { WaitUntil } from './flow/background.ts'
export type { CacheOptions, DrainOptions } from './options/cache-options.ts'
export type { AdviseOptions } from './options/advise-options.ts'
export type { FunctionNearOptions, NearOptions } from './options/near-options.ts'
export type { Advice, Alternative } from './simulation/advice/advice.ts'
export type { RecordOptions } from './options/record-options.ts'
export type { Recording, RecordingSummary } from './simulation/recording/recorder.ts'
export { AbstractPolicy, type CostOf, type LuaScripts } from './policies/policy.ts'
export type { LfuOptions } from './policies/lfu.ts'
export type { PolicyOptions } from './policies/policy-options.ts'
export type { EvictionOrder, StoredResult } from './policies/eviction-order.ts'
export type { CostPolicyOptions } from './policies/cost.ts'
export type { Weigh } from './policies/orders/cost-order.ts'
export {
  CostPolicy,
  FifoPolicy,
  FifoTPolicy,
  HyperbolicPolicy,
  LfuPolicy,
  LruPolicy,
  LruTPolicy,
  MruPolicy,
  RrPolicy,
  S3FifoPolicy,
  SievePolicy,
} from './policies/index.ts'
export type { RedisClient } from './clients/port.ts'
export { bson } from './serializers/formats/bson.ts'
export { cbor } from './serializers/formats/cbor.ts'
export type { ErrorClass } from './serializers/errors/error-classes.ts'
export { msgpack } from './serializers/formats/msgpack.ts'
export type {
  SerializerFunctions,
  SerializerName,
  SerializerOption,
  SerializerPair,
} from './serializers/resolve-serializer.ts'
export { superjson } from './serializers/formats/superjson.ts'
export { yaml } from './serializers/formats/yaml.ts'
export type { StandardSchema } from './options/standard-schema.ts'
export type { Stats } from './context/stats.ts'
export { MemoryStore, type MemoryStoreOptions } from './stores/memory/memory-store.ts'
export { RedisStore } from './stores/redis/redis-store.ts'
export type { BreakerState } from './flow/circuit-breaker.ts'
export type { Health, StoreStats } from './telemetry/store-health.ts'
export type { NearHealth, NearStats } from './telemetry/near-figures.ts'
export type { CacheStats, Latency } from './telemetry/counters.ts'
export type {
  BreakerEvent,
  CacheEvents,
  CallEvent,
  ComputedEvent,
  ErrorEvent,
  EvictEvent,
  InvalidateEvent,
  SkipReason,
  StaleReason,
} from './telemetry/events.ts'
export type { WrapManyOptions, WrapOptions } from './options/function-options.ts'

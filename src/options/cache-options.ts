import type { AdviseOptions } from './advise-options.ts'
import type { CompressOptions, SecretKeyOptions } from './envelope-options.ts'
import type { Duration } from '../validation/duration.ts'
import type { NearOptions } from './near-options.ts'
import type { RedisClient } from '../clients/port.ts'
import type { WaitUntil } from '../flow/background.ts'
import type { ArgumentEncoder } from '../keys/canonical/options.ts'
import type { ErrorClass } from '../serializers/errors/error-classes.ts'
import type { SerializerOption } from '../serializers/resolve-serializer.ts'
import type { Store } from '../stores/store.ts'

/** Options of a cache: where its entries live, how many, for how long, and what happens when the store fails. */
export interface CacheOptions {
  /**
   * A connected client of node-redis, ioredis, iovalkey or valkey-glide (single server, sentinel or cluster), or a function
   * that returns one. It is called at every use, and has to return the client that is there, not a new one. Either `client` or
   * `store` is required.
   * @default none
   */
  readonly client?: RedisClient | (() => RedisClient) | undefined
  /**
   * A store for the entries, if they do not live in a server: `new MemoryStore()`; either `client` or `store` is required.
   * @default a `RedisStore` over `client`
   */
  readonly store?: Store | undefined
  /**
   * The largest number of entries in each key pair, that is, in the whole cache, or in each function with the scope
   * `'function'`; if the policy has shards, in all of them together; `Infinity` for no bound.
   * @default 1024, or no bound if `maxBytes` is given
   */
  readonly maxSize?: number | undefined
  /**
   * The largest number of bytes that are stored for all entries of each key pair, their metadata included; if the policy has shards,
   * in all of them together; `Infinity` for no bound. Entries are evicted until a new value fits. A result that is larger by itself,
   * or larger than the part of its shard, is not stored, and a `skip` event is emitted. Names, indexes and what Redis needs besides
   * are not counted: see docs/policies.md.
   * @default no bound
   * @throws {OptionError} for what is no whole number above 0.
   * @example
   * new RedisFuncCache('pages', new LruTPolicy(), { client, maxBytes: 64 * 2 ** 20 })
   */
  readonly maxBytes?: number | undefined
  /**
   * How long results are fresh if their function has no `ttl` of its own: seconds, a text such as `'5m'`, or `Infinity` for no
   * end.
   * @default one hour, or `idleTtl` if that is shorter
   */
  readonly ttl?: Duration | undefined
  /**
   * How long the keys of the cache live in Redis after the last read or write: seconds, a text such as `'1d'`, or `Infinity`
   * for ever.
   *
   * A function whose results would live longer than a given `idleTtl` is refused with an {@link OptionError}; a `ttl` of
   * `Infinity` then means as long as the cache is used. Use renews the keys when a tenth of their life has passed, at most
   * every six minutes.
   * @default one hour, or the life of the longest-lived results if that is longer
   * @see https://redis.io/docs/latest/commands/pexpire/
   */
  readonly idleTtl?: Duration | undefined
  /**
   * The beginning of all key names of the cache.
   * @default 'fcache:'
   */
  readonly prefix?: string | undefined
  /**
   * The serializer that turns results into bytes and back: a name, or an encoder and a decoder.
   *
   * `'auto'` writes JSON, and structured clones for results that JSON would change.
   * @default 'auto'
   */
  readonly serializer?: SerializerOption | undefined
  /**
   * Whether the serializer `'json'` stores a result also if JSON changes it, such as a `Date`; refused with other serializers.
   *
   * With `false` such results are returned without being stored.
   * @default false
   */
  readonly lossy?: boolean | undefined
  /**
   * Whether large results are compressed: `true`, or which and how. Results of at most 4,096 bytes are not, and stay readable.
   * @default false
   */
  readonly compress?: boolean | CompressOptions | undefined
  /**
   * Signs what is stored by HMAC-SHA256, bound to its entry: what somebody without the key has written, changed or moved counts
   * as a miss. It stays readable. With several keys, the first one signs.
   * @default not signed
   */
  readonly sign?: SecretKeyOptions | undefined
  /**
   * Encrypts what is stored by AES-256-GCM, bound to its entry: it cannot be read, forged or moved without the key. With several
   * keys, the first one encrypts.
   * @default not encrypted
   */
  readonly encrypt?: SecretKeyOptions | undefined
  /**
   * The largest result that is stored, in bytes; larger ones are returned without being stored, and a `skip` event is emitted.
   * @default Infinity
   */
  readonly maxValueBytes?: number | undefined
  /**
   * The longest time that calls may join one run of a function: seconds, a text, or `Infinity` for no end.
   *
   * After it, the next call runs the function again, the lease of the overdue run ends, and an `overdue` event is emitted.
   * Callers that already wait for the overdue run get its result, which is not stored.
   * @default '1m'
   */
  readonly maxComputeTime?: Duration | undefined
  /**
   * The longest time that callers wait for a computed result to be stored: seconds, a text, `0` for not at all, or `Infinity` for
   * as long as it takes.
   * @default '25ms'
   */
  readonly putWait?: Duration | undefined
  /**
   * How often this process tells the policy which entries were read: at most once in each span of `every`, in seconds or as a
   * text. Repeated reads of an entry within it count once, which saves the server work if few entries are read often.
   * @default 5 ms after a read, every read in its order, and always before this process stores a result
   * @example
   * new RedisFuncCache('shop', new LruTPolicy(), { client, touch: { every: '100ms' } })
   */
  readonly touch?: { readonly every: Duration } | undefined
  /**
   * Encoders that tell instances of your classes apart in arguments.
   * @default none
   */
  readonly encoders?: readonly ArgumentEncoder[] | undefined
  /**
   * Classes of errors, found by their names, of which `cacheErrors` throws stored errors as instances.
   *
   * The classes of JavaScript are known without it. An error of an unknown class is thrown as an `Error` of the same name.
   * @default the error classes of JavaScript
   */
  readonly errors?: readonly ErrorClass[] | undefined
  /**
   * What a call does when the store fails: `'execute'` runs the function and emits an `error` event; `'throw'` rejects the call
   * with a `StoreError`, unless only storing the result failed.
   * @default 'execute'
   */
  readonly onError?: 'execute' | 'throw' | undefined
  /**
   * The longest time that a call waits for the store, in all its steps together: seconds, a text, or `Infinity` for as long as the
   * client takes. Past it, the function runs. It begins when the lookup is sent: of more than 2,048 lookups at once, the later
   * ones wait for their turn first.
   *
   * Commands on a whole key pair (`invalidateAll`, `invalidateTags`, `purge`, `getSize`) have 5 seconds, or this time if that is
   * longer. A `MemoryStore` needs no such limit, and has none.
   * @default '500ms'
   */
  readonly storeTimeout?: Duration | undefined
  /**
   * When the store is left alone after it has failed: the circuit breaker. `false` for never.
   *
   * After `failures` in a row (default 5) nothing is asked of the store for `openFor` (default 100 ms); functions run. Then one call
   * tries it. If that fails, the time doubles, up to `maxOpenFor` (default 1 second, or `openFor` if that is longer). Each time is
   * shortened at random, by at most a half. Failures that concern only some commands, such as a server without memory for more,
   * do not count. Invalidations are tried at any time. A `MemoryStore` has no breaker.
   * @default { failures: 5, openFor: '100ms', maxOpenFor: '1s' }
   * @see https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker
   */
  readonly breaker?:
    | false
    | {
        readonly failures?: number | undefined
        readonly openFor?: Duration | undefined
        readonly maxOpenFor?: Duration | undefined
      }
    | undefined
  /**
   * A function that is given each piece of background work as a promise that never rejects, for hosts that freeze a process
   * after a request: `after` of Next.js, `waitUntil` of Vercel or Cloudflare.
   *
   * Background work is refreshing stale results, reporting reads to the policy, storing results, and releasing leases. The
   * function is called in the async context of a call.
   * @default background work is reported to nobody
   * @example
   * import { after } from 'next/server'
   *
   * new RedisFuncCache('shop', new LruTPolicy(), { client, waitUntil: (work) => after(work) })
   */
  readonly waitUntil?: WaitUntil | undefined
  /**
   * Whether this process holds results in front of the store, and how: a near tier. A near hit asks nothing of the server, and is
   * never older than `maxStaleness` (default 1 second), whatever is lost. An object stands for `true` with other values.
   * @default false
   * @example
   * new RedisFuncCache('shop', new LruTPolicy(), { client, near: { maxSize: 1_000, maxStaleness: '250ms' } })
   */
  readonly near?: boolean | NearOptions | undefined
  /**
   * Whether this process simulates other policies and bounds by a sample of its calls, and how often an `advice` event tells what they
   * would have saved; `stats().advice` has it at any time. Nothing is changed by it.
   * @default false; true for the policy `'auto'`
   * @throws {OptionError} for a cache without a bound, for the scope `'function'`, and for a policy that cannot run in process
   * @see Waldspurger, Park, Garthwaite, Ahmad, "Efficient MRC Construction with SHARDS", FAST 2015.
   * @example
   * new RedisFuncCache('shop', new LruTPolicy(), { client, advise: true })
   */
  readonly advise?: boolean | AdviseOptions | undefined
}

/** Options of {@link RedisFuncCache.drain} and {@link RedisFuncCache.close}. */
export interface DrainOptions {
  /**
   * The longest time to wait for background work: seconds, or a text such as `'10s'`.
   * @default '5s'
   */
  readonly timeout?: Duration | undefined
}

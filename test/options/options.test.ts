// Every option that cannot be is told where it is given, by an error that says what to do.
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import {
  type AbstractPolicy,
  type CacheOptions,
  composeScripts,
  FuncCacheError,
  IdentityError,
  LruTPolicy,
  MemoryStore,
  OptionError,
  PolicyError,
  type PolicyOptions,
  RedisFuncCache,
  type WrapOptions,
} from '../../src/index.ts'

const store = new MemoryStore()
const newCache = (options: Partial<CacheOptions> = {}, name = 'options') =>
  new RedisFuncCache(name, new LruTPolicy(), { store, ...options })

interface BadInput {
  readonly given: string
  readonly attempt: () => unknown
  /** What the message has to say. */
  readonly says: RegExp
}

/** Options as someone without a type checker might give them. */
const withCache = (options: Record<string, unknown>) => () => newCache(options as Partial<CacheOptions>)
const withWrap = (options: Record<string, unknown>) => () =>
  newCache().wrap(async (id: number) => id, { name: 'fn', ...options } as WrapOptions<
    (id: number) => Promise<number>
  >)
const withPolicy = (options: Record<string, unknown>) => () => new LruTPolicy(options as PolicyOptions)

describe('a cache', () => {
  test('has defaults', () => {
    const cache = newCache()
    expect(cache.maxSize).toBe(1024)
    expect(cache.prefix).toBe('fcache:')
    expect(cache.name).toBe('options')
    expect(cache.policy.scope).toBe('cache')
  })

  test('may be without bound and without end', () => {
    const endless = { maxSize: Number.POSITIVE_INFINITY, ttl: Number.POSITIVE_INFINITY }
    expect(newCache(endless).maxSize).toBe(Number.POSITIVE_INFINITY)
  })

  test.each<BadInput>([
    {
      given: 'neither a client nor a store',
      attempt: () => new RedisFuncCache('name', new LruTPolicy(), {}),
      says: /^client or store: .*\{ client \}.*new MemoryStore\(\)/,
    },
    {
      given: 'no options at all',
      attempt: () => Reflect.construct(RedisFuncCache, ['name', new LruTPolicy()]),
      says: /^new RedisFuncCache: .*is not an object of options.*\{ client/,
    },
    {
      given: 'a store in place of the options',
      attempt: () => new RedisFuncCache('name', new LruTPolicy(), new MemoryStore() as never),
      says: /^new RedisFuncCache: this is a client or a store.*\{ client \}/,
    },
    {
      given: 'a breaker that is asked for, which there is',
      attempt: withCache({ breaker: true }),
      says: /^breaker: there is one by default\. Leave the option out/,
    },
    {
      given: 'a waitUntil that is not a function',
      attempt: withCache({ waitUntil: 5 }),
      says: /^waitUntil: 5 is not a function\. Give a callback, such as \(work\) => after\(work\)/,
    },
    {
      given: 'the class of a client',
      attempt: () => new RedisFuncCache('name', new LruTPolicy(), { client: class Redis {} as never }),
      says: /^client: a class or function is no client\. Give an instance/,
    },
    { given: 'both', attempt: withCache({ client: {} }), says: /^client and store: give only one/ },
    {
      given: 'a promise of a client',
      attempt: () => new RedisFuncCache('name', new LruTPolicy(), { client: Promise.resolve() as never }),
      says: /^client: .*promise.*[Aa]wait/,
    },
    {
      given: 'a URL for a client',
      attempt: () => new RedisFuncCache('name', new LruTPolicy(), { client: 'redis://localhost' as never }),
      says: /^client: .*string.*createClient/,
    },
    { given: 'a store that is none', attempt: withCache({ store: {} }), says: /^store: .*MemoryStore/ },
    { given: 'an empty name', attempt: () => newCache({}, ''), says: /^name: .*is empty\. Give/ },
    { given: 'a blank name', attempt: () => newCache({}, ' '), says: /^name: .*is blank\. Give/ },
    {
      given: 'a number for a name',
      attempt: () => newCache({}, 5 as never),
      says: /^name: 5 is not a text\. Give a text/,
    },
    { given: 'a number for a name', attempt: () => newCache({}, 5 as never), says: /^name: / },
    {
      given: 'braces in the name',
      attempt: () => newCache({}, 'a{b}'),
      says: /^name: 'a\{b\}' has braces.*Leave/,
    },
    {
      given: 'a policy class instead of a policy',
      attempt: () => new RedisFuncCache('name', LruTPolicy as unknown as AbstractPolicy, { store }),
      says: /^policy: .*new LruTPolicy\(\)/,
    },
    {
      given: 'options in the place of the policy',
      attempt: () => Reflect.construct(RedisFuncCache, ['name', { store }]),
      says: /^policy: .*new LruTPolicy\(\)/,
    },
    {
      given: 'an unknown option',
      attempt: withCache({ maxsize: 5 }),
      says: /^maxsize: .*no such option\. Did you mean maxSize\? It knows client, store/,
    },
    ...[
      ['maxSzie', 'maxSize'],
      ['serialiser', 'serializer'],
      ['TTL', 'ttl'],
      ['tll', 'ttl'],
      ['tlt', 'ttl'],
      ['cleint', 'client'],
      ['onErrors', 'onError'],
    ].map(([misspelt, meant]) => ({
      given: `${misspelt} for ${meant}`,
      attempt: withCache({ [misspelt as string]: 5 }),
      says: new RegExp(`^${misspelt}: .*Did you mean ${meant}\\?`),
    })),
    {
      given: 'an option that is like none',
      attempt: withCache({ redisUrl: 'redis://localhost' }),
      says: /^redisUrl: new RedisFuncCache knows no such option\. It knows/,
    },
    {
      given: 'the name of values for near',
      attempt: withCache({ near: 'frozen' }),
      says: /^near: 'frozen' is neither true, false nor an object of options\. Give true/,
    },
    {
      given: 'null for near',
      attempt: withCache({ near: null }),
      says: /^near: null is neither true, false/,
    },
    ...[
      ['shards', /Give it to the policy, such as new LruTPolicy\(\{ shards: … \}\)\.$/],
      ['scope', /Give it to the policy, such as new LruTPolicy\(\{ scope: … \}\)\.$/],
      ['staleIfError', /Give it to a function: cache\.wrap\(fn, \{ staleIfError: … \}\)\.$/],
      ['entriesOf', /It is an option of wrapMany\.$/],
    ].map(([name, says]) => ({
      given: `${String(name)}, which something else takes`,
      attempt: withCache({ [name as string]: 5 }),
      says: says as RegExp,
    })),
    {
      given: 'maxSize 0',
      attempt: withCache({ maxSize: 0 }),
      says: /^maxSize: 0 .*above 0\. Give one, or Infinity/,
    },
    { given: 'maxSize -1', attempt: withCache({ maxSize: -1 }), says: /^maxSize: -1 .*above 0/ },
    { given: 'maxSize 1.5', attempt: withCache({ maxSize: 1.5 }), says: /^maxSize: 1.5 .*whole number/ },
    {
      given: 'maxSize NaN',
      attempt: withCache({ maxSize: Number.NaN }),
      says: /^maxSize: NaN .*whole number/,
    },
    { given: "maxSize '5'", attempt: withCache({ maxSize: '5' }), says: /^maxSize: '5' .*whole number/ },
    { given: 'ttl 0', attempt: withCache({ ttl: 0 }), says: /^ttl: 0 .*seconds/ },
    { given: "ttl '5 minutes'", attempt: withCache({ ttl: '5 minutes' }), says: /^ttl: '5 minutes' .*'5m'/ },
    { given: 'an idleTtl of 0', attempt: withCache({ idleTtl: 0 }), says: /^idleTtl: 0 is not a duration/ },
    {
      given: 'an empty prefix',
      attempt: withCache({ prefix: '' }),
      says: /^prefix: '' is empty\. Give a text/,
    },
    {
      given: 'a prefix that is not a text',
      attempt: withCache({ prefix: {} }),
      says: /^prefix: \{\} is not a text/,
    },
    {
      given: 'a flag without a prototype',
      attempt: withWrap({ share: Object.create(null) }),
      says: /^share: .*neither true nor false/,
    },
    {
      given: 'braces in the prefix',
      attempt: withCache({ prefix: '{x}:' }),
      says: /^prefix: '\{x\}:' has braces/,
    },
    {
      given: "serializer 'xml'",
      attempt: withCache({ serializer: 'xml' }),
      says: /^serializer: .*'xml'.*'json'/,
    },
    {
      given: 'lossy with the default serializer',
      attempt: withCache({ lossy: true }),
      says: /^lossy: this option is for the serializer 'json' only.*'auto'.*serializer: 'json'/,
    },
    {
      given: "lossy 'yes'",
      attempt: withCache({ serializer: 'json', lossy: 'yes' }),
      says: /^lossy: 'yes' .*true nor false/,
    },
    {
      given: 'serializer {}',
      attempt: withCache({ serializer: {} }),
      says: /^serializer: .*\[serialize, deserialize\]/,
    },
    {
      given: "onError 'ignore'",
      attempt: withCache({ onError: 'ignore' }),
      says: /^onError: 'ignore'.*execute, throw/,
    },
    {
      given: 'maxValueBytes 0',
      attempt: withCache({ maxValueBytes: 0 }),
      says: /^maxValueBytes: 0 .*above 0/,
    },
    {
      given: 'touch {}',
      attempt: withCache({ touch: {} }),
      says: /^touch\.every: undefined is not a duration/,
    },
    {
      given: 'touch 5',
      attempt: withCache({ touch: 5 }),
      says: /^touch: .*is not an object of options.*every/,
    },
    { given: 'encoders {}', attempt: withCache({ encoders: {} }), says: /^encoders: / },
    { given: 'errors {}', attempt: withCache({ errors: {} }), says: /^errors: give an array of classes/ },
    {
      given: 'an error for a class of errors',
      attempt: withCache({ errors: [new Error('no')] }),
      says: /^errors: .*not a class of errors.*extend Error/,
    },
    {
      given: 'a class of errors that is none',
      attempt: withCache({ errors: [Map] }),
      says: /^errors: Map is not a class of errors.*extend Error/,
    },
    {
      given: 'two classes of errors of one name',
      attempt: withCache({ errors: [class A extends Error {}, (() => class A extends Error {})()] }),
      says: /^errors: there are two classes named 'A'.*Rename/,
    },
  ])('is not made of $given', ({ attempt, says }) => {
    expect(attempt).toThrow(OptionError)
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringMatching(says) }),
    )
  })
})

describe('a policy', () => {
  test.each<BadInput>([
    {
      given: "scope 'functions'",
      attempt: withPolicy({ scope: 'functions' }),
      says: /^scope: 'functions'.*cache, function/,
    },
    {
      given: "keys 'tagged'",
      attempt: withPolicy({ keys: 'tagged' }),
      says: /^keys: 'tagged'.*cluster, plain/,
    },
    {
      given: "hash 'crc32'",
      attempt: withPolicy({ hash: 'crc32' }),
      says: /^hash\.algorithm: 'crc32'.*sha256, sha1, md5, sha512/,
    },
    {
      given: "hash encoding 'binary'",
      attempt: withPolicy({ hash: { encoding: 'binary' } }),
      says: /^hash\.encoding: 'binary'.*base64, hex, bytes/,
    },
  ])('is not made of $given', ({ attempt, says }) => {
    expect(attempt).toThrow(OptionError)
    expect(attempt).toThrow(says)
  })
})

const SCHEMA = { '~standard': { version: 1, vendor: 'by-hand', validate: (value: unknown) => ({ value }) } }

describe('a function', () => {
  test.each<{ given: Record<string, unknown> }>([
    {
      given: {
        ttl: () => 5,
        staleWhileRevalidate: 5,
        staleIfError: '1h',
        earlyRefresh: { beta: 0.5 },
        jitter: 0.999,
      },
    },
    { given: { ttl: 5, staleIfError: { for: 5 }, softTimeout: '10ms', timeout: '24d' } },
    { given: { earlyRefresh: false, jitter: 0 } },
    {
      given: { earlyRefresh: undefined, staleIfError: undefined, timeout: undefined, cacheErrors: undefined },
    },
    { given: { schema: SCHEMA, migrate: (value: unknown) => value } },
    { given: { schema: Object.assign(() => {}, SCHEMA) } },
    { given: { cacheErrors: { ttl: '30s', when: () => true } } },
  ])('is wrapped with $given', ({ given }) => {
    expect(withWrap(given)().identity.name).toBe('fn')
  })

  test.each<{ what: string; cache: Partial<CacheOptions>; options: WrapOptions<() => Promise<number>> }>([
    { what: 'as long as the cache lives', cache: { ttl: '1h' }, options: { ttl: '1h' } },
    { what: 'longer than a cache lives by default', cache: {}, options: { ttl: '7d', staleIfError: '7d' } },
    {
      what: 'longer, in one without an end',
      cache: { ttl: Number.POSITIVE_INFINITY },
      options: { ttl: '7d' },
    },
  ])('may have results that live $what', ({ cache, options }) => {
    expect(newCache(cache).wrap(async () => 1, { name: 'fn', ...options }).identity.name).toBe('fn')
  })

  test.each<BadInput>([
    { given: 'what is none', attempt: () => newCache().wrap(5 as never), says: /^wrap: 5 is not a function/ },
    {
      given: 'nothing, as of a module that has not run yet',
      attempt: () => newCache().wrap(undefined as never),
      says: /^wrap: undefined is not a function\. .*import each other/,
    },
    {
      given: 'nothing in place of a function of lists',
      attempt: () => newCache().wrapMany(undefined as never),
      says: /^wrapMany: undefined is not a function/,
    },
    {
      given: 'a generator',
      attempt: () => newCache().wrap(function* count() {} as never),
      says: /^wrap: count is a generator.*collects/,
    },
    {
      given: 'an async generator',
      attempt: () => newCache().wrap(async function* count() {} as never),
      says: /^wrap: count is a generator.*collects/,
    },
    {
      given: 'an unknown option',
      attempt: withWrap({ TTL: 5 }),
      says: /^TTL: wrap knows no such option.*ttl/,
    },
    {
      given: 'an option of the cache',
      attempt: withWrap({ compress: 'gzip' }),
      says: /^compress: wrap knows no such option\. Give it to the cache: new RedisFuncCache/,
    },
    {
      given: 'a number for near',
      attempt: withWrap({ near: 100 }),
      says: /^near: 100 is neither true, false nor an object of options\. Give true/,
    },
    { given: 'ttl 0', attempt: withWrap({ ttl: 0 }), says: /^ttl: 0 .*seconds/ },
    {
      given: 'staleWhileRevalidate Infinity',
      attempt: withWrap({ ttl: 5, staleWhileRevalidate: Number.POSITIVE_INFINITY }),
      says: /^staleWhileRevalidate: Infinity .*100 years/,
    },
    { given: 'an empty name', attempt: withWrap({ name: '' }), says: /^name: .*empty/ },
    { given: 'a number for a name', attempt: withWrap({ name: 5 }), says: /^name: 5 is not a text/ },
    { given: 'source 0', attempt: withWrap({ source: 0 }), says: /^source: 0 .*true nor false/ },
    {
      given: 'an object for a version',
      attempt: withWrap({ version: {} }),
      says: /^version: .*text.*number/,
    },
    { given: 'a key that is not a function', attempt: withWrap({ key: 'id' }), says: /^key: .*function/ },
    {
      given: 'key and excludes',
      attempt: withWrap({ key: (id: number) => id, excludes: [0] }),
      says: /^key and excludes: give only one/,
    },
    {
      given: 'excludes -1',
      attempt: withWrap({ excludes: [-1] }),
      says: /^excludes: -1 .*position.*property/,
    },
    {
      given: 'excludes 0.5',
      attempt: withWrap({ excludes: [0.5] }),
      says: /^excludes: 0.5 .*position.*property/,
    },
    {
      given: 'excludes NaN',
      attempt: withWrap({ excludes: [Number.NaN] }),
      says: /^excludes: NaN .*position/,
    },
    {
      given: "excludes ''",
      attempt: withWrap({ excludes: [''] }),
      says: /^excludes: '' .*position.*property/,
    },
    {
      given: 'excludes that name a parameter',
      attempt: () =>
        newCache().wrap(async (id: number, session: object) => ({ id, session }), {
          name: 'fn',
          excludes: ['session'],
        }),
      says: /^excludes: 'session' is a parameter .*excludes: \[1\]/,
    },
    {
      given: 'excludes that name the parameter of wrapMany',
      attempt: () =>
        newCache().wrapMany(async (ids: readonly number[]) => [...ids], { name: 'fn', excludes: ['ids'] }),
      says: /^excludes: 'ids' is a parameter .*the arguments are the ids/,
    },
    {
      given: 'positions in excludes of wrapMany',
      attempt: () =>
        newCache().wrapMany(async (ids: readonly number[]) => [...ids], { name: 'fn', excludes: [0] }),
      says: /^excludes: wrapMany knows no positions/,
    },
    {
      given: 'excludes that are no list',
      attempt: withWrap({ excludes: 'password' }),
      says: /^excludes: .*array/,
    },
    {
      given: 'a promise in the place of the function',
      attempt: () => newCache().wrap(Promise.resolve(1) as never),
      says: /^wrap: Promise .*is not a function\. Give the function itself, not what it returns/,
    },
    ...[
      {
        options: { ttl: '2h' },
        says: /^ttl: results may live 2h, but the keys of the cache expire 1h after their last use.*idleTtl: '2h'/,
      },
      {
        options: { ttl: '30m', staleWhileRevalidate: '31m' },
        says: /^ttl plus staleWhileRevalidate or staleIfError: results may live 61m/,
      },
      {
        options: { ttl: '30m', staleIfError: '1d' },
        says: /^ttl plus staleWhileRevalidate or staleIfError: .*1470m/,
      },
      { options: { cacheErrors: { ttl: '61m' } }, says: /^cacheErrors\.ttl: results may live 61m/ },
    ].map(({ options, says }) => ({
      given: `${JSON.stringify(options)} in a cache that lives for an hour`,
      attempt: () =>
        newCache({ idleTtl: '1h' }).wrap(async () => 1, {
          name: 'fn',
          ...(options as WrapOptions<() => Promise<number>>),
        }),
      says,
    })),
    {
      given: 'rows that are missing for longer than the cache lives',
      attempt: () =>
        newCache({ idleTtl: '1h' }).wrapMany(async () => [], { name: 'fn', absent: { ttl: '2h' } }),
      says: /^absent\.ttl: results may live 2h/,
    },
    {
      given: 'a timeout below the soft one',
      attempt: withWrap({ ttl: 5, staleIfError: 5, softTimeout: '2s', timeout: '1s' }),
      says: /^softTimeout: it never applies, because 2s is not shorter than timeout \(1s\)/,
    },
    {
      given: 'a timeout equal to the soft one',
      attempt: withWrap({ ttl: 5, staleIfError: 5, softTimeout: '1s', timeout: '1s' }),
      says: /^softTimeout: it never applies, because 1s is not shorter than timeout \(1s\)/,
    },
    {
      given: 'a softTimeout with a staleIfError that staleWhileRevalidate covers',
      attempt: withWrap({ ttl: 5, staleWhileRevalidate: 10, staleIfError: 10, softTimeout: 1 }),
      says: /^softTimeout: it never applies.*staleIfError \(10s\) is not longer than staleWhileRevalidate \(10s\)/,
    },
    {
      given: 'keys that live shorter than the results of all functions',
      attempt: () => newCache({ ttl: '2h', idleTtl: '90m' }),
      says: /^idleTtl: results live longer \(ttl: '2h'\) than the keys that hold them \(90m after the last use\)/,
    },
    {
      given: 'a ttl of each result, and a time after it beyond the end of the cache',
      attempt: () =>
        newCache({ idleTtl: '1m' }).wrap(async () => 1, { name: 'fn', ttl: () => '10s', staleIfError: '1h' }),
      says: /^ttl plus staleWhileRevalidate or staleIfError: results may live 1h/,
    },
    {
      given: 'a softTimeout without a stale result to fall back on',
      attempt: withWrap({ ttl: 5, staleWhileRevalidate: 5, softTimeout: '2s' }),
      says: /^softTimeout: needs the option staleIfError/,
    },
    {
      given: 'an async key',
      attempt: withWrap({ key: async () => 1 }),
      says: /^key: this function is async.*without a promise/,
    },
    {
      given: 'an async this',
      attempt: withWrap({ this: async () => 1 }),
      says: /^this: this function is async.*without a promise/,
    },
    {
      given: 'an async encoder',
      attempt: withWrap({ encoders: [{ type: URL, encode: async () => 1 }] }),
      says: /^encoders: encode for URL is async/,
    },
    ...['cacheIf', 'tags', 'ttl', 'key', 'this', 'migrate'].map((option) => ({
      given: `a generator as ${option}`,
      attempt: withWrap({ schema: z.number(), [option]: function* () {} }),
      says: new RegExp(`^${option}: give `),
    })),
    {
      given: 'a generator that judges errors',
      attempt: withWrap({ cacheErrors: { ttl: 1, when: function* () {} } }),
      says: /^cacheErrors.when: give a function/,
    },
    { given: "this 'all'", attempt: withWrap({ this: 'all' }), says: /^this: give 'shared', or a function/ },
    { given: "share 'yes'", attempt: withWrap({ share: 'yes' }), says: /^share: 'yes' .*true nor false/ },
    { given: "serializer 'xml'", attempt: withWrap({ serializer: 'xml' }), says: /^serializer: .*'xml'/ },
    { given: 'maxComputeTime 0', attempt: withWrap({ maxComputeTime: 0 }), says: /^maxComputeTime: 0 / },
    { given: 'putWait -1', attempt: withWrap({ putWait: -1 }), says: /^putWait: -1 / },
    {
      given: 'lossy with a serializer of its own',
      attempt: withWrap({ serializer: [String, String], lossy: true }),
      says: /^lossy: this option is for the serializer 'json' only.*'custom'/,
    },
    {
      given: 'lossy with that of the cache',
      attempt: withWrap({ lossy: true }),
      says: /^lossy: this option is for the serializer 'json' only.*'auto'/,
    },
    { given: 'maxValueBytes -1', attempt: withWrap({ maxValueBytes: -1 }), says: /^maxValueBytes: -1 / },
    { given: 'ttl null', attempt: withWrap({ ttl: null }), says: /^ttl: .*seconds/ },
    {
      given: 'staleWhileRevalidate 0',
      attempt: withWrap({ ttl: 5, staleWhileRevalidate: 0 }),
      says: /^staleWhileRevalidate: 0 is not a duration.*seconds/,
    },
    {
      given: 'staleWhileRevalidate Infinity',
      attempt: withWrap({ ttl: 5, staleWhileRevalidate: Number.POSITIVE_INFINITY }),
      says: /^staleWhileRevalidate: Infinity .*100 years/,
    },
    {
      given: "staleIfError 'always'",
      attempt: withWrap({ ttl: 5, staleIfError: 'always' }),
      says: /^staleIfError: 'always' is not a duration.*'30s'/,
    },
    {
      given: 'staleIfError {}',
      attempt: withWrap({ ttl: 5, staleIfError: {} }),
      says: /^staleIfError.*is not a duration/,
    },
    {
      given: 'staleIfError null',
      attempt: withWrap({ ttl: 5, staleIfError: null }),
      says: /^staleIfError: .*is not an object of options.*for/,
    },
    {
      given: 'staleIfError with an unknown name',
      attempt: withWrap({ ttl: 5, staleIfError: { ttl: 5 } }),
      says: /^ttl: staleIfError knows no such option.*for, when/,
    },
    {
      given: 'staleIfError.when that is not a function',
      attempt: withWrap({ ttl: 5, staleIfError: { for: 5, when: RangeError.prototype } }),
      says: /^staleIfError\.when: give a function of the error/,
    },
    {
      given: 'earlyRefresh 5',
      attempt: withWrap({ ttl: 5, earlyRefresh: 5 }),
      says: /^earlyRefresh: .*is not an object of options.*beta/,
    },
    {
      given: 'earlyRefresh with an unknown name',
      attempt: withWrap({ ttl: 5, earlyRefresh: { gamma: 5 } }),
      says: /^gamma: earlyRefresh knows no such option.*beta/,
    },
    ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY, '2'].map((beta) => ({
      given: `earlyRefresh.beta ${beta}`,
      attempt: withWrap({ ttl: 5, earlyRefresh: { beta } }),
      says: /^earlyRefresh\.beta: .*is not a number above 0\. Give 1/,
    })),
    ...[-0.1, 1, 2, Number.NaN, '0.1'].map((jitter) => ({
      given: `jitter ${jitter}`,
      attempt: withWrap({ ttl: 5, jitter }),
      says: /^jitter: .*from 0 up to, but not including, 1/,
    })),
    {
      given: 'cacheIf true',
      attempt: withWrap({ cacheIf: true }),
      says: /^cacheIf: give a function of the result and the arguments/,
    },
    {
      given: 'a list for tags',
      attempt: withWrap({ tags: ['user'] }),
      says: /^tags: give a function .* array of names/,
    },
    {
      given: 'cacheErrors true',
      attempt: withWrap({ cacheErrors: true }),
      says: /^cacheErrors: .*is not an object of options.*ttl/,
    },
    {
      given: 'cacheErrors without a ttl',
      attempt: withWrap({ cacheErrors: {} }),
      says: /^cacheErrors\.ttl: undefined is not a duration.*seconds/,
    },
    {
      given: 'cacheErrors with an unknown name',
      attempt: withWrap({ cacheErrors: { for: 5 } }),
      says: /^for: cacheErrors knows no such option.*ttl, when/,
    },
    {
      given: 'cacheErrors.when that is not a function',
      attempt: withWrap({ cacheErrors: { ttl: 5, when: 'TypeError' } }),
      says: /^cacheErrors\.when: give a function of the error/,
    },
    { given: 'timeout 0', attempt: withWrap({ timeout: 0 }), says: /^timeout: 0 is not a duration/ },
    {
      given: 'a timeout that no timer takes',
      attempt: withWrap({ timeout: '25d' }),
      says: /^timeout: 25 days are longer than a timer can wait\. Give at most 24 days/,
    },
    {
      given: 'a softTimeout that no timer takes',
      attempt: withWrap({ ttl: 5, staleIfError: 5, softTimeout: '30d' }),
      says: /^softTimeout: 30 days are longer than a timer can wait\. Give at most 24 days/,
    },
    {
      given: 'a schema that is none',
      attempt: withWrap({ schema: { parse: (value: unknown) => value } }),
      says: /^schema: this value does not implement the Standard Schema.*zod/,
    },
    {
      given: 'schema null',
      attempt: withWrap({ schema: null }),
      says: /^schema: this value does not implement/,
    },
    {
      given: 'migrate that is not a function',
      attempt: withWrap({ schema: SCHEMA, migrate: 5 }),
      says: /^migrate: give a function of a stored result/,
    },
    ...['staleWhileRevalidate', 'staleIfError', 'earlyRefresh', 'jitter'].map((option) => ({
      given: `${option} where results have no end`,
      attempt: withWrap({
        ttl: Number.POSITIVE_INFINITY,
        [option]: option === 'jitter' ? 0.1 : option === 'earlyRefresh' ? true : 5,
      }),
      says: new RegExp(`^${option}: results never stop being fresh, since ttl is Infinity\\. Give`),
    })),
    {
      given: 'softTimeout without staleIfError',
      attempt: withWrap({ ttl: 5, staleWhileRevalidate: 5, softTimeout: 1 }),
      says: /^softTimeout: needs the option staleIfError, which keeps/,
    },
    {
      given: 'migrate without schema',
      attempt: withWrap({ migrate: (value: unknown) => value }),
      says: /^migrate: needs the option schema, which/,
    },
  ])('is not wrapped: $given', ({ attempt, says }) => {
    expect(attempt).toThrow(OptionError)
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringMatching(says) }),
    )
  })

  test.each<BadInput>([
    {
      given: 'no name',
      attempt: () => newCache().wrap(async () => 1),
      says: /has no name.*wrap\(fn, \{ name: … \}\)/,
    },
    {
      given: 'braces in its name',
      attempt: withWrap({ name: 'a{b}' }),
      says: /'a\{b\}' has braces.*wrap\(fn, \{ name: … \}\)/,
    },
    {
      given: 'the name of another one of the same source',
      attempt: () => {
        const cache = newCache()
        const made = () => async (id: number) => id
        cache.wrap(made(), { name: 'twice' })
        cache.wrap(made(), { name: 'twice' })
      },
      says: /cache 'options' has another function under the name 'twice'.*wrap it once.*name or version/,
    },
  ])('is not wrapped: $given', ({ attempt, says }) => {
    expect(attempt).toThrow(IdentityError)
    expect(attempt).toThrow(FuncCacheError)
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'ERR_IDENTITY', message: expect.stringMatching(says) }),
    )
  })

  test('may be wrapped twice, and under two names or versions', () => {
    const cache = newCache()
    const fn = async (id: number): Promise<number> => id
    const wrapped = [
      cache.wrap(fn),
      cache.wrap(fn),
      cache.wrap(fn, { name: 'other' }),
      cache.wrap(fn, { version: 2 }),
      cache.wrap(fn, { source: false }),
    ]
    expect(new Set(wrapped.map(({ identity }) => identity.checksum)).size).toBe(4)
  })
})

describe('a call', () => {
  const wrapped = () => newCache().wrap(async (id: number) => id, { name: 'called' })

  test.each<BadInput>([
    {
      given: 'nothing',
      attempt: () => wrapped().with(undefined as never),
      says: /^with: .*is not an object of options/,
    },
    {
      given: 'an unknown option',
      attempt: () => wrapped().with({ timeout: 5 } as never),
      says: /^timeout: with knows no such option.*signal, soft/,
    },
    {
      given: 'a controller for a signal',
      attempt: () => wrapped().with({ signal: new AbortController() as never }),
      says: /^signal: .*Give the signal of an AbortController/,
    },
    {
      given: "soft 'yes'",
      attempt: () => wrapped().with({ soft: 'yes' as never }),
      says: /^soft: 'yes' .*true nor false/,
    },
  ])('is not made with $given', ({ attempt, says }) => {
    expect(attempt).toThrow(OptionError)
    expect(attempt).toThrow(says)
  })

  test('may be made with a signal, and with none', () => {
    expect(wrapped().with({ signal: AbortSignal.timeout(1_000) }).identity.name).toBe('called')
    expect(wrapped().with({ signal: undefined, soft: undefined }).identity.name).toBe('called')
  })
})

describe('a method', () => {
  const of = (call: (cache: RedisFuncCache) => unknown) => async () => call(newCache())

  test.each<{ given: string; attempt: () => Promise<unknown>; says: RegExp }>([
    {
      given: 'a number',
      attempt: of((cache) => cache.purge(7 as never)),
      says: /^purge: give a cached function/,
    },
    { given: 'null', attempt: of((cache) => cache.purge(null as never)), says: /^purge: / },
    {
      given: 'the plain function',
      attempt: of((cache) => cache.purge((async () => 1) as never)),
      says: /^purge: give a cached function, as wrap\(\) returns it; or nothing/,
    },
    {
      given: 'a name',
      attempt: of((cache) => cache.getSize('load' as never)),
      says: /^getSize: give a cached/,
    },
    {
      given: 'a list of tags',
      attempt: of((cache) => cache.invalidateTags(['a'] as never)),
      says: /^invalidateTags: give the tags one by one/,
    },
    {
      given: 'a Set of tags',
      attempt: of((cache) => cache.invalidateTags(new Set(['a']) as never)),
      says: /^invalidateTags: give the tags one by one/,
    },
    {
      given: 'null as a tag',
      attempt: of((cache) => cache.invalidateTags(null as never)),
      says: /^invalidateTags: /,
    },
    {
      given: 'a mode that is no boolean',
      attempt: of((cache) => cache.withMode({ read: 'no' as never }, () => 1)),
      says: /^read: 'no' is neither true nor false/,
    },
    {
      given: 'a mode that is misspelled',
      attempt: of((cache) => cache.withMode({ raed: true } as never, () => 1)),
      says: /Did you mean read\?/,
    },
    {
      given: 'no callback',
      attempt: of((cache) => cache.withMode({}, undefined as never)),
      says: /^withMode: /,
    },
    {
      given: 'a promise for a callback',
      attempt: of((cache) => cache.bypass(Promise.resolve(1) as never)),
      says: /is not a function\. Give a callback/,
    },
    {
      given: 'no callback of statistics',
      attempt: of((cache) => cache.withStats(7 as never)),
      says: /^withStats: 7/,
    },
    {
      given: 'no listener',
      attempt: of((cache) => cache.on('error', undefined as never)),
      says: /^on: give a function/,
    },
    {
      given: 'no listener to remove',
      attempt: of((cache) => cache.off('hit', 1 as never)),
      says: /^off: give a/,
    },
    {
      given: 'an event',
      attempt: of((cache) => cache.on('hits' as never, () => {})),
      says: /Did you mean hit\?/,
    },
    {
      given: 'no object',
      attempt: of((cache) => cache.method(null as never, 'x' as never)),
      says: /^method: null has/,
    },
  ])('refuses $given', async ({ attempt, says }) => {
    await expect(attempt()).rejects.toThrow(OptionError)
    await expect(attempt()).rejects.toThrow(says)
  })

  test('takes what of a mode is undefined as it is around', async () => {
    const cache = newCache()
    const run = vi.fn<() => Promise<number>>(async () => 1)
    const load = cache.wrap(run, { name: 'load' })
    await load()
    await cache.withMode({ read: undefined, write: undefined, execute: undefined }, () => load())
    expect(run).toHaveBeenCalledOnce()
    await cache.readOnly(() => cache.withMode({ execute: undefined }, () => load()))
    expect(run).toHaveBeenCalledOnce()
  })
})

describe('a part', () => {
  test.each<BadInput>([
    {
      given: 'a store',
      attempt: () => new MemoryStore({ clok: 1 } as never),
      says: /^clok: .*Did you mean clock\?/,
    },
    {
      given: 'a clock',
      attempt: () => new MemoryStore({ clock: 5 as never }),
      says: /^clock: give a function/,
    },
    {
      given: 'no options of a store',
      attempt: () => new MemoryStore(null as never),
      says: /.*is not an object of options/,
    },
    {
      given: 'the hash of a policy',
      attempt: () => new LruTPolicy({ hash: { algoritm: 'md5' } as never }),
      says: /^algoritm: hash knows no such option\. Did you mean algorithm\?/,
    },
    {
      given: 'null for a hash',
      attempt: () => new LruTPolicy({ hash: null as never }),
      says: /^hash: null is not an object of options/,
    },
    {
      given: 'an encoder',
      attempt: () => newCache({ encoders: [{ type: Date, nam: 'd', encode: Number }] as never }),
      says: /^nam: an encoder knows no such option\. Did you mean name\?/,
    },
    {
      given: 'an option of lists',
      attempt: () => newCache().wrapMany(async () => [], { name: 'rows', abscent: { ttl: 5 } } as never),
      says: /^abscent: wrapMany knows no such option\. Did you mean absent\?/,
    },
    {
      given: '`this` of lists',
      attempt: () => newCache().wrapMany(async () => [], { name: 'rows', this: 'shared' } as never),
      says: /^this: wrapMany knows no such option/,
    },
    {
      given: 'no options of lists',
      attempt: () => newCache().wrapMany(async () => [], null as never),
      says: /^wrapMany: .*is not an object of options/,
    },
    {
      given: 'of for entriesOf',
      attempt: () => newCache().wrapMany(async () => [], { name: 'rows', of: () => 1 } as never),
      says: /^of: wrapMany knows no such option\. Did you mean entriesOf\?/,
    },
    {
      given: 'staleTtl for staleWhileRevalidate',
      attempt: withWrap({ ttl: 5, staleTtl: 5 }),
      says: /^staleTtl: wrap knows no such option\. Did you mean staleWhileRevalidate\?/,
    },
    {
      given: "singleFlight 'cluster' for 'global'",
      attempt: withWrap({ singleFlight: 'cluster' }),
      says: /^singleFlight: 'cluster' is not known\. Did you mean global\? Give 'process', 'global'/,
    },
    {
      given: 'everyMs for every',
      attempt: withCache({ touch: { everyMs: 100 } }),
      says: /^everyMs: touch knows no such option\. Did you mean every\?/,
    },
    {
      given: 'entriesOf without a function',
      attempt: () => newCache().wrapMany(async () => [], { name: 'rows', entriesOf: null as never }),
      says: /^entriesOf: give a function that this cache has wrapped/,
    },
    {
      given: 'the method, as by a decorator without parentheses',
      attempt: () => newCache().cached((async () => 1) as never),
      says: /^cached: this is the method.*@cache\.cached\(\{/,
    },
    {
      given: 'an option of a decorator whose method is not known yet',
      attempt: () => newCache().cached({ this: 'shared', tll: 5 } as never),
      says: /^tll: cached knows no such option\. Did you mean ttl\?/,
    },
    {
      given: 'an option of decorators',
      attempt: () => {
        class Shop {
          async list(): Promise<number> {
            return 1
          }
        }
        const descriptor = { value: Shop.prototype.list }
        newCache().cached({ this: 'shared', tll: 5 } as never)(Shop.prototype as never, 'list', descriptor)
      },
      says: /^tll: cached knows no such option\. Did you mean ttl\?/,
    },
  ])('is not made with $given misspelled or wrong', ({ attempt, says }) => {
    expect(attempt).toThrow(OptionError)
    expect(attempt).toThrow(says)
  })

  test('of a policy needs its Lua', () => {
    for (const text of [undefined, [], 7]) expect(() => composeScripts(text as never)).toThrow(PolicyError)
  })
})

describe('excludes that look like parameters, and are not', () => {
  test.each([
    ['a property that is taken apart', async ({ signal }: { signal?: AbortSignal }) => signal, 'signal'],
    ['a parameter that a minifier has named', async (e: { e: number }) => e, 'e'],
  ])('%s', (_, fn, name) => {
    expect(() =>
      newCache().wrap(fn as (options: object) => unknown, { name: 'fn', excludes: [name] }),
    ).not.toThrow()
  })
})

// Every option that cannot be is told where it is given, by an error that says what to do.
import { describe, expect, test } from 'vitest'
import {
  type AbstractPolicy,
  type CacheOptions,
  FuncCacheError,
  IdentityError,
  LruTPolicy,
  MemoryStore,
  OptionError,
  type PolicyOptions,
  RedisFuncCache,
  type WrapOptions,
} from '../src/index.ts'

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
  newCache().wrap(async (id: number) => id, { name: 'fn', ...options } as WrapOptions)
const withPolicy = (options: Record<string, unknown>) => () => new LruTPolicy(options as PolicyOptions)

describe('a cache', () => {
  test('has defaults', () => {
    const cache = newCache()
    expect(cache.maxSize).toBe(1024)
    expect(cache.prefix).toBe('func-cache:')
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
      says: /^new RedisFuncCache: options are an object.*\{ client/,
    },
    { given: 'both', attempt: withCache({ client: {} }), says: /^client and store: give one/ },
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
    { given: 'an empty name', attempt: () => newCache({}, ''), says: /^name: .*not empty/ },
    { given: 'a blank name', attempt: () => newCache({}, ' '), says: /^name: .*not empty/ },
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
      says: /^maxsize: .*no such option.*maxSize/,
    },
    { given: 'maxSize 0', attempt: withCache({ maxSize: 0 }), says: /^maxSize: 0 .*above 0, or Infinity/ },
    { given: 'maxSize -1', attempt: withCache({ maxSize: -1 }), says: /^maxSize: -1 .*above 0/ },
    { given: 'maxSize 1.5', attempt: withCache({ maxSize: 1.5 }), says: /^maxSize: 1.5 .*whole number/ },
    {
      given: 'maxSize NaN',
      attempt: withCache({ maxSize: Number.NaN }),
      says: /^maxSize: NaN .*whole number/,
    },
    { given: "maxSize '5'", attempt: withCache({ maxSize: '5' }), says: /^maxSize: 5 .*whole number/ },
    { given: 'ttl 0', attempt: withCache({ ttl: 0 }), says: /^ttl: 0 .*seconds/ },
    { given: "ttl '5 minutes'", attempt: withCache({ ttl: '5 minutes' }), says: /^ttl: "5 minutes" .*'5m'/ },
    { given: 'updateTtl 1', attempt: withCache({ updateTtl: 1 }), says: /^updateTtl: 1 .*true nor false/ },
    { given: 'an empty prefix', attempt: withCache({ prefix: '' }), says: /^prefix: .*empty/ },
    {
      given: 'braces in the prefix',
      attempt: withCache({ prefix: '{x}:' }),
      says: /^prefix: '\{x\}:' has braces/,
    },
    {
      given: "serializer 'xml'",
      attempt: withCache({ serializer: 'xml' }),
      says: /^serializer: .*"xml".*'json'/,
    },
    {
      given: 'serializer {}',
      attempt: withCache({ serializer: {} }),
      says: /^serializer: .*\[serialize, deserialize\]/,
    },
    {
      given: "onError 'ignore'",
      attempt: withCache({ onError: 'ignore' }),
      says: /^onError: "ignore".*execute, throw/,
    },
    {
      given: 'maxValueBytes 0',
      attempt: withCache({ maxValueBytes: 0 }),
      says: /^maxValueBytes: 0 .*above 0/,
    },
    {
      given: 'touch {}',
      attempt: withCache({ touch: {} }),
      says: /^touch\.everyMs: undefined .*milliseconds/,
    },
    { given: 'touch 5', attempt: withCache({ touch: 5 }), says: /^touch: options are an object.*everyMs/ },
    { given: 'encoders {}', attempt: withCache({ encoders: {} }), says: /^encoders: / },
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
      says: /^scope: "functions".*cache, function/,
    },
    {
      given: "keys 'tagged'",
      attempt: withPolicy({ keys: 'tagged' }),
      says: /^keys: "tagged".*cluster, plain/,
    },
    {
      given: "hash 'crc32'",
      attempt: withPolicy({ hash: 'crc32' }),
      says: /^hash\.algorithm: "crc32".*sha256, sha1, md5, sha512/,
    },
    {
      given: "hash encoding 'binary'",
      attempt: withPolicy({ hash: { encoding: 'binary' } }),
      says: /^hash\.encoding: "binary".*base64, hex, bytes/,
    },
  ])('is not made of $given', ({ attempt, says }) => {
    expect(attempt).toThrow(OptionError)
    expect(attempt).toThrow(says)
  })
})

describe('a function', () => {
  test.each<BadInput>([
    { given: 'what is none', attempt: () => newCache().wrap(5 as never), says: /^wrap: 5 is no function/ },
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
    { given: 'ttl 0', attempt: withWrap({ ttl: 0 }), says: /^ttl: 0 .*seconds/ },
    {
      given: 'ttl Infinity',
      attempt: withWrap({ ttl: Number.POSITIVE_INFINITY }),
      says: /^ttl: Infinity .*100 years/,
    },
    { given: 'an empty name', attempt: withWrap({ name: '' }), says: /^name: .*empty/ },
    { given: 'a number for a name', attempt: withWrap({ name: 5 }), says: /^name: 5 is not a text/ },
    { given: 'source 0', attempt: withWrap({ source: 0 }), says: /^source: 0 .*true nor false/ },
    {
      given: 'an object for a version',
      attempt: withWrap({ version: {} }),
      says: /^version: .*text.*number/,
    },
    { given: 'a key that is no function', attempt: withWrap({ key: 'id' }), says: /^key: .*function/ },
    {
      given: 'key and excludes',
      attempt: withWrap({ key: (id: number) => id, excludes: [0] }),
      says: /^key and excludes: give one/,
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
      says: /^excludes: "" .*position.*property/,
    },
    {
      given: 'excludes that are no list',
      attempt: withWrap({ excludes: 'password' }),
      says: /^excludes: .*list/,
    },
    { given: "this 'all'", attempt: withWrap({ this: 'all' }), says: /^this: give 'shared', or a function/ },
    { given: "share 'yes'", attempt: withWrap({ share: 'yes' }), says: /^share: yes .*true nor false/ },
    { given: "serializer 'xml'", attempt: withWrap({ serializer: 'xml' }), says: /^serializer: .*"xml"/ },
    { given: 'maxValueBytes -1', attempt: withWrap({ maxValueBytes: -1 }), says: /^maxValueBytes: -1 / },
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
      says: /without a name.*wrap\(fn, \{ name: … \}\)/,
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

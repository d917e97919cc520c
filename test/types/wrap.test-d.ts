import { type as arktype } from 'arktype'
import * as v from 'valibot'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import {
  type CachedFunction,
  type CallKey,
  type DetailedResult,
  type GetOrSetOptions,
  LruTPolicy,
  MemoryStore,
  RedisFuncCache,
  type SetOptions,
  type Stats,
  type WrapManyOptions,
  type WrapOptions,
} from '../../src/index.ts'

/** Checked by the compiler alone: what becomes of the type of a wrapped function. */
const cache = new RedisFuncCache('types', new LruTPolicy(), { store: new MemoryStore() })

interface Product {
  readonly id: number
  readonly name: string
}

// Asynchronous functions keep their type: names of parameters, optional ones, rest.
declare function getProduct(id: number, locale?: string, ...tags: string[]): Promise<Product>
const product = cache.wrap(getProduct)
expectTypeOf(product).toExtend<typeof getProduct>()
expectTypeOf(product).parameters.toEqualTypeOf<[id: number, locale?: string | undefined, ...tags: string[]]>()
expectTypeOf(product).returns.toEqualTypeOf<Promise<Product>>()
expectTypeOf(product.original).toEqualTypeOf<typeof getProduct>()
// @ts-expect-error a text is no number
void product('1')
// @ts-expect-error an argument is missing
void product()

// So do the handles.
expectTypeOf(product.invalidate).toEqualTypeOf<
  (id: number, locale?: string, ...tags: string[]) => Promise<boolean>
>()
expectTypeOf(product.refresh).returns.toEqualTypeOf<Promise<Product>>()
expectTypeOf(product.peek).returns.toEqualTypeOf<Promise<Product | undefined>>()
expectTypeOf(product.keyOf).returns.toEqualTypeOf<CallKey>()
expectTypeOf(product.prime).parameters.toEqualTypeOf<
  [args: [id: number, locale?: string | undefined, ...tags: string[]], value: Product]
>()
void product.prime([1], { id: 1, name: 'one' })
void product.prime([1, 'en', 'a', 'b'], { id: 1, name: 'one' })
// @ts-expect-error a text is no number
void product.invalidate('1')
// @ts-expect-error the result lacks its name
void product.prime([1], { id: 1 })
// @ts-expect-error the arguments are missing
void product.prime([], { id: 1, name: 'one' })

// Type parameters and overloads of asynchronous functions survive.
declare function pick<T extends object, K extends keyof T>(from: T, name: K): Promise<T[K]>
const pickCached = cache.wrap(pick)
expectTypeOf(pickCached({ a: 1, b: 'x' }, 'b')).toEqualTypeOf<Promise<string>>()
expectTypeOf(pickCached<{ a: number }, 'a'>).returns.toEqualTypeOf<Promise<number>>()
// @ts-expect-error there is no such property
void pickCached({ a: 1 }, 'b')

declare function find(id: number): Promise<Product>
declare function find(name: string, exact: boolean): Promise<Product[]>
const findCached = cache.wrap(find)
expectTypeOf(findCached(1)).toEqualTypeOf<Promise<Product>>()
expectTypeOf(findCached('a', true)).toEqualTypeOf<Promise<Product[]>>()
// @ts-expect-error no overload takes that
void findCached('a')
void findCached.invalidate(1)
void findCached.invalidate('a', true)
void findCached.prime(['a', true], [])
expectTypeOf(findCached.peek(1)).toEqualTypeOf<Promise<Product | Product[] | undefined>>()
// @ts-expect-error no overload takes that
void findCached.invalidate('a')

declare function five(a: 1): Promise<1>
declare function five(a: 2): Promise<2>
declare function five(a: 3): Promise<3>
declare function five(a: 4): Promise<4>
declare function five(a: 5): Promise<5>
expectTypeOf(cache.wrap(five)(1)).toEqualTypeOf<Promise<1>>()

// Synchronous functions return promises.
declare function area(width: number, height?: number): number
const areaCached = cache.wrap(area)
expectTypeOf(areaCached).parameters.toEqualTypeOf<[width: number, height?: number | undefined]>()
expectTypeOf(areaCached).returns.toEqualTypeOf<Promise<number>>()
expectTypeOf(areaCached.refresh).returns.toEqualTypeOf<Promise<number>>()
expectTypeOf(areaCached.original).toEqualTypeOf<typeof area>()
expectTypeOf(cache.wrap(() => {}, { name: 'nothing' })).returns.toEqualTypeOf<Promise<void>>()
expectTypeOf(cache.wrap(JSON.parse, { name: 'parse' })).returns.toEqualTypeOf<Promise<any>>() // oxlint-disable-line no-explicit-any -- what JSON.parse returns
declare function anything(...args: unknown[]): unknown
expectTypeOf(cache.wrap(anything)).toBeCallableWith(1, 'a')
expectTypeOf(cache.wrap(anything)).returns.toEqualTypeOf<Promise<unknown>>()
declare function fails(code: number): never
expectTypeOf(cache.wrap(fails)).returns.toEqualTypeOf<Promise<never>>()

// What returns a promise at times returns one always, and one of what it was a promise of.
declare function sometimes(id: number): Product | Promise<Product>
expectTypeOf(cache.wrap(sometimes)).returns.toEqualTypeOf<Promise<Product>>()
declare function thenable(id: number): PromiseLike<Product>
expectTypeOf(cache.wrap(thenable)).returns.toEqualTypeOf<Promise<Product>>()
interface Query<T> extends Promise<T> {
  limit(count: number): Query<T>
}
declare function query(table: string): Query<Product[]>
expectTypeOf(cache.wrap(query)).returns.toEqualTypeOf<Promise<Product[]>>()
// @ts-expect-error it is a plain promise that comes back, not a query
void cache.wrap(query)('products').limit(1)

// Synchronous overloads, up to four; of type parameters what they extend.
declare function size(of: string): number
declare function size(of: Buffer, encoding: BufferEncoding): string
declare function size(of: number): bigint
declare function size(of: boolean): Promise<boolean>
const sizeCached = cache.wrap(size)
expectTypeOf(sizeCached('a')).toEqualTypeOf<Promise<number>>()
expectTypeOf(sizeCached(Buffer.from('a'), 'hex')).toEqualTypeOf<Promise<string>>()
expectTypeOf(sizeCached(1)).toEqualTypeOf<Promise<bigint>>()
expectTypeOf(sizeCached(true)).toEqualTypeOf<Promise<boolean>>()
void sizeCached.invalidate(Buffer.from('a'), 'hex')
// @ts-expect-error no overload takes that
void sizeCached(Buffer.from('a'))

declare function same<T extends string>(text: T): T
expectTypeOf(cache.wrap(same)('a')).toEqualTypeOf<Promise<string>>()
// @ts-expect-error still a text
void cache.wrap(same)(1)
expectTypeOf(
  cache.wrap(async <T extends string>(text: T) => same(text), { name: 'same' })('a'),
).toEqualTypeOf<Promise<'a'>>()

// `this` parameters.
interface Shop {
  readonly tenant: string
}
async function list(this: Shop, page: number): Promise<string> {
  return `${this.tenant} ${page}`
}
function count(this: Shop, page: number): number {
  return this.tenant.length + page
}
const listCached = cache.wrap(list, { this: (self: Shop) => self.tenant })
const countCached = cache.wrap(count, { this: 'shared' })
const shop = { tenant: 'acme', list: listCached, count: countCached }
expectTypeOf(shop.list(1)).toEqualTypeOf<Promise<string>>()
expectTypeOf(shop.count(1)).toEqualTypeOf<Promise<number>>()
void listCached.invalidate.call(shop, 1)
// @ts-expect-error it needs its `this`
void listCached(1)
// @ts-expect-error it needs its `this`
void countCached(1)

// Options that are typed from the function.
cache.wrap(getProduct, {
  key: (id, locale, ...tags) => {
    expectTypeOf(id).toEqualTypeOf<number>()
    expectTypeOf(locale).toEqualTypeOf<string | undefined>()
    expectTypeOf(tags).toEqualTypeOf<string[]>()
    return id
  },
})
cache.wrap(async (id: number, at: Date) => ({ id, at }), {
  name: 'keyed',
  key: (id, at) => [id, at.getDay()],
})
// @ts-expect-error the argument is a number
cache.wrap(getProduct, { key: (id: string) => id })
// @ts-expect-error no such option
cache.wrap(getProduct, { tll: 1 })
// @ts-expect-error no such duration
cache.wrap(getProduct, { ttl: '1 hour' })

// Callbacks about results.
cache.wrap(getProduct, {
  ttl: (result, id, locale, ...tags) => {
    expectTypeOf(result).toEqualTypeOf<Product>()
    expectTypeOf(id).toEqualTypeOf<number>()
    expectTypeOf(locale).toEqualTypeOf<string | undefined>()
    expectTypeOf(tags).toEqualTypeOf<string[]>()
    return id > 5 ? '5m' : 0
  },
  cacheIf: (result, id) => result.id === id,
  tags: ({ id, name }) => [`product:${id}`, name],
  staleWhileRevalidate: '1m',
  staleIfError: { for: '1h', when: (error) => error instanceof TypeError },
  earlyRefresh: { beta: 2 },
  jitter: 0.1,
  cacheErrors: { ttl: '10s', when: (error: unknown) => error instanceof RangeError },
  timeout: 5,
  softTimeout: '250ms',
})
cache.wrap(area, {
  cacheIf: (result, width, height) => {
    expectTypeOf(result).toEqualTypeOf<number>()
    expectTypeOf(height).toEqualTypeOf<number | undefined>()
    return width > 0
  },
  ttl: () => '1s',
})
cache.wrap(async (id: number) => ({ id, at: new Date() }), {
  name: 'inferred',
  ttl: ({ at }, id) => at.getTime() - id,
  tags: ({ id }) => [`row:${id}`],
})
cache.wrap(list, {
  this: ({ tenant }: Shop) => tenant,
  cacheIf: (result, page) => result.length > page,
})
// @ts-expect-error the result is a product
cache.wrap(getProduct, { ttl: (result: string) => result.length })
// @ts-expect-error no such duration
cache.wrap(getProduct, { ttl: () => '5 minutes' })
// Callbacks whose answer can be waited for may promise it.
cache.wrap(getProduct, {
  cacheIf: async ({ id }) => id > 5,
  ttl: async ({ id }) => (id > 5 ? '5m' : undefined),
  tags: async ({ id }) => [`product:${id}`],
  staleIfError: { for: '1h', when: async (error) => error instanceof TypeError },
  cacheErrors: { ttl: '10s', when: async (error) => error instanceof TypeError },
  schema: {
    '~standard': { version: 1, vendor: 'x', validate: async (value) => ({ value: value as Product }) },
  },
  migrate: async (stored: Product) => stored,
})
cache.wrap(getProduct, { ttl: async () => '5m' })
// @ts-expect-error no duration
cache.wrap(getProduct, { ttl: async () => new Date() })
// @ts-expect-error names are texts
cache.wrap(getProduct, { tags: async ({ id }) => [id] })

// Others have to know at once.
// @ts-expect-error a promise tells no calls apart
cache.wrap(getProduct, { key: async (id) => id })
// @ts-expect-error a promise tells no calls apart
cache.wrap(getProduct, { key: (id) => Promise.resolve({ id }) })
// @ts-expect-error a promise tells nothing of `this`
cache.wrap(list, { this: async (self: Shop) => self.tenant })
class Secret {
  readonly #secret = 5
  reveal(): number {
    return this.#secret
  }
}
cache.wrap(getProduct, { encoders: [{ type: Secret, encode: (value) => (value as Secret).reveal() }] })
// @ts-expect-error a promise tells no instances apart
cache.wrap(getProduct, { encoders: [{ type: Secret, encode: async () => 'x' }] })
// @ts-expect-error serializers have to know at once
cache.wrap(getProduct, { serializer: [async () => 'x', (stored) => stored] })
interface Row {
  readonly id: number
}
declare const row: Row
// What tells calls apart may be anything else.
for (const key of [row, new Secret(), new Date(), [1], { a: 1 }, 'a', 1, 1n, true, null, undefined]) {
  cache.wrap(getProduct, { key: () => key })
}
// @ts-expect-error the first argument is a number
cache.wrap(getProduct, { cacheIf: (_result, id: string) => id === '' })
// @ts-expect-error names are texts
cache.wrap(getProduct, { tags: ({ id }) => [id] })
// @ts-expect-error no such duration
cache.wrap(getProduct, { ttl: 5, staleWhileRevalidate: '1 minute' })
// @ts-expect-error for how long?
cache.wrap(getProduct, { ttl: 5, staleIfError: { when: () => true } })
// @ts-expect-error for how long?
cache.wrap(getProduct, { cacheErrors: {} })
// @ts-expect-error it is no schema
cache.wrap(getProduct, { schema: { parse: (value: unknown) => value } })

// Schemas of any library.
cache.wrap(getProduct, {
  schema: z.object({ id: z.number(), name: z.string() }),
  migrate: (stored: { id: number; title: string }) => ({ id: stored.id, name: stored.title }),
})
cache.wrap(getProduct, { schema: v.object({ id: v.number(), name: v.string() }) })
cache.wrap(getProduct, { schema: arktype({ id: 'number', name: 'string' }) })

// They have to give what the function gives.
// @ts-expect-error no name
cache.wrap(getProduct, { schema: z.object({ id: z.number() }) })
// @ts-expect-error another shape
cache.wrap(getProduct, { schema: v.object({ price: v.number() }) })
cache.wrap(getProduct, { schema: z.object({ id: z.number(), name: z.string(), price: z.number() }) })

// What is undefined is not given, whatever exactOptionalPropertyTypes says.
const unset = undefined
cache.wrap(getProduct, {
  name: unset,
  version: unset,
  ttl: unset,
  staleWhileRevalidate: unset,
  staleIfError: { for: '1h', when: unset },
  earlyRefresh: { beta: unset },
  singleFlight: unset,
  cacheErrors: { ttl: '1s', when: unset },
  schema: unset,
  key: unset,
  this: unset,
})
new RedisFuncCache('unset', new LruTPolicy({ scope: unset, keys: unset, hash: unset }), {
  client: unset,
  store: new MemoryStore({ clock: unset }),
  maxSize: unset,
  ttl: unset,
  prefix: unset,
  touch: unset,
  onError: unset,
})

// Where a result came from.
expectTypeOf(product.detailed(1)).toEqualTypeOf<Promise<DetailedResult<Product>>>()
expectTypeOf(product.detailed).parameters.toEqualTypeOf<Parameters<typeof getProduct>>()

// Keys.
expectTypeOf(cache.getOrSet('a', () => 1)).toEqualTypeOf<Promise<number>>()
expectTypeOf(cache.getOrSet(['a', 1], async () => ({ id: 1 }))).toEqualTypeOf<Promise<{ id: number }>>()
expectTypeOf(cache.getOrSetDetailed(1, async () => 'a')).toEqualTypeOf<Promise<DetailedResult<string>>>()
expectTypeOf(cache.peek('a')).toEqualTypeOf<Promise<unknown>>()
expectTypeOf(cache.peek<Product>('a')).toEqualTypeOf<Promise<Product | undefined>>()
void cache.getOrSet('a', async () => ({ id: 1 }), {
  ttl: ({ id }) => id,
  tags: ({ id }, key) => [`${id}`, key.toUpperCase()],
  cacheIf: ({ id }) => id > 0,
  signal: new AbortController().signal,
})
void cache.set('a', { id: 1 }, { ttl: '5m', tags: ({ id }) => [`${id}`] })
// @ts-expect-error a missing key
void cache.getOrSet(undefined, () => 1)
// @ts-expect-error the name is the key
void cache.getOrSet('a', () => 1, { name: 'a' })
// @ts-expect-error nothing is computed
void cache.set('a', 1, { timeout: '1s' })
// @ts-expect-error another result
void cache.getOrSet('a', () => 1, { tags: (result: string) => [result] })

// Figures.
expectTypeOf(cache.stats().latencies.lookups.sum).toEqualTypeOf<number>()
void cache.withStats((stats) => expectTypeOf(stats).toEqualTypeOf<Readonly<Stats>>())

// Options of calls leave the signature as it is.
const { signal } = new AbortController()
expectTypeOf(product.with({ signal })).toEqualTypeOf(product)
expectTypeOf(product.with({ signal })).parameters.toEqualTypeOf<Parameters<typeof getProduct>>()
expectTypeOf(product.with({ signal })(1)).toEqualTypeOf<Promise<Product>>()
expectTypeOf(product.with({ soft: true }).invalidate).toEqualTypeOf(product.invalidate)
expectTypeOf(pickCached.with({ signal })({ a: 1, b: 'x' }, 'b')).toEqualTypeOf<Promise<string>>()
expectTypeOf(findCached.with({ signal })('a', true)).toEqualTypeOf<Promise<Product[]>>()
expectTypeOf(areaCached.with({ signal: undefined })(1)).toEqualTypeOf<Promise<number>>()
expectTypeOf(cache.signal()).toEqualTypeOf<AbortSignal | undefined>()
// @ts-expect-error a controller is no signal
product.with({ signal: new AbortController() })
// @ts-expect-error a timeout is of the function
product.with({ timeout: 5 })

// Events.
cache.on('stale', ({ cache: name, function: fn, hash, reason }) => {
  expectTypeOf([name, fn]).toEqualTypeOf<string[]>()
  expectTypeOf(hash).toEqualTypeOf<string>()
  expectTypeOf(reason).toEqualTypeOf<'grace' | 'error' | 'soft-timeout' | 'pause'>()
})
cache.on('refresh', ({ reason }) => expectTypeOf(reason).toEqualTypeOf<'early' | 'stale'>())
cache.on('error', ({ error, function: fn }) => {
  expectTypeOf(error).toEqualTypeOf<Error>()
  expectTypeOf(fn).toEqualTypeOf<string | undefined>()
})
cache.on('join', ({ durationMs }) => expectTypeOf(durationMs).toEqualTypeOf<number>())
cache.on('store', ({ computeMs }) => expectTypeOf(computeMs).toEqualTypeOf<number>())
cache.on('invalidate', ({ tags, count }) => {
  expectTypeOf(tags).toEqualTypeOf<readonly string[] | undefined>()
  expectTypeOf(count).toEqualTypeOf<number>()
})
cache.on('invalid', ({ issues }) => expectTypeOf(issues).toEqualTypeOf<readonly string[]>())
// @ts-expect-error no such event
cache.on('hits', () => {})

// As a type of one's own.
interface Services {
  readonly product: CachedFunction<typeof getProduct>
  readonly area: CachedFunction<(width: number) => number>
}
declare const services: Services
expectTypeOf(services.product(1)).toEqualTypeOf<Promise<Product>>()
expectTypeOf(services.area(1)).toEqualTypeOf<Promise<number>>()

// A cached function goes where a function goes.
expectTypeOf([1, 2].map((id) => product(id))).toEqualTypeOf<Promise<Product>[]>()
declare function compose<A extends unknown[], R>(fn: (...args: A) => Promise<R>): (...args: A) => Promise<R>
expectTypeOf(compose(product)).returns.toEqualTypeOf<Promise<Product>>()

// @ts-expect-error a class is not a function
cache.wrap(Map)
// @ts-expect-error nor is a text
cache.wrap('getProduct')

// Options for many functions are written once: without the type of a function they fit any.
const shared: WrapOptions = { ttl: '5m', jitter: 0.1, cacheIf: () => true, tags: () => ['a'], key: () => 1 }
expectTypeOf(cache.wrap(getProduct, shared)).toExtend<typeof getProduct>()
expectTypeOf(cache.wrap(find, { ...shared, name: 'find' })(1)).toEqualTypeOf<Promise<Product>>()
const ofProduct: WrapOptions<typeof getProduct> = { cacheIf: (result, id) => result.id === id }
void cache.wrap(getProduct, ofProduct)
// @ts-expect-error another result
void cache.wrap(async () => 'text', { name: 'text', ...ofProduct })
// @ts-expect-error of any function, a callback knows no result
const knowing: WrapOptions = { cacheIf: (result: Product) => result.id > 0 }
void knowing

const sharedOfKeys: GetOrSetOptions = { ttl: '5m', staleWhileRevalidate: '1m', tags: () => ['a'] }
expectTypeOf(cache.getOrSet('a', () => 1, sharedOfKeys)).toEqualTypeOf<Promise<number>>()
expectTypeOf(cache.getOrSet(['a', 1], async () => 'x', sharedOfKeys)).toEqualTypeOf<Promise<string>>()
const ofNumbers: GetOrSetOptions<number> = { cacheIf: (result) => result > 0 }
void cache.getOrSet('a', () => 1, ofNumbers)
// @ts-expect-error another result
void cache.getOrSet('a', () => 'text', ofNumbers)
const sharedOfSet: SetOptions = { ttl: '5m' }
void cache.set('a', 1, sharedOfSet)
void cache.set('a', { id: 1 }, { ...sharedOfSet, tags: (value) => [`id:${value.id}`] })
const sharedOfLists: WrapManyOptions = { ttl: '5m', absent: { ttl: '1m' }, tags: () => ['a'] }
void cache.wrapMany(async (ids: readonly number[]) => ids.map(String), { ...sharedOfLists, name: 'rows' })

/** A helper that is generic itself. */
export async function remembered<T>(key: string, load: () => Promise<T>, more?: GetOrSetOptions<Promise<T>>) {
  return cache.getOrSet(key, load, { ...more, ttl: '5m' })
}

// A mode may be undefined in parts.
declare const isFresh: boolean
void cache.withMode({ read: isFresh ? false : undefined }, () => product(1))

import { expectTypeOf } from 'vitest'
import {
  type CachedMany,
  type CallKey,
  type InvalidateOptions,
  LruTPolicy,
  MemoryStore,
  RedisFuncCache,
} from '../../src/index.ts'

/** Checked by the compiler alone: what becomes of the types of a function of lists. */
const cache = new RedisFuncCache('types', new LruTPolicy(), { store: new MemoryStore() })

interface Product {
  readonly id: number
  readonly name: string
}

declare function loadList(ids: readonly number[]): Promise<(Product | undefined)[]>
declare function loadMap(ids: readonly number[]): Promise<Map<number, Product>>
declare function loadNulls(ids: readonly string[]): readonly (Product | null)[]

// Ids and rows are taken from the function; a row may be missing.
const products = cache.wrapMany(loadList)
expectTypeOf(products).toEqualTypeOf<CachedMany<number, Product>>()
expectTypeOf(products).parameters.toEqualTypeOf<[ids: readonly number[]]>()
expectTypeOf(products).returns.toEqualTypeOf<Promise<(Product | undefined)[]>>()
expectTypeOf(cache.wrapMany(loadMap)).toEqualTypeOf<CachedMany<number, Product>>()
expectTypeOf(cache.wrapMany(loadNulls, { name: 'nulls' })).parameters.toEqualTypeOf<
  [ids: readonly string[]]
>()
// @ts-expect-error a text is no number
void products(['1'])
// @ts-expect-error an id is no list
void products(1)

// So are the handles.
expectTypeOf(products.invalidate).toEqualTypeOf<(...ids: readonly number[]) => Promise<number>>()
expectTypeOf(products.invalidateAll).toEqualTypeOf<(options?: InvalidateOptions) => Promise<number>>()
expectTypeOf(products.refresh).returns.toEqualTypeOf<Promise<(Product | undefined)[]>>()
expectTypeOf(products.peek).returns.toEqualTypeOf<Promise<(Product | undefined)[]>>()
expectTypeOf(products.keyOf).toEqualTypeOf<(id: number) => CallKey>()
expectTypeOf(products.with({ soft: true })).toEqualTypeOf<CachedMany<number, Product>>()
void products.prime([[1, { id: 1, name: 'one' }]])
void products.prime(new Map([[1, { id: 1, name: 'one' }]]))
// @ts-expect-error the row lacks its name
void products.prime([[1, { id: 1 }]])
// @ts-expect-error a text is no number
void products.invalidate('1')

// Callbacks are told of one row and its id.
cache.wrapMany(loadList, {
  name: 'products',
  ttl: (product, id) => {
    expectTypeOf(id).toEqualTypeOf<number>()
    return product.id === id ? '1h' : 0
  },
  absent: { ttl: '30s' },
})
// @ts-expect-error there is no such option
cache.wrapMany(loadList, { name: 'products', absent: { seconds: 30 } })
// @ts-expect-error a list has no `this`
cache.wrapMany(loadList, { name: 'products', this: 'shared' })
// @ts-expect-error what the function returns is no list of rows
cache.wrapMany(async (ids: readonly number[]) => ids.length)

// Entries are shared with a function of a single id.
const product = cache.wrap(async (id: number): Promise<Product> => ({ id, name: '' }), { name: 'product' })
expectTypeOf(cache.wrapMany(loadList, { entriesOf: product })).toEqualTypeOf<CachedMany<number, Product>>()

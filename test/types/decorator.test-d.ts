import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import type { RedisFuncCache } from '../../src/index.ts'

/** Checked by the compiler alone, in both kinds of decorators: see `legacy-decorators/tsconfig.json`. */
declare const cache: RedisFuncCache

abstract class Base<Item> {
  abstract readonly region: string

  @cache.cached({ this: (self: Base<unknown>) => self.region })
  async all(page: number): Promise<Item[]> {
    return [page as Item]
  }
}

export class Products extends Base<string> {
  readonly region = 'eu'
  protected readonly tenant: string
  private readonly zone: string

  constructor(tenant: string, zone: string) {
    super()
    this.tenant = tenant
    this.zone = zone
  }

  @cache.cached({ this: (self: Products) => [self.tenant, self.zone] })
  async list(page: number, size?: number): Promise<string[]> {
    return [`${this.tenant} ${page} ${size}`]
  }

  @cache.cached({ this: ({ tenant }: Products) => tenant, ttl: '5m', key: (page: number) => page })
  async count(page: number): Promise<number> {
    return page
  }

  @cache.cached({
    this: 'shared',
    ttl: (result: string[], page: number) => result.length + page,
    cacheIf: (result: string[]) => result.length > 0,
    tags: (_result: string[], page: number) => [`page:${page}`],
    staleWhileRevalidate: '1m',
    staleIfError: { for: '1h', when: (error) => error instanceof RangeError },
    earlyRefresh: true,
    jitter: 0.1,
    cacheErrors: { ttl: '10s' },
    timeout: '1s',
    softTimeout: '250ms',
  })
  async graced(page: number): Promise<string[]> {
    return [`${this.tenant} ${page}`]
  }

  // Callbacks know the method below them.
  @cache.cached({
    this: (self) => self.zone,
    ttl: (result, page, size) => result.length + page + (size ?? 0),
    cacheIf: (result) => result.every((each) => each.startsWith('a')),
    tags: (_result, page) => [page.toFixed()],
    key: (page, size) => [page, size?.toFixed()],
  })
  async inferred(page: number, size?: number): Promise<string[]> {
    return [`${page} ${size}`]
  }

  @cache.cached({ this: ({ name }) => name, tags: (count) => [count.toFixed()] })
  static async inferredStatic(): Promise<number> {
    return 1
  }

  // @ts-expect-error tags of another result
  @cache.cached({ this: 'shared', tags: (result: number[]) => result.map((each) => each.toFixed()) })
  async taggedBadly(page: number): Promise<string[]> {
    return [String(page)]
  }

  // @ts-expect-error a key of other arguments
  @cache.cached({ this: 'shared', key: (page: string) => page })
  async keyedBadly(page: number): Promise<string[]> {
    return [String(page)]
  }

  // @ts-expect-error a schema of something else
  @cache.cached({ this: 'shared', schema: z.object({ price: z.number() }) })
  async shapedBadly(page: number): Promise<{ title: string }> {
    return { title: String(page) }
  }

  // @ts-expect-error no such duration
  @cache.cached({ this: 'shared', ttl: 5, staleWhileRevalidate: '1 minute' })
  async badlyGraced(page: number): Promise<number> {
    return page
  }

  @cache.cached({ this: 'shared' })
  async generic<T extends string>(of: T): Promise<T[]> {
    return [of]
  }

  find(id: number): Promise<string>
  find(name: string, exact: boolean): Promise<string[]>
  @cache.cached({ this: 'shared' })
  async find(by: number | string, exact?: boolean): Promise<string | string[]> {
    return exact ? [String(by)] : String(by)
  }

  @cache.cached({ this: (self: typeof Products) => self.name })
  static async shops(): Promise<number> {
    return 1
  }

  @cache.cached({ this: 'shared' })
  protected async protectedOne(): Promise<number> {
    return this.privateOne()
  }

  @cache.cached({ this: 'shared' })
  private async privateOne(): Promise<number> {
    return 1
  }

  // @ts-expect-error a decorator cannot make a promise of it
  @cache.cached({ this: 'shared' })
  sync(): number {
    return 1
  }

  // @ts-expect-error nor of what may be one
  @cache.cached({ this: 'shared' })
  maybe(): number | Promise<number> {
    return 1
  }

  // @ts-expect-error `this` has to be said
  @cache.cached({})
  async unsaid(): Promise<number> {
    return 1
  }

  // @ts-expect-error there is no such property
  @cache.cached({ this: (self: Products) => self.nothing })
  async misspelt(): Promise<number> {
    return 1
  }

  // @ts-expect-error `this` is of another class
  @cache.cached({ this: (self: Map<string, string>) => self.size })
  async elsewhere(): Promise<number> {
    return 1
  }

  async forget(page: number): Promise<boolean> {
    const { list, generic } = { list: cache.method(this, 'list'), generic: cache.method(this, 'generic') }
    expectTypeOf(await list.peek(page)).toEqualTypeOf<string[] | undefined>()
    expectTypeOf(generic('a')).toEqualTypeOf<Promise<'a'[]>>()
    // @ts-expect-error a text is no number
    void list.invalidate('1')
    return cache.method(this, 'list').invalidate(page)
  }

  static async forgetShops(): Promise<number> {
    return cache.method(this, 'shops').refresh()
  }

  // @ts-expect-error it has to be called
  @cache.cached
  async uncalled(): Promise<number> {
    return 1
  }
}

/** One decorator for several methods. */
const shared = cache.cached({ this: 'shared', ttl: '5m' })

export class Orders {
  @shared
  async one(id: number): Promise<string> {
    return String(id)
  }

  @shared
  async all(): Promise<string[]> {
    return []
  }
}

declare const products: Products

// The type of a method is what it was.
expectTypeOf(products.list).toEqualTypeOf<(page: number, size?: number) => Promise<string[]>>()
expectTypeOf(products.generic('a')).toEqualTypeOf<Promise<'a'[]>>()
expectTypeOf(products.find(1)).toEqualTypeOf<Promise<string>>()
expectTypeOf(products.all(1)).toEqualTypeOf<Promise<string[]>>()

// Handles.
const list = cache.method(products, 'list')
expectTypeOf(list(1, 2)).toEqualTypeOf<Promise<string[]>>()
expectTypeOf(list.invalidate).toEqualTypeOf<(page: number, size?: number) => Promise<boolean>>()
expectTypeOf(list.peek(1)).toEqualTypeOf<Promise<string[] | undefined>>()
expectTypeOf(cache.method(products, 'generic')('a')).toEqualTypeOf<Promise<'a'[]>>()
expectTypeOf(list.with({ signal: new AbortController().signal })(1)).toEqualTypeOf<Promise<string[]>>()
expectTypeOf(cache.method(products, 'all').refresh(1)).toEqualTypeOf<Promise<string[]>>()
expectTypeOf(cache.method(Products, 'shops')()).toEqualTypeOf<Promise<number>>()
void cache.method(products, 'find').invalidate('a', true)
// @ts-expect-error a text is no number
void list.invalidate('1')
// @ts-expect-error there is no such method
cache.method(products, 'lists')
// @ts-expect-error no method
void cache.method(products, 'region').invalidate()

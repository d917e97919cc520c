import {
  type CachedFunction,
  type CacheOptions,
  LruTPolicy,
  MemoryStore,
  OptionError,
  RedisFuncCache,
} from '../../../src/index.ts'

/** What Jest gives to every test; its own types would have to be installed here. */
declare const test: (name: string, act: () => unknown) => void
declare const beforeAll: (act: () => unknown) => void
declare const afterAll: typeof beforeAll
declare const expect: (
  value: unknown,
) => Record<'toBe' | 'toEqual' | 'toBeInstanceOf' | 'toThrow', (expected: unknown) => void>

interface Checks {
  checksFor(surroundings: object): { name: string; run(surroundings: object): Promise<void> }[]
}
interface Client {
  connect(): Promise<unknown>
  close(): Promise<void>
}
const { checksFor } = require('./checks.cjs') as Checks
const { client } = require('./client.cjs') as { client: Client | undefined }
const { surroundings } = require('./surroundings.cjs') as { surroundings: object }

const options: CacheOptions = { store: new MemoryStore(), maxSize: 10, serializer: 'v8' }
const cache = new RedisFuncCache('typed', new LruTPolicy(), options)

class Products {
  readonly tenant: string
  constructor(tenant: string) {
    this.tenant = tenant
  }
  @cache.cached({ this: (self: Products) => self.tenant })
  async list(page: number): Promise<Set<string>> {
    return new Set([`${this.tenant} ${page}`])
  }
}

test('functions and methods keep their types', async () => {
  const double: CachedFunction<(n: number) => number> = cache.wrap((n: number) => 2 * n, { name: 'double' })
  const four: number = await double(2)
  expect(four).toBe(4)
  const products = new Products('tea')
  await products.list(four)
  const list = await cache.method(products, 'list').peek(four)
  expect(list).toBeInstanceOf(Set)
  expect(list).toEqual(new Set(['tea 4']))
  // @ts-expect-error a text is no number
  await double('2')
})

test('errors are of their classes', () => {
  // @ts-expect-error there is no such option
  const make = () => new RedisFuncCache('a', new LruTPolicy(), { store: new MemoryStore(), maxsize: 1 })
  expect(make).toThrow(OptionError)
})

const all = { ...surroundings, client }
beforeAll(async () => {
  await client?.connect()
})
afterAll(async () => {
  await client?.close()
})
for (const { name, run } of checksFor(all)) test(name, () => run(all))

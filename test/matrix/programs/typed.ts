import {
  type AbstractPolicy,
  type CacheOptions,
  type CachedFunction,
  type CacheStats,
  type DetailedResult,
  type Duration,
  type GetOrSetOptions,
  LruTPolicy,
  MemoryStore,
  OptionError,
  RedisFuncCache,
  type SetOptions,
  type WrapOptions,
} from '../../../src/index.ts'

interface User {
  readonly id: number
  readonly name?: string
}

const ttl: Duration = '5m'
const options: CacheOptions = { store: new MemoryStore(), ttl: '1h', serializer: 'v8' }
const cache = new RedisFuncCache('typed', new LruTPolicy({ scope: 'function' }), options)
const policy: AbstractPolicy = cache.policy

const userOptions: WrapOptions<(id: number) => Promise<User>> = {
  name: 'getUser',
  ttl: (user) => (user.name === undefined ? '1s' : ttl),
  tags: (user, id) => [`user:${user.id}`, `id:${id}`],
  cacheErrors: { ttl: '1s', when: (error) => error instanceof RangeError },
  singleFlight: { lease: '1s', wait: '2s' },
}
const getUser = cache.wrap(async (id: number): Promise<User> => ({ id, name: 'Ann' }), userOptions)
const double: CachedFunction<(n: number) => number> = cache.wrap((n: number) => 2 * n, { name: 'double' })
const identity = cache.wrap(async <T extends string>(text: T): Promise<T> => text, { name: 'identity' })
const getUsers = cache.wrapMany(
  async (ids: readonly number[]): Promise<User[]> => ids.map((id) => ({ id })),
  {
    name: 'getUsers',
  },
)

class Products {
  readonly tenant: string
  constructor(tenant: string) {
    this.tenant = tenant
  }
  @cache.cached({ this: (self: Products) => self.tenant, tags: (list, page) => [list.slice(0, page)] })
  async list(page: number): Promise<string> {
    return this.tenant + page
  }
}

/** Options for any function, and for any result. */
const shared: WrapOptions = { ttl, jitter: 0.1, cacheIf: () => true }
const sharedOfKeys: GetOrSetOptions = { ttl, staleWhileRevalidate: '1m' }
const sharedOfSet: SetOptions = { ttl }
const ofNumbers: GetOrSetOptions<number> = { cacheIf: (result) => result > 0 }
const half = cache.wrap(async (n: number) => n / 2, { ...shared, name: 'half' })

/** A helper that is generic itself. */
function remembered<T>(key: string, load: () => Promise<T>, more?: GetOrSetOptions<Promise<T>>): Promise<T> {
  return cache.getOrSet(key, load, more) as Promise<T>
}

async function main(): Promise<void> {
  const four: number = await double(2)
  const one: number = await cache.getOrSet('one', () => 1, ofNumbers)
  const page: string = await cache.getOrSet(['page', one], async () => 'a', sharedOfKeys)
  await cache.set('two', await half(4), sharedOfSet)
  const three: number = await remembered('three', async () => 3, { ttl })
  const read: false | undefined = page.length > three ? false : undefined
  await cache.withMode({ read }, () => half(1))
  const list: string = await new Products('acme').list(four)
  const removed: boolean = await cache.method(new Products('acme'), 'list').invalidate(four)
  const user: DetailedResult<User> = await getUser.with({ signal: new AbortController().signal }).detailed(1)
  const literal: 'text' = await identity('text')
  const [first] = await getUsers([1, 2])
  const id: number | undefined = first?.id
  const text: string = await cache.getOrSet(['key', 1], async () => 'value', {
    ttl: '1m',
    tags: (value) => [value],
  })
  const stats: CacheStats = cache.stats()
  cache.on('error', ({ during, error }) => console.log(during, error.message))
  // @ts-expect-error a text is no number
  await double('2').catch(() => {})
  // @ts-expect-error there is no such duration
  const wrong: Duration = '5 minutes'
  let code = ''
  try {
    double.with({ signal: wrong as never })
  } catch (error) {
    if (error instanceof OptionError) code = error.code
  }
  const results = [
    four,
    list,
    removed,
    user.value.name,
    user.status,
    literal,
    id,
    text,
    stats.hit,
    code,
    policy.key,
  ]
  console.log(`it says: ${results.join(' ')}`)
}

void main()

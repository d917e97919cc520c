import type { Contender } from './contenders/contender.ts'

/** `raw` and `undecoded` show what is left when nobody decodes: they are no caches to use. */
export type Kind = 'ours' | 'neighbour' | 'by hand' | 'undecoded' | 'raw'

export type PartName = 'hits' | 'latency' | 'puts' | 'stampede' | 'growth' | 'replication'

/** Someone to be measured. */
export interface Entry {
  /** Name in tables and results; unique. */
  readonly name: string
  readonly kind: Kind
  readonly client: string
  readonly parts: readonly PartName[]
  /** Loaded in the process that measures it, and nowhere else. */
  readonly load: () => Promise<Contender>
}

type Ours = typeof import('./contenders/ours.ts')
type Library = typeof import('../src/index.ts')
type Choice = Parameters<Ours['ours']>[0]

const MAIN: readonly PartName[] = ['hits', 'latency', 'puts']

function ours(
  name: string,
  client: Choice['client'],
  parts: readonly PartName[],
  choose: (library: Library, ours: Ours) => Omit<Choice, 'client'>,
  kind: Kind = 'ours',
): Entry {
  const load = async () => {
    const module = await import('./contenders/ours.ts')
    return module.ours({ client, ...choose(await import('../src/index.ts'), module) })
  }
  return { name: `${name}, ${client}`, kind, client, parts, load }
}

function others(
  name: string,
  kind: Kind,
  client: string,
  parts: readonly PartName[],
  load: Entry['load'],
): Entry {
  return { name, kind, client, parts, load }
}

const handWritten = async () => ({
  ...(await import('./contenders/by-hand.ts')),
  ...(await import('./contenders/clients.ts')),
})

export const ROSTER: readonly Entry[] = [
  ours('LRU-T', 'node-redis', [...MAIN, 'stampede', 'growth', 'replication'], ({ LruTPolicy }) => ({
    policy: () => new LruTPolicy(),
  })),
  ours('LRU', 'node-redis', [...MAIN, 'replication'], ({ LruPolicy }) => ({ policy: () => new LruPolicy() })),
  ours('LFU', 'node-redis', [...MAIN, 'growth', 'replication'], ({ LfuPolicy }) => ({
    policy: () => new LfuPolicy(),
  })),
  ours('RR', 'node-redis', [...MAIN, 'replication'], ({ RrPolicy }) => ({ policy: () => new RrPolicy() })),
  ours('FIFO', 'node-redis', ['replication'], ({ FifoPolicy }) => ({ policy: () => new FifoPolicy() })),
  ours('LRU-T with a TTL an entry', 'node-redis', MAIN, ({ LruTPolicy }) => ({
    policy: () => new LruTPolicy(),
    wrap: { ttl: '1h' },
  })),
  ours('LRU-T', 'ioredis', [...MAIN, 'stampede'], ({ LruTPolicy }) => ({ policy: () => new LruTPolicy() })),
  ours('LRU', 'ioredis', MAIN, ({ LruPolicy }) => ({ policy: () => new LruPolicy() })),
  ours('LFU', 'ioredis', MAIN, ({ LfuPolicy }) => ({ policy: () => new LfuPolicy() })),
  ours('RR', 'ioredis', MAIN, ({ RrPolicy }) => ({ policy: () => new RrPolicy() })),
  others(
    'cachified',
    'neighbour',
    'node-redis',
    [...MAIN, 'stampede'],
    async () => (await import('./contenders/cachified.ts')).cachifiedContender,
  ),
  others(
    'layered-loader',
    'neighbour',
    'ioredis',
    [...MAIN, 'stampede'],
    async () => (await import('./contenders/layered-loader.ts')).layeredLoaderContender,
  ),
  others(
    'async-cache-dedupe',
    'neighbour',
    'ioredis',
    [...MAIN, 'stampede'],
    async () => (await import('./contenders/async-cache-dedupe.ts')).asyncCacheDedupeContender,
  ),
  others(
    'bentocache',
    'neighbour',
    'ioredis 5',
    [...MAIN, 'stampede'],
    async () => (await import('./contenders/bentocache.ts')).bentocacheContender,
  ),
  others(
    'cache-manager',
    'neighbour',
    '@keyv/redis',
    [...MAIN, 'stampede'],
    async () => (await import('./contenders/cache-manager.ts')).cacheManagerContender,
  ),
  others(
    'cacheable',
    'neighbour',
    '@keyv/redis',
    [...MAIN, 'stampede'],
    async () => (await import('./contenders/cacheable.ts')).cacheableContender,
  ),
  others('GET + parse, node-redis', 'by hand', 'node-redis', [...MAIN, 'stampede'], async () => {
    const { byHand, ofNodeRedis, nodeRedis } = await handWritten()
    return byHand(async (url) => ofNodeRedis(await nodeRedis(url)))
  }),
  others('GET + parse, node-redis as it comes', 'by hand', 'node-redis', MAIN, async () => {
    const { byHand, ofNodeRedis, nodeRedisAsItComes } = await handWritten()
    return byHand(async (url) => ofNodeRedis(await nodeRedisAsItComes(url)))
  }),
  others('GET + parse, ioredis', 'by hand', 'ioredis', MAIN, async () => {
    const { byHand, ofIoredis, ioredis } = await handWritten()
    return byHand(async (url) => ofIoredis(await ioredis(url)))
  }),
  others('GET + parse, ioredis auto-pipelining', 'by hand', 'ioredis', MAIN, async () => {
    const { byHand, ofIoredis, ioredis } = await handWritten()
    return byHand(async (url) => ofIoredis(await ioredis(url, { enableAutoPipelining: true })))
  }),
  ours(
    'LRU-T undecoded',
    'node-redis',
    ['hits'],
    ({ LruTPolicy }, { UNDECODED }) => ({ policy: () => new LruTPolicy(), cache: UNDECODED }),
    'undecoded',
  ),
  ours(
    'LRU-T undecoded',
    'ioredis',
    ['hits'],
    ({ LruTPolicy }, { UNDECODED }) => ({ policy: () => new LruTPolicy(), cache: UNDECODED }),
    'undecoded',
  ),
  others('raw GET, node-redis', 'raw', 'node-redis', ['hits', 'growth', 'replication'], async () => {
    const { raw, ofNodeRedis, nodeRedis } = await handWritten()
    return raw(async (url) => ofNodeRedis(await nodeRedis(url)))
  }),
  others('raw GET, ioredis', 'raw', 'ioredis', ['hits'], async () => {
    const { raw, ofIoredis, ioredis } = await handWritten()
    return raw(async (url) => ofIoredis(await ioredis(url)))
  }),
]

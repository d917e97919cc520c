import type { Contender } from './contenders/contender.ts'
import type { ClientName } from './contenders/ours.ts'
import { MEASURED_POLICIES } from './measured-policies.ts'
import { NEAR } from './near-roster.ts'
import type { HandOut } from './results.ts'

/** `raw` and `undecoded` show what is left when nobody decodes: they are no caches to use. */
export type Kind = 'ours' | 'before' | 'neighbour' | 'by hand' | 'undecoded' | 'raw'

export type PartName =
  | 'hits'
  | 'latency'
  | 'puts'
  | 'allocation'
  | 'stampede'
  | 'growth'
  | 'policies'
  | 'near'

/** Someone to be measured. */
export interface Entry {
  /** Name in tables and results; unique. */
  readonly name: string
  readonly kind: Kind
  readonly client: string
  readonly parts: readonly PartName[]
  /** Whether it takes part in a short run too. */
  readonly isShort: boolean
  /** What a call yields: the value, or what a contender that decodes nothing makes of it. */
  readonly yields: 'value' | 'text' | 'bytes' | 'nothing'
  /** Of those with a near tier: what its hits yield. */
  readonly handOut?: HandOut
  /** Loaded in the process that measures it, and nowhere else. */
  readonly load: () => Promise<Contender>
}

type Ours = typeof import('./contenders/ours.ts')
type Chosen = Pick<Parameters<Ours['ours']>[0], 'policy' | 'cache'>

/** What most take part in. */
const MAIN: readonly PartName[] = ['hits', 'latency', 'puts']
const ALL: readonly PartName[] = [...MAIN, 'allocation', 'stampede', 'growth', 'policies']

const LRU_T: Chosen = { policy: MEASURED_POLICIES.lru_t.create }

function ours(
  name: string,
  client: ClientName,
  parts: readonly PartName[],
  choose: Chosen | ((ours: Ours) => Chosen) = LRU_T,
  kind: Kind = 'ours',
): Entry {
  const load = async () => {
    const module = await import('./contenders/ours.ts')
    const chosen = typeof choose === 'function' ? choose(module) : choose
    const library = kind === 'before' ? earlierLibrary : () => import('../src/index.ts')
    return module.ours({ client, library, ...chosen })
  }
  return { name: `${name}, ${client}`, kind, client, parts, isShort: false, yields: 'value', load }
}

/** Where `--before` had an earlier commit compiled to. */
export const BEFORE = 'BENCH_BEFORE'

async function earlierLibrary(): Promise<typeof import('../src/index.ts')> {
  return (await import(process.env[BEFORE] as string)) as typeof import('../src/index.ts')
}

function others(
  name: string,
  kind: Kind,
  client: string,
  parts: readonly PartName[],
  load: Entry['load'],
): Entry {
  return { name, kind, client, parts, isShort: false, yields: 'value', load }
}

const short = (entry: Entry): Entry => ({ ...entry, isShort: true })
const yielding = (yields: Entry['yields'], entry: Entry): Entry => ({ ...entry, yields })

const handWritten = async () => ({
  ...(await import('./contenders/by-hand.ts')),
  ...(await import('./contenders/clients.ts')),
})

/** This library, as an earlier commit had it: measured beside the present one, where a run asks for it. */
const EARLIER: readonly Entry[] = [
  ours('before: LRU-T', 'node-redis', [...MAIN, 'allocation'], LRU_T, 'before'),
  ours('before: LRU-T', 'ioredis', [...MAIN, 'allocation'], LRU_T, 'before'),
]

const OURS: readonly Entry[] = [
  short(ours('LRU-T', 'node-redis', ALL)),
  short(ours('LRU-T', 'ioredis', [...MAIN, 'allocation', 'stampede'])),
  ours('LRU-T', 'node-redis 5', ['hits', 'latency']),
  ours('LRU-T', 'ioredis 5', ['hits', 'latency']),
  ours('LRU-T without ttl', 'node-redis', MAIN, ({ WITHOUT_TTL }) => ({ ...LRU_T, cache: WITHOUT_TTL })),
]

/** The client has the same work with each policy: they differ in what they cost the server. */
const OTHER_POLICIES: readonly Entry[] = Object.entries(MEASURED_POLICIES)
  .filter(([key]) => key !== 'lru_t')
  .map(([key, { name, create }]) =>
    ours(name, 'node-redis', key === 'lfu' ? ['policies', 'growth'] : ['policies'], { policy: create }),
  )

const NEIGHBOURS: readonly Entry[] = [
  short(
    others(
      'cachified',
      'neighbour',
      'node-redis',
      [...MAIN, 'stampede'],
      async () => (await import('./contenders/cachified.ts')).cachifiedContender,
    ),
  ),
  short(
    others(
      'layered-loader',
      'neighbour',
      'ioredis',
      [...MAIN, 'stampede'],
      async () => (await import('./contenders/layered-loader.ts')).layeredLoaderContender,
    ),
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
  others(
    'keyv',
    'neighbour',
    '@keyv/redis',
    MAIN,
    async () => (await import('./contenders/keyv.ts')).keyvContender,
  ),
]

const BY_HAND: readonly Entry[] = [
  short(
    others(
      'GET + parse, node-redis',
      'by hand',
      'node-redis',
      [...MAIN, 'allocation', 'stampede'],
      async () => {
        const { byHand, ofNodeRedis, nodeRedis } = await handWritten()
        return byHand(async (url) => ofNodeRedis(await nodeRedis(url)))
      },
    ),
  ),
  others('GET + parse, node-redis as it comes', 'by hand', 'node-redis', MAIN, async () => {
    const { byHand, ofNodeRedis, nodeRedisAsItComes } = await handWritten()
    return byHand(async (url) => ofNodeRedis(await nodeRedisAsItComes(url)))
  }),
  others('GET + parse, node-redis 5', 'by hand', 'node-redis 5', ['hits', 'latency'], async () => {
    const { byHand, ofNodeRedis, nodeRedis5 } = await handWritten()
    return byHand(async (url) => ofNodeRedis(await nodeRedis5(url)))
  }),
  short(
    others('GET + parse, ioredis', 'by hand', 'ioredis', [...MAIN, 'allocation'], async () => {
      const { byHand, ofIoredis, ioredis } = await handWritten()
      return byHand(async (url) => ofIoredis(await ioredis(url)))
    }),
  ),
  others('GET + parse, ioredis auto-pipelining', 'by hand', 'ioredis', MAIN, async () => {
    const { byHand, ofIoredis, ioredis } = await handWritten()
    return byHand(async (url) => ofIoredis(await ioredis(url, { enableAutoPipelining: true })))
  }),
  others('GET + parse, ioredis 5', 'by hand', 'ioredis 5', ['hits', 'latency'], async () => {
    const { byHand, ofIoredis, ioredis5 } = await handWritten()
    return byHand(async (url) => ofIoredis(await ioredis5(url)))
  }),
]

/** What a hit takes besides decoding: of this library, and of a client alone. */
const UNDECODED_PARTS: readonly PartName[] = ['hits', 'latency', 'allocation']

function undecoded(client: ClientName, kind: 'undecoded' | 'before' = 'undecoded'): readonly Entry[] {
  const name = kind === 'before' ? 'before: LRU-T' : 'LRU-T'
  const isText = ({ UNDECODED_TEXT }: Ours) => ({ ...LRU_T, cache: { serializer: UNDECODED_TEXT } })
  const isBytes = ({ UNDECODED_BYTES }: Ours) => ({ ...LRU_T, cache: { serializer: UNDECODED_BYTES } })
  return [
    ours(`${name} undecoded`, client, UNDECODED_PARTS, isText, kind),
    ours(`${name} undecoded Buffers`, client, UNDECODED_PARTS, isBytes, kind),
  ].map((entry) => yielding('nothing', entry))
}

const RAW: readonly Entry[] = [
  yielding(
    'text',
    others('raw GET, node-redis', 'raw', 'node-redis', [...UNDECODED_PARTS, 'growth'], async () => {
      const { raw, ofNodeRedis, nodeRedis } = await handWritten()
      return raw(async (url) => ofNodeRedis(await nodeRedis(url)))
    }),
  ),
  yielding(
    'bytes',
    others('raw GET of Buffers, node-redis', 'raw', 'node-redis', UNDECODED_PARTS, async () => {
      const { raw, ofNodeRedis, nodeRedis, asBytes } = await handWritten()
      return raw(async (url) => ofNodeRedis(asBytes(await nodeRedis(url))))
    }),
  ),
  yielding(
    'text',
    others('raw GET, ioredis', 'raw', 'ioredis', UNDECODED_PARTS, async () => {
      const { raw, ofIoredis, ioredis } = await handWritten()
      return raw(async (url) => ofIoredis(await ioredis(url)))
    }),
  ),
  yielding(
    'bytes',
    others('raw GET of Buffers, ioredis', 'raw', 'ioredis', UNDECODED_PARTS, async () => {
      const { raw, ofIoredisBytes, ioredis } = await handWritten()
      return raw(async (url) => ofIoredisBytes(await ioredis(url)))
    }),
  ),
]

/** Whether it evicts, and so has no end of room. */
export const isBounded = ({ kind }: Pick<Entry, 'kind'>): boolean => kind === 'ours' || kind === 'before'

/** Those who may take part; the earlier commit only where it was compiled. */
export const roster = (): readonly Entry[] => [
  ...OURS,
  ...OTHER_POLICIES,
  ...(process.env[BEFORE] === undefined
    ? []
    : [...EARLIER, ...undecoded('node-redis', 'before'), ...undecoded('ioredis', 'before')].map(short)),
  ...NEIGHBOURS,
  ...BY_HAND,
  ...undecoded('node-redis').map(short),
  ...undecoded('ioredis').map(short),
  ...RAW.map(short),
  ...NEAR,
]

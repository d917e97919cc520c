import {
  type AbstractPolicy,
  type CacheOptions,
  LfuPolicy,
  LruTPolicy,
  RedisFuncCache,
  RrPolicy,
} from './library.ts'

/** The policies whose caches are hammered: by the clock of the server, with a structure of its own, by chance. */
export const HAMMERED = { lru_t: LruTPolicy, lfu: LfuPolicy, rr: RrPolicy } as const

export type Hammered = keyof typeof HAMMERED

/** What a process is told to do. */
export interface HammerOrder {
  /** One server, or some nodes of a cluster. */
  readonly urls: readonly string[]
  /** Names of the caches. */
  readonly caches: Readonly<Record<Hammered, string>>
  /** How many different calls there are. */
  readonly keys: number
  readonly maxSize: number
  /** For how long it goes on, in milliseconds, and how many calls it makes at the least. */
  readonly ms: number
  readonly calls: number
}

/** What a process did with a cache. */
export interface HammerCounts {
  calls: number
  hits: number
  evicted: number
  invalidations: number
  refreshes: number
  /** What was wrong with results, and what failed. */
  faults: string[]
}

export type HammerReport = Readonly<Record<Hammered, HammerCounts>>

/** The same cache and the same function in every process. */
export function hammered(name: string, policy: AbstractPolicy, options: CacheOptions) {
  const cache = new RedisFuncCache(name, policy, options)
  const work = cache.wrap(async (key: number) => ({ key, text: textOf(key) }), {
    name: 'work',
    source: false,
    ttl: '2m',
  })
  return { cache, work }
}

/** Long and short ones, so that a result of another key is told by more than its number. */
export const textOf = (key: number): string => `result of ${key}, `.repeat(1 + (key % 9))

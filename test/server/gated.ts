import { expect, vi } from 'vitest'
import {
  type CacheEvents,
  type CacheOptions,
  type CachedFunction,
  LruTPolicy,
  type Place,
  RedisFuncCache,
  type Store,
  type WrapOptions,
} from '../../src/index.ts'
import { placeOf } from './places.ts'

export type Load = (key: string) => Promise<string>

/** Events that a {@link gated} cache keeps in mind. */
const EVENTS = ['hit', 'stale', 'miss', 'wait', 'lease', 'refresh', 'store', 'skip', 'error'] as const

type EventName = (typeof EVENTS)[number]

interface Gated {
  readonly name: string
  readonly store: Store
  readonly scope?: 'cache' | 'function'
  readonly cache?: Partial<CacheOptions>
  readonly options?: Omit<WrapOptions<Load>, 'name' | 'source'>
}

/** A cache of a function whose every run ends when the test says so. */
export function gated({ name, store, scope = 'cache', cache: more, options }: Gated) {
  const cache = new RedisFuncCache(name, new LruTPolicy({ scope }), { ...more, store })
  const runs: { key: string; resolve(result: string): void; reject(error: unknown): void }[] = []
  const load: CachedFunction<Load> = cache.wrap<Load>(
    (key) => new Promise<string>((resolve, reject) => runs.push({ key, resolve, reject })),
    { ...options, name: 'load', source: false },
  )
  const told: { readonly event: EventName; readonly detail: unknown }[] = []
  for (const event of EVENTS) cache.on(event, (detail) => told.push({ event, detail }))
  const count = (event: EventName): number => told.filter((each) => each.event === event).length
  return {
    cache,
    load,
    store,
    runs,
    /** What was told by that event. */
    events: <E extends EventName>(event: E): CacheEvents[E][] =>
      told.filter((each) => each.event === event).map(({ detail }) => detail as CacheEvents[E]),
    count,
    /** Resolves when the function was run so often, and fails if it was run more often. */
    running: (times: number): Promise<void> =>
      vi.waitFor(() => expect(runs).toHaveLength(times), { interval: 1, timeout: 5_000 }),
    /** Resolves when that event came so often. */
    heard: (event: EventName, times = 1): Promise<void> =>
      vi.waitFor(() => expect(count(event)).toBe(times), { interval: 1, timeout: 5_000 }),
    end: (run: number, result: string): void => runs[run]?.resolve(result),
    fail: (run: number, error: unknown): void => runs[run]?.reject(error),
    /** Where the entries of the function lie. */
    place: (): Place => placeOf(cache, load.keyOf('')),
  }
}

export type GatedCache = ReturnType<typeof gated>

import { expect, vi } from 'vitest'
import { EVENTS } from '../../src/telemetry/events.ts'
import {
  type AbstractPolicy,
  type CacheEvents,
  type CacheOptions,
  type CachedFunction,
  LruTPolicy,
  type WrapOptions,
  RedisFuncCache,
} from './library.ts'
import type { KeySpace, Store } from '../../src/store.ts'
import { placeOf } from './places.ts'

export type Load<R = string> = (key: string) => Promise<R>

type EventName = keyof CacheEvents

interface Gated<R> {
  readonly name: string
  readonly store: Store
  readonly scope?: 'cache' | 'function'
  /** Default: LRU-T of that scope. */
  readonly create?: () => AbstractPolicy
  readonly cache?: Partial<CacheOptions>
  readonly options?: Omit<WrapOptions<Load<R>>, 'name' | 'source'>
}

/** A cache of a function whose every run ends when the test says so. */
export function gated<R = string>({ name, store, scope = 'cache', create, cache: more, options }: Gated<R>) {
  const policy = create?.() ?? new LruTPolicy({ scope })
  const cache = new RedisFuncCache(name, policy, {
    ...more,
    store,
  })
  const runs: { key: string; resolve(result: R): void; reject(error: unknown): void }[] = []
  const load: CachedFunction<Load<R>> = cache.wrap<Load<R>>(
    (key) => new Promise<R>((resolve, reject) => runs.push({ key, resolve, reject })),
    { ...(options as WrapOptions<Load<R>>), name: 'load', source: false },
  )
  const emitted: { readonly event: EventName; readonly detail: unknown }[] = []
  for (const event of EVENTS) cache.on(event, (detail) => emitted.push({ event, detail }))
  const count = (event: EventName): number => emitted.filter((each) => each.event === event).length
  return {
    cache,
    load,
    store,
    runs,
    /** The details of each event of that name. */
    events: <E extends EventName>(event: E): CacheEvents[E][] =>
      emitted.filter((each) => each.event === event).map(({ detail }) => detail as CacheEvents[E]),
    count,
    /** Resolves when the function has begun to run so often, and fails if it has more often. */
    running: (times: number): Promise<void> =>
      vi.waitFor(() => expect(runs).toHaveLength(times), { interval: 1, timeout: 5_000 }),
    /** Resolves when that event was emitted so often. */
    untilEmitted: (event: EventName, times = 1): Promise<void> =>
      vi.waitFor(() => expect(count(event)).toBe(times), { interval: 1, timeout: 5_000 }),
    end: (run: number, result: R): void => runs[run]?.resolve(result),
    fail: (run: number, error: unknown): void => runs[run]?.reject(error),
    /** Where the entries of the function lie. */
    place: (): KeySpace => placeOf(cache, load.keyOf('')),
  }
}

export type GatedCache<R = string> = ReturnType<typeof gated<R>>

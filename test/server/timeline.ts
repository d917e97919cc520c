import { type Mock, vi } from 'vitest'
import { EVENTS } from '../../src/telemetry/events.ts'
import {
  type AbstractPolicy,
  type CacheEvents,
  type CacheOptions,
  type CachedFunction,
  LruTPolicy,
  MemoryStore,
  type WrapOptions,
  RedisFuncCache,
} from './library.ts'
import type { KeySpace } from '../../src/store.ts'
import { passTime, placeOf } from './places.ts'
import { hasServer, type Target, unique } from './target.ts'

export type Load = (key: string) => Promise<unknown>

/** An event that a cache emitted. */
type EmittedEvent = { [E in keyof CacheEvents]: CacheEvents[E] & { readonly event: E } }[keyof CacheEvents]

/** The events that a cache emits from now on. */
export function listen(cache: RedisFuncCache): EmittedEvent[] {
  const emitted: EmittedEvent[] = []
  for (const event of EVENTS) cache.on(event, (detail) => emitted.push({ event, ...detail } as EmittedEvent))
  return emitted
}

/** Processes that share a store and a function, and a time that passes when the test says so. */
export class Timeline {
  /** The function: `<key> <number of the run>`, unless the test has it do something else. */
  readonly load: Mock<Load> = vi.fn<Load>(async (key) => `${key} ${this.load.mock.calls.length}`)
  readonly #target: Target
  readonly #create: () => AbstractPolicy
  readonly #name = unique('timeline')
  #aheadMs = 0
  readonly #memory = new MemoryStore({ clock: () => Date.now() + this.#aheadMs })

  constructor(target: Target, create: () => AbstractPolicy = () => new LruTPolicy()) {
    this.#target = target
    this.#create = create
  }

  newStore() {
    return hasServer ? this.#target.newStore() : this.#memory
  }

  /** A cache of its own, as another process has it. */
  newProcess(options: WrapOptions<Load> = {}, cacheOptions: Partial<CacheOptions> = {}) {
    const cache = new RedisFuncCache(this.#name, this.#create(), {
      store: this.newStore(),
      ...cacheOptions,
    })
    const fn: CachedFunction<Load> = cache.wrap(this.load as Load, {
      name: 'load',
      source: false,
      ...options,
    })
    const place: KeySpace = placeOf(cache, fn.keyOf(''))
    return { cache, fn, place, emitted: listen(cache) }
  }

  /** Lets time pass for all that is stored in a place. */
  async pass(place: KeySpace, ms: number): Promise<void> {
    if (hasServer) await passTime(this.#target, place, ms)
    else this.#aheadMs += ms
  }

  /** The next run ends when the test says so. */
  gate() {
    let end: (result: unknown) => void = () => {}
    let fail: (error: unknown) => void = () => {}
    const result = new Promise<unknown>((resolve, reject) => {
      end = resolve
      fail = reject
    })
    this.load.mockImplementationOnce(() => result)
    return { end, fail }
  }

  /** Waits until the function was run so often. */
  ran(times: number): Promise<void> {
    return until(() => this.load.mock.calls.length >= times)
  }
}

/** Waits until something holds. */
export const until = (holds: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!holds()) throw new Error('It does not hold yet.')
    },
    { interval: 1, timeout: 5_000 },
  )

/** Waits until a cache has emitted an event so often. */
export const untilEmitted = (
  emitted: readonly EmittedEvent[],
  event: keyof CacheEvents,
  times = 1,
): Promise<void> => until(() => emitted.filter((each) => each.event === event).length >= times)

/** Names of events, with reasons: `stale:grace`, `error:refresh`. */
export const names = (emitted: readonly EmittedEvent[]): string[] =>
  emitted.map((each) => {
    if ('reason' in each) return `${each.event}:${each.reason}`
    return 'during' in each ? `${each.event}:${each.during}` : each.event
  })

/** Stops the clock of this process, by which pauses and computations are measured; returns what moves it on. */
export function advanceable(): (ms: number) => void {
  let nowMs = Math.ceil(performance.now()) // sums of whole numbers are exact
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  return (ms) => {
    nowMs += ms
  }
}

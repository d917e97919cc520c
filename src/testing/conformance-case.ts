import { randomUUID } from 'node:crypto'
import { type AbstractPolicy, type CacheOptions, type CachedFunction, RedisFuncCache } from '../index.ts'
import type { Store } from '../store.ts'

/** One promise of a policy, a store or a serializer, as a test that any runner can run. */
export interface ConformanceCase {
  /** What has to hold: the title of the test. */
  readonly name: string
  /**
   * Tries it.
   * @throws {AssertionError} of `node:assert` if it does not hold.
   */
  run(): Promise<void>
}

/** A result that tells by which run of the function it was computed. */
export interface Result {
  readonly key: string
  readonly run: number
}

/** A cached function whose runs are counted. */
export interface Counted {
  readonly ask: CachedFunction<(key: string) => Promise<Result>>
  /** The keys of all runs, in their order. */
  readonly runs: readonly string[]
}

/** Makes the caches of one case, with names that no other test uses. */
export class Caches {
  readonly #opened: RedisFuncCache[] = []

  /**
   * A cache whose results are stored before their callers get them, so that the next call finds them; and for which a busy
   * machine is no slow store.
   */
  open(
    policy: AbstractPolicy,
    store: Store,
    options: Partial<CacheOptions> & { name?: string } = {},
  ): RedisFuncCache {
    const { name = uniqueName(), ...rest } = options
    const cache = new RedisFuncCache(name, policy, {
      store,
      putWait: '10s',
      storeTimeout: '10s',
      onError: 'throw',
      ...rest,
    })
    this.#opened.push(cache)
    return cache
  }

  /** Empties all caches of the case and closes them. */
  async dispose(): Promise<void> {
    for (const cache of this.#opened) {
      await cache.purge()
      await cache.close()
    }
  }
}

/** A name for a cache that no other test has. */
export const uniqueName = (): string => `conformance-${randomUUID()}`

/** A case that leaves nothing behind in the store. */
export function caseOf(name: string, use: (caches: Caches) => Promise<void>): ConformanceCase {
  return {
    name,
    async run() {
      const caches = new Caches()
      try {
        await use(caches)
      } finally {
        await caches.dispose()
      }
    },
  }
}

/** Wraps a function that counts its runs. */
export function counted(cache: RedisFuncCache, name = 'counted'): Counted {
  const runs: string[] = []
  const ask = cache.wrap(
    async (key: string): Promise<Result> => {
      runs.push(key)
      return { key, run: runs.length }
    },
    { name },
  )
  return { ask, runs }
}

/** The letters of which a result is stored, found without telling the policy. */
export async function lettersIn({ ask }: Counted, letters: string): Promise<string> {
  const there = await Promise.all(letters.split('').map(async (key) => ((await ask.peek(key)) ? key : '')))
  return there.join('')
}

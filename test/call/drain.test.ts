// The end of a process: what is under way is waited for, what goes on behind callers is told.
import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type AbstractPolicy,
  type CacheEvents,
  type CacheOptions,
  FifoPolicy,
  type Hash,
  LruTPolicy,
  MemoryStore,
  RedisFuncCache,
} from '../../src/index.ts'
import type { NewEntry, KeySpace } from '../../src/store.ts'

/** Notes what it has done, and takes its time for what the test says. */
class SlowStore extends MemoryStore {
  readonly done: string[] = []
  readonly slow = new Set<string>()
  nowMs = 1_000_000

  constructor() {
    super({ clock: () => this.nowMs })
  }

  async #late(what: string): Promise<void> {
    if (this.slow.has(what)) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  override async touch(place: KeySpace, hashes: readonly Hash[]): Promise<void> {
    await this.#late('touch')
    await super.touch(place, hashes)
    this.done.push(...hashes.map(() => 'touch'))
  }

  override async put(place: KeySpace, entries: readonly NewEntry[]) {
    await this.#late('put')
    const report = await super.put(place, entries)
    this.done.push(...entries.map(() => 'put'))
    return report
  }

  override async release(...args: Parameters<MemoryStore['release']>): Promise<void> {
    await this.#late('release')
    await super.release(...args)
    this.done.push('release')
  }

  override async close(): Promise<void> {
    this.done.push('close')
  }
}

let store: SlowStore
beforeEach(() => {
  store = new SlowStore()
})
afterEach(() => {
  vi.restoreAllMocks()
})

const newCache = (options: Partial<CacheOptions> = {}, policy: AbstractPolicy = new LruTPolicy()) =>
  new RedisFuncCache('drain', policy, { store, ...options })

const STALE = { ttl: '1s', staleWhileRevalidate: '1h' } as const

describe('drain', () => {
  test('waits for reads that wait to be recorded', async () => {
    store.slow.add('touch')
    const cache = newCache({ touch: { every: '60s' } })
    const load = cache.wrap(async (n: number) => n, { name: 'load' })
    for (const n of [1, 2, 1, 2]) await load(n)
    expect(await cache.drain()).toBe(true)
    expect(store.done).toEqual(['put', 'put', 'touch', 'touch'])
  })

  test.each(['awaited', 'not awaited'])(
    'waits for a refresh, its put, and the release of its lease: %s',
    async (how) => {
      for (const slow of ['put', 'release', 'touch']) store.slow.add(slow)
      const cache = newCache()
      let runs = 0
      const load = cache.wrap(
        async () => {
          await new Promise((resolve) => setTimeout(resolve, 10))
          return ++runs
        },
        { name: 'load', ...STALE },
      )
      await load()
      store.nowMs += 2_000
      const stale = load()
      if (how === 'awaited') expect(await stale).toBe(1)
      expect(await cache.drain()).toBe(true)
      expect(await stale).toBe(1)
      expect(await load.peek()).toBe(2)
      expect(store.done).toEqual(['put', 'touch', 'put'])
    },
  )

  test('waits for what drained work begins in the same cache', async () => {
    for (const slow of ['put', 'touch']) store.slow.add(slow)
    const cache = newCache()
    const inner = cache.wrap(async (n: number) => n, { name: 'inner' })
    let runs = 0
    const outer = cache.wrap(
      async () => {
        runs++
        return runs === 1 ? 0 : (await inner(1)) + (await inner(1))
      },
      { name: 'outer', ...STALE },
    )
    await outer()
    store.nowMs += 2_000
    await outer()
    expect(await cache.drain()).toBe(true)
    expect(await outer.peek()).toBe(2)
    expect(store.done.toSorted()).toEqual(['put', 'put', 'put', 'touch', 'touch'])
  })

  test('waits for calls whose callers do not, and for what is stored after a timeout', async () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const cache = newCache()
    const slow = async (n: number) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return n
    }
    const load = cache.wrap(slow, { name: 'load' })
    const limited = cache.wrap(slow, { name: 'limited', timeout: '5ms' })
    void load(1)
    await expect(limited(2)).rejects.toThrow('no result within')
    expect(await cache.drain()).toBe(true)
    expect(await load.peek(1)).toBe(1)
    expect(await limited.peek(2)).toBe(2)
  })

  test('of a cache with nothing under way ends at once, with many callers too', async () => {
    const cache = newCache()
    expect(await Promise.all([cache.drain(), cache.drain({ timeout: '1h' })])).toEqual([true, true])
  })

  test('does not reject for work that failed', async () => {
    vi.spyOn(store, 'touch').mockRejectedValue(new Error('touch'))
    vi.spyOn(store, 'put').mockRejectedValue(new Error('put'))
    const cache = newCache()
    const emitted: string[] = []
    cache.on('error', ({ during }) => emitted.push(during))
    const load = cache.wrap(
      async () => {
        throw new Error('of the function')
      },
      { name: 'load', ...STALE },
    )
    await load.prime([], 1 as never).catch(() => {})
    vi.mocked(store.put).mockRestore()
    await load.prime([], 1 as never)
    store.nowMs += 2_000
    await load()
    expect(await cache.drain()).toBe(true)
    expect(emitted.toSorted()).toEqual(['refresh', 'touch'])
  })

  test.each(['a call', 'a refresh'])(
    'does not wait for %s that has run for longer than it may',
    async (which) => {
      vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
      const work: Promise<void>[] = []
      const cache = newCache({ waitUntil: (promise) => void work.push(promise) })
      let hangs = which === 'a call'
      const load = cache.wrap(async () => (hangs ? new Promise<number>(() => {}) : 1), {
        name: 'load',
        ...STALE,
        maxComputeTime: '30ms',
      })
      if (which === 'a refresh') {
        await load()
        hangs = true
        store.nowMs += 2_000
        await load()
      } else void load()
      expect(await cache.drain({ timeout: '10ms' })).toBe(false)
      expect(await cache.drain()).toBe(true)
      await Promise.all(work)
    },
  )

  test('waits for a put that goes on after its caller was served', async () => {
    store.slow.add('put')
    const work: Promise<void>[] = []
    const requests = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    const waitUntil = (promise: Promise<void>): void => {
      work.push(promise)
      seen.push(requests.getStore())
    }
    const cache = newCache({ waitUntil })
    for (const [i, putWait] of (['5ms', 0] as const).entries()) {
      const load = cache.wrap(async () => 1, { name: `load ${i}`, putWait })
      seen.length = work.length = 0
      await requests.run('request', () => load())
      expect(store.done).toHaveLength(i)
      expect(seen).toEqual(['request'])
      if (i === 0) await Promise.all(work)
      else expect(await cache.drain()).toBe(true)
      expect(store.done).toHaveLength(i + 1)
    }
  })

  test('gives up when the time is up, and what it waited for goes on', async () => {
    let end: (n: number) => void = () => {}
    const cache = newCache()
    const load = cache.wrap(() => new Promise<number>((resolve) => (end = resolve)), { name: 'load' })
    const call = load()
    expect(await cache.drain({ timeout: '10ms' })).toBe(false)
    end(1)
    expect(await call).toBe(1)
    expect(await cache.drain({ timeout: '10ms' })).toBe(true)
  })

  test.each([0, -1, 'soon', '30d', Number.NaN])('refuses the timeout %s', async (timeout) => {
    const cache = newCache()
    await expect(cache.drain({ timeout: timeout as never })).rejects.toThrow('timeout:')
    await expect(cache.close({ timeout: timeout as never })).rejects.toThrow('timeout:')
    await expect(cache.drain({ timeOut: 1 } as never)).rejects.toThrow('Did you mean timeout?')
  })
})

describe('close', () => {
  test('drains first, and then lets the store go', async () => {
    store.slow.add('touch')
    const cache = newCache()
    const load = cache.wrap(async () => 1, { name: 'load' })
    await load()
    await load()
    await cache.close()
    expect(store.done).toEqual(['put', 'touch', 'close'])
    expect(await load()).toBe(1)
    await cache.close()
    expect(store.done).toEqual(['put', 'touch', 'close', 'touch', 'close'])
  })

  test('lets go when the time is up, and a warning tells', async () => {
    const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const cache = newCache()
    const load = cache.wrap(() => new Promise<number>(() => {}), { name: 'load' })
    void load()
    await cache.close({ timeout: '10ms' })
    expect(store.done).toEqual(['close'])
    expect(emitted).toHaveBeenCalledOnce()
    expect(String(emitted.mock.calls[0]?.[0])).toContain('close() waited 10ms')
  })

  test('leaves the store to other caches that use it', async () => {
    const [one, two] = [newCache(), newCache()]
    await one.close()
    await one.close()
    expect(store.done).toEqual([])
    await two.close()
    expect(store.done).toEqual(['close'])
  })

  test('is what await using calls', async () => {
    {
      await using cache = newCache()
      const load = cache.wrap(async () => 1, { name: 'load' })
      await load()
    }
    expect(store.done).toEqual(['put', 'close'])
    const disposable: AsyncDisposable = newCache()
    await disposable[Symbol.asyncDispose]()
    expect(Object.keys(disposable)).not.toContain('undefined')
  })

  test('is found where Symbol.asyncDispose is missing, by the symbol that compilers look for', async () => {
    const found = Object.getOwnPropertyDescriptor(Symbol, 'asyncDispose') as PropertyDescriptor
    // Node forbids to change it, so the module sees another Symbol.
    const Own = Object.assign(((name: string) => Symbol(name)) as unknown as typeof Symbol, {
      for: Symbol.for,
      iterator: Symbol.iterator,
      toStringTag: Symbol.toStringTag,
    })
    expect(found.value).toBeDefined()
    vi.stubGlobal('Symbol', Own)
    let cache: RedisFuncCache
    try {
      cache = newCache()
    } finally {
      vi.unstubAllGlobals()
    }
    const close = Reflect.get(cache, Symbol.for('Symbol.asyncDispose')) as () => Promise<void>
    await close()
    expect(store.done).toEqual(['close'])
    expect('undefined' in cache).toBe(false)
  })
})

describe('waitUntil', () => {
  /** Collects what it is given, and fails if any of it rejects. */
  function newHost() {
    const work: Promise<void>[] = []
    return {
      work,
      waitUntil: (promise: Promise<void>): void => {
        work.push(promise)
      },
      /** Waits for all, as a host does before it freezes the process. */
      settle: async () => {
        for (const each of work) expect(await each).toBeUndefined()
      },
    }
  }

  test('is given reads that wait to be recorded, once for all that travel together', async () => {
    const { work, waitUntil, settle } = newHost()
    const cache = newCache({ waitUntil, touch: { every: '5ms' } })
    const load = cache.wrap(async (n: number) => n, { name: 'load' })
    for (const n of [1, 2]) await load(n)
    work.length = 0
    for (const n of [1, 2, 1]) await load(n)
    expect(work).toHaveLength(1)
    await settle()
    expect(store.done).toEqual(['put', 'put', 'touch', 'touch'])
    await load(1)
    expect(work).toHaveLength(2)
    await settle()
    expect(store.done).toHaveLength(5)
  })

  test('is given the sliding lifetime of a policy that needs no reads', async () => {
    const { work, waitUntil, settle } = newHost()
    store.slow.add('touch')
    const cache = newCache({ waitUntil }, new FifoPolicy())
    const load = cache.wrap(async (n: number) => n, { name: 'load' })
    await load(1)
    work.length = 0
    await load(1)
    expect(work).toHaveLength(1)
    await settle()
    expect(store.done).toEqual(['put', 'touch'])
  })

  test('is given a refresh with all that it does', async () => {
    const { waitUntil, settle } = newHost()
    for (const slow of ['put', 'release', 'touch']) store.slow.add(slow)
    const cache = newCache({ waitUntil })
    let runs = 0
    const load = cache.wrap(async () => ++runs, { name: 'load', ...STALE })
    await load()
    store.nowMs += 2_000
    expect(await load()).toBe(1)
    await settle()
    expect(await load.peek()).toBe(2)
  })

  test('is given no promise that rejects', async () => {
    const { work, waitUntil, settle } = newHost()
    vi.spyOn(store, 'touch').mockRejectedValue(new Error('touch'))
    const cache = newCache({ waitUntil, onError: 'throw' })
    cache.on('error', () => {})
    let fails = false
    const load = cache.wrap(
      async () => {
        if (fails) throw new Error('of the function')
        return 1
      },
      { name: 'load', ...STALE },
    )
    const hang = cache.wrap(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 10))
        throw new Error('late')
      },
      { name: 'hang', timeout: '2ms' },
    )
    await load()
    fails = true
    store.nowMs += 2_000
    await load()
    await expect(hang()).rejects.toThrow('no result within')
    expect(work.length).toBeGreaterThanOrEqual(3)
    await settle()
  })

  test('is given what a soft timeout leaves behind, and what a timeout does', async () => {
    const { work, waitUntil, settle } = newHost()
    const cache = newCache({ waitUntil })
    let runs = 0
    const load = cache.wrap(
      async () => {
        if (++runs > 1) await new Promise((resolve) => setTimeout(resolve, 20))
        return runs
      },
      { name: 'load', ttl: '1s', staleIfError: '1h', softTimeout: '2ms' },
    )
    await load()
    store.nowMs += 2_000
    work.length = 0
    expect(await load()).toBe(1)
    expect(work.length).toBeGreaterThanOrEqual(1)
    await settle()
    expect(await load.peek()).toBe(2)

    const limited = cache.wrap(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return 'late'
      },
      { name: 'limited', timeout: '2ms' },
    )
    work.length = 0
    await expect(limited()).rejects.toThrow('no result within')
    expect(work).toHaveLength(1)
    await settle()
    expect(await limited.peek()).toBe('late')
  })

  test('is called in the context of a call', async () => {
    const requests = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    const cache = newCache({ waitUntil: () => void seen.push(requests.getStore()) })
    const load = cache.wrap(async (n: number) => n, { name: 'load', ...STALE })
    await requests.run('first', () => load(1))
    store.nowMs += 2_000
    seen.length = 0
    await requests.run('second', () => load(1))
    await cache.drain()
    expect(seen).toEqual(['second', 'second']) // the read, and the refresh
  })

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no host')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no host'))],
    ['rejects in another realm', () => runInNewContext('Promise.reject(new Error("no host"))')],
  ])('that %s harms no call: an event tells', async (_, waitUntil) => {
    const cache = newCache({ waitUntil: waitUntil as () => void })
    const emitted: CacheEvents['error'][] = []
    cache.on('error', (event) => emitted.push(event))
    const load = cache.wrap(async (n: number) => n, { name: 'load' })
    await load(1)
    expect(await load(1)).toBe(1)
    expect(await cache.drain()).toBe(true)
    await turn()
    expect(emitted).toEqual([
      expect.objectContaining({ cache: 'drain', during: 'callback', function: undefined, hash: undefined }),
    ])
    expect(emitted[0]?.error.message).toBe('no host')
    expect(store.done).toEqual(['put', 'touch'])
  })

  test.each([true, 'after', {}])('is a function, and not %s', (waitUntil) => {
    expect(() => newCache({ waitUntil: waitUntil as never })).toThrow('waitUntil:')
  })
})

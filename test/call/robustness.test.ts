// What is not of this library may fail in its own way, and what is watched from outside is in order.
import { createHook, executionAsyncId } from 'node:async_hooks'
import { getEventListeners } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  type AbstractPolicy,
  type CacheOptions,
  LruTPolicy,
  MemoryStore,
  RedisFuncCache,
  type StoreError,
} from '../../src/index.ts'
import type { Store } from '../../src/store.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const newCache = (options: Partial<CacheOptions> = {}, policy: AbstractPolicy = new LruTPolicy()) =>
  new RedisFuncCache('robust', policy, { store: new MemoryStore(), ...options })

describe('a store that throws at once', () => {
  const METHODS = [
    'get',
    'touch',
    'put',
    'invalidate',
    'invalidateFunction',
    'invalidateTags',
    'purge',
    'size',
    'now',
    'lease',
    'renew',
    'release',
    'watch',
    'register',
    'registered',
    'close',
  ] as const satisfies readonly (keyof Store)[]

  const throwing = (method: keyof Store): { readonly store: Store; readonly thrown: () => number } => {
    let times = 0
    const store = new Proxy<Store>(new MemoryStore(), {
      get(target, name) {
        if (name === method) {
          return () => {
            times++
            throw new Error(`thrown by ${method}`)
          }
        }
        const found: unknown = Reflect.get(target, name)
        return typeof found === 'function' ? found.bind(target) : found
      },
    })
    return { store, thrown: () => times }
  }

  // An exception that nobody catches fails the run of the tests.
  test.each(METHODS)('%s fails as one whose promise rejects', async (method) => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { store, thrown } = throwing(method)
    const cache = newCache({ store }, new LruTPolicy({ scope: 'function' }))
    const cached = cache.wrap(
      async (n: number, fails = false) => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        if (fails) throw new Error('of the function')
        return n
      },
      {
        name: 'cached',
        ttl: '1h',
        staleWhileRevalidate: '1h',
        tags: () => ['tag'],
        singleFlight: { lease: 0.003, wait: 1 },
      },
    )
    for (let times = 0; times < 2; times++) expect(await Promise.all([cached(1), cached(2)])).toEqual([1, 2])
    await expect(cached(3, true)).rejects.toThrow('of the function')
    expect(await cached.refresh(1)).toBe(1)
    const others = [
      () => cached.invalidate(1),
      () => cached.invalidateAll(),
      () => cache.invalidateTags('tag'),
      () => cached.prime([1], 2),
      () => cached.peek(1),
      () => cache.getSize(),
      () => cache.purge(),
      () => cache.drain(),
      () => cache.close(),
    ]
    for (const other of others)
      await other().catch((error: StoreError) => expect(error.message).toContain('thrown by'))
    await turn()
    expect(thrown()).toBeGreaterThan(0)
  })
})

test('every async resource of a call is destroyed', async () => {
  const open = new Set<number>()
  let made = 0
  const hook = createHook({
    init(id, type) {
      if (!type.startsWith('RedisFuncCache')) return
      open.add(id)
      made++
    },
    destroy: (id) => void open.delete(id),
  }).enable()
  try {
    const store = new MemoryStore()
    const cache = newCache({ store })
    const square = cache.wrap(async (n: number) => n * n, {
      name: 'square',
      ttl: '1h',
      staleWhileRevalidate: '1h',
    })
    for (let times = 0; times < 3; times++) await Promise.all([square(1), square(1), square(2)])
    await cache.writeOnly(() => square(1))
    await square.refresh(1)
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    vi.spyOn(store, 'get').mockRejectedValueOnce(new Error('refused'))
    expect(await square(3)).toBe(9)
    expect(executionAsyncId()).not.toBe(-1)
    expect(made).toBeGreaterThan(3)
    await vi.waitFor(() => expect(open.size).toBe(0))
  } finally {
    hook.disable()
  }
})

describe('one signal for many calls', () => {
  const MANY = Array.from({ length: 25 }, (_, i) => i)

  test.each(['a list', 'many calls', 'many calls that join', 'bypass'])(
    'brings no warning: %s',
    async (which) => {
      const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
      const { signal } = new AbortController()
      const cache = newCache()
      const rows = cache.wrapMany(async (ids: readonly number[]) => ids.map((id) => ({ id })), {
        name: 'rows',
      })
      const one = cache.wrap(async (id: number) => ({ id }), { name: 'one' })
      const call = () => {
        if (which === 'a list') return rows.with({ signal })(MANY)
        if (which === 'many calls') return Promise.all(MANY.map((id) => one.with({ signal })(id)))
        if (which === 'bypass') return cache.bypass(() => rows.with({ signal })(MANY))
        return Promise.all(MANY.map(() => one.with({ signal })(1)))
      }
      const results = call()
      await Promise.resolve()
      expect(getEventListeners(signal, 'abort')).toHaveLength(1)
      expect(await results).toHaveLength(MANY.length)
      await turn()
      expect(getEventListeners(signal, 'abort')).toHaveLength(0)
      expect(await call()).toHaveLength(MANY.length)
      expect(emitted).not.toHaveBeenCalled()
    },
  )

  test('lets all of them leave', async () => {
    const aborter = new AbortController()
    const { signal } = aborter
    const cache = newCache()
    const hang = cache.wrap((_id: number) => new Promise<number>(() => {}), { name: 'hang' })
    const calls = MANY.map((id) => hang.with({ signal })(id))
    await turn()
    aborter.abort(new Error('enough'))
    const reasons = await Promise.allSettled(calls)
    expect(reasons.map((each) => String((each as PromiseRejectedResult).reason))).toEqual(
      MANY.map(() => 'Error: enough'),
    )
  })
})

describe('a policy whose store refuses it', () => {
  class Refusing extends MemoryStore {
    override accept(): void {
      throw new Error('not here')
    }
  }

  test('may be given to another cache, whose names it takes', async () => {
    const policy = new LruTPolicy()
    expect(() => new RedisFuncCache('first', policy, { store: new Refusing() })).toThrow('not here')
    expect(() => policy.cache).toThrow('no cache yet')
    const cache = new RedisFuncCache('second', policy, { store: new MemoryStore() })
    const load = cache.wrap(async (n: number) => n, { name: 'load' })
    expect(await load(1)).toBe(1)
    expect(load.keyOf(1).index).toContain('second')
    expect(policy.cache).toBe(cache)
  })

  test('keeps nothing of the first cache, though it may look at it', () => {
    class Curious extends LruTPolicy {
      override readLuaScripts() {
        this.calcKeys()
        return super.readLuaScripts()
      }
    }
    const policy = new Curious()
    const store = new MemoryStore()
    vi.spyOn(store, 'accept').mockImplementationOnce((given) => {
      void given.luaScripts
      throw new Error('not here')
    })
    expect(() => new RedisFuncCache('first', policy, { store })).toThrow('not here')
    const cache = new RedisFuncCache('second', policy, { store })
    expect(cache.policy.calcKeys()[0]).toContain('second')
  })

  test('stays with the cache that has it', () => {
    const policy = new LruTPolicy()
    const cache = new RedisFuncCache('first', policy, { store: new MemoryStore() })
    expect(() => new RedisFuncCache('second', policy, { store: new MemoryStore() })).toThrow('belongs to')
    expect(policy.cache).toBe(cache)
  })
})

test('a listener that throws or rejects is warned of, and neither the call nor other listeners fail', async () => {
  const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const cache = newCache()
  const other = vi.fn<() => void>()
  cache.on('hit', () => {
    throw new Error('thrown by a listener')
  })
  cache.on('hit', async () => {
    throw new Error('rejected by a listener')
  })
  cache.on('miss', async () => {
    throw new Error('rejected by another')
  })
  cache.on('hit', other)
  const load = cache.wrap(async (n: number) => n, { name: 'load' })
  expect(await load(1)).toBe(1)
  expect(await Promise.all([load(1), load(1)])).toEqual([1, 1])
  expect(await load(1)).toBe(1)
  await turn()
  expect(other).toHaveBeenCalledTimes(2)
  expect(emitted.mock.calls.map(([text]) => String(text))).toEqual([
    expect.stringContaining("A listener of the event 'miss' failed: rejected by another."),
    expect.stringContaining("A listener of the event 'hit' failed: thrown by a listener."),
  ])
})

// What each mode of a context means for all that can be done to an entry.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { CacheMissError, LruTPolicy, type Mode, RedisFuncCache, type Store, TimeoutError } from './library.ts'
import { openTarget, type Target, unique } from './target.ts'
import { listen, names } from './timeline.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

function newCache(store: Store = target.newStore()) {
  const cache = new RedisFuncCache(unique('modes'), new LruTPolicy(), { store, maxSize: 2_000 })
  const run = vi.fn<(id: number) => Promise<string>>(async () => 'computed')
  const one = cache.wrap(run as (id: number) => Promise<string>, { name: 'one' })
  const rows = cache.wrapMany(async (ids: readonly number[]) => Promise.all(ids.map((id) => run(id))), {
    name: 'rows',
  })
  return { cache, run, one, rows }
}

type World = ReturnType<typeof newCache>

/** The same done to a function, to a list, and to a key. */
const DOORS = {
  function: ({ one }: World) => ({
    call: () => one(1),
    refresh: () => one.refresh(1),
    prime: () => one.prime([1], 'primed'),
    peek: () => one.peek(1),
    invalidate: () => one.invalidate(1),
  }),
  list: ({ rows }: World) => ({
    call: async () => (await rows([1]))[0],
    refresh: async () => (await rows.refresh([1]))[0],
    prime: () => rows.prime([[1, 'primed']]),
    peek: async () => (await rows.peek([1]))[0],
    invalidate: async () => (await rows.invalidate(1)) === 1,
  }),
  key: ({ cache, run }: World) => ({
    call: () => cache.getOrSet('k', () => run(1)),
    refresh: undefined,
    prime: () => cache.set('k', 'primed'),
    peek: () => cache.peek('k'),
    invalidate: () => cache.invalidate('k'),
  }),
}

const FLAGS = [true, false]
const MODES: readonly Mode[] = FLAGS.flatMap((read) =>
  FLAGS.flatMap((write) => FLAGS.map((execute) => ({ read, write, execute }))),
)

describe.each(Object.entries(DOORS))('of a %s,', (_, open) => {
  describe.each(MODES)('within read: $read, write: $write, execute: $execute,', (mode) => {
    async function stored() {
      const world = newCache()
      const doors = open(world)
      await doors.prime()
      return { ...world, doors, within: <R>(callback: () => R): R => world.cache.withMode(mode, callback) }
    }

    test('refresh computes if it may, and stores if it may', async () => {
      const { doors, within, run } = await stored()
      if (doors.refresh === undefined) return
      const refresh = within(doors.refresh)
      if (mode.execute) expect(await refresh).toBe('computed')
      else await expect(refresh).rejects.toThrow(CacheMissError)
      expect(run).toHaveBeenCalledTimes(mode.execute ? 1 : 0)
      expect(await doors.peek()).toBe(mode.execute && mode.write ? 'computed' : 'primed')
    })

    test('a known value is stored if it may be', async () => {
      const { doors, within } = await stored()
      await doors.invalidate()
      await within(doors.prime)
      expect(await doors.peek()).toBe(mode.write ? 'primed' : undefined)
    })

    test('peek sees what it may', async () => {
      const { doors, within } = await stored()
      expect(await within(doors.peek)).toBe(mode.read ? 'primed' : undefined)
    })

    test('an invalidation is done, whatever the mode', async () => {
      const { doors, within } = await stored()
      expect(await within(doors.invalidate)).toBe(true)
      expect(await doors.peek()).toBeUndefined()
    })

    test('a call reads, computes and stores as it may', async () => {
      const { doors, within } = await stored()
      const call = within(doors.call)
      if (mode.read) expect(await call).toBe('primed')
      else if (mode.execute) expect(await call).toBe('computed')
      else await expect(call).rejects.toThrow(CacheMissError)
      expect(await doors.peek()).toBe(!mode.read && mode.execute && mode.write ? 'computed' : 'primed')
    })
  })
})

test('invalidations by function, by tag and of all are done within bypass and readOnly', async () => {
  for (const how of ['bypass', 'readOnly'] as const) {
    const { cache } = newCache()
    const load = cache.wrap(async (id: number) => id, { name: 'load', tags: () => ['t'] })
    for (const undo of [() => load.invalidateAll(), () => cache.invalidateTags('t'), () => cache.purge()]) {
      await load(1)
      expect(await cache[how](undo)).toBe(1)
      expect(await load.peek(1)).toBeUndefined()
    }
  }
})

describe('a refresh', () => {
  test('is a call: it counts, and so does what it does', async () => {
    const { cache, one, rows } = newCache()
    const { stats } = await cache.withStats(async () => {
      await one.refresh(1)
      await rows.refresh([1, 2])
    })
    expect(stats).toMatchObject({ calls: 3, read: 0, execute: 3, write: 3, hit: 0, miss: 0, refresh: 0 })
  })

  test('has a timeout, and goes on behind it', async () => {
    const { cache } = newCache()
    const emitted = listen(cache)
    let end: (result: string) => void = () => {}
    const result = new Promise<string>((resolve) => (end = resolve)) // the function may begin after the timeout
    const load = cache.wrap(async () => result, { name: 'load', timeout: '10ms' })
    await expect(load.refresh()).rejects.toThrow(TimeoutError)
    end('late')
    await vi.waitFor(() => expect(names(emitted)).toEqual(['store']))
    expect(await load.peek()).toBe('late')
  })

  test('has a signal, which the function sees', async () => {
    const { cache } = newCache()
    let seen: AbortSignal | undefined
    const load = cache.wrap(
      async () => {
        seen = cache.signal()
        return new Promise<string>(() => {})
      },
      { name: 'load' },
    )
    const controller = new AbortController()
    const refresh = load.with({ signal: controller.signal }).refresh()
    await vi.waitFor(() => expect(seen).toBeDefined())
    controller.abort(new Error('left'))
    await expect(refresh).rejects.toThrow('left')
    expect(seen?.aborted).toBe(true)
    await expect(load.with({ signal: controller.signal }).refresh()).rejects.toThrow('left')
  })
})

describe('lists of 1,200 ids', () => {
  const ids = Array.from({ length: 1_200 }, (_, id) => id)

  function counted() {
    const store = target.newStore()
    const [get, invalidate] = [vi.spyOn(store, 'get'), vi.spyOn(store, 'invalidate')]
    return { ...newCache(store), get, invalidate }
  }

  test('are looked at in a few commands', async () => {
    const { rows, get } = counted()
    await rows.prime(ids.map((id) => [id, `row ${id}`]))
    get.mockClear()
    expect(await rows.peek(ids)).toEqual(ids.map((id) => `row ${id}`))
    expect(get.mock.calls.length).toBeLessThan(25)
    for (const [, hashes] of get.mock.calls) expect(hashes.length).toBeLessThanOrEqual(1_000)
  })

  test('are invalidated in a few commands, and reported by one event', async () => {
    const { cache, rows, invalidate } = counted()
    const emitted = listen(cache)
    await rows.prime(ids.slice(0, 700).map((id) => [id, `row ${id}`]))
    expect(await rows.invalidate(...ids, 1, 2, 3)).toBe(700)
    expect(invalidate.mock.calls.map(([, hashes]) => hashes.length)).toEqual([500, 500, 200])
    expect(emitted).toMatchObject([
      { event: 'invalidate', function: 'rows', hash: undefined, count: 700, soft: false },
    ])
    expect(emitted[0]).toHaveProperty('hashes.length', 1_200)
    expect(await rows.peek(ids)).toEqual(ids.map(() => undefined))
    expect(await rows.invalidate()).toBe(0)
  })

  test('keep what is under way from being joined, and from being stored', async () => {
    const { cache } = counted()
    const ends: ((result: string) => void)[] = []
    const rows = cache.wrapMany(
      async (some: readonly number[]) => {
        const result = await new Promise<string>((resolve) => ends.push(resolve))
        return some.map(() => result)
      },
      { name: 'slow' },
    )
    const old = rows([1, 2])
    await vi.waitFor(() => expect(ends).toHaveLength(1))
    await rows.invalidate(1, 2)
    const fresh = rows([1, 2])
    await vi.waitFor(() => expect(ends).toHaveLength(2))
    ends[1]?.('new')
    expect(await fresh).toEqual(['new', 'new'])
    ends[0]?.('old')
    expect(await old).toEqual(['old', 'old'])
    expect(await rows.peek([1, 2])).toEqual(['new', 'new'])
  })
})

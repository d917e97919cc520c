import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { CacheMissError, LruTPolicy, MemoryStore, RedisFuncCache } from '../../src/index.ts'

let cache: RedisFuncCache
let other: RedisFuncCache
let runs: number

const newCache = (name: string): RedisFuncCache =>
  new RedisFuncCache(name, new LruTPolicy(), { store: new MemoryStore() })

/** The number of runs so far, so that a stored result can be told from a computed one. */
const wrapIn = (where: RedisFuncCache) =>
  where.wrap(
    async (_id: number) => {
      await turn()
      return ++runs
    },
    { name: 'run' },
  )

let run: (id: number) => Promise<number>
let runOther: (id: number) => Promise<number>

beforeEach(() => {
  runs = 0
  cache = newCache('contexts')
  other = newCache('others')
  run = wrapIn(cache)
  runOther = wrapIn(other)
})

describe('modes', () => {
  test('bypass neither reads nor writes', async () => {
    await run(1)
    expect(await cache.bypass(() => run(1))).toBe(2)
    expect(await run(1)).toBe(1)
    await cache.bypass(() => run(2))
    expect(await cache.getSize()).toBe(1)
  })

  test('writeOnly computes and stores', async () => {
    await run(1)
    expect(await cache.writeOnly(() => run(1))).toBe(2)
    expect(await run(1)).toBe(2)
  })

  test('readOnly serves what is stored, and misses the rest', async () => {
    await run(1)
    expect(await cache.readOnly(() => run(1))).toBe(1)
    await expect(cache.readOnly(() => run(2))).rejects.toThrow(CacheMissError)
    await expect(cache.readOnly(() => run(2))).rejects.toMatchObject({ code: 'ERR_MISS' })
    expect(runs).toBe(1)
  })

  test.each([
    { mode: { read: false }, first: 1, again: 2, stored: 1 },
    { mode: { write: false }, first: 1, again: 2, stored: 0 },
    { mode: { read: false, write: false }, first: 1, again: 2, stored: 0 },
    { mode: {}, first: 1, again: 1, stored: 1 },
    { mode: { read: true }, first: 1, again: 1, stored: 1 },
  ])('withMode($mode)', async ({ mode, first, again, stored }) => {
    expect(await cache.withMode(mode, () => run(1))).toBe(first)
    expect(await cache.withMode(mode, () => run(1))).toBe(again)
    expect(await cache.getSize()).toBe(stored)
  })

  test('what a mode leaves unsaid stays as it is around', async () => {
    await run(1)
    await cache.withMode({ write: false }, async () => {
      await cache.withMode({ read: false }, () => run(1))
      expect(runs).toBe(2)
      expect(await run(1)).toBe(1)
    })
    expect(await run(1)).toBe(1)
    await cache.readOnly(() => cache.withMode({ execute: true }, () => run(2)))
    expect(await cache.getSize()).toBe(1)
  })

  test('the inner mode ends where its callback ends', async () => {
    await cache.readOnly(async () => {
      expect(await cache.bypass(() => run(1))).toBe(1)
      await expect(run(1)).rejects.toThrow(CacheMissError)
    })
    expect(await run(1)).toBe(2)
  })

  test('it ends too where its callback throws', async () => {
    expect(() =>
      cache.bypass(() => {
        throw new RangeError('out')
      }),
    ).toThrow(RangeError)
    await expect(cache.bypass(() => Promise.reject(new RangeError('out')))).rejects.toThrow(RangeError)
    await run(1)
    expect(await run(1)).toBe(1)
  })

  test('a callback returns what it returns', () => {
    expect(cache.bypass(() => 3)).toBe(3)
    expect(cache.withMode({}, () => undefined)).toBeUndefined()
  })

  test('parallel contexts are apart', async () => {
    await run(1)
    const results = await Promise.all([
      cache.bypass(async () => {
        await turn()
        return await run(1)
      }),
      cache.readOnly(() => run(1)),
      cache.readOnly(() => run(2)).catch((error: unknown) => (error as CacheMissError).code),
      run(1),
    ])
    expect(results).toEqual([2, 1, 'ERR_MISS', 1])
  })

  test('a mode follows what the callback began, however late', async () => {
    const late = cache.bypass(() =>
      turn()
        .then(() => turn())
        .then(() => run(1)),
    )
    await run(1)
    expect(await late).toBe(2)
    expect(await run(1)).toBe(1)
  })

  test('caches are apart', async () => {
    await run(1)
    await runOther(1)
    expect(await cache.bypass(() => Promise.all([run(1), runOther(1)]))).toEqual([3, 2])
    await expect(cache.readOnly(() => other.bypass(() => runOther(5)))).resolves.toBe(4)
    await expect(cache.readOnly(() => other.bypass(() => run(5)))).rejects.toThrow(CacheMissError)
  })

  test('a mode holds for what the function itself calls', async () => {
    const outer = cache.wrap((id: number) => run(id), { name: 'outer' })
    await outer(1)
    expect(await cache.bypass(() => outer(1))).toBe(2)
    expect(await outer(1)).toBe(1)
  })

  test('equal calls of different modes do not join', async () => {
    const [served, computed] = await Promise.all([run(1), cache.bypass(() => run(1))])
    expect(new Set([served, computed])).toEqual(new Set([1, 2]))
  })
})

describe('statistics', () => {
  test('tell what the calls of a callback did', async () => {
    const { result, stats } = await cache.withStats(async () => {
      await run(1)
      await run(1)
      return await run(2)
    })
    expect(result).toBe(2)
    expect(stats).toEqual({
      calls: 3,
      read: 3,
      write: 2,
      execute: 2,
      hit: 1,
      near: 0,
      miss: 2,
      stale: 0,
      wait: 0,
      refresh: 0,
      joined: 0,
      evicted: 0,
      error: 0,
    })
  })

  test('of a callback that is not asynchronous', async () => {
    expect(await cache.withStats(() => 3)).toMatchObject({ result: 3, stats: { calls: 0 } })
  })

  test('pass on what the callback throws', async () => {
    await expect(cache.withStats(() => Promise.reject(new RangeError('out')))).rejects.toThrow(RangeError)
    await expect(
      cache.withStats(() => {
        throw new RangeError('out')
      }),
    ).rejects.toThrow(RangeError)
  })

  test('nest: what happens inside counts outside too', async () => {
    const outer = await cache.withStats(async () => {
      await run(1)
      const inner = await cache.withStats(() => run(1))
      expect(inner.stats).toMatchObject({ calls: 1, hit: 1, miss: 0, execute: 0 })
      await run(2)
    })
    expect(outer.stats).toMatchObject({ calls: 3, hit: 1, miss: 2, execute: 2 })
  })

  test('parallel contexts are apart', async () => {
    const [a, b] = await Promise.all([
      cache.withStats(() => Promise.all([run(1), run(2)])),
      cache.withStats(async () => {
        for (const id of [3, 4, 3]) await run(id)
      }),
      run(5),
    ])
    expect(a.stats).toMatchObject({ calls: 2, hit: 0, miss: 2 })
    expect(b.stats).toMatchObject({ calls: 3, hit: 1, miss: 2 })
  })

  test('calls that join others', async () => {
    const { stats } = await cache.withStats(() => Promise.all([run(1), run(1), run(1)]))
    expect(stats).toMatchObject({ calls: 3, read: 1, miss: 1, execute: 1, joined: 2 })
  })

  test('caches are apart', async () => {
    const { stats } = await cache.withStats(() => Promise.all([run(1), runOther(1), runOther(2)]))
    expect(stats).toMatchObject({ calls: 1, miss: 1 })
    const both = await cache.withStats(() => other.withStats(() => Promise.all([run(2), runOther(1)])))
    expect(both.stats).toMatchObject({ calls: 1, miss: 1, hit: 0 })
    expect(both.result.stats).toMatchObject({ calls: 1, miss: 0, hit: 1 })
  })

  test('and modes go together', async () => {
    await run(1)
    const { stats } = await cache.withStats(async () => {
      await cache.bypass(() => run(1))
      await cache.writeOnly(() => run(1))
      await cache.readOnly(() => run(1))
      await cache.readOnly(() => run(9)).catch(() => {})
    })
    expect(stats).toEqual({
      calls: 4,
      read: 2,
      write: 1,
      execute: 2,
      hit: 1,
      near: 0,
      miss: 1,
      stale: 0,
      wait: 0,
      refresh: 0,
      joined: 0,
      evicted: 0,
      error: 0,
    })
    const inside = await cache.bypass(() => cache.withStats(() => run(1)))
    expect(inside.stats).toMatchObject({ calls: 1, read: 0, execute: 1 })
  })

  test('evictions', async () => {
    const small = new RedisFuncCache('small', new LruTPolicy(), { store: new MemoryStore(), maxSize: 2 })
    const runSmall = wrapIn(small)
    const { stats } = await small.withStats(async () => {
      for (const id of [1, 2, 3, 4]) await runSmall(id)
    })
    expect(stats).toMatchObject({ write: 4, evicted: 2 })
  })
})

describe('the async context of a caller', () => {
  const requests = new AsyncLocalStorage<string>()

  test('is that in which the function runs for its call, though lookups of many calls are sent together', async () => {
    const seen = cache.wrap(async (_id: number) => requests.getStore() ?? 'none', { name: 'seen' })
    const results = await Promise.all([
      requests.run('one', () => seen(1)),
      requests.run('two', () => seen(2)),
      seen(3),
      requests.run('four', () => seen.refresh(4)),
      requests.run('five', () => cache.writeOnly(() => seen(5))),
    ])
    expect(results).toEqual(['one', 'two', 'none', 'four', 'five'])
  })

  test('is that in which listeners are called', async () => {
    const emitted: (string | undefined)[] = []
    cache.on('hit', () => emitted.push(requests.getStore()))
    await run(1)
    await run(2)
    await Promise.all([requests.run('one', () => run(1)), requests.run('two', () => run(2))])
    expect(emitted).toEqual(['one', 'two'])
  })

  test('keeps modes apart in functions that call others', async () => {
    const outer = cache.wrap((id: number) => run(id), { name: 'outer' })
    await run(1)
    const results = await Promise.all([
      cache.withMode({ write: false }, () => cache.withMode({ read: false }, () => outer(1))),
      cache.readOnly(() => outer(2)).catch((error: unknown) => (error as CacheMissError).code),
      outer(3),
    ])
    expect(results).toEqual([2, 'ERR_MISS', 3])
    expect(await run(3)).toBe(3)
  })
})

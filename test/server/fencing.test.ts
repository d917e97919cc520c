// What is invalidated stays so: no computation that began before may store its result after.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AbstractPolicy, LruTPolicy } from './library.ts'
import type { Store } from '../../src/store.ts'
import { type GatedCache, gated } from './gated.ts'
import { entry, hashesOf, keysOf, leftMs, newPlace, scoresOf, valuesOf } from './places.ts'
import { EACH_POLICY, hasServer, openTarget, type Target, unique } from './target.ts'
import { timeless } from './timeless-store.ts'

const BOTH_SCOPES = (['cache', 'function'] as const).map((scope) => ({
  policy: 'lru_t',
  scope,
  create: (): AbstractPolicy => new LruTPolicy({ scope }),
}))

const DAY_US = 86_400_000_000
const FENCE_LIMIT = 10_000

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

/** Two caches of one name: of two processes that share a server, or in one process the store. */
function pair(create: () => AbstractPolicy, as = (store: Store): Store => store) {
  const name = unique('fencing')
  const store = as(target.newStore())
  const here = gated({ create, name, store })
  const there = gated({ create, name, store: hasServer ? target.newStore() : store })
  return { here, there }
}

/** What undoes a stored entry. */
const UNDO = {
  'invalidate(…)': (it) => it.load.invalidate('a'),
  'purge(fn)': (it) => it.cache.purge(it.load),
  'purge()': (it) => it.cache.purge(),
} satisfies Record<string, (it: GatedCache) => Promise<unknown>>

const undoes = Object.entries(UNDO).map(([how, undo]) => ({ how, undo }))

describe.each([...EACH_POLICY.map((each) => ({ ...each, scope: 'cache' })), ...BOTH_SCOPES.slice(1)])(
  '$policy, scope $scope',
  ({ create }) => {
    describe.each(undoes)('a computation begun before $how', ({ undo }) => {
      test.each(['here', 'there'] as const)('is not stored if that comes from %s', async (where) => {
        const it = pair(create)
        const { here } = it
        const result = here.load('a')
        await here.running(1)
        await undo(it[where])
        here.end(0, 'old')
        expect(await result).toBe('old')
        expect(await here.load.peek('a')).toBeUndefined()
        expect(here.events('skip')).toMatchObject([{ reason: 'invalidated', function: 'load' }])
      })

      test('is not stored if it asked for its token after the lookup', async () => {
        const { here, there } = pair(create, timeless)
        const result = here.load('a')
        await here.running(1)
        await undo(there)
        here.end(0, 'old')
        expect(await result).toBe('old')
        expect(await there.load.peek('a')).toBeUndefined()
        const next = here.load('a')
        await here.running(2)
        here.end(1, 'new')
        expect(await next).toBe('new')
        expect(await there.load.peek('a')).toBe('new')
      })

      test('does not replace what was stored since', async () => {
        const { here, there } = pair(create)
        const old = here.load('a')
        await here.running(1)
        await undo(there)
        await there.load.prime(['a'], 'new')
        here.end(0, 'old')
        expect(await old).toBe('old')
        expect(await here.load.peek('a')).toBe('new')
      })

      test('is not stored if it is a refresh', async () => {
        const { here, there } = pair(create)
        await here.load.prime(['a'], 'older')
        const old = here.load.refresh('a')
        await here.running(1)
        await undo(there)
        here.end(0, 'old')
        expect(await old).toBe('old')
        expect(await here.load.peek('a')).toBeUndefined()
      })

      test('is not joined by a call that comes after', async () => {
        const { here } = pair(create)
        const old = here.load('a')
        await here.running(1)
        await undo(here)
        const next = here.load('a')
        await here.running(2)
        const joins = here.load('a')
        here.end(0, 'old')
        here.end(1, 'new')
        expect(await Promise.all([old, next, joins])).toEqual(['old', 'new', 'new'])
        expect(await here.load.peek('a')).toBe('new')
        expect(await here.load('a')).toBe('new')
      })
    })

    describe.each(undoes)('a computation begun after $how', ({ undo }) => {
      test.each(['here', 'there'] as const)('is stored if that came from %s', async (where) => {
        const it = pair(create)
        await undo(it[where])
        const result = it.here.load('a')
        await it.here.running(1)
        it.here.end(0, 'new')
        expect(await result).toBe('new')
        expect(await it.there.load.peek('a')).toBe('new')
        expect(it.here.events('skip')).toEqual([])
      })
    })

    test('another computation is stored, whatever is invalidated beside it', async () => {
      const { here, there } = pair(create)
      const result = here.load('b')
      await here.running(1)
      await there.load.invalidate('a')
      here.end(0, 'b')
      await result
      expect(await there.load.peek('b')).toBe('b')
    })
  },
)

describe.each(EACH_POLICY)('$policy: the fence', ({ create }) => {
  function newFence() {
    const store = target.newStore()
    const place = newPlace(create())
    const put = async (hash: string, token: number): Promise<boolean | undefined> =>
      (await store.put(place, [entry(hash, { token })])).stored[0]
    return { store, place, put, fence: `${place.keys[1]}:fence` }
  }

  test('refuses loads that took a day, of which it has no record', async () => {
    const { store, place, put } = newFence()
    const nowUs = await store.now(place)
    expect(await put('a', nowUs - DAY_US)).toBe(false)
    expect(await put('b', nowUs - DAY_US - 1)).toBe(false)
    expect(await put('c', nowUs - DAY_US + 60_000_000)).toBe(true)
    expect(await valuesOf(store, place, ['a', 'b', 'c'])).toEqual([undefined, undefined, 'c'])
  })

  test('distinguishes entries of one write', async () => {
    const { store, place } = newFence()
    const before = await store.now(place)
    await store.invalidate(place, ['b', 'd'])
    const after = await store.now(place)
    const { stored } = await store.put(place, [
      entry('a', { token: before }),
      entry('b', { token: before }),
      entry('c'),
      entry('d', { token: after }),
      entry('b'),
    ])
    expect(stored).toEqual([true, false, true, true, true])
    expect((await target.inspect(store, place)).hashes.toSorted()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('remembers ten thousand invalidations, and merges older ones into one', async () => {
    const { store, place, put } = newFence()
    const t0 = await store.now(place)
    await store.invalidate(place, ['first'])
    const t1 = await store.now(place)
    const others = hashesOf(FENCE_LIMIT)
    for (let start = 0; start < FENCE_LIMIT; start += 1_000) {
      await store.invalidate(place, others.slice(start, start + 1_000))
    }
    const t2 = await store.now(place)
    expect(await put('first', t0)).toBe(false)
    expect(await put('never', t0)).toBe(false) // nobody knows any more
    expect(await put('never', t1)).toBe(true)
    expect(await put('first', t1)).toBe(true)
    expect(await put(others.at(-1) as string, t1)).toBe(false)
    expect(await put(others.at(-1) as string, t2)).toBe(true)
  })

  test('outlives the entries', async () => {
    const { store, place, put } = newFence()
    const before = await store.now(place)
    await put('a', before)
    await store.invalidate(place, ['a'])
    await store.put(place, [entry('a', { ttlMs: 1 })])
    await store.purge(place)
    expect(await put('a', before)).toBe(false)
    expect(await put('b', before)).toBe(false)
  })

  test.runIf(hasServer)('is small, and lives for a day', async () => {
    const { store, place, fence } = newFence()
    const others = hashesOf(FENCE_LIMIT + 2_500)
    for (let start = 0; start < others.length; start += 500) {
      await store.invalidate(place, others.slice(start, start + 500))
    }
    expect(await target.raw(fence, 'ZCARD', fence)).toBeLessThanOrEqual(FENCE_LIMIT + 1)
    const [ms = 0] = await leftMs(target, [fence])
    expect(ms).toBeGreaterThan(DAY_US / 1000 - 60_000)
    expect(ms).toBeLessThanOrEqual(DAY_US / 1000)
    await store.purge(place)
    expect(await target.raw(fence, 'ZCARD', fence)).toBe(1)
  })

  test.runIf(hasServer)('stays when the key pair has ended', async () => {
    const { store, place, put } = newFence()
    const before = await store.now(place)
    await put('b', before)
    await store.invalidate(place, ['a'])
    const keys = keysOf(place)
    await target.raw(keys[0] as string, 'UNLINK', ...keys)
    expect(await put('a', before)).toBe(false)
    expect(await put('b', before)).toBe(true)
  })

  test.runIf(hasServer)('does not fall when the clock is set back', async () => {
    const { store, place, put, fence } = newFence()
    const future = (await store.now(place)) + 3_600_000_000
    await target.raw(fence, 'ZADD', fence, String(future), 'h:a', String(future), '')
    await store.invalidate(place, ['a', 'b'])
    const others = hashesOf(FENCE_LIMIT)
    for (let start = 0; start < FENCE_LIMIT; start += 1_000) {
      await store.invalidate(place, others.slice(start, start + 1_000))
    }
    const scores = await scoresOf(target, fence)
    expect(scores.get('h:a')).toBe(future)
    expect(scores.get('')).toBe(future)
    expect(await put('c', future - 1)).toBe(false)
  })

  test('is not raised to a time to come by a refresh that began before the clock was set back', async () => {
    const { store, place, put } = newFence()
    const token = (await store.now(place)) + 3_600_000_000
    const refreshed = entry('a', { token, metadata: { overrules: true } })
    expect((await store.put(place, [refreshed])).stored).toEqual([true])
    expect(await put('a', await store.now(place))).toBe(true)
  })

  test('is raised by a refresh even if a later load has stored its result: that entry may be evicted', async () => {
    const { store, place, put } = newFence()
    const [before, token, later] = [await store.now(place), await store.now(place), await store.now(place)]
    expect(await put('a', later)).toBe(true)
    const refreshed = entry('a', { token, metadata: { overrules: true } })
    expect((await store.put(place, [refreshed])).stored).toEqual([false])
    await store.put({ ...place, limits: { ...place.limits, maxSize: 1 } }, [entry('b'), entry('c')])
    expect(await put('a', before)).toBe(false)
  })
})

// A server under `maxmemory` takes single keys, and people delete what they do not know: nothing wrong may come of it.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AbstractPolicy, type KeySpace, RedisFuncCache, StoreError } from './library.ts'
import { besideOf, entry, keysOf, leaseRequest, passTime, placeOf, valuesOf, withLimits } from './places.ts'
import { EACH_POLICY, hasServer, openTarget, type Target, unique } from './target.ts'
import { runs } from '../random.ts'

/** Those that write to a structure at every put. */
const NEEDS_STRUCTURES: ReadonlySet<string> = new Set(['lfu', 'lfu_da', 'hyperbolic'])

type Losable = 'index' | 'values' | 'expiry' | 'structure'

/** Which keys are lost together. */
const LOSSES: readonly (readonly Losable[])[] = [
  ['index'],
  ['values'],
  ['expiry'],
  ['structure'],
  ['index', 'values'],
  ['index', 'expiry'],
  ['values', 'expiry'],
  ['index', 'values', 'structure'],
]

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

function newCache(create: () => AbstractPolicy, maxSize: number) {
  const store = target.newStore()
  const cache = new RedisFuncCache(unique('healing'), create(), { store, maxSize })
  const runs: string[] = []
  const fn = async (key: string): Promise<string> => {
    runs.push(key)
    return `value of ${key}`
  }
  const errors: unknown[] = []
  cache.on('error', ({ error }) => errors.push(error))
  const mortal = cache.wrap(fn, { name: 'fn', ttl: '100s' })
  const immortal = cache.wrap(fn, { name: 'fn' })
  const place = placeOf(cache, immortal.keyOf(''))
  return { store, cache, mortal, immortal, place, runs, errors }
}

/** The keys by what they are for. Those a policy does not have are left out. */
function keysFor(place: KeySpace, what: readonly Losable[]): string[] {
  const [index, values, expiry, ...structures] = keysOf(place)
  // Of several structures, only the first one is written to at every put.
  const all = { index: [index], values: [values], expiry: [expiry], structure: structures.slice(0, 1) }
  return what.flatMap((each) => all[each] as string[])
}

/** What may be the first thing that is done after the loss. */
const FIRST = {
  'a hit': ({ immortal }) => immortal('c'),
  'a miss': ({ immortal }) => immortal('x'),
  'a store': ({ mortal }) => mortal.prime(['a'], 'value of a'),
  'an invalidation': ({ immortal }) => immortal.invalidate('d'),
  'a refresh': ({ immortal }) => immortal.refresh('c'),
  'a count': ({ cache }) => cache.getSize(),
} satisfies Record<string, (it: ReturnType<typeof newCache>) => Promise<unknown>>

describe.runIf(hasServer).each(EACH_POLICY)('$policy', ({ create, policy }) => {
  const losses = LOSSES.filter((loss) => NEEDS_STRUCTURES.has(policy) || !loss.includes('structure')).map(
    (loss) => ({
      lost: loss.join(' and '),
      loss,
    }),
  )

  describe.each(losses)('that lost its $lost', ({ loss }) => {
    /** Two entries with an end and two without, in a full cache. */
    async function afterLoss() {
      const it = newCache(create, 4)
      for (const key of 'ab') await it.mortal(key)
      for (const key of 'cd') await it.immortal(key)
      const keys = keysFor(it.place, loss)
      expect(await target.raw(keys[0] as string, 'UNLINK', ...keys)).toBe(keys.length)
      return it
    }

    test.each(Object.entries(FIRST))('is whole again after %s', async (_, first) => {
      const it = await afterLoss()
      await first(it)
      for (const key of 'abcdefgh') {
        const ask = 'ab'.includes(key) ? it.mortal : it.immortal
        expect(await ask(key)).toBe(`value of ${key}`)
        expect(await ask(key)).toBe(`value of ${key}`)
      }
      const { hashes } = await target.inspect(it.store, it.place)
      expect(hashes).toHaveLength(4)
      expect(await it.cache.getSize()).toBe(4)
      expect(it.errors).toEqual([])
    })

    test('loses no entry for good: all can be evicted', async () => {
      const it = await afterLoss()
      await it.store.put(withLimits(it.place, { maxSize: 1 }), [entry('last')])
      expect((await target.inspect(it.store, it.place)).hashes).toEqual(['last'])
      expect(await valuesOf(it.store, it.place, ['last'])).toEqual(['last'])
      expect(await it.cache.purge()).toBe(1)
      const keys = keysOf(it.place)
      expect(await target.raw(keys[0] as string, 'EXISTS', ...keys)).toBe(0)
    })

    test('counts no less than nothing, and no ghosts', async () => {
      const it = await afterLoss()
      await passTime(target, it.place, 200_000)
      expect(await it.cache.getSize()).toBeGreaterThanOrEqual(0)
      const size = await it.cache.getSize()
      expect(await it.cache.purge()).toBe(size)
    })

    test('keeps no end of an entry that does not exist', async () => {
      const it = await afterLoss()
      await it.immortal.prime(['z'], 'value of z')
      await target.inspect(it.store, it.place)
      const before = await it.cache.getSize()
      await passTime(target, it.place, 200_000)
      expect(await it.immortal.peek('z')).toBe('value of z')
      const dead = before - (await it.cache.getSize())
      expect(dead).toBeLessThanOrEqual(2) // a and b, if they are still there
      expect(await it.cache.getSize()).toBeGreaterThanOrEqual(1)
    })
  })

  describe.each(['index', 'values', 'expiry', 'fence', 'structure'] as const)(
    'with a foreign key for its %s',
    (what) => {
      const keyOf = (place: KeySpace): string =>
        what === 'fence' ? `${place.keys[1]}:fence` : (keysFor(place, [what])[0] as string)

      async function occupied(onError: 'execute' | 'throw' = 'execute') {
        const store = target.newStore()
        const cache = new RedisFuncCache(unique('foreign'), create(), { store, onError })
        const runs: string[] = []
        const ask = cache.wrap(
          async (name: string) => {
            runs.push(name)
            return `value of ${name}`
          },
          { name: 'ask', ttl: '100s' },
        )
        const errors: unknown[] = []
        cache.on('error', ({ error }) => errors.push(error))
        const place = placeOf(cache, ask.keyOf(''))
        await ask('begun')
        runs.length = 0
        await target.raw(keyOf(place), 'UNLINK', keyOf(place))
        await target.raw(keyOf(place), 'LPUSH', keyOf(place), 'foreign')
        return { store, cache, ask, place, runs, errors }
      }

      const isThere = what !== 'structure' || NEEDS_STRUCTURES.has(policy)

      test.runIf(isThere)('answers all the same, and reports it', async () => {
        const { ask, errors, runs } = await occupied()
        for (const key of 'abab') expect(await ask(key)).toBe(`value of ${key}`)
        expect(await Promise.all([...'abcd'].map((key) => ask(key)))).toHaveLength(4)
        expect(await ask.refresh('a')).toBe('value of a')
        expect(runs).toContain('a')
        expect(errors.length).toBeGreaterThan(0)
        for (const error of errors) expect(error).toBeInstanceOf(StoreError)
      })

      test.runIf(isThere)(
        'throws if that is wished and the lookup fails, not where only the put does',
        async () => {
          const { ask, errors } = await occupied('throw')
          const outcome = await ask('a').catch((thrown: unknown) => thrown)
          const error = what === 'values' ? outcome : errors[0]
          if (what !== 'values') expect(outcome).toBe('value of a')
          expect(error).toBeInstanceOf(StoreError)
          expect((error as StoreError).message).toContain('WRONGTYPE')
          expect((error as StoreError).cause).toBeInstanceOf(Error)
        },
      )

      test.runIf(isThere)('works again when that is gone', async () => {
        const { ask, cache, store, place, runs } = await occupied()
        for (const key of 'ab') await ask(key)
        await target.raw(keyOf(place), 'DEL', keyOf(place))
        for (const key of 'abc') await ask(key)
        runs.length = 0
        for (const key of 'abc') expect(await ask(key)).toBe(`value of ${key}`)
        expect(runs).toEqual([])
        await target.inspect(store, place)
        expect(await cache.getSize()).toBeGreaterThanOrEqual(3)
      })
    },
  )
})

describe.runIf(hasServer).each(EACH_POLICY)(
  '$policy, where the first put fails at a foreign key',
  ({ create }) => {
    test.each(['tags', 'leases', 'expiry', 'structure'] as const)(
      'no key stays for ever: %s',
      async (what) => {
        const store = target.newStore()
        const cache = new RedisFuncCache(unique('foreign'), create(), { store, idleTtl: '1h' })
        cache.on('error', () => {})
        const ask = cache.wrap(async (name: string) => name, {
          name: 'ask',
          ttl: '100s',
          tags: () => ['all'],
          singleFlight: 'global',
        })
        const place = placeOf(cache, ask.keyOf(''))
        const foreign = keyFor(place, what)
        // The lease is taken before, and ended by the put.
        await store.lease(place, [leaseRequest('other')], 1_000)
        const load = cache.wrap(
          async (name: string) => {
            await target.raw(foreign, 'UNLINK', foreign)
            await target.raw(foreign, 'LPUSH', foreign, 'foreign')
            return name
          },
          { name: 'load', ttl: '100s', tags: () => ['all'], singleFlight: 'global' },
        )
        await load('first')
        await target.raw(foreign, 'DEL', foreign)
        await ask('second')
        const keys = [...keysOf(place), ...besideOf(place), place.keys[1]]
        const left = await Promise.all(keys.map(async (key) => Number(await target.raw(key, 'PTTL', key))))
        expect(left.filter((ms) => ms === -1)).toEqual([])
        expect(left.some((ms) => ms > 0)).toBe(true)
        await cache.close()
      },
    )
  },
)

/** All that a place may consist of, but the fence: of what that knew of loads under way, nobody else knows. */
const KEYS = ['index', 'values', 'expiry', 'tags', 'leases', 'structure'] as const

function keyFor(place: KeySpace, what: (typeof KEYS)[number]): string {
  const [index, values] = place.keys
  if (what === 'index') return index
  if (what === 'values') return values
  if (what === 'structure') return keysOf(place)[3] ?? `${index}:none`
  return `${values}:${what}`
}

describe.runIf(hasServer).each(EACH_POLICY)('$policy, with notes and tags', ({ create }) => {
  /** Functions of every kind in one small cache; what they return tells in which version of the world they ran. */
  function newWorld(maxSize = 4) {
    const store = target.newStore()
    const cache = new RedisFuncCache(unique('healing'), create(), { store, maxSize })
    const errors: unknown[] = []
    cache.on('error', ({ error }) => errors.push(error))
    const versions = new Map<string, number>()
    const versionOf = (key: string): number => versions.get(key) ?? 0
    const fn = async (key: string): Promise<number> => versionOf(key)
    const tags = (_version: number, key: string): string[] => [key, 'all']
    const functions = {
      tagged: cache.wrap(fn, { name: 'tagged', ttl: Number.POSITIVE_INFINITY, tags }),
      mortal: cache.wrap(fn, { name: 'mortal', ttl: '100s', tags }),
      graced: cache.wrap(fn, { name: 'graced', ttl: '100s', staleWhileRevalidate: '50s', tags }),
      plain: cache.wrap(fn, { name: 'plain', ttl: '100s' }),
    }
    const place = placeOf(cache, functions.plain.keyOf(''))
    const lose = async (...what: (typeof KEYS)[number][]): Promise<unknown> =>
      Promise.all(what.map((each) => target.raw(place.keys[0], 'DEL', keyFor(place, each))))
    const change = (key: string): unknown => versions.set(key, versionOf(key) + 1)
    return { cache, store, functions, place, lose, change, versionOf, errors }
  }

  type Step =
    | { readonly do: 'call'; readonly of: 'tagged' | 'mortal' | 'graced' | 'plain'; readonly key: string }
    | { readonly do: 'change'; readonly key: string; readonly by: 'own tag' | 'tag of all' | 'functions' }
    | { readonly do: 'lose'; readonly what: readonly (typeof KEYS)[number][] }

  const key = fc.constantFrom('a', 'b', 'c')
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('call' as const),
        of: fc.constantFrom('tagged' as const, 'mortal' as const, 'graced' as const, 'plain' as const),
        key,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('change' as const),
        key,
        by: fc.constantFrom('own tag' as const, 'tag of all' as const, 'functions' as const),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('lose' as const),
        what: fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 3 }),
      }),
    },
  )

  test('whatever is lost at whatever time, no call gets what was invalidated', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        const { cache, store, functions, place, lose, change, versionOf, errors } = newWorld()
        for (const each of steps) {
          if (each.do === 'call') {
            expect(await functions[each.of](each.key)).toBe(versionOf(each.key))
          } else if (each.do === 'lose') {
            await lose(...each.what)
          } else {
            change(each.key)
            await functions.plain.invalidate(each.key)
            if (each.by === 'own tag') await cache.invalidateTags(each.key)
            else if (each.by === 'tag of all') await cache.invalidateTags('none', 'all')
            else for (const fn of Object.values(functions)) await fn.invalidateAll()
          }
        }
        for (const name of 'xyz') await functions.graced(name)
        const { hashes } = await target.inspect(store, place)
        expect(hashes.length).toBeLessThanOrEqual(4)
        expect(await cache.getSize()).toBe(hashes.length)
        expect(errors).toEqual([])
      }),
      { numRuns: runs(25) },
    )
  })

  test.each([['tags'], ['expiry'], ['tags', 'expiry']] as (typeof KEYS)[number][][])(
    'that lost %s %s is whole again after the next calls',
    async (...lost) => {
      const { cache, store, functions, place, lose, errors } = newWorld(12)
      const all = Object.values(functions)
      const callAll = () => Promise.all([...'abc'].flatMap((name) => all.map((fn) => fn(name))))
      await callAll()
      await lose(...lost.filter(Boolean))
      await callAll()
      const { hashes, expiry, fresh, tags } = await target.inspect(store, place)
      expect([hashes.length, fresh.size, tags.size]).toEqual([12, 9, 9])
      // The entries know their ends themselves. Those that were computed anew are swept again.
      expect(expiry.size).toBe(lost.includes('tags') ? (lost.includes('expiry') ? 6 : 9) : 0)
      const { stats } = await cache.withStats(callAll)
      expect(stats).toMatchObject({ miss: 0 })
      expect(errors).toEqual([])
    },
  )

  test('an entry that is invalidated softly gets its end again, where the key of ends was lost', async () => {
    const { cache, store, functions, place, lose } = newWorld()
    await functions.graced('a')
    await lose('expiry')
    expect(await cache.invalidateTags('a', { soft: true })).toBe(1)
    const { hashes, expiry } = await target.inspect(store, place)
    expect([hashes.length, expiry.size]).toEqual([1, 1])
  })

  test.each([['index'], ['values'], ['index', 'values']] as const)(
    'keeps the leases when it lost %s %s',
    async (...lost) => {
      const { store, functions, place, lose } = newWorld()
      await functions.graced('a')
      const ask = () => store.lease(place, [leaseRequest(functions.graced.keyOf('new').hash)], 60_000)
      expect(await ask()).toMatchObject([{ state: 'taken' }])
      await lose(...(lost.filter(Boolean) as (typeof KEYS)[number][]))
      await functions.plain('b') // heals
      expect(await functions.graced.peek('a')).toBeUndefined()
      expect(await ask()).toMatchObject([{ state: 'held' }])
      expect(await target.raw(place.keys[0], 'EXISTS', ...besideOf(place))).toBe(0)
    },
  )
})

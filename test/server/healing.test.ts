// A server under `maxmemory` takes single keys, and people delete what they do not know: nothing wrong may come of it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AbstractPolicy, type Place, RedisFuncCache, StoreError } from '../../src/index.ts'
import { entry, keysOf, passTime, placeOf, valuesOf, withLimits } from './places.ts'
import { hasServer, openTarget, POLICIES, type Target, unique } from './target.ts'

const EACH_POLICY = Object.entries(POLICIES).map(([policy, Policy]) => ({
  policy,
  create: (): AbstractPolicy => new Policy(),
}))

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
function keysFor(place: Place, what: readonly Losable[]): string[] {
  const [index, values, expiry, ...structures] = keysOf(place)
  const all = { index: [index], values: [values], expiry: [expiry], structure: structures }
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
  const losses = LOSSES.filter((loss) => policy === 'lfu' || !loss.includes('structure')).map((loss) => ({
    lost: loss.join(' and '),
    loss,
  }))

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

    test('loses nobody for good: all can be evicted', async () => {
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

    test('keeps no end of an entry that is gone', async () => {
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
      const keyOf = (place: Place): string =>
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

      const isThere = what !== 'structure' || policy === 'lfu'

      test.runIf(isThere)('answers all the same, and tells', async () => {
        const { ask, errors, runs } = await occupied()
        for (const key of 'abab') expect(await ask(key)).toBe(`value of ${key}`)
        expect(await Promise.all([...'abcd'].map((key) => ask(key)))).toHaveLength(4)
        expect(await ask.refresh('a')).toBe('value of a')
        expect(runs).toContain('a')
        expect(errors.length).toBeGreaterThan(0)
        for (const error of errors) expect(error).toBeInstanceOf(StoreError)
      })

      test.runIf(isThere)('throws if that is wished', async () => {
        const { ask } = await occupied('throw')
        const error = await ask('a').catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(StoreError)
        expect((error as StoreError).message).toContain('WRONGTYPE')
        expect((error as StoreError).cause).toBeInstanceOf(Error)
      })

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

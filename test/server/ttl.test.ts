// How long entries live: each of its own, and a key pair as a whole.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type AbstractPolicy,
  type CacheOptions,
  type Duration,
  MemoryStore,
  type KeySpace,
  RedisFuncCache,
  type Store,
} from './library.ts'
import {
  besideOf,
  entry,
  fill,
  hashesOf,
  keysOf,
  leftMs,
  passTime,
  placeOf,
  runDown,
  scoresOf,
  valuesOf,
} from './places.ts'
import { EACH_POLICY, hasServer, openTarget, type Target, unique } from './target.ts'
import { touchesOf } from './touches.ts'

const LONG_MS = 100_000

/** Keys that live so long, and results that live as long as them. */
const LONG = { ttl: Number.POSITIVE_INFINITY, idleTtl: LONG_MS / 1000 } as const

/** Keys of policies that are not there all the time. */
const OCCASIONAL = /:(?:hand|ghost|walk|counts|base|state|weights|clock)$/

/** What is expected of each key, where it is there. */
const each = (keys: readonly string[], wanted: unknown): unknown[] =>
  keys.map((key) =>
    OCCASIONAL.test(key)
      ? expect.toSatisfy((ms: number) => ms === -2 || matches(ms, wanted), 'none, or as the others')
      : wanted,
  )

function matches(ms: number, wanted: unknown): boolean {
  try {
    expect(ms).toEqual(wanted)
    return true
  } catch {
    return false
  }
}

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())
afterEach(() => {
  vi.restoreAllMocks()
})

/** A cache with a function whose results have an end of their own, and one whose results have none. */
function newCache(
  create: () => AbstractPolicy,
  options: Partial<CacheOptions>,
  store: Store,
  ttl: Duration = '50s',
) {
  const cache = new RedisFuncCache(unique('ttl'), create(), { store, ...LONG, ...options })
  return { cache, store, ...functionsOf(cache, ttl) }
}

function functionsOf(cache: RedisFuncCache, ttl: Duration) {
  const runs: string[] = []
  const fn = async (key: string): Promise<string> => {
    runs.push(key)
    return `${key} ${runs.length}`
  }
  const mortal = cache.wrap(fn, { name: 'fn', ttl })
  const immortal = cache.wrap(fn, { name: 'fn' })
  return { mortal, immortal, runs, place: placeOf(cache, mortal.keyOf('')) }
}

describe.runIf(hasServer).each(EACH_POLICY)('$policy: the lifetime of a key pair', ({ create }) => {
  /** With an entry that has an end of its own, so that all its keys are there. */
  async function begun(options: Partial<CacheOptions> = {}) {
    const it = newCache(create, options, target.newStore())
    await it.mortal('a')
    await it.immortal('b')
    const keys = keysOf(it.place)
    return { ...it, keys, left: () => leftMs(target, keys) }
  }

  const full = expect.toSatisfy(
    (ms: number) => ms > LONG_MS - 9_000 && ms <= LONG_MS,
    'as long as it was at first',
  )
  const no = (ms: number) => expect.toSatisfy((left: number) => left > 0 && left <= ms, `up to ${ms} ms`)

  test('is that of all its keys', async () => {
    const { keys, left } = await begun()
    expect(await left()).toEqual(each(keys, full))
  })

  test('may be without end', async () => {
    const { keys, left } = await begun({ idleTtl: Number.POSITIVE_INFINITY })
    expect(await left()).toEqual(each(keys, -1))
  })

  test('is that of a key which is made anew while the others live on', async () => {
    const { place, immortal, mortal } = newCache(create, { maxSize: 1 }, target.newStore())
    for (const key of 'abc') await immortal(key) // at each of them, the index is empty for a moment
    await mortal('d')
    const keys = keysOf(place)
    expect(await leftMs(target, keys)).toEqual(each(keys, full))
  })

  test('is prolonged for results that live longer, unless it was chosen', async () => {
    const store = target.newStore()
    const cache = new RedisFuncCache(unique('ttl'), create(), { store })
    const mortal = cache.wrap(async (key: string) => key, {
      name: 'mortal',
      ttl: '6d',
      staleWhileRevalidate: '1d',
    })
    await mortal('a')
    const keys = keysOf(placeOf(cache, mortal.keyOf('a')))
    const week = 7 * 86_400_000
    const aWeek = expect.toSatisfy((ms: number) => ms > week - 60_000 && ms <= week, 'about a week')
    expect(await leftMs(target, keys)).toEqual(each(keys, aWeek))
  })

  test('is that of a key which comes later', async () => {
    const { place, immortal, mortal } = newCache(create, {}, target.newStore())
    await immortal('a')
    const keys = keysOf(place)
    await runDown(target, keys, 95_000)
    await mortal('b')
    expect(await leftMs(target, keys)).toEqual(each(keys, no(95_000)))
  })

  test('begins again with a write, when a tenth of it has run down', async () => {
    const { keys, left, immortal } = await begun()
    await runDown(target, keys, 95_000)
    await immortal.prime(['c'], 'c')
    expect(await left()).toEqual(each(keys, no(95_000)))
    await runDown(target, keys, 89_000)
    await immortal.prime(['d'], 'd')
    expect(await left()).toEqual(each(keys, full))
  })

  test('begins again with a hit, when a tenth has run down since this process began it', async () => {
    const { cache, keys, left } = await begun()
    const store = target.newStore()
    const touched = touchesOf(store)
    const twin = new RedisFuncCache(cache.name, create(), { store, ...LONG })
    const { immortal, runs } = functionsOf(twin, '50s')
    await runDown(target, keys, 10_000)
    await immortal('b')
    await touched()
    expect(await left()).toEqual(each(keys, full))

    await runDown(target, keys, 10_000)
    await immortal('b')
    await touched()
    expect(await left()).toEqual(each(keys, no(10_000)))

    const { now } = performance
    vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + LONG_MS / 10)
    await immortal('b')
    await touched()
    expect(await left()).toEqual(each(keys, full))
    expect(runs).toEqual([])
  })

  test('begins again with what is stored after a purge', async () => {
    const { cache, keys, left, mortal } = await begun()
    await runDown(target, keys, 95_000)
    await cache.purge()
    expect(await left()).toEqual(keys.map(() => -2))
    await mortal('a')
    expect(await left()).toEqual(each(keys, full))
  })

  test('ends it: what was stored is computed anew', async () => {
    const { cache, keys, left, immortal, runs } = await begun()
    await runDown(target, keys, 1)
    await vi.waitFor(async () => expect(await left()).toEqual(keys.map(() => -2)))
    expect(await cache.getSize()).toBe(0)
    expect(await immortal('b')).toBe('b 3')
    expect(runs).toEqual(['a', 'b', 'b'])
  })

  describe('with notes and tags', () => {
    /** With a function of every kind, so that all is asked for at every read. */
    function noting(cache: RedisFuncCache) {
      const fn = async (key: string): Promise<string> => key
      const noted = cache.wrap(fn, {
        name: 'noted',
        ttl: '40s',
        staleWhileRevalidate: '10s',
        tags: (_value, key) => [key],
      })
      return { noted, ...functionsOf(cache, '50s') }
    }

    async function begunSo(options: Partial<CacheOptions> = {}) {
      const all = { store: target.newStore(), ...LONG, ...options }
      const cache = new RedisFuncCache(unique('ttl'), create(), all)
      const it = noting(cache)
      await it.immortal('b')
      const keys = [...keysOf(it.place), ...besideOf(it.place)]
      return { ...it, cache, keys, left: () => leftMs(target, keys) }
    }

    test('is that of all its keys', async () => {
      const { noted, keys, left } = await begunSo()
      await noted('a')
      expect(await left()).toEqual(each(keys, full))
    })

    test('may be without end', async () => {
      const { noted, keys, left } = await begunSo({ idleTtl: Number.POSITIVE_INFINITY })
      await noted('a')
      expect(await left()).toEqual(each(keys, -1))
    })

    test('is that of keys which come later', async () => {
      const { noted, keys, left } = await begunSo()
      await runDown(target, keys, 95_000)
      await noted('a')
      expect(await left()).toEqual(each(keys, no(95_000)))
    })

    test('is that of keys which are lost and made anew', async () => {
      const { noted, keys, left, place } = await begunSo()
      await noted('a')
      await runDown(target, keys, 95_000)
      const [tags = ''] = besideOf(place)
      await target.raw(tags, 'DEL', tags)
      await noted('b')
      expect(await left()).toEqual(each(keys, no(95_000)))
    })

    test('begins again with a write, and with a hit of another process', async () => {
      const { cache, noted, immortal, keys, left } = await begunSo()
      await noted('a')
      await runDown(target, keys, 50_000)
      await immortal.prime(['c'], 'c')
      expect(await left()).toEqual(each(keys, full))
      const store = target.newStore()
      const touched = touchesOf(store)
      const twin = noting(new RedisFuncCache(cache.name, create(), { store, ...LONG }))
      await runDown(target, keys, 50_000)
      await twin.immortal('b')
      await touched()
      expect(await left()).toEqual(each(keys, full))
    })

    test('outlives no soft invalidation', async () => {
      const { cache, noted, keys, left } = await begunSo()
      await noted('a')
      await runDown(target, keys, 50_000)
      await cache.invalidateTags('a', { soft: true })
      await noted.invalidateAll({ soft: true })
      await noted.with({ soft: true }).invalidate('a')
      expect(await left()).toEqual(each(keys, no(50_000)))
    })
  })

  test('is not lost on lookups that find nothing', async () => {
    const { cache, immortal, place } = newCache(create, {}, target.newStore())
    const keys = keysOf(place)
    const ask = () => cache.readOnly(() => immortal('a').catch(() => 'none'))
    await ask()
    await target.raw(keys[0] as string, 'UNLINK', ...keys)
    await ask()
    await ask()
    expect((await leftMs(target, keys)).filter((ms) => ms === -1)).toEqual([])
  })
})

describe.runIf(hasServer).each(EACH_POLICY)('$policy: the lifetime of an entry', ({ create }) => {
  const expiryOf = ({ keys }: KeySpace) => scoresOf(target, `${keys[1]}:expiry`)

  async function serverMs(place: KeySpace): Promise<number> {
    const [seconds, microseconds] = (await target.raw(place.keys[0], 'TIME')) as [Buffer, Buffer]
    return Math.floor(Number(seconds) * 1_000 + Number(microseconds) / 1_000)
  }

  test.each<{ ttl: Duration; ms: number }>([
    { ttl: 0.001, ms: 1 },
    { ttl: 0.25, ms: 250 },
    { ttl: 1.2345, ms: 1_235 },
    { ttl: '250ms', ms: 250 },
    { ttl: '1.5s', ms: 1_500 },
    { ttl: '7d', ms: 604_800_000 },
  ])('of $ttl ends $ms ms after it was stored, by the clock of the server', async ({ ttl, ms }) => {
    const { mortal, place } = newCache(create, { idleTtl: '30d' }, target.newStore(), ttl)
    const hash = String(mortal.keyOf('a').hash)
    const before = await serverMs(place)
    await mortal('a')
    const after = await serverMs(place)
    const endsAtMs = (await expiryOf(place)).get(hash) ?? 0
    expect(endsAtMs).toBeGreaterThanOrEqual(before + ms)
    expect(endsAtMs).toBeLessThanOrEqual(after + ms)
  })

  test('makes it a miss from the millisecond on in which it ends', async () => {
    const { mortal, place, store } = newCache(create, {}, target.newStore())
    await mortal('a')
    const { hash } = mortal.keyOf('a')
    const [endsMs = 0] = (await expiryOf(place)).values()
    await passTime(target, place, endsMs - (await serverMs(place)) - 10_000)
    expect(await valuesOf(store, place, [hash])).toEqual(['"a 1"'])
    expect(await store.size(place)).toBe(1)
    const [laterMs = 0] = (await expiryOf(place)).values()
    await passTime(target, place, laterMs - (await serverMs(place)))
    expect(await valuesOf(store, place, [hash])).toEqual([undefined])
    expect(await store.size(place)).toBe(0)
  })

  test('is not prolonged by hits, but by being stored again', async () => {
    const { mortal, place } = newCache(create, {}, target.newStore())
    await mortal('a')
    const [first = 0] = (await expiryOf(place)).values()
    await passTime(target, place, 1_000)
    await mortal('a')
    expect([...(await expiryOf(place)).values()]).toEqual([first - 1_000])
    await mortal.refresh('a')
    const [again = 0] = (await expiryOf(place)).values()
    expect(again).toBeGreaterThanOrEqual(first)
  })

  test('leaves nothing behind: the next write sweeps what has ended', async () => {
    const { cache, mortal, immortal, place, store, runs } = newCache(create, {}, target.newStore())
    for (const key of 'abc') await mortal(key)
    await immortal('d')
    await passTime(target, place, 50_000)
    const [index, values] = place.keys

    expect(await target.raw(values, 'HLEN', values)).toBe(4) // still there
    expect(await cache.getSize()).toBe(1) // but never counted
    expect(await mortal.peek('a')).toBeUndefined()
    expect(await cache.readOnly(() => mortal('a').catch((error: Error) => error.name))).toBe('CacheMissError')

    await immortal.prime(['e'], 'e')
    const { hashes, expiry } = await target.inspect(store, place)
    expect(hashes).toHaveLength(2)
    expect(expiry.size).toBe(0)
    expect(await target.raw(index, 'EXISTS', `${values}:expiry`)).toBe(0)
    expect(await cache.getSize()).toBe(2)
    expect(await mortal('a')).toBe('a 5')
    expect(runs).toEqual(['a', 'b', 'c', 'd', 'a'])
  })

  test('ends entries before any are evicted for others', async () => {
    const { mortal, immortal, place, store } = newCache(create, { maxSize: 4 }, target.newStore())
    for (const key of 'ab') await immortal(key)
    for (const key of 'cd') await mortal(key)
    await passTime(target, place, 50_000)
    for (const key of 'ef') await immortal(key)
    const { hashes } = await target.inspect(store, place)
    expect(hashes.toSorted()).toEqual([...'abef'].map((key) => String(immortal.keyOf(key).hash)).toSorted())
  })

  test('goes with its entry: of an evicted or invalidated entry, nothing is left', async () => {
    const { mortal, place, store } = newCache(create, { maxSize: 2 }, target.newStore())
    for (const key of 'abcd') await mortal(key)
    expect((await target.inspect(store, place)).expiry.size).toBe(2)
    await mortal.invalidate('d')
    expect((await target.inspect(store, place)).expiry.size).toBe(1)
  })

  test('that has ended is not counted by invalidate and purge', async () => {
    const { cache, mortal, immortal, place } = newCache(create, {}, target.newStore())
    for (const key of 'ab') await mortal(key)
    await immortal('c')
    await passTime(target, place, 50_000)
    expect(await cache.purge()).toBe(1)
    await mortal('a')
    await passTime(target, place, 50_000)
    expect(await mortal.invalidate('a')).toBe(false)
  })

  test('is removed by a result without one', async () => {
    const { mortal, immortal, place } = newCache(create, {}, target.newStore())
    await mortal('a')
    expect((await expiryOf(place)).size).toBe(1)
    await immortal.prime(['a'], 'for ever')
    expect((await expiryOf(place)).size).toBe(0)
    expect(await immortal('a')).toBe('for ever')
  })

  test('is read from the entry itself where the key of ends was lost', async () => {
    const { mortal, immortal, place, runs } = newCache(create, {}, target.newStore())
    await mortal('a')
    await immortal('b')
    const expiry = `${place.keys[1]}:expiry`
    await target.raw(expiry, 'DEL', expiry)
    expect(await mortal('a')).toBe('a 1')
    expect(await immortal('b')).toBe('b 2')
    await passTime(target, place, 1_000_000_000)
    expect(await mortal.peek('a')).toBeUndefined()
    expect(await mortal('a')).toBe('a 3')
    expect(await immortal('b')).toBe('b 2')
    expect(runs).toEqual(['a', 'b', 'a'])
    expect((await expiryOf(place)).size).toBe(1)
  })

  test('of thousands may end at once', async () => {
    const { place, store } = newCache(create, { maxSize: 5_000 }, target.newStore())
    const hashes = hashesOf(2_500)
    for (const start of [0, 1_000, 2_000]) {
      await store.put(
        place,
        hashes.slice(start, start + 1_000).map((hash) => entry(hash, { ttlMs: 10_000 })),
      )
    }
    await passTime(target, place, 10_000)
    expect(await store.size(place)).toBe(0)
    for (let i = 0; i < 25; i++) {
      expect(await store.put(place, [entry('x')])).toMatchObject({ expired: 100, evicted: 0 })
      expect(await store.size(place)).toBe(1)
    }
    expect(await store.put(place, [entry('y')])).toMatchObject({ expired: 0 })
    expect((await target.inspect(store, place)).hashes.toSorted()).toEqual(['x', 'y'])
  })
})

describe.runIf(!hasServer).each(EACH_POLICY)('$policy: lifetimes by an injected clock', ({ create }) => {
  function timed(options: Partial<CacheOptions> = {}, ttl?: Duration) {
    let nowMs = 1_000_000
    const store = new MemoryStore({ clock: () => nowMs })
    const pass = (ms: number): void => {
      nowMs += ms
    }
    return { ...newCache(create, options, store, ttl), pass }
  }

  test('an entry ends to the millisecond', async () => {
    const { mortal, pass, runs } = timed({}, 0.25)
    await mortal('a')
    pass(249)
    await mortal('a')
    expect(runs).toEqual(['a'])
    pass(1)
    expect(await mortal.peek('a')).toBeUndefined()
    await mortal('a')
    expect(runs).toEqual(['a', 'a'])
  })

  test('what has ended is not counted, and swept by the next write', async () => {
    const { cache, store, mortal, immortal, place, pass } = timed()
    for (const key of 'abc') await mortal(key)
    await immortal('d')
    pass(50_000)
    expect([...(store as MemoryStore).entriesOf(place)]).toHaveLength(4)
    expect(await cache.getSize()).toBe(1)
    await immortal('e')
    expect((await target.inspect(store, place)).hashes).toHaveLength(2)
    expect(await cache.purge()).toBe(2)
  })

  test('a result without an end removes the old one', async () => {
    const { mortal, immortal, pass } = timed()
    await mortal('a')
    await immortal.prime(['a'], 'for ever')
    pass(60_000)
    expect(await immortal('a')).toBe('for ever')
  })

  test('a key pair lives on while it is used', async () => {
    const { store, immortal, pass, runs } = timed()
    const touched = touchesOf(store)
    await immortal('a')
    for (let i = 0; i < 5; i++) {
      pass(LONG_MS - 1)
      await immortal('a')
      await touched()
    }
    expect(runs).toEqual(['a'])
    pass(LONG_MS)
    await immortal('a')
    expect(runs).toEqual(['a', 'a'])
  })

  test('without an end, a key pair has none', async () => {
    const { immortal, pass, runs } = timed({ idleTtl: Number.POSITIVE_INFINITY })
    await immortal('a')
    pass(1e12)
    await immortal('a')
    expect(runs).toEqual(['a'])
  })

  test('thousands may end at once', async () => {
    const { store, place, pass } = timed({ maxSize: 5_000 })
    await fill(store, place, ['stays'])
    const hashes = hashesOf(2_500)
    for (const start of [0, 1_000, 2_000]) {
      await store.put(
        place,
        hashes.slice(start, start + 1_000).map((hash, i) => entry(hash, { ttlMs: 10_000 - i })),
      )
    }
    pass(10_000)
    expect(await store.size(place)).toBe(1)
    for (let i = 0; i < 25; i++) {
      expect(await store.put(place, [entry('x')])).toMatchObject({ expired: 100 })
    }
    expect((await target.inspect(store, place)).hashes.toSorted()).toEqual(['stays', 'x'])
  })
})

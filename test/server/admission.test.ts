// `admit`: a full cache leaves it to chance whether a new result is stored.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type AbstractPolicy,
  LruTPolicy,
  type PolicyOptions,
  RedisFuncCache,
  type WrapOptions,
} from './library.ts'
import { entry, newPlace } from './places.ts'
import { openTarget, POLICIES, type Target, unique } from './target.ts'

/** Hardly ever. */
const NEVER = 1e-12

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

function newCache(policy: AbstractPolicy, options: WrapOptions & { near?: boolean } = {}) {
  const { near, ...more } = options
  const store = target.newStore()
  const cache = new RedisFuncCache(unique('admission'), policy, { store, maxSize: 3, ...(near && { near }) })
  const skipped: string[] = []
  cache.on('skip', ({ reason }) => skipped.push(reason))
  const runs: string[] = []
  const fn = async (key: string): Promise<string> => {
    runs.push(key)
    return `${key}${runs.length}`
  }
  return { cache, ask: cache.wrap(fn, { name: 'ask', ttl: '1h', ...(more as object) }), skipped, runs }
}

const keptOf = async (ask: { peek(key: string): Promise<unknown> }, keys: string): Promise<string> => {
  const found = await Promise.all([...keys].map((key) => ask.peek(key)))
  return [...keys].filter((_, i) => found[i] !== undefined).join('')
}

const EACH = Object.entries(POLICIES).map(([policy, Policy]) => ({
  policy,
  create: (options: PolicyOptions): AbstractPolicy => new Policy(options),
}))

describe.each(EACH)('$policy', ({ create }) => {
  test('stores where there is room, replaces what there is, and otherwise evicts nothing', async () => {
    const { ask, skipped, runs, cache } = newCache(create({ admit: NEVER }))
    for (const key of 'abc') await ask(key)
    expect(skipped).toEqual([])
    expect(await ask('d')).toBe('d4')
    expect(await ask('d')).toBe('d5')
    expect(skipped).toEqual(['not-admitted', 'not-admitted'])
    expect(await keptOf(ask, 'abcd')).toBe('abc')
    await cache.writeOnly(() => ask('b'))
    expect(await ask.peek('b')).toBe('b6')
    await ask.invalidate('a')
    await ask('d')
    expect(await keptOf(ask, 'abcd')).toBe('bcd')
    expect(runs.join('')).toBe('abcddbd')
  })

  test('stores what is given to it, or refreshed', async () => {
    const { ask, skipped } = newCache(create({ admit: NEVER }))
    for (const key of 'abc') await ask(key)
    await ask.prime(['d'], 'known')
    expect(await ask.peek('d')).toBe('known')
    await ask.refresh('e')
    expect(await ask.peek('e')).toBe('e4')
    expect(skipped).toEqual([])
  })
})

test('half of the new results are stored if it says so', async () => {
  const { ask, skipped } = newCache(new LruTPolicy({ admit: 0.5 }))
  for (const key of 'abc') await ask(key)
  const random = vi.spyOn(Math, 'random')
  try {
    random.mockReturnValue(0.49)
    await ask('d')
    random.mockReturnValue(0.5)
    await ask('e')
  } finally {
    random.mockRestore()
  }
  expect(await keptOf(ask, 'abcde')).toBe('bcd')
  expect(skipped).toEqual(['not-admitted'])
})

test('the lease of a result that is not stored ends, and equal calls get the result', async () => {
  const { ask, cache, skipped, runs } = newCache(new LruTPolicy({ admit: NEVER }), { singleFlight: 'global' })
  for (const key of 'abc') await ask(key)
  expect(await Promise.all([ask('d'), ask('d'), ask('d')])).toEqual(['d4', 'd4', 'd4'])
  const { stats } = await cache.withStats(() => ask('d'))
  expect(stats).toMatchObject({ miss: 1 })
  expect(skipped).toEqual(['not-admitted', 'not-admitted'])
  expect(runs.join('')).toBe('abcdd')
})

test('a near tier does not hold what was not stored', async () => {
  const { ask, cache, runs } = newCache(new LruTPolicy({ admit: NEVER }), { near: true })
  const near: boolean[] = []
  cache.on('hit', (hit) => near.push(hit.near))
  for (const key of 'abc') await ask(key)
  await ask('a')
  for (const key of 'ddd') await ask(key)
  expect(runs.join('')).toBe('abcddd')
  expect(near).toHaveLength(1)
  await cache.close()
})

test('a batch is stored as far as there is room', async () => {
  const store = target.newStore()
  const place = newPlace(new LruTPolicy(), { maxSize: 3 })
  const ifRoom = { metadata: { ifRoom: true } }
  const report = await store.put(place, [
    entry('a', ifRoom),
    entry('a', ifRoom),
    entry('b'),
    entry('c', ifRoom),
    entry('d', ifRoom),
    entry('b', ifRoom),
  ])
  expect(report).toMatchObject({ evicted: 0, stored: [true, true, true, true, false, true] })
  expect(report.declined).toEqual(new Set(['d']))
  expect(await store.size(place)).toBe(3)
})

test.each([0, -1, 1.5, Number.NaN, '0.5'])('%s is no probability', (admit) => {
  expect(() => new LruTPolicy({ admit: admit as number })).toThrow(/^admit: .* is not a probability above 0/)
})

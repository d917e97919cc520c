// The ttl of the cache is that of its functions, unless they have their own; and no result lives for ever by oversight.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CacheOptions, OptionError, type WrapOptions } from './library.ts'
import { keysOf, leftMs } from './places.ts'
import { hasServer, openTarget, type Target } from './target.ts'
import { type Load, Timeline } from './timeline.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

test.each<{ what: string; cache?: Partial<CacheOptions>; fn?: WrapOptions<Load>; endsMs: number }>([
  { what: 'an hour if nothing is said', endsMs: HOUR },
  { what: 'that of the cache', cache: { ttl: '5m' }, endsMs: 5 * MINUTE },
  { what: 'its own', cache: { ttl: '5m' }, fn: { ttl: '10m' }, endsMs: 10 * MINUTE },
  { what: 'its own for each result', cache: { ttl: '5m' }, fn: { ttl: () => '10m' }, endsMs: 10 * MINUTE },
  {
    what: 'as long as the keys live, if that is less than an hour',
    cache: { idleTtl: '9m' },
    endsMs: 9 * MINUTE,
  },
  {
    what: 'that of the cache, with a grace period',
    cache: { ttl: '5m' },
    fn: { staleIfError: '1m' },
    endsMs: 5 * MINUTE,
  },
])('a function has $what', async ({ cache, fn: options, endsMs }) => {
  const time = new Timeline(target)
  const { fn, place } = time.newProcess(options, cache)
  await fn('a')
  const { storedAt, freshUntil } = await fn.detailed('a')
  expect(freshUntil).toBeDefined()
  if (storedAt !== undefined) expect(Number(freshUntil) - Number(storedAt)).toBe(endsMs)
  expect(Number(freshUntil) - Date.now()).toBeLessThanOrEqual(endsMs + 1_000)
  await time.pass(place, endsMs - MINUTE)
  expect(await fn('a')).toBe('a 1')
  await time.pass(place, MINUTE + 1)
  expect(await fn('a')).toBe('a 2')
})

test('keys and lists have it, too', async () => {
  const time = new Timeline(target)
  const { cache, place } = time.newProcess({}, { ttl: '5m' })
  const loadOf = (key: string) => cache.getOrSet(key, () => time.load(key))
  const many = cache.wrapMany(async (keys: readonly string[]) => Promise.all(keys.map(time.load)), {
    name: 'many',
  })
  expect([await loadOf('a'), ...(await many(['b']))]).toEqual(['a 1', 'b 2'])
  await time.pass(place, 5 * MINUTE + 1)
  expect([await loadOf('a'), ...(await many(['b']))]).toEqual(['a 3', 'b 4'])
})

describe('Infinity', () => {
  test.each<{ what: string; cache: Partial<CacheOptions>; fn: WrapOptions<Load> }>([
    { what: 'of a function', cache: {}, fn: { ttl: Number.POSITIVE_INFINITY } },
    { what: 'of the cache', cache: { ttl: Number.POSITIVE_INFINITY }, fn: {} },
    {
      what: 'of a function whose keys end when they are not used',
      cache: { idleTtl: '10m' },
      fn: { ttl: Number.POSITIVE_INFINITY },
    },
  ])('$what is no end', async ({ cache, fn: options }) => {
    const { fn, place } = new Timeline(target).newProcess(options, cache)
    await fn('a')
    expect(await fn.detailed('a')).toMatchObject({
      status: 'hit',
      storedAt: expect.any(Date),
      freshUntil: undefined,
    })
    if (!hasServer) return
    const [index = '', values = ''] = keysOf(place)
    const left = await leftMs(target, [index, values])
    if (cache.idleTtl === undefined) expect(left).toEqual([-1, -1])
    else for (const ms of left) expect(ms).toBeGreaterThan(9 * MINUTE)
  })

  test('is the only one that may be longer than the keys live', () => {
    const { cache } = new Timeline(target).newProcess({}, { idleTtl: '10m' })
    expect(() => cache.wrap(async () => 1, { name: 'long', ttl: '11m' })).toThrow(OptionError)
  })
})

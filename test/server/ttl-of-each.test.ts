// What `ttl` may say of a result, if it is a function.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Duration } from './library.ts'
import { openTarget, type Target } from './target.ts'
import { names, Timeline } from './timeline.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const YEAR = 365 * 24 * 3_600_000

test.each<[ttl: Duration | undefined, cacheTtl: Duration, livesMs: number, endsMs: number]>([
  [undefined, '5m', 300_000 - 1_000, 300_001],
  [undefined, Number.POSITIVE_INFINITY, 30 * YEAR, Number.POSITIVE_INFINITY],
  [Number.POSITIVE_INFINITY, '5m', 30 * YEAR, Number.POSITIVE_INFINITY],
  ['2h', '5m', 7_200_000 - 1_000, 7_200_001],
  [0.5, '5m', 0, 501],
])('%o, with a ttl of the cache of %o', async (ttl, cacheTtl, livesMs, endsMs) => {
  const time = new Timeline(target)
  const { fn, emitted, place } = time.newProcess(
    { ttl: () => ttl },
    { ttl: cacheTtl, idleTtl: Number.POSITIVE_INFINITY },
  )
  expect((await fn.detailed('a')).freshUntil === undefined).toBe(endsMs === Number.POSITIVE_INFINITY)
  if (livesMs > 0) await time.pass(place, livesMs)
  const { value, freshUntil } = await fn.detailed('a')
  expect(value).toBe('a 1')
  expect(freshUntil === undefined).toBe(endsMs === Number.POSITIVE_INFINITY)
  if (endsMs !== Number.POSITIVE_INFINITY) {
    await time.pass(place, endsMs - livesMs)
    expect(await fn('a')).toBe('a 2')
  }
  expect(names(emitted).filter((name) => name.startsWith('error'))).toEqual([])
})

test.each<[ttl: unknown]>([[0], [-0], ['0s'], ['0ms'], ['0.0h']])('%o stores nothing', async (ttl) => {
  const time = new Timeline(target)
  const { fn, emitted } = time.newProcess({ ttl: () => ttl as Duration })
  await fn('a')
  expect(names(emitted)).toEqual(['miss', 'skip:zero-ttl'])
})

test.each<[ttl: unknown]>([
  [-1],
  [Number.NEGATIVE_INFINITY],
  [Number.NaN],
  [null],
  ['5 minutes'],
  [''],
  ['-1s'],
  [true],
  [1e12],
])('%o is not a duration: nothing is stored, and an event tells', async (ttl) => {
  const time = new Timeline(target)
  const { fn, emitted } = time.newProcess({ ttl: () => ttl as Duration })
  expect(await fn('a')).toBe('a 1')
  expect(names(emitted)).toEqual(['miss', 'error:callback'])
  expect(emitted[1]).toMatchObject({ error: { message: expect.stringMatching(/^ttl: .*is not a duration/) } })
  await expect(fn.prime(['a'], 1)).rejects.toThrow(/^ttl: /)
})

test('an endless result has a grace period, jitter and all else', async () => {
  const time = new Timeline(target)
  const { fn, place } = time.newProcess({
    ttl: () => Number.POSITIVE_INFINITY,
    jitter: 0.5,
    staleWhileRevalidate: '1m',
    earlyRefresh: true,
    tags: () => ['a'],
  })
  await fn('a')
  await time.pass(place, YEAR)
  expect(await fn.detailed('a')).toMatchObject({ status: 'hit', value: 'a 1', freshUntil: undefined })
})

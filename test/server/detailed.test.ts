// Every result can tell where it came from, and how fresh it is.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { CacheMissError, type DetailedResult, MemoryStore, type WrapOptions } from './library.ts'
import { FailingStore } from './failing-store.ts'
import { gated } from './gated.ts'
import { hasServer, openTarget, type Target, unique } from './target.ts'
import { untilEmitted, type Load, Timeline, until } from './timeline.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())
afterEach(() => {
  vi.restoreAllMocks()
})

const SECOND = 1_000
const msOf = (date: Date | undefined): number => date?.getTime() ?? Number.NaN

/** Two clocks: that of the store may be a little off that of this process. */
const isNear = (date: Date | undefined, atMs: number): boolean => Math.abs(msOf(date) - atMs) < 2 * SECOND

describe.each<{ which: string; options: WrapOptions<Load> }>([
  { which: 'a ttl', options: { ttl: 100 } },
  { which: 'a ttl and a grace period', options: { ttl: 100, staleWhileRevalidate: 50 } },
  { which: 'a grace period and jitter', options: { ttl: 100, staleIfError: 500, jitter: 0.5 } },
  { which: 'a ttl of each result, and a grace period', options: { ttl: () => 100, earlyRefresh: true } },
])('a function with $which', ({ options }) => {
  test('returns for a miss and a hit when it was stored, and until when it is fresh', async () => {
    const { fn } = new Timeline(target).newProcess(options)
    const miss = await fn.detailed('a')
    expect(miss).toMatchObject({ value: 'a 1', status: 'miss' })
    expect(isNear(miss.storedAt, Date.now())).toBe(true)
    const freshMs = msOf(miss.freshUntil) - msOf(miss.storedAt)
    if (options.jitter === undefined) expect(freshMs).toBe(100 * SECOND)
    else expect(freshMs).toBeLessThanOrEqual(100 * SECOND)
    expect(await fn.detailed('a')).toEqual({ ...miss, status: 'hit' })
  })
})

test.each<{ what: string; options: WrapOptions<Load>; freshMs: number | undefined }>([
  { what: 'without an end', options: { ttl: Number.POSITIVE_INFINITY }, freshMs: undefined },
  { what: 'with jitter and no grace', options: { ttl: 100, jitter: 0.5 }, freshMs: 100 * SECOND },
])('of a result $what it is known when it was stored', async ({ options, freshMs }) => {
  const { fn } = new Timeline(target).newProcess(options)
  const { storedAt } = await fn.detailed('a')
  const hit = await fn.detailed('a')
  expect(hit).toMatchObject({ value: 'a 1', status: 'hit', storedAt })
  expect(storedAt).toBeInstanceOf(Date)
  if (freshMs === undefined) expect(hit.freshUntil).toBeUndefined()
  else expect(msOf(hit.freshUntil)).toBeLessThanOrEqual(Date.now() + freshMs + 2 * SECOND)
})

test('a stale result shows since when it is stale', async () => {
  const time = new Timeline(target)
  const { fn, place, emitted } = time.newProcess({ ttl: 100, staleWhileRevalidate: 50 })
  const { freshUntil } = await fn.detailed('a')
  await time.pass(place, 120 * SECOND)
  const stale = await fn.detailed('a')
  expect(stale).toMatchObject({ value: 'a 1', status: 'stale' })
  // On a server the test moves what is stored, and not the clock.
  expect(msOf(stale.freshUntil)).toBe(msOf(freshUntil) - (hasServer ? 120 * SECOND : 0))
  expect(msOf(stale.freshUntil) - msOf(stale.storedAt)).toBe(100 * SECOND)
  await untilEmitted(emitted, 'store', 2)
  expect(await fn.detailed('a')).toMatchObject({ value: 'a 2', status: 'hit' })
})

test('so does one that is served in place of an error', async () => {
  const time = new Timeline(target)
  const { fn, place } = time.newProcess({ ttl: 100, staleIfError: 500 })
  await fn('a')
  await time.pass(place, 120 * SECOND)
  time.load.mockRejectedValueOnce(new Error('down'))
  expect(await fn.detailed('a')).toMatchObject({ value: 'a 1', status: 'stale' })
})

test('a soft invalidation ends the freshness, and leaves the rest', async () => {
  const { fn } = new Timeline(target).newProcess({ ttl: 100, staleWhileRevalidate: 50 })
  const { storedAt } = await fn.detailed('a')
  await fn.with({ soft: true }).invalidate('a')
  const stale = await fn.detailed('a')
  expect(stale).toMatchObject({ value: 'a 1', status: 'stale', storedAt })
  expect(isNear(stale.freshUntil, Date.now())).toBe(true)
})

test('calls that join report that, and what is known of the result', async () => {
  const it = gated({ name: unique('detailed'), store: target.newStore(), options: { ttl: 100 } })
  const calls = [it.load.detailed('a'), it.load.detailed('a'), it.load('a')]
  await it.running(1)
  it.end(0, 'one')
  const [first, second, plain] = (await Promise.all(calls)) as DetailedResult<string>[]
  expect(first).toMatchObject({ value: 'one', status: 'miss', storedAt: expect.any(Date) })
  expect(second).toEqual({ ...first, status: 'joined' })
  expect(plain).toBe('one')
})

test('a call that waited for another process reports that', async () => {
  const time = new Timeline(target)
  const options: WrapOptions<Load> = { ttl: 100, singleFlight: 'global' }
  const [here, there] = [time.newProcess(options), time.newProcess(options)]
  const { end } = time.gate()
  const miss = here.fn.detailed('a')
  await time.ran(1)
  const waiting = there.fn.detailed('a')
  await untilEmitted(there.emitted, 'wait')
  end('of the other')
  expect(await miss).toMatchObject({ status: 'miss' })
  expect(await waiting).toMatchObject({ value: 'of the other', status: 'waited', storedAt: expect.any(Date) })
  await Promise.all([here.cache.close(), there.cache.close()])
})

test('modes that forbid to read report that nothing was read', async () => {
  const { cache, fn } = new Timeline(target).newProcess({ ttl: 100 })
  expect(await cache.bypass(() => fn.detailed('a'))).toEqual({
    value: 'a 1',
    status: 'bypass',
    storedAt: undefined,
    freshUntil: undefined,
  })
  expect(await cache.writeOnly(() => fn.detailed('a'))).toMatchObject({
    value: 'a 2',
    status: 'bypass',
    storedAt: expect.any(Date),
  })
  expect(await cache.readOnly(() => fn.detailed('a'))).toMatchObject({ value: 'a 2', status: 'hit' })
  await expect(cache.readOnly(() => fn.detailed('b'))).rejects.toThrow(CacheMissError)
})

describe('what is not stored has no times', () => {
  const NOT_STORED = { status: 'miss', storedAt: undefined, freshUntil: undefined }

  test.each<{ why: string; options: WrapOptions<Load> }>([
    { why: 'unwanted', options: { ttl: 100, cacheIf: () => false } },
    { why: 'too large', options: { ttl: 100, maxValueBytes: 1 } },
    { why: 'of no time to live', options: { ttl: () => 0 } },
  ])('$why', async ({ options }) => {
    const { fn } = new Timeline(target).newProcess(options)
    expect(await fn.detailed('a')).toMatchObject({ value: 'a 1', ...NOT_STORED })
  })

  test('invalidated meanwhile', async () => {
    const it = gated({ name: unique('detailed'), store: target.newStore(), options: { ttl: 100 } })
    const call = it.load.detailed('a')
    await it.running(1)
    await it.load.invalidate('a')
    it.end(0, 'one')
    expect(await call).toMatchObject({ value: 'one', ...NOT_STORED })
  })

  test('the store failed', async () => {
    const store = new FailingStore(target.newStore())
    store.failing.add('put')
    const time = new Timeline(target)
    const { fn, cache } = time.newProcess({ ttl: 100 }, { store })
    cache.on('error', () => {})
    expect(await fn.detailed('a')).toMatchObject({ value: 'a 1', ...NOT_STORED })
  })
})

test('an error of the function is an error', async () => {
  const time = new Timeline(target)
  const { fn } = time.newProcess({ ttl: 100 })
  time.load.mockRejectedValueOnce(new RangeError('no'))
  await expect(fn.detailed('a')).rejects.toThrow(RangeError)
})

test('lists report on each row', async () => {
  const { cache } = new Timeline(target).newProcess()
  const load = async (ids: readonly number[]) =>
    new Map(ids.filter((id) => id !== 3).map((id) => [id, `row ${id}`]))
  const rows = cache.wrapMany(load, { name: 'rows', ttl: 100, absent: { ttl: 10 } })
  await rows([1])
  const [one, two, three] = await rows.detailed([1, 2, 3])
  expect(one).toMatchObject({ value: 'row 1', status: 'hit', storedAt: expect.any(Date) })
  expect(two).toMatchObject({ value: 'row 2', status: 'miss', storedAt: expect.any(Date) })
  expect(three).toMatchObject({ value: undefined, status: 'miss' })
  const [, , absent] = await rows.detailed([1, 2, 3])
  expect(absent).toMatchObject({ value: undefined, status: 'hit' })
  expect(msOf(absent?.freshUntil) - msOf(absent?.storedAt)).toBe(10 * SECOND)
})

test('options of a call hold', async () => {
  const { fn } = new Timeline(target).newProcess({ ttl: 100 })
  const controller = new AbortController()
  controller.abort(new Error('left'))
  await expect(fn.with({ signal: controller.signal }).detailed('a')).rejects.toThrow('left')
})

test('calls under keys report the same', async () => {
  const { cache } = new Timeline(target).newProcess()
  const miss = await cache.getOrSetDetailed('a', () => 1, { ttl: 100 })
  expect(miss).toMatchObject({ value: 1, status: 'miss' })
  expect(msOf(miss.freshUntil) - msOf(miss.storedAt)).toBe(100 * SECOND)
  expect(await cache.getOrSetDetailed('a', () => 2, { ttl: 100 })).toEqual({ ...miss, status: 'hit' })
})

test('keys show when they were stored, whatever the ttl of the process that stored them', async () => {
  const { cache } = new Timeline(target).newProcess()
  await cache.set('a', 1, { ttl: 100 })
  const hit = await cache.getOrSetDetailed('a', () => 2, { ttl: 1_000 })
  expect(hit).toMatchObject({ value: 1, status: 'hit' })
  expect(isNear(hit.storedAt, Date.now())).toBe(true)
  expect(msOf(hit.freshUntil) - msOf(hit.storedAt)).toBe(100 * SECOND)
})

test('what was set is not stale before its time, whatever the grace period of the reader', async () => {
  const { cache } = new Timeline(target).newProcess()
  await cache.set('a', 1, { ttl: 100 })
  expect(await cache.getOrSetDetailed('a', () => 2, { ttl: 100, staleWhileRevalidate: 50 })).toMatchObject({
    value: 1,
    status: 'hit',
  })
})

test('a ttl that was raised since does not make a result older, once its details were requested', async () => {
  const time = new Timeline(target)
  const { fn: before } = time.newProcess({ ttl: 10 })
  await before.detailed('x')
  await before('a')
  const { fn: after } = time.newProcess({ ttl: 1_000 })
  const hit = await after.detailed('a')
  expect(hit.status).toBe('hit')
  expect(isNear(hit.storedAt, Date.now())).toBe(true)
})

test('calls under way share no result that cannot be copied: each runs, and says so', async () => {
  const { cache } = new Timeline(target).newProcess()
  const results = [1, 2, 3].map((id) => ({ id: () => id }))
  const load = cache.wrap(async () => results.shift(), { name: 'unserializable' })
  const details = await Promise.all([load.detailed(), load.detailed(), load.detailed()])
  expect(details.map(({ value }) => value?.id())).toEqual([1, 2, 3])
  for (const each of details) expect(each).toMatchObject({ status: 'miss', storedAt: undefined })
})

test('figures and events are those of a call', async () => {
  const { cache, fn, emitted } = new Timeline(target).newProcess({ ttl: 100 })
  const { stats } = await cache.withStats(async () => {
    await fn.detailed('a')
    await fn.detailed('a')
  })
  expect(stats).toMatchObject({ calls: 2, hit: 1, miss: 1, execute: 1 })
  await until(() => emitted.some(({ event }) => event === 'hit'))
})

test('the clock is that of the store', async () => {
  const store = new MemoryStore({ clock: () => 1_000_000 })
  const { fn } = new Timeline(target).newProcess({ ttl: 100 }, { store })
  expect(await fn.detailed('a')).toMatchObject({
    storedAt: new Date(1_000_000),
    freshUntil: new Date(1_100_000),
  })
})

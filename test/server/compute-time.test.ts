// A function that hangs keeps nobody from the result but those who wait for that run already.
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gated } from './gated.ts'
import { slowed } from './slow-store.ts'
import { hasServer, openTarget, type Target, unique } from './target.ts'
import { untilEmitted, Timeline } from './timeline.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const SECOND = 1_000
const SOON = { maxComputeTime: '20ms' } as const

describe('a function that hangs', () => {
  test('is run anew by the next call, and what it brings at last is not stored', async () => {
    const it = gated({ name: unique('hangs'), store: target.newStore(), options: SOON })
    const [first, joined] = [it.load('a'), it.load('a')]
    await it.untilEmitted('overdue')
    const second = it.load('a')
    await it.running(2)
    it.end(1, 'new')
    expect(await second).toBe('new')
    it.end(0, 'old')
    expect(await Promise.all([first, joined])).toEqual(['old', 'old'])
    expect(await it.load('a')).toBe('new')
    expect(it.events('skip')).toMatchObject([{ reason: 'overdue', function: 'load' }])
    expect(it.count('overdue')).toBe(1)
  })

  test('is none as long as it ends in time', async () => {
    const it = gated({ name: unique('hangs'), store: target.newStore(), options: { maxComputeTime: '10s' } })
    const first = it.load('a')
    await it.running(1)
    it.end(0, 'result')
    expect(await first).toBe('result')
    expect(await it.load.peek('a')).toBe('result')
    expect(it.count('overdue')).toBe(0)
  })

  test('may hang for ever if the cache says so, unless a function says otherwise', async () => {
    const store = target.newStore()
    const cache = { maxComputeTime: Number.POSITIVE_INFINITY }
    const patient = gated({ name: unique('hangs'), store, cache })
    const hasty = gated({ name: unique('hangs'), store, cache, options: SOON })
    const calls = [patient.load('a'), hasty.load('a')]
    await hasty.untilEmitted('overdue')
    await Promise.all([patient.running(1), hasty.running(1)])
    const joined = patient.load('a')
    for (const { end } of [patient, hasty]) end(0, 'result')
    expect(await Promise.all([...calls, joined])).toEqual(['result', 'result', 'result'])
    expect(patient.count('overdue')).toBe(0)
  })

  test('gives its lease back, so that another process computes', async () => {
    const name = unique('hangs')
    const shared = target.newStore()
    const options = { ...SOON, singleFlight: { lease: '60s', wait: '60s' } } as const
    const here = gated({ name, store: shared, options })
    const there = gated({
      name,
      store: hasServer ? target.newStore() : shared,
      options: { singleFlight: options.singleFlight },
    })
    const first = here.load('a')
    await here.running(1)
    const second = there.load('a')
    await there.running(1)
    there.end(0, 'new')
    expect(await second).toBe('new')
    here.end(0, 'old')
    expect(await first).toBe('old')
    expect(await here.load('a')).toBe('new')
    await Promise.all([here.cache.close(), there.cache.close()])
  })

  test('while it refreshes, is run anew when the result is asked for again', async () => {
    const time = new Timeline(target)
    const { fn, place, emitted } = time.newProcess({ ttl: 100, staleWhileRevalidate: 1_000, ...SOON })
    await fn('a')
    await time.pass(place, 200 * SECOND)
    const { end } = time.gate()
    expect(await fn('a')).toBe('a 1')
    await time.ran(2)
    await untilEmitted(emitted, 'overdue')
    expect(time.load).toHaveBeenCalledTimes(2)
    expect(await fn('a')).toBe('a 1')
    await untilEmitted(emitted, 'store', 2)
    expect(await fn('a')).toBe('a 3')
    end('old')
    await untilEmitted(emitted, 'skip')
    expect(await fn('a')).toBe('a 3')
  })

  test('when a soft timeout has served its callers, too', async () => {
    const time = new Timeline(target)
    // Storing what the last call computes has to fit into the soft timeout, on a busy machine as well.
    const options = { ttl: 100, staleIfError: 1_000, softTimeout: '300ms', maxComputeTime: '400ms' } as const
    const { fn, place, emitted } = time.newProcess(options)
    await fn('a')
    await time.pass(place, 200 * SECOND)
    time.gate()
    expect(await fn('a')).toBe('a 1')
    await untilEmitted(emitted, 'overdue')
    expect(await fn('a')).toBe('a 3')
  })

  test('and then throws, stores no error', async () => {
    const options = { ...SOON, cacheErrors: { ttl: 100 } }
    const it = gated({ name: unique('hangs'), store: target.newStore(), options })
    const first = it.load('a')
    await it.untilEmitted('overdue')
    it.fail(0, new Error('at last'))
    await expect(first).rejects.toThrow('at last')
    const second = it.load('a')
    await it.running(2)
    it.end(1, 'new')
    expect(await second).toBe('new')
  })

  test('of a refresh replaces nothing', async () => {
    const it = gated({ name: unique('hangs'), store: target.newStore(), options: SOON })
    const refresh = it.load.refresh('a')
    await it.untilEmitted('overdue')
    await it.load.prime(['a'], 'new')
    it.end(0, 'old')
    expect(await refresh).toBe('old')
    expect(await it.load.peek('a')).toBe('new')
  })

  test('of a list, and under a key', async () => {
    const { cache } = gated({ name: unique('hangs'), store: target.newStore() })
    let runs = 0
    const hang = () => new Promise<never>(() => {})
    const once = <R>(result: R) => (runs++ === 0 ? hang() : result)
    const rows = cache.wrapMany((ids: readonly number[]) => once(ids), { name: 'rows', ...SOON })
    void rows([1, 2])
    await pause(40)
    expect(await rows([2, 3])).toEqual([2, 3])
    runs = 0
    const get = () => cache.getOrSet('k', () => once('v'), SOON)
    void get()
    await pause(40)
    expect(await get()).toBe('v')
  })
})

test('a call that comes when a lookup has hung for that long does not wait for it', async () => {
  const line = slowed(target.newStore())
  const { cache, count } = gated({ name: unique('hangs'), store: line.store })
  const double = cache.wrap(async (n: number) => 2 * n, { name: 'double', ...SOON })
  line.hold('back')
  const first = double(1)
  await pause(40)
  const second = double(1)
  expect(count('join')).toBe(0)
  line.free()
  expect(await Promise.all([first, second])).toEqual([2, 2])
})

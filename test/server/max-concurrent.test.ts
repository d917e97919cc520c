// `maxConcurrent`: so many runs of a function at once in this process, and the others wait in order.
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { LruTPolicy, OptionError, RedisFuncCache, TimeoutError, type WrapOptions } from './library.ts'
import { FailingStore } from './failing-store.ts'
import { gated } from './gated.ts'
import { openTarget, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const gatedWith = (options: Partial<WrapOptions>) =>
  gated({ name: unique('limit'), store: target.newStore(), options: options as object })

describe('beyond the limit', () => {
  test('calls wait in order', async () => {
    const { load, runs, running, end, untilEmitted } = gatedWith({ maxConcurrent: 2 })
    const calls = ['a', 'b', 'c', 'd'].map((key) => load(key))
    await untilEmitted('miss', 4)
    await running(2)
    await turn()
    expect(runs.map(({ key }) => key)).toEqual(['a', 'b'])
    end(1, 'B')
    await running(3)
    end(0, 'A')
    end(2, 'C')
    await running(4)
    end(3, 'D')
    expect(runs.map(({ key }) => key)).toEqual(['a', 'b', 'c', 'd'])
    expect(await Promise.all(calls)).toEqual(['A', 'B', 'C', 'D'])
  })

  test('hits and joins need no run', async () => {
    const { load, running, end, runs } = gatedWith({ maxConcurrent: 1 })
    await load.prime(['hit'], 'there')
    const [first, joined] = [load('a'), load('a')]
    await running(1)
    expect(await load('hit')).toBe('there')
    end(0, 'A')
    expect(await Promise.all([first, joined])).toEqual(['A', 'A'])
    expect(runs).toHaveLength(1)
  })

  test('calls wait up to their timeout, and then do not run', async () => {
    const { load, running, end, runs } = gatedWith({ maxConcurrent: 1, timeout: '200ms' })
    const first = load('a').catch((error: unknown) => error)
    await running(1)
    await expect(load('b')).rejects.toThrow(TimeoutError)
    end(0, 'A')
    expect(await first).toBeInstanceOf(TimeoutError)
    const next = load('c')
    await running(2)
    end(1, 'C')
    expect(await next).toBe('C')
    expect(runs.map(({ key }) => key)).toEqual(['a', 'c'])
  })

  test('one that another caller still waits for runs', async () => {
    const { load, running, end, untilEmitted } = gatedWith({ maxConcurrent: 1 })
    const first = load('a')
    await running(1)
    const leaving = new AbortController()
    const left = load.with({ signal: leaving.signal })('b')
    const stays = load('b')
    await untilEmitted('miss', 2)
    leaving.abort(new Error('left'))
    await expect(left).rejects.toThrow('left')
    end(0, 'A')
    await running(2)
    end(1, 'B')
    expect(await Promise.all([first, stays])).toEqual(['A', 'B'])
  })

  test('one whose signal aborts leaves the queue', async () => {
    const { load, running, end, runs, untilEmitted } = gatedWith({ maxConcurrent: 1 })
    const first = load('a')
    await running(1)
    const leaving = new AbortController()
    const left = load.with({ signal: leaving.signal })('b')
    await untilEmitted('miss', 2)
    leaving.abort(new Error('left'))
    await expect(left).rejects.toThrow('left')
    const next = load('c')
    end(0, 'A')
    await running(2)
    end(1, 'C')
    expect(await Promise.all([first, next])).toEqual(['A', 'C'])
    expect(runs.map(({ key }) => key)).toEqual(['a', 'c'])
  })
})

test.each(['returns', 'throws', 'is overdue'])('a run that %s gives its slot to the next', async (how) => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const { load, running, end, fail } = gatedWith({
    maxConcurrent: 1,
    maxComputeTime: '50ms',
    singleFlight: 'global',
  })
  const first = load('a').catch(() => 'failed')
  await running(1)
  const next = load('b')
  if (how === 'returns') end(0, 'A')
  if (how === 'throws') fail(0, new Error('no'))
  await running(2)
  end(1, 'B')
  expect(await next).toBe('B')
  end(0, 'A')
  await first
  vi.restoreAllMocks()
})

test('a function that calls itself waits for no slot of its own', async () => {
  const cache = new RedisFuncCache(unique('limit'), new LruTPolicy(), { store: target.newStore() })
  const sum: (n: number) => Promise<number> = cache.wrap(
    async (n: number): Promise<number> => (n === 0 ? 0 : n + (await sum(n - 1))),
    { name: 'sum', maxConcurrent: 1 },
  )
  expect(await sum(5)).toBe(15)
})

test('a run of a list counts once', async () => {
  const cache = new RedisFuncCache(unique('limit'), new LruTPolicy(), { store: target.newStore() })
  let atOnce = 0
  let most = 0
  const rows = cache.wrapMany(
    async (ids: readonly number[]) => {
      most = Math.max(most, ++atOnce)
      await sleep(5)
      atOnce--
      return ids
    },
    { name: 'rows', maxConcurrent: 2 },
  )
  const lists = await Promise.all([1, 2, 3, 4, 5].map((i) => rows([i, 10 * i, 100 * i])))
  expect(lists[4]).toEqual([5, 50, 500])
  expect(most).toBe(2)
})

test.each(['bypass', 'a store that fails'])('with %s, the limit protects the source', async (how) => {
  const store = new FailingStore(target.newStore(), 'get', 'put')
  const cache = new RedisFuncCache(unique('limit'), new LruTPolicy(), { store })
  cache.on('error', () => {})
  let atOnce = 0
  let most = 0
  const load = cache.wrap(
    async (key: number) => {
      most = Math.max(most, ++atOnce)
      await sleep(2)
      atOnce--
      return key
    },
    { name: 'load', maxConcurrent: 3 },
  )
  const keys = Array.from({ length: 30 }, (_, i) => i)
  const call = () => Promise.all(keys.map((key) => load(key)))
  expect(await (how === 'bypass' ? cache.bypass(call) : call())).toEqual(keys)
  expect(most).toBe(3)
})

test.each([0, -1, 1.5, '3'])('%s is refused', (maxConcurrent) => {
  const cache = new RedisFuncCache(unique('limit'), new LruTPolicy(), { store: target.newStore() })
  expect(() => cache.wrap(async () => 1, { name: 'f', maxConcurrent: maxConcurrent as number })).toThrow(
    OptionError,
  )
})

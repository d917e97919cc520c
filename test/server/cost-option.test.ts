// The option `cost`: what a result is said to cost to compute again.
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { CostPolicy, type CostPolicyOptions, LruTPolicy, OptionError, RedisFuncCache } from './library.ts'
import { openTarget, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const open = (options: CostPolicyOptions, maxSize = 2) =>
  new RedisFuncCache(unique('cost'), new CostPolicy(options), {
    store: target.newStore(),
    maxSize,
  })

describe('cost', () => {
  test('of a function decides what is evicted, and gets the result, the milliseconds and the arguments', async () => {
    const cache = open({})
    const asked: unknown[][] = []
    const load = cache.wrap(async (id: string, price: number) => `${id} for ${price}`, {
      name: 'load',
      cost: (result, ms, id, price) => {
        asked.push([result, ms >= 1, id])
        return price
      },
    })
    await load('a', 3)
    await load('b', 9)
    await load('c', 5)
    expect(asked[0]).toEqual(['a for 3', true, 'a'])
    expect(await Promise.all([load.peek('a', 3), load.peek('b', 9)])).toEqual([undefined, 'b for 9'])
  })

  test('of the policy is for functions without one of their own', async () => {
    const cache = open({ cost: (result: string) => Number(result) })
    const load = cache.wrap(async (price: number) => String(price), { name: 'load' })
    const free = cache.wrap(async () => '100', { name: 'free', cost: () => 0 })
    await load(5)
    await free()
    await load(4)
    expect(await Promise.all([load.peek(5), load.peek(4), free.peek()])).toEqual(['5', '4', undefined])
  })

  test('of a value that is stored under a key', async () => {
    const cache = open({})
    await cache.getOrSet('a', () => 'A', { cost: () => 5 })
    await cache.set('b', 'B', { cost: () => 2 })
    await cache.getOrSet('c', () => 'C', { cost: () => 1 })
    expect(await Promise.all(['a', 'b', 'c'].map((key) => cache.peek(key)))).toEqual(['A', undefined, 'C'])
  })

  test('of a known value is what runs of the function have taken lately', async () => {
    const cache = open({}, 10)
    const asked: number[] = []
    const load = cache.wrap(
      async (id: string) => {
        await new Promise((resolve) => setTimeout(resolve, 30))
        return id
      },
      { name: 'load', cost: (_, ms) => asked.push(ms) },
    )
    await load.prime(['a'], 'known')
    await load('b')
    await load.prime(['c'], 'known')
    expect(asked[0]).toBe(1)
    expect(asked[1]).toBeGreaterThan(20)
    expect(asked[2]).toBe(asked[1])
  })

  describe('that is nonsense', () => {
    const warned = vi.spyOn(process, 'emitWarning')
    beforeEach(() => {
      warned.mockClear()
    })

    test.each<[string, () => unknown]>([
      ['returned NaN', () => Number.NaN],
      ['returned -1', () => -1],
      ['returned Infinity', () => Number.POSITIVE_INFINITY],
      ['returned an object', () => Promise.resolve(1)],
      [
        'has thrown: oh',
        () => {
          throw new Error('oh')
        },
      ],
    ])('%s: the call goes on, with a warning', async (what, cost) => {
      const cache = open({})
      const load = cache.wrap(async () => 1, { name: 'load', cost: cost as () => number })
      expect(await load()).toBe(1)
      expect(await load.peek()).toBe(1)
      expect(String(warned.mock.calls[0]?.[0])).toMatch(/cost/)
      if (!what.includes('object')) expect(String(warned.mock.calls[0]?.[0])).toContain(what)
    })
  })

  test('is refused where it would be ignored, and where its answer comes too late', () => {
    const cache = new RedisFuncCache(unique('cost'), new LruTPolicy(), { store: target.newStore() })
    expect(() => cache.wrap(async () => 1, { name: 'f', cost: () => 1 })).toThrow(OptionError)
    expect(() => open({ cost: (async () => 1) as never })).toThrow(/cost.*async/)
    expect(() => open({}).wrap(async () => 1, { name: 'f', cost: (async () => 1) as never })).toThrow(/async/)
    expect(() => open({ weigh: 'size' as never })).toThrow(/weigh.*cost, cost\/size/)
  })
})

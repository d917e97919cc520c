// Equal calls at the same time run the function once, whatever it returns, unless each needs a result of its own.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { LruTPolicy, RedisFuncCache, type StandardSchema, type WrapOptions } from './library.ts'
import { openTarget, type Target, unique } from './target.ts'
import { untilEmitted, listen } from './timeline.ts'

let target: Target
let warnings: string[]
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())
beforeEach(() => {
  warnings = []
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)))
})
afterEach(() => {
  vi.restoreAllMocks()
})

type Load = (id: number) => Promise<unknown>

/** A hundred equal calls at the same time. */
async function hundred(result: () => unknown, options: WrapOptions<Load> = {}) {
  const cache = new RedisFuncCache(unique('sharing'), new LruTPolicy(), { store: target.newStore() })
  const emitted = listen(cache)
  const run = vi.fn<Load>(async () => result())
  const load = cache.wrap<Load>(run as Load, { name: 'load', ...options })
  const results = await Promise.all(Array.from({ length: 100 }, () => load(1)))
  return { run, results, emitted, load }
}

const cycle = () => {
  const object: { self?: unknown } = {}
  object.self = object
  return object
}

describe('the function runs once', () => {
  test.each([
    { what: 'a bigint', result: () => ({ n: 1n }) },
    { what: 'a cycle', result: cycle },
  ])('for $what that JSON refuses, and each has a copy', async ({ result }) => {
    const { run, results } = await hundred(result, { serializer: 'json' })
    expect(run).toHaveBeenCalledOnce()
    expect(new Set(results).size).toBe(100)
    for (const each of results) expect(each).toEqual(result())
    expect(warnings.filter((warning) => warning.includes('share'))).toEqual([])
  })

  test.each([
    { what: 'a symbol', result: () => Symbol.for('a') },
    {
      what: 'what is frozen all through',
      result: () => Object.freeze({ a: Object.freeze([Symbol.for('a')]) }),
    },
  ])('for $what, which all may have', async ({ result }) => {
    const { run, results } = await hundred(result)
    expect(run).toHaveBeenCalledOnce()
    expect(new Set(results).size).toBe(1)
  })

  test('for what is shared by option', async () => {
    const { run, results } = await hundred(() => () => 1, { share: true })
    expect(run).toHaveBeenCalledOnce()
    expect(new Set(results).size).toBe(1)
  })
})

describe('the function runs for each, and one warning says why,', () => {
  test.each([
    { what: 'a function', result: () => () => 1 },
    { what: 'a stream', result: () => new Blob(['x']).stream() },
    { what: 'what is frozen outside alone', result: () => Object.freeze({ deep: { f: () => 1 } }) },
    { what: 'a frozen object with a function', result: () => Object.freeze({ f: () => 1 }) },
    { what: 'a frozen Map', result: () => Object.freeze(new Map([['a', () => 1]])) },
    {
      what: 'a getter',
      result: () => Object.freeze(Object.defineProperty({}, 'a', { get: () => () => 1, enumerable: true })),
    },
  ])('for $what', async ({ result }) => {
    const { run, results } = await hundred(result)
    expect(run).toHaveBeenCalledTimes(100)
    expect(new Set(results).size).toBe(100)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('share: true')
  })

  test('for an instance of a class with what its serializer refuses', async () => {
    class Money {
      readonly cents = 1n
    }
    const { run, results } = await hundred(() => new Money(), { serializer: 'json' })
    expect(run).toHaveBeenCalledTimes(100)
    for (const each of results) expect(each).toBeInstanceOf(Money)
    expect(warnings).toEqual([expect.stringContaining('share: true')])
  })
})

describe('failures of the cache do not reach a call that joined:', () => {
  test('a result that cannot be read', async () => {
    const { run, results, emitted } = await hundred(() => ({ a: 1 }), {
      serializer: [
        JSON.stringify,
        () => {
          throw new Error('unreadable')
        },
      ],
    })
    expect(results).toEqual(Array(100).fill({ a: 1 }))
    expect(run).toHaveBeenCalledTimes(100)
    await untilEmitted(emitted, 'error')
    expect(emitted.find(({ event }) => event === 'error')).toMatchObject({ during: 'serialize' })
  })

  test('a schema that throws, or is not passed', async () => {
    for (const validate of [
      () => {
        throw new Error('broken')
      },
      () => ({ issues: [{ message: 'wrong' }] }),
    ]) {
      const schema = {
        '~standard': { version: 1, vendor: 'test', validate },
      } as unknown as StandardSchema<never>
      const { results } = await hundred(() => ({ a: 1 }), { schema })
      expect(results).toEqual(Array(100).fill({ a: 1 }))
    }
  })
})

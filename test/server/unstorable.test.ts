// Results that no serializer brings back, and what JSON alone refuses: given to who asked, and to nobody else.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { formatNames } from '../serializers/formats.ts'
import { LruTPolicy, RedisFuncCache } from './library.ts'
import { textBeforeTrailer } from './places.ts'
import { openTarget, type Target, unique } from './target.ts'
import { listen, names, Timeline } from './timeline.ts'

let target: Target
let warnings: string[]
beforeAll(async () => {
  target = await openTarget()
})
beforeEach(() => {
  warnings = []
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)))
})
afterEach(() => {
  vi.restoreAllMocks()
})
afterAll(() => target.close())

const SKIP = 'skip:unstorable'

describe.each(formatNames)('a Response within a result, with %s', (serializer) => {
  test('goes to its caller, is not stored, and is reported: by one warning, and by an event each time', async () => {
    const time = new Timeline(target)
    time.load.mockImplementation(async () => ({ response: new Response('x') }))
    const { cache, fn, emitted } = time.newProcess({ serializer })
    for (let i = 1; i <= 3; i++) {
      const { response } = (await fn('a')) as { response: Response }
      expect(await response.text()).toBe('x')
      expect(time.load).toHaveBeenCalledTimes(i)
    }
    expect(names(emitted)).toEqual(['miss', SKIP, 'miss', SKIP, 'miss', SKIP])
    expect(emitted[1]).toMatchObject({ reason: 'unstorable', bytes: 0, function: 'load' })
    expect(warnings).toEqual([
      expect.stringMatching(
        /load: result\.response is a Response, which no serializer can bring back\. .*cacheIf/,
      ),
    ])
    expect(await cache.getSize()).toBe(0)
    await expect(fn.prime(['a'], new Headers())).rejects.toThrow(/result is a Headers/)
    expect(await cache.getSize()).toBe(0)
  })

  test('is not shared: each call that joins gets a result of its own', async () => {
    const time = new Timeline(target)
    time.load.mockImplementation(async () => new Response('x'))
    const { fn } = time.newProcess({ serializer })
    const responses = (await Promise.all([fn('a'), fn('a'), fn('a')])) as Response[]
    expect(new Set(responses).size).toBe(3)
    for (const response of responses) expect(await response.text()).toBe('x')
  })
})

test('what cacheIf leaves out is no cause for a warning', async () => {
  const time = new Timeline(target)
  time.load.mockImplementation(async () => new Response('x'))
  const { fn, emitted } = time.newProcess({ cacheIf: () => false })
  await fn('a')
  expect(emitted.map((each) => each.event === 'skip' && each.reason)).toEqual([false, 'unwanted'])
  expect(warnings).toEqual([])
})

test('getOrSet, lists and refreshes do the same', async () => {
  const cache = new RedisFuncCache(unique('unstorable'), new LruTPolicy(), { store: target.newStore() })
  const emitted = listen(cache)
  const many = cache.wrapMany(
    async (ids: readonly number[]) => ids.map((id) => (id === 2 ? new Blob([]) : { id })),
    {
      name: 'many',
    },
  )
  expect(await cache.getOrSet('key', () => new Set([new Headers()]))).toEqual(new Set([new Headers()]))
  expect(await many([1, 2])).toEqual([{ id: 1 }, new Blob([])])
  await many.refresh([2])
  const ofFunction = emitted.map(
    (each) => `${'function' in each ? each.function : ''} ${names([each]).join()}`,
  )
  expect(ofFunction.filter((each) => /skip|store/.test(each)).toSorted()).toEqual([
    `getOrSet ${SKIP}`,
    `many ${SKIP}`,
    `many ${SKIP}`,
    'many store',
  ])
  expect(warnings).toHaveLength(2)
})

describe('the default', () => {
  test('brings back what was given, cold as well as warm, and by JSON where that does', async () => {
    const time = new Timeline(target)
    const row = { id: 1, at: new Date(5), tags: new Set(['a']), total: 5n, none: [undefined, Number.NaN, -0] }
    time.load.mockImplementation(async (key) => (key === 'plain' ? { id: 1 } : row))
    const { cache, fn, place } = time.newProcess()
    for (const key of ['plain', 'rich']) {
      const cold = await fn(key)
      expect(await fn(key)).toEqual(cold)
    }
    expect(await fn('rich')).toEqual(row)
    expect(time.load).toHaveBeenCalledTimes(2)
    expect(warnings).toEqual([])
    if (target.name !== 'memory') {
      const bytes = async (key: string) =>
        (await target.raw(place.keys[1], 'HGET', place.keys[1], fn.keyOf(key).hash)) as Buffer
      expect(textBeforeTrailer(await bytes('plain'))).toBe('{"id":1}')
      expect(String(await bytes('rich'))).toMatch(/^\0v8\0/)
    }
    await cache.close()
  })

  test('reports the first instance of a class, and stores instances as plain objects', async () => {
    class Point {
      x = 1
    }
    const time = new Timeline(target)
    time.load.mockImplementation(async (key) =>
      key === 'plain' ? {} : { point: new Point(), at: new Date(1) },
    )
    const { fn, emitted } = time.newProcess()
    for (const key of ['plain', 'a', 'b']) await fn(key)
    const { point, at } = (await fn('a')) as { point: object; at: Date }
    expect(point).toEqual({ x: 1 })
    expect(Object.getPrototypeOf(point)).toBe(Object.prototype)
    expect(at).toEqual(new Date(1))
    expect(emitted.filter(({ event }) => event === 'lossy')).toMatchObject([
      { detail: 'result.point is a Point and comes back as a plain object' },
    ])
    expect(warnings).toHaveLength(1)
  })
})

describe("'json'", () => {
  test('stores nothing that it would change, and says so', async () => {
    const time = new Timeline(target)
    time.load.mockImplementation(async () => ({ at: new Date(5) }))
    const { fn, emitted } = time.newProcess({ serializer: 'json' })
    expect(await fn('a')).toEqual({ at: new Date(5) })
    expect(await fn('a')).toEqual({ at: new Date(5) })
    expect(names(emitted)).toEqual(['miss', 'error:serialize', 'miss', 'error:serialize'])
    expect(emitted[1]).toMatchObject({
      during: 'serialize',
      error: { message: expect.stringMatching(/result\.at is a Date.*lossy: true/) },
    })
  })

  test.each([
    { what: 'of the function', of: { lossy: true, serializer: 'json' }, cache: {} },
    { what: 'of the cache', of: {}, cache: { lossy: true, serializer: 'json' } },
    {
      what: 'of the cache, for a function that says json',
      of: { serializer: 'json' },
      cache: { lossy: true, serializer: 'json' },
    },
  ] as const)('with lossy $what stores what JSON makes of it', async ({ of, cache }) => {
    const time = new Timeline(target)
    time.load.mockImplementation(async (key) => (key === 'plain' ? 1 : { at: new Date(5) }))
    const { fn, emitted } = time.newProcess(of, cache)
    for (const key of ['plain', 'a', 'a']) await fn(key)
    expect(await fn('a')).toEqual({ at: '1970-01-01T00:00:00.005Z' })
    expect(time.load).toHaveBeenCalledTimes(2)
    expect(emitted.filter(({ event }) => event === 'lossy')).toHaveLength(1)
    expect(warnings).toEqual([])
  })
})

// Stored results have to pass a schema, where there is one.
import { type } from 'arktype'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { StandardSchema } from './library.ts'
import { openTarget, type Target } from './target.ts'
import { untilEmitted, names, Timeline } from './timeline.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

interface User {
  readonly id: number
  readonly name: string
}

const isUser = (value: unknown): value is User =>
  typeof value === 'object' && value !== null && typeof (value as User).name === 'string'

/** A schema by hand. */
const schemaOf = (validate: StandardSchema['~standard']['validate']): StandardSchema => ({
  '~standard': { version: 1, vendor: 'by-hand', validate },
})

const issue = { message: 'name: missing' }
const USER = schemaOf((value) => (isUser(value) ? { value } : { issues: [issue] }))

const ALL: readonly { readonly library: string; readonly schema: StandardSchema }[] = [
  { library: 'by hand', schema: USER },
  { library: 'by hand, asynchronous', schema: schemaOf(async (value) => USER['~standard'].validate(value)) },
  { library: 'zod', schema: z.object({ id: z.number(), name: z.string() }) },
  { library: 'valibot', schema: v.object({ id: v.number(), name: v.string() }) },
  { library: 'arktype', schema: type({ id: 'number', name: 'string' }) },
]

const ADA: User = { id: 1, name: 'Ada' }

describe.each(ALL)('a schema of $library', ({ schema }) => {
  test('lets pass what is as it says', async () => {
    const time = new Timeline(target)
    const { fn, emitted } = time.newProcess({ schema })
    await fn.prime(['a'], ADA)
    expect(await Promise.all([fn('a'), fn('a')])).toEqual([ADA, ADA])
    expect(await fn.peek('a')).toEqual(ADA)
    expect(names(emitted)).toEqual(['join', 'hit'])
    expect(time.load).not.toHaveBeenCalled()
  })

  test('has the rest computed again, and replaced', async () => {
    const time = new Timeline(target)
    time.load.mockResolvedValue(ADA)
    const { cache, fn, emitted } = time.newProcess({ schema })
    await fn.prime(['a'], { id: 1, first: 'Ada' })
    expect(await fn.peek('a')).toBeUndefined()
    const { result, stats } = await cache.withStats(() => fn('a'))
    expect(result).toEqual(ADA)
    expect(stats).toMatchObject({ hit: 0, miss: 1, error: 1 })
    expect(await fn('a')).toEqual(ADA)
    expect(names(emitted)).toEqual(['invalid', 'invalid', 'miss', 'store', 'hit'])
    expect(emitted[1]).toMatchObject({ function: 'load', issues: [expect.stringMatching(/name|string/)] })
    expect(time.load).toHaveBeenCalledOnce()
  })

  test('is asked again about what was mended', async () => {
    const time = new Timeline(target)
    const migrate = vi.fn<(stored: { id: number; first: string }) => User>(({ id, first }) => ({
      id,
      name: first,
    }))
    const { fn, emitted } = time.newProcess({ schema, migrate })
    await fn.prime(['a'], { id: 1, first: 'Ada' })
    await fn.prime(['b'], { id: 2 })
    time.load.mockResolvedValue({ id: 2, name: 'Bob' })
    expect(await fn('a')).toEqual(ADA)
    expect(await fn.peek('a')).toEqual(ADA)
    expect(await fn('b')).toEqual({ id: 2, name: 'Bob' })
    expect(names(emitted)).toEqual(['hit', 'invalid', 'miss', 'store'])
    expect(migrate).toHaveBeenCalledTimes(3)
  })
})

describe('what a schema makes of a stored result', () => {
  test.each<{ library: string; schema: StandardSchema }>([
    {
      library: 'by hand',
      schema: schemaOf((value) => ({ value: { at: new Date((value as { at: string }).at) } })),
    },
    { library: 'zod', schema: z.object({ at: z.coerce.date() }) },
    {
      library: 'valibot',
      schema: v.object({ at: v.pipe(v.string(), v.transform((at) => new Date(at))) }), // biome-ignore format: one line
    },
    { library: 'arktype', schema: type({ at: 'string.date.parse' }) },
  ])('is what every caller gets, also calls that join: $library', async ({ schema }) => {
    const at = new Date('2001-02-03T04:05:06.000Z')
    const time = new Timeline(target)
    time.load.mockResolvedValue({ at })
    const { fn } = time.newProcess({ schema, serializer: 'json', lossy: true })
    const computed = await Promise.all([fn('a'), fn('a'), fn('a')])
    expect(computed).toEqual([{ at }, { at }, { at }])
    const found = await Promise.all([fn('a'), fn('a'), fn('a')])
    expect(found).toEqual([{ at }, { at }, { at }])
    expect(new Set([...computed, ...found]).size).toBe(6)
    expect(time.load).toHaveBeenCalledOnce()
  })

  test('checks what is served as stale and as a fallback', async () => {
    const schema = schemaOf((value) => ({ value: `checked ${String(value)}` }))
    const time = new Timeline(target)
    const { fn, place, emitted } = time.newProcess({
      ttl: 100,
      staleWhileRevalidate: 50,
      staleIfError: 200,
      schema,
    })
    await fn('a')
    await time.pass(place, 100_000)
    time.load.mockRejectedValue(new Error('unavailable'))
    expect(await fn('a')).toBe('checked a 1')
    await untilEmitted(emitted, 'error')
    await time.pass(place, 50_000)
    expect(await fn('a')).toBe('checked a 1')
  })

  test('is served where the mode forbids to execute; a result that does not match is not', async () => {
    const time = new Timeline(target)
    const { cache, fn } = time.newProcess({ schema: USER })
    await fn.prime(['a'], ADA)
    await fn.prime(['b'], { id: 2 })
    expect(await cache.readOnly(() => fn('a'))).toEqual(ADA)
    await expect(cache.readOnly(() => fn('b'))).rejects.toMatchObject({ code: 'ERR_MISS' })
  })

  test('is of results alone, not of errors', async () => {
    const time = new Timeline(target)
    const { fn } = time.newProcess({ schema: USER, cacheErrors: { ttl: 10 } })
    time.load.mockRejectedValueOnce(new RangeError('none'))
    await fn('a').catch(() => {})
    await expect(fn('a')).rejects.toThrow(RangeError)
    expect(time.load).toHaveBeenCalledOnce()
  })

  test('that does not pass may be undefined', async () => {
    const time = new Timeline(target)
    const { fn } = time.newProcess({ schema: USER })
    await fn.prime(['a'], undefined)
    time.load.mockResolvedValue(ADA)
    expect(await fn('a')).toEqual(ADA)
  })

  const boom = new RangeError('boom')
  const fails = (): never => {
    throw boom
  }
  test.each([
    { callback: 'schema', options: { schema: schemaOf(fails) } },
    { callback: 'schema, later', options: { schema: schemaOf(() => Promise.reject(boom)) } },
    { callback: 'migrate', options: { schema: USER, migrate: fails } },
  ])('is none if that fails: $callback', async ({ options }) => {
    const time = new Timeline(target)
    time.load.mockResolvedValue(ADA)
    const { fn, emitted } = time.newProcess(options)
    await fn.prime(['a'], { id: 1 })
    expect(await fn('a')).toEqual(ADA)
    expect(names(emitted)).toEqual(['error:callback', 'miss', 'store'])
    expect(emitted[0]).toMatchObject({ error: boom })
  })
})

test('a call that joins another one gets what a schema makes of it, as a hit does, also where no caller can change it', async () => {
  const time = new Timeline(target)
  time.load.mockResolvedValue('ada')
  const { fn } = time.newProcess({ schema: z.string().transform((text) => text.toUpperCase()) })
  const [computed, joined] = await Promise.all([fn('a'), fn('a')])
  expect([computed, joined, await fn('a')]).toEqual(['ada', 'ADA', 'ADA'])
  expect(time.load).toHaveBeenCalledOnce()
})

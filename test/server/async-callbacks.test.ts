// Callbacks of the options that promise their answer: those that can be waited for are, before the put; others are refused.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ArgumentsError, type WrapOptions } from './library.ts'
import { openTarget, type Target } from './target.ts'
import { untilEmitted, type Load, names, Timeline, until } from './timeline.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const boom = new Error('boom')
const fails = async (): Promise<never> => {
  throw boom
}

/** A rejection that nobody handles would fail the run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('cacheIf', () => {
  test('that promises no stores nothing, and that promises yes does', async () => {
    const time = new Timeline(target)
    const { fn, emitted } = time.newProcess({ cacheIf: async () => time.load.mock.calls.length > 1 })
    await fn('a')
    await untilEmitted(emitted, 'skip')
    await fn('a')
    await untilEmitted(emitted, 'store')
    expect(await fn('a')).toBe('a 2')
    expect(names(emitted)).toEqual(['miss', 'skip:unwanted', 'miss', 'store', 'hit'])
  })

  test('that returns a promise and fails stores nothing, and is reported', async () => {
    const time = new Timeline(target)
    const { fn, emitted } = time.newProcess({ cacheIf: fails })
    expect(await fn('a')).toBe('a 1')
    await untilEmitted(emitted, 'error')
    expect(names(emitted)).toEqual(['miss', 'error:callback'])
    expect(emitted[1]).toMatchObject({ error: boom })
    await turn()
  })

  test('adds nothing to a put if it is synchronous: what follows in the same turn is the same', async () => {
    const time = new Timeline(target)
    const { fn, emitted } = time.newProcess({ cacheIf: () => true, ttl: () => '1m', tags: () => ['a'] })
    await fn('a')
    expect(names(emitted)).toEqual(['miss', 'store'])
  })

  test('may take its time: callers do not wait for it longer than putWait, and calls that come meanwhile join', async () => {
    const time = new Timeline(target)
    let say: (yes: boolean) => void = () => {}
    const { fn, emitted } = time.newProcess({
      putWait: 0,
      cacheIf: () => new Promise((resolve) => (say = resolve)),
    })
    expect(await fn('a')).toBe('a 1')
    const joined = fn('a')
    say(true)
    expect(await joined).toBe('a 1')
    expect(names(emitted)).toEqual(['miss', 'join', 'store'])
    expect(time.load).toHaveBeenCalledOnce()
  })

  test('that hangs is over with maxComputeTime', async () => {
    const time = new Timeline(target)
    let say: (yes: boolean) => void = () => {}
    const { fn, emitted } = time.newProcess({
      putWait: 0,
      maxComputeTime: '10ms',
      cacheIf: () => new Promise((resolve) => (say = resolve)),
    })
    await fn('a')
    await untilEmitted(emitted, 'overdue')
    say(true)
    await untilEmitted(emitted, 'skip')
    expect(names(emitted)).toEqual(['miss', 'overdue', 'skip:overdue'])
  })

  test('that waits while the arguments change stores nothing under what was asked', async () => {
    const time = new Timeline(target)
    const { cache } = time.newProcess()
    const emitted: string[] = []
    cache.on('skip', ({ reason }) => void emitted.push(reason))
    let say: (yes: boolean) => void = () => {}
    const page = cache.wrap(async (query: { page: number }) => query.page, {
      name: 'page',
      putWait: 0,
      cacheIf: () => new Promise((resolve) => (say = resolve)),
    })
    const query = { page: 1 }
    await page(query)
    query.page = 2
    say(true)
    await until(() => emitted.length > 0)
    expect(emitted).toEqual(['changed'])
    expect(await page.peek({ page: 1 })).toBeUndefined()
  })
})

describe('ttl and tags', () => {
  test('may be promised', async () => {
    const time = new Timeline(target)
    const { cache, fn, place } = time.newProcess({
      ttl: async () => '10s',
      tags: async (_, key) => [`key:${key}`],
    } as WrapOptions<Load>)
    await fn('a')
    await until(() => time.load.mock.calls.length === 1)
    expect(await fn('a')).toBe('a 1')
    expect(await cache.invalidateTags('key:a')).toBe(1)
    expect(await fn('a')).toBe('a 2')
    await time.pass(place, 10_001)
    expect(await fn('a')).toBe('a 3')
  })

  test.each<[string, WrapOptions<Load>]>([
    ['ttl', { ttl: fails }],
    ['tags', { tags: fails }],
    ['tags that are none', { tags: async () => [''] }],
    ['a ttl that is none', { ttl: async () => -1 }],
  ])('that fail store nothing: %s', async (_, options) => {
    const time = new Timeline(target)
    const { fn, emitted } = time.newProcess(options)
    expect(await fn('a')).toBe('a 1')
    await untilEmitted(emitted, 'error')
    expect(names(emitted)).toEqual(['miss', 'error:callback'])
    await turn()
  })

  test('of known values are awaited, and their failure is reported', async () => {
    const time = new Timeline(target)
    const { fn } = time.newProcess({ ttl: async () => '1m' })
    await fn.prime(['a'], 'known')
    expect(await fn('a')).toBe('known')
    await expect(time.newProcess({ ttl: fails }).fn.prime(['a'], 'x')).rejects.toBe(boom)
  })

  test('of a value that is changed after it was given to prime: as it was', async () => {
    const time = new Timeline(target)
    const { fn } = time.newProcess({ ttl: async () => '1m' })
    const value = { id: 1 }
    const primed = fn.prime(['a'], value)
    value.id = 2
    await primed
    expect(await fn('a')).toEqual({ id: 1 })
  })
})

describe('when', () => {
  test.each([true, false])('of cacheErrors may promise %s', async (stores) => {
    const time = new Timeline(target)
    time.load.mockRejectedValue(boom)
    const { fn, emitted } = time.newProcess({ cacheErrors: { ttl: '1m', when: async () => stores } })
    await expect(fn('a')).rejects.toThrow('boom')
    if (stores) await untilEmitted(emitted, 'store')
    await expect(fn('a')).rejects.toThrow('boom')
    expect(time.load).toHaveBeenCalledTimes(stores ? 1 : 2)
  })

  test.each([true, false])('of staleIfError may promise %s', async (spares) => {
    const time = new Timeline(target)
    const { fn, place } = time.newProcess({ ttl: 10, staleIfError: { for: '1h', when: async () => spares } })
    await fn('a')
    await time.pass(place, 11_000)
    time.load.mockRejectedValueOnce(boom)
    if (spares) expect(await fn('a')).toBe('a 1')
    else await expect(fn('a')).rejects.toBe(boom)
  })

  test('that fails is reported, and counts as a refusal', async () => {
    const time = new Timeline(target)
    const { fn, emitted, place } = time.newProcess({
      ttl: 10,
      staleIfError: { for: '1h', when: fails },
      cacheErrors: { ttl: '1m', when: fails },
    })
    await fn('a')
    await time.pass(place, 11_000)
    const refused = new Error('refused')
    time.load.mockRejectedValueOnce(refused)
    await expect(fn('a')).rejects.toBe(refused)
    await until(() => names(emitted).filter((name) => name === 'error:callback').length === 2)
    await turn()
  })
})

describe('what has to be known at once', () => {
  test.each<[option: string, options: object]>([
    ['key', { key: () => Promise.reject(boom) }],
    ['this', { this: () => Promise.reject(boom) }],
  ])('%s: is refused at the first call', async (option, options) => {
    const { cache } = new Timeline(target).newProcess()
    const fn = cache.wrap(async (id: number) => id, { name: 'other', ...options })
    await expect(fn(1)).rejects.toThrow(ArgumentsError)
    await expect(fn.peek(1)).rejects.toThrow(
      new RegExp(`is a promise, but the option \`${option}\` has to return its value synchronously`),
    )
    await turn()
  })

  test('an encoder, a toJSON, a serializer', async () => {
    const { cache } = new Timeline(target).newProcess()
    const encode = vi.fn<() => never>(() => Promise.reject(boom) as never)
    const fn = cache.wrap(async (_: unknown) => 1, {
      name: 'other',
      encoders: [{ type: URLSearchParams, encode }],
    })
    await expect(fn(new URLSearchParams())).rejects.toThrow(/encode\(\) is a promise/)
    await expect(fn({ toJSON: () => Promise.reject(boom) })).rejects.toThrow(/toJSON\(\) is a promise/)
    cache.on('error', () => {})
    const serialized = cache.wrap(async () => 1, {
      name: 'serialized',
      serializer: [() => Promise.reject(boom) as never, String],
    })
    expect(await serialized()).toBe(1)
    await turn()
  })
})

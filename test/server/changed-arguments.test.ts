// Callers may go on to use the objects that they called with. What is stored is what was asked for, or nothing.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { LruTPolicy, RedisFuncCache, type WrapOptions } from './library.ts'
import { listen, names, Timeline, until } from './timeline.ts'
import { openTarget, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

interface Query {
  page: number
}
type Page = (query: Query) => Promise<string>

const newCache = () => new RedisFuncCache(unique('changed'), new LruTPolicy(), { store: target.newStore() })

function paged(options: WrapOptions<Page> = {}) {
  const cache = newCache()
  const run = vi.fn<Page>(async ({ page }) => `page ${page}`)
  const page = cache.wrap<Page>(run as Page, { name: 'page', ...options })
  return { cache, run, page, emitted: listen(cache) }
}

describe('arguments that change before the function runs', () => {
  test('lead to what they have become, for their own caller alone', async () => {
    const { page, emitted } = paged()
    const query: Query = { page: 0 }
    const pages = await Promise.all(
      [1, 2, 3].map((n) => {
        query.page = n
        return page(query)
      }),
    )
    expect(pages).toEqual(['page 3', 'page 3', 'page 3'])
    expect(await Promise.all([1, 2, 3].map((n) => page.peek({ page: n })))).toEqual([
      undefined,
      undefined,
      'page 3',
    ])
    expect(await page({ page: 1 })).toBe('page 1')
    expect(emitted.filter(({ event }) => event === 'skip')).toMatchObject([
      { reason: 'changed' },
      { reason: 'changed' },
    ])
  })

  test('do not affect calls that joined', async () => {
    const { page, run } = paged()
    const query: Query = { page: 1 }
    const first = page(query)
    const joined = [page({ page: 1 }), page({ page: 1 })]
    query.page = 2
    expect(await Promise.all([first, ...joined])).toEqual(['page 2', 'page 1', 'page 1'])
    expect(run).toHaveBeenCalledTimes(2)
    expect(await page.peek({ page: 1 })).toBe('page 1')
  })

  test.each(['tags', 'ttl', 'cacheIf'] as const)('do not reach the callback %s', async (option) => {
    const callback = vi.fn<() => never>()
    const { page } = paged({ [option]: callback })
    const query: Query = { page: 1 }
    const call = page(query)
    query.page = 2
    await call
    expect(callback).not.toHaveBeenCalled()
  })

  test('even if they are changed back', async () => {
    const { page } = paged()
    const query: Query = { page: 1 }
    const one = page(query)
    query.page = 2
    const two = page(query)
    query.page = 1
    expect(await Promise.all([one, two])).toEqual(['page 1', 'page 1'])
    expect(await page.peek({ page: 2 })).toBeUndefined()
    expect(await page.peek({ page: 1 })).toBe('page 1')
  })

  test.each([
    { what: 'an array', given: [1, 2], change: (given: unknown[]) => given.push(3) },
    { what: 'a Map', given: new Map([['a', 1]]), change: (given: Map<string, number>) => given.clear() },
    { what: 'a Date', given: new Date(0), change: (given: Date) => given.setFullYear(2000) },
    { what: 'bytes', given: Buffer.from('abc'), change: (given: Buffer) => given.fill(0) },
    { what: 'what lies deep', given: { a: [{ b: 1 }] }, change: (given: { a: unknown[] }) => given.a.pop() },
  ])('may be $what', async ({ given, change }) => {
    const cache = newCache()
    const shown = cache.wrap(async (value: unknown) => JSON.stringify(value), { name: 'shown' })
    const before = structuredClone(given)
    const call = shown(given)
    change(given as never)
    await call
    expect(await shown.peek(before)).toBeUndefined()
  })

  test('may be a key', async () => {
    const cache = newCache()
    const key = { page: 1 }
    const call = cache.getOrSet(key, () => `page ${key.page}`)
    key.page = 2
    expect(await call).toBe('page 2')
    expect(await cache.peek({ page: 1 })).toBeUndefined()
  })

  test('may be ids of a list', async () => {
    const cache = newCache()
    const rows = cache.wrapMany(async (ids: readonly Query[]) => ids.map(({ page }) => `row ${page}`), {
      name: 'rows',
    })
    const ids = [{ page: 1 }, { page: 2 }]
    const call = rows(ids)
    ;(ids[0] as Query).page = 7
    ids.pop()
    expect(await call).toEqual(['row 7', 'row 2'])
    expect(await rows.peek([{ page: 1 }, { page: 2 }, { page: 7 }])).toEqual([undefined, 'row 2', undefined])
  })

  test('may be this', async () => {
    const cache = newCache()
    const shop = {
      tenant: 'a',
      list: cache.wrap(
        async function (this: { tenant: string }) {
          return this.tenant
        },
        { this: (self: { tenant: string }) => self.tenant, name: 'list' },
      ),
    }
    const call = shop.list()
    shop.tenant = 'b'
    expect(await call).toBe('b')
    shop.tenant = 'a'
    expect(await shop.list()).toBe('a')
  })

  test('keep a stale result from being refreshed by what was not asked', async () => {
    const time = new Timeline(target)
    const { cache, place } = time.newProcess({})
    let runs = 0
    const run = vi.fn<Page>(async ({ page }) => `page ${page}, ${++runs}`)
    const page = cache.wrap<Page>(run as Page, { name: 'page', ttl: 100, staleWhileRevalidate: 100 })
    const emitted = listen(cache)
    await page({ page: 1 })
    await time.pass(place, 150_000)
    const query: Query = { page: 1 }
    const call = page(query)
    query.page = 2
    expect(await call).toBe('page 1, 1')
    await until(() => names(emitted).includes('skip:changed'))
    await cache.drain() // the lease is given back
    expect(run).toHaveBeenCalledOnce()
    expect(await page({ page: 1 })).toBe('page 1, 1')
    await until(() => names(emitted).filter((name) => name === 'store').length === 2)
    expect(await page.peek({ page: 1 })).toBe('page 1, 2')
  })
})

describe('arguments that change while the function runs', () => {
  function gatedPage(options: WrapOptions<Page> = {}) {
    const it = paged(options)
    let resolve: () => void = () => {}
    let reject: (error: Error) => void = () => {}
    const gate = new Promise<void>((...ends) => {
      ;[resolve, reject] = ends
    })
    it.run.mockImplementationOnce(async ({ page }) => {
      await gate
      return `page ${page}`
    })
    return { ...it, resolve, reject, ran: () => until(() => it.run.mock.calls.length > 0) }
  }

  test('lead to nothing that is stored, and joiners run for themselves', async () => {
    const { page, resolve, ran, run } = gatedPage()
    const query: Query = { page: 1 }
    const first = page(query)
    await ran()
    const joined = page({ page: 1 })
    query.page = 2
    resolve()
    expect(await first).toBe('page 1')
    expect(await joined).toBe('page 1')
    expect(run).toHaveBeenCalledTimes(2)
  })

  test('lead to no error that is stored, either', async () => {
    const { page, reject, ran } = gatedPage({ cacheErrors: { ttl: 100 } })
    const query: Query = { page: 1 }
    const first = page(query)
    await ran()
    query.page = 2
    reject(new Error('of page 2, maybe'))
    await expect(first).rejects.toThrow('of page 2, maybe')
    expect(await page({ page: 1 })).toBe('page 1')
  })

  test('are no trouble if the function itself changes them as it begins', async () => {
    const cache = newCache()
    const emitted = listen(cache)
    const page = cache.wrap(
      async (query: { page?: number }) => {
        query.page ??= 1
        return `page ${query.page}`
      },
      { name: 'page', tags: (_, query) => [`page:${query.page}`] },
    )
    expect(await page({})).toBe('page 1')
    expect(await page({})).toBe('page 1')
    expect(names(emitted).filter((name) => name !== 'miss')).toEqual(['store', 'hit'])
    const rows = cache.wrapMany(
      async (ids: readonly { page?: number }[]) => ids.map((id) => (id.page ??= 1)),
      { name: 'rows' },
    )
    expect(await rows([{}])).toEqual([1])
    expect(await rows.peek([{}])).toEqual([1])
  })
})

test('where a signal is an argument that does not count, all is as ever', async () => {
  const cache = newCache()
  const page = cache.wrap(async (query: Query & { signal: AbortSignal }) => query.page, {
    name: 'page',
    excludes: ['signal'],
  })
  const controller = new AbortController()
  const call = page({ page: 1, signal: controller.signal })
  controller.abort()
  expect(await call).toBe(1)
  expect(await page.peek({ page: 1, signal: controller.signal })).toBe(1)
})

test('a refresh of arguments that change replaces nothing', async () => {
  const { page } = paged()
  await page.prime([{ page: 1 }], 'known')
  const query: Query = { page: 1 }
  const refresh = page.refresh(query)
  query.page = 2
  expect(await refresh).toBe('page 2')
  expect(await page.peek({ page: 1 })).toBe('known')
})

test('primitives are looked at once', async () => {
  const policy = new LruTPolicy()
  const calcHash = vi.spyOn(policy, 'calcHash')
  const cache = new RedisFuncCache(unique('changed'), policy, { store: target.newStore() })
  const double = cache.wrap(async (n: number) => 2 * n, { name: 'double' })
  await double(1)
  expect(calcHash).toHaveBeenCalledOnce()
  const page = cache.wrap(async (query: Query) => query.page, { name: 'page' })
  await page({ page: 1 })
  calcHash.mockClear()
  await page({ page: 1 }) // a hit
  expect(calcHash).toHaveBeenCalledOnce()
})

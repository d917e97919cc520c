import { setTimeout } from 'node:timers/promises'
import { inspect } from 'node:util'
import { type Check, type Client, freshName, gate, holds, type Library, same, thrownBy } from './check.ts'

const onServer = (library: Library, client: Client, options: object = {}) =>
  new library.RedisFuncCache(freshName(), new library.LruTPolicy(), { client, onError: 'throw', ...options })

/** What is done with a cache on a server. */
const USES: Record<string, (library: Library, client: Client) => Promise<void>> = {
  'a hit after a miss': async (library, client) => {
    const cache = onServer(library, client, { serializer: 'v8' })
    const get = cache.wrap(async (id: number) => ({ id, at: new Date(id), seen: new Set([id]) }), {
      name: 'get',
      ttl: '1m',
    })
    const miss = await get.detailed(42)
    const hit = await get.detailed(42)
    same(`${miss.status} ${hit.status}`, 'miss hit', 'status')
    holds(hit.value.at instanceof Date && hit.value.seen instanceof Set, inspect(hit))
    holds(hit.storedAt instanceof Date && hit.freshUntil instanceof Date, inspect(hit))
    same(await cache.purge(), 1, 'purged')
  },
  'a result that ends': async (library, client) => {
    const cache = onServer(library, client)
    const get = cache.wrap(async () => 'value', { name: 'get', ttl: '100ms' })
    await get()
    same(await get.peek(), 'value', 'at first')
    while ((await get.peek()) !== undefined) await setTimeout(5)
    same((await get.detailed()).status, 'miss', 'at the end')
    await cache.purge()
  },
  'tags, invalidate and invalidateAll': async (library, client) => {
    const cache = onServer(library, client)
    const get = cache.wrap(async (id: number) => id, { name: 'get', tags: (_, id) => ['all', `user:${id}`] })
    for (const id of [1, 2, 3]) await get(id)
    same(await cache.invalidateTags('user:1'), 1, 'by tag')
    same(await get.invalidate(2), true, 'invalidate')
    same(await get.invalidate(2), false, 'invalidate again')
    same(await get.invalidateAll(), 1, 'invalidateAll')
    same(await cache.invalidateTags('all'), 0, 'nothing is left')
  },
  'getOrSet, set, peek and invalidate by keys': async (library, client) => {
    const cache = onServer(library, client)
    same(await cache.getOrSet('a', () => 1, { ttl: '1m' }), 1, 'first')
    const again = await cache.getOrSetDetailed('a', () => 2, { ttl: '1m' })
    same(`${again.value} ${again.status}`, '1 hit', 'again')
    await cache.set(['b', 2], { b: 2 })
    holds(inspect(await cache.peek(['b', 2])) === '{ b: 2 }', 'what was set')
    same(await cache.invalidate('a'), true, 'invalidate')
    await cache.purge()
  },
  'one computes for all, and the others are woken': async (library, client) => {
    const name = freshName()
    const [one, other] = [1, 2].map(
      () => new library.RedisFuncCache(name, new library.LruTPolicy(), { client }),
    )
    if (one === undefined || other === undefined) return
    const [loading, go, waiting] = [gate(), gate(), gate()]
    const load = async () => {
      loading.open()
      await go.opened
      return 'value'
    }
    const options = { name: 'get', singleFlight: 'global', source: false, ttl: '1m' } as const
    const first = one.wrap(load, options).detailed()
    await loading.opened
    other.on('wait', waiting.open)
    const second = other.wrap(load, options).detailed()
    await waiting.opened
    go.open()
    same((await first).status, 'miss', 'the first')
    same((await second).status, 'waited', 'the second')
    await one.purge()
    await one.close()
    await other.close()
  },
  'errors and contexts': async (library, client) => {
    const cache = onServer(library, client)
    const fail = cache.wrap(
      async () => {
        throw new TypeError('no')
      },
      { name: 'fail', cacheErrors: { ttl: '1m' } },
    )
    for (const time of ['first', 'second']) {
      const error = await thrownBy(fail)
      holds(error instanceof TypeError, `${time}: ${inspect(error)}`)
    }
    const { stats } = await cache.withStats(() => thrownBy(fail))
    same(`${stats.calls} ${stats.hit}`, '1 1', 'calls, hit')
    const error = await thrownBy(() => cache.readOnly(() => cache.getOrSet('none', () => 1)))
    holds(error instanceof library.CacheMissError, inspect(error))
    await cache.purge()
  },
}

/** The checks of one client. */
export const serverChecks = (clientName: string): Check[] =>
  Object.entries(USES).map(([name, use]) => ({
    name: `${clientName}: ${name}`,
    fits: ({ client }) => client !== undefined,
    run: async ({ library, client }) => {
      if (client !== undefined) await use(library, client)
    },
  }))

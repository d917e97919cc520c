import { inspect } from 'node:util'
import { type Check, gate, holds, memoryCache, same, thrownBy } from './check.ts'

export const CONTEXTS: readonly Check[] = [
  {
    name: 'withStats counts the calls of its context alone',
    run: async ({ library }) => {
      const cache = memoryCache(library)
      const get = cache.wrap(async (n: number) => n, { name: 'get' })
      const inside = gate()
      const goOn = gate()
      const counted = cache.withStats(async () => {
        await get(1)
        inside.open()
        await goOn.opened
        return Promise.all([get(1), get(2)])
      })
      await inside.opened
      for (const n of [3, 4, 5]) await get(n)
      goOn.open()
      const { result, stats } = await counted
      same(String(result), '1,2', 'result')
      same(`${stats.calls} ${stats.hit} ${stats.miss}`, '3 1 2', 'calls, hit, miss')
      same(cache.stats().calls, 6, 'of the whole cache')
    },
  },
  {
    name: 'readOnly holds through timers and promises, and throws a CacheMissError',
    run: async ({ library }) => {
      const cache = memoryCache(library)
      const get = cache.wrap(async (n: number) => n, { name: 'get' })
      await get(1)
      const later = async (n: number): Promise<number> => {
        await Promise.resolve()
        return get(n)
      }
      same(await cache.readOnly(() => later(1)), 1, 'what is stored')
      const error = await thrownBy(() => cache.readOnly(() => later(2)))
      holds(error instanceof library.CacheMissError, inspect(error))
      same((error as Error).name, 'CacheMissError', 'name')
      same(await get(2), 2, 'outside')
    },
  },
  {
    name: 'a decorated method',
    run: async ({ library }) => {
      const cache = memoryCache(library)
      let runs = 0
      class Products {
        readonly tenant: string
        constructor(tenant: string) {
          this.tenant = tenant
        }
        @cache.cached({ this: (self: Products) => self.tenant, name: 'Products.list', ttl: '5m' })
        async list(page: number): Promise<string> {
          runs += 1
          return `${this.tenant} ${page}`
        }
      }
      const [tea, coffee] = [new Products('tea'), new Products('coffee')]
      for (const shop of [tea, coffee, tea]) same(await shop.list(1), `${shop.tenant} 1`, 'list')
      same(runs, 2, 'runs')
      same(await cache.method(tea, 'list').invalidate(1), true, 'invalidate')
      await tea.list(1)
      await coffee.list(1)
      same(runs, 3, 'runs after it')
    },
  },
]

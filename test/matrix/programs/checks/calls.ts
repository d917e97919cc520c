import process from 'node:process'
import { inspect } from 'node:util'
import { type Check, freshName, gate, holds, memoryCache, same, thrownBy } from './check.ts'

const POLICIES = [
  'LruTPolicy',
  'LruPolicy',
  'LfuPolicy',
  'FifoPolicy',
  'FifoTPolicy',
  'MruPolicy',
  'RrPolicy',
] as const

const policies = POLICIES.map(
  (policy): Check => ({
    name: `a cache with ${policy}`,
    run: async ({ library }) => {
      const { RedisFuncCache, MemoryStore } = library
      const cache = new RedisFuncCache(freshName(), new library[policy](), {
        store: new MemoryStore(),
        maxSize: 2,
      })
      let runs = 0
      const double = cache.wrap(
        async (n: number) => {
          runs += 1
          return { double: 2 * n }
        },
        { name: 'double' },
      )
      for (const n of [1, 1, 2, 3]) same((await double(n)).double, 2 * n, 'result')
      same(runs, 3, 'runs')
      same(await cache.getSize(), 2, 'size')
    },
  }),
)

const others: readonly Check[] = [
  {
    name: 'console.log of a cached function shows its name',
    run: async ({ library }) => {
      const get = memoryCache(library).wrap(async (id: number) => id, { name: 'getUser' })
      const shown = inspect(get)
      holds(shown.includes('getUser'), shown)
      same(get.name, 'getUser', 'name')
      same(get.length, 1, 'length')
    },
  },
  {
    name: 'with({ signal }) takes the AbortController of the environment',
    run: async ({ library }) => {
      const cache = memoryCache(library)
      const asked = gate()
      let signal: AbortSignal | undefined
      const get = cache.wrap(
        () => {
          signal = cache.signal()
          asked.open()
          return new Promise<never>(() => {})
        },
        { name: 'get' },
      )
      const controller = new AbortController()
      const call = get.with({ signal: controller.signal })()
      await asked.opened
      const reason = new Error('left')
      controller.abort(reason)
      same(await thrownBy(() => call), reason, 'reason')
      same(signal?.aborted, true, 'cache.signal() is aborted')
      holds(signal instanceof AbortSignal, `cache.signal() is ${inspect(signal)}`)
      const aborted = await thrownBy(() => get.with({ signal: AbortSignal.abort() })())
      same((aborted as Error).name, 'AbortError', 'name of the reason')
    },
  },
  {
    name: 'no warning for the default and v8; for json with losses none; one for json alone, where a Date is refused',
    // Where they are not heard, whoever runs this reads them.
    run: async ({ library, isDeaf = false }) => {
      const heard: string[] = []
      const told = gate()
      const hear = (warning: Error) => {
        if (warning.name !== 'FuncCacheWarning') return
        heard.push(warning.message)
        if (warning.message.includes('asJson')) told.open()
      }
      process.on('warning', hear)
      const load = async () => ({
        at: new Date(1),
        tags: new Set(['a']),
        error: new TypeError('x'),
        bytes: Buffer.from('b'),
      })
      const asV8 = memoryCache(library, { serializer: 'v8' }).wrap(load, { name: 'asV8' })
      const asDefault = memoryCache(library).wrap(load, { name: 'asDefault' })
      const asJson = memoryCache(library, { serializer: 'json' }).wrap(load, { name: 'asJson' })
      const withLoss = memoryCache(library, { serializer: 'json', lossy: true }).wrap(load, {
        name: 'withLoss',
      })
      for (const get of [asV8, asV8, asDefault, asDefault, withLoss, withLoss, asJson, asJson]) await get()
      if (!isDeaf) await told.opened
      process.off('warning', hear)
      same(heard.length, isDeaf ? 0 : 1, heard.join('\n'))
    },
  },
]

export const CALLS: readonly Check[] = [...policies, ...others]

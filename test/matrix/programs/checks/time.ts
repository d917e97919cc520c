import { inspect } from 'node:util'
import { type Check, freshName, gate, holds, memoryCache, same, thrownBy } from './check.ts'

/** Nothing of this may hang where a program has other timers, which stand still. */
export const TIME: readonly Check[] = [
  {
    name: 'timeout ends a call that does not end',
    run: async ({ library }) => {
      const get = memoryCache(library).wrap(() => new Promise<never>(() => {}), {
        name: 'get',
        timeout: '20ms',
      })
      const error = await thrownBy(get)
      holds(error instanceof library.TimeoutError, inspect(error))
    },
  },
  {
    name: 'one process computes, the other waits and is woken (in memory)',
    run: async ({ library }) => {
      const store = new library.MemoryStore()
      const name = freshName()
      const loading = gate()
      const go = gate()
      const load = async () => {
        loading.open()
        await go.opened
        return { at: new Date(9) }
      }
      const [one, other] = [1, 2].map(
        () => new library.RedisFuncCache(name, new library.LruTPolicy(), { store, serializer: 'v8' }),
      )
      const options = { name: 'get', singleFlight: 'global', source: false } as const
      const first = one?.wrap(load, options).detailed()
      await loading.opened
      const waiting = gate()
      other?.on('wait', waiting.open)
      const second = other?.wrap(load, options).detailed()
      await waiting.opened
      go.open()
      same((await first)?.status, 'miss', 'the first')
      const waited = await second
      same(waited?.status, 'waited', 'the second')
      holds(waited?.value.at instanceof Date, inspect(waited))
    },
  },
  {
    name: 'a result ends by a fake Date',
    fits: ({ setDate }) => setDate !== undefined,
    run: async ({ library, setDate }) => {
      const get = memoryCache(library).wrap(async () => 1, { name: 'get', ttl: '5m' })
      setDate?.(Date.UTC(2030, 0, 1))
      same((await get.detailed()).status, 'miss', 'at first')
      same((await get.detailed()).status, 'hit', 'then')
      setDate?.(Date.UTC(2030, 0, 1, 0, 4, 59))
      same(await get.peek(), 1, 'a second before its end')
      setDate?.(Date.UTC(2030, 0, 1, 0, 5, 1))
      same(await get.peek(), undefined, 'a second after')
      same((await get.detailed()).status, 'miss', 'again')
    },
  },
]

import { inspect } from 'node:util'
import { type Check, freshName, holds, same, type Surroundings, thrownBy } from './check.ts'

class NotFoundError extends Error {
  readonly id: number
  constructor(id: number) {
    super(`there is no ${id}`)
    this.name = 'NotFoundError'
    this.id = id
  }
}

/** What a call throws that was thrown before, and so comes from the store. */
async function thrownAgain({ library }: Surroundings, thrown: unknown): Promise<unknown> {
  const { RedisFuncCache, LruTPolicy, MemoryStore } = library
  const cache = new RedisFuncCache(freshName(), new LruTPolicy(), {
    store: new MemoryStore(),
    errors: [NotFoundError],
  })
  let runs = 0
  const fail = cache.wrap(
    async () => {
      runs += 1
      throw thrown
    },
    { name: 'fail', cacheErrors: { ttl: '1m' } },
  )
  same(await thrownBy(fail), thrown, 'the first time it is the error itself')
  const again = await thrownBy(fail)
  same(runs, 1, 'runs of the function')
  holds(again !== thrown, 'the second time it comes from the store')
  return again
}

const cached: readonly Check[] = [
  {
    name: 'cacheErrors brings back a TypeError',
    run: async (surroundings) => {
      const error = await thrownAgain(surroundings, new TypeError('wrong', { cause: new RangeError('why') }))
      holds(error instanceof TypeError && error instanceof Error, inspect(error))
      const { message, cause } = error as Error
      same(message, 'wrong', 'message')
      holds(cause instanceof RangeError, `cause: ${inspect(cause)}`)
    },
  },
  {
    name: 'cacheErrors brings back an error of a class of the user',
    run: async (surroundings) => {
      const error = await thrownAgain(surroundings, new NotFoundError(42))
      holds(error instanceof NotFoundError, inspect(error))
      same((error as NotFoundError).id, 42, 'id')
      same((error as NotFoundError).name, 'NotFoundError', 'name')
    },
  },
  {
    name: 'cacheErrors brings back a DOMException',
    fits: () => globalThis.DOMException !== undefined,
    run: async (surroundings) => {
      const error = await thrownAgain(surroundings, new DOMException('stopped', 'AbortError'))
      holds(error instanceof DOMException, inspect(error))
      same((error as DOMException).name, 'AbortError', 'name')
      same((error as DOMException).message, 'stopped', 'message')
    },
  },
]

const own: readonly Check[] = [
  {
    name: 'errors of the library: instanceof, name, code and message',
    run: async ({ library }) => {
      const { RedisFuncCache, LruTPolicy, MemoryStore, OptionError, FuncCacheError, StoreError } = library
      const make = () =>
        new RedisFuncCache('a', new LruTPolicy(), { store: new MemoryStore(), maxsize: 1 } as object)
      const error = (await thrownBy(make)) as Error & { code: string }
      holds(error instanceof OptionError && error instanceof FuncCacheError, inspect(error))
      holds(error instanceof Error && !(error instanceof StoreError), 'instanceof of other classes')
      same(error.name, 'OptionError', 'name')
      same(error.code, 'ERR_OPTION', 'code')
      same(String(error).startsWith('OptionError: '), true, 'text')
      holds(error.message.includes('maxSize'), error.message)
      holds(inspect(error).includes('OptionError'), inspect(error))
    },
  },
  {
    name: 'errors of the copy that was loaded the other way are instances too',
    fits: ({ twin }) => twin !== undefined,
    run: async ({ library, twin }) => {
      if (twin === undefined) return
      holds(new twin.StoreError('gone') instanceof library.StoreError, 'of the other copy')
      holds(new library.StoreError('gone') instanceof twin.FuncCacheError, 'the base class')
      holds(!(new twin.StoreError('gone') instanceof library.OptionError), 'another class')
      const cache = new library.RedisFuncCache(freshName(), new twin.LruTPolicy(), {
        store: new twin.MemoryStore(),
      })
      const get = cache.wrap(async (n: number) => n * 2, { name: 'get' })
      same(await get(4), 8, 'with policy and store of the other copy')
      same((await get.detailed(4)).status, 'hit', 'status')
    },
  },
]

export const ERRORS: readonly Check[] = [...cached, ...own]

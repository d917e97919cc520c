// What a caller causes runs with the AsyncLocalStorage of that caller, never with another one's.
import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LruTPolicy, RedisFuncCache, type StandardSchema } from './library.ts'
import { openTarget, type Target, unique } from './target.ts'
import { untilEmitted, Timeline } from './timeline.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const user = new AsyncLocalStorage<string>()
const USERS = ['ann', 'bob', 'eve'] as const
const as = <R>(name: string, callback: () => Promise<R>): Promise<R> => user.run(name, callback)
const newCache = () => new RedisFuncCache(unique('context'), new LruTPolicy(), { store: target.newStore() })

/** A schema that notes for whom it was asked. */
function noting(): { readonly schema: StandardSchema<never>; readonly seen: (string | undefined)[] } {
  const seen: (string | undefined)[] = []
  const validate = (value: unknown) => {
    seen.push(user.getStore())
    return { value }
  }
  return { seen, schema: { '~standard': { version: 1, vendor: 'test', validate } } as StandardSchema<never> }
}

describe.each(['process', 'global'] as const)('with single flight by %s', (singleFlight) => {
  test('functions that miss in the same turn each run for their own caller', async () => {
    const cache = newCache()
    const who = cache.wrap(async (_key: string) => user.getStore(), { name: 'who', singleFlight })
    expect(await Promise.all(USERS.map((name) => as(name, () => who(name))))).toEqual(USERS)
    const rows = cache.wrapMany(async (ids: readonly string[]) => ids.map(() => user.getStore()), {
      name: 'rows',
      singleFlight,
    })
    const lists = USERS.map((name) => as(name, () => rows([`${name} 1`, `${name} 2`])))
    expect(await Promise.all(lists)).toEqual(USERS.map((name) => [name, name]))
    await cache.close()
  })

  test.each(['a result that cannot be copied', 'its details'])(
    '%s is computed for each who joined',
    async (what) => {
      const cache = newCache()
      const who = cache.wrap(
        async () => {
          const name = user.getStore()
          await turn()
          return () => [name, user.getStore()]
        },
        { name: 'who', singleFlight },
      )
      const ask = async () => (what === 'its details' ? (await who.detailed()).value : await who())
      const results = await Promise.all(USERS.map((name) => as(name, async () => (await ask())())))
      expect(results).toEqual(USERS.map((name) => [name, name]))
      await cache.close()
    },
  )

  test('callbacks of the options see the caller whose function ran', async () => {
    const cache = newCache()
    const seen: (string | undefined)[] = []
    const note = <R>(answer: R) => {
      return () => {
        seen.push(user.getStore())
        return answer
      }
    }
    const options = { ttl: note(60), tags: note(['t']), cacheIf: note(true), singleFlight } as const
    const double = cache.wrap(async (n: number) => 2 * n, { name: 'double', ...options })
    await Promise.all(USERS.map((name, n) => as(name, () => double(n))))
    expect(seen.toSorted()).toEqual(USERS.flatMap((name) => [name, name, name]))
    await cache.close()
  })
})

test('the schema of a call that joined runs in the context of that call', async () => {
  const cache = newCache()
  const { schema, seen } = noting()
  const load = cache.wrap(async () => ({ a: 1 }), { name: 'load', schema })
  await Promise.all(USERS.map((name) => as(name, () => load())))
  expect(seen).toEqual(['bob', 'eve'])
  seen.length = 0
  await Promise.all(USERS.map((name) => as(name, () => load())))
  expect(seen.toSorted()).toEqual(['ann', 'bob', 'eve'])
})

test('so does the reading of a serializer of your own', async () => {
  const cache = newCache()
  const seen: (string | undefined)[] = []
  const load = cache.wrap(async () => ({ a: 1 }), {
    name: 'load',
    serializer: [
      JSON.stringify,
      (text) => {
        seen.push(user.getStore())
        return JSON.parse(String(text)) as unknown
      },
    ],
  })
  await Promise.all(USERS.map((name) => as(name, () => load())))
  expect(seen.slice(-2)).toEqual(['bob', 'eve'])
})

test('a call that joined and starts over runs the function in its own context', async () => {
  const cache = newCache()
  const query = { page: 1 }
  const who = cache.wrap(async (_query: { page: number }) => user.getStore(), { name: 'who' })
  const first = as('ann', () => who(query))
  const joined = as('bob', () => who({ page: 1 }))
  query.page = 2
  expect(await Promise.all([first, joined])).toEqual(['ann', 'bob'])
})

test('a refresh behind a stale result is that of the call which caused it', async () => {
  const time = new Timeline(target)
  time.load.mockImplementation(async (key) => `${key} for ${user.getStore()}`)
  const { fn, place, emitted } = time.newProcess({ ttl: 100, staleWhileRevalidate: 900 })
  await Promise.all(USERS.map((name) => as('nobody', () => fn(name))))
  await time.pass(place, 200_000)
  await Promise.all(USERS.map((name) => as(name, () => fn(name))))
  await untilEmitted(emitted, 'store', 6)
  expect(await Promise.all(USERS.map((name) => fn(name)))).toEqual(USERS.map((name) => `${name} for ${name}`))
})

test('so is that of rows, which are loaded with those of the same list alone', async () => {
  const time = new Timeline(target)
  const { cache, place, emitted } = time.newProcess()
  const lists: (readonly string[])[] = []
  const rows = cache.wrapMany(
    async (ids: readonly string[]) => {
      lists.push(ids)
      return ids.map((id) => `${id} for ${user.getStore()}`)
    },
    { name: 'rows', ttl: 100, staleWhileRevalidate: 900 },
  )
  const listOf = (name: string) => [`${name} 1`, `${name} 2`]
  for (const name of USERS) await as('nobody', () => rows(listOf(name)))
  await time.pass(place, 200_000)
  lists.length = 0
  await Promise.all(USERS.map((name) => as(name, () => rows(listOf(name)))))
  await untilEmitted(emitted, 'store', 12)
  expect(lists.toSorted()).toEqual(USERS.map(listOf))
  for (const name of USERS)
    expect(await rows(listOf(name))).toEqual(listOf(name).map((id) => `${id} for ${name}`))
})

test('listeners are called in the context of the call', async () => {
  const cache = newCache()
  const seen: (string | undefined)[] = []
  cache.on('overdue', () => seen.push(user.getStore()))
  let end: () => void = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const hang = cache.wrap(async (_key: string) => ended, { name: 'hang', maxComputeTime: '10ms' })
  const calls = USERS.map((name) => as(name, () => hang(name)))
  while (seen.length < 3) await turn()
  end()
  await Promise.all(calls)
  expect(seen.toSorted()).toEqual([...USERS])
})

// Lists of ids: each row remembered on its own, what is missing loaded in one call and stored in one round.
import { AsyncLocalStorage } from 'node:async_hooks'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type CachedMany,
  CacheMissError,
  type CacheOptions,
  type Hash,
  hasNear,
  IdentityError,
  type KeySpace,
  type LeaseAnswer,
  type LeaseRequest,
  type Lookup,
  type LookupOptions,
  LruTPolicy,
  type NewEntry,
  OptionError,
  type PutReport,
  RedisFuncCache,
  type Rows,
  type Store,
  StoreError,
  type WrapManyOptions,
} from './library.ts'
import { FailingStore } from './failing-store.ts'
import { placeOf } from './places.ts'
import { hasServer, openTarget, type Target, unique } from './target.ts'

const EVERY = [
  { how: 'scope cache', create: () => new LruTPolicy() },
  { how: 'scope function', create: () => new LruTPolicy({ scope: 'function' }) },
  { how: 'hashes as bytes', create: () => new LruTPolicy({ hash: { encoding: 'bytes' } }) },
]

interface User {
  readonly id: number
  readonly name: string
}

const user = (id: number): User => ({ id, name: `user ${id}` })
const numbers = (count: number, first = 1): number[] => Array.from({ length: count }, (_, i) => first + i)

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

/** Counts what is sent, by how much travels at once. */
class CountingStore extends FailingStore {
  readonly gets: number[] = []
  readonly puts: number[] = []
  readonly leases: number[] = []

  override get(
    place: KeySpace,
    hashes: readonly Hash[],
    options?: LookupOptions,
  ): Promise<readonly Lookup[]> {
    this.gets.push(hashes.length)
    return super.get(place, hashes, options)
  }

  override put(place: KeySpace, entries: readonly NewEntry[]): Promise<PutReport> {
    this.puts.push(entries.length)
    return super.put(place, entries)
  }

  override lease(
    place: KeySpace,
    requests: readonly LeaseRequest[],
    ms: number,
  ): Promise<readonly LeaseAnswer[]> {
    this.leases.push(requests.length)
    return super.lease(place, requests, ms)
  }
}

type Answer = Rows<number, User>

/** Ids below 1,000 have a row. */
const rowsOf = (ids: readonly number[]): (User | undefined)[] =>
  ids.map((id) => (id < 1_000 ? user(id) : undefined))

interface Setting {
  readonly name?: string
  readonly store?: Store
  readonly options?: WrapManyOptions<number, User>
  readonly answer?: (ids: readonly number[]) => Answer | Promise<Answer>
  readonly cacheOptions?: Partial<CacheOptions>
}

function newUsers(
  create: () => LruTPolicy,
  { name, store, options, answer = rowsOf, cacheOptions }: Setting = {},
) {
  const inner = store ?? target.newStore()
  const counting = new CountingStore(inner)
  const cache = new RedisFuncCache(name ?? unique('many'), create(), { store: counting, ...cacheOptions })
  const loads: number[][] = []
  const users: CachedMany<number, User> = cache.wrapMany(
    async (ids: readonly number[]) => {
      loads.push([...ids])
      return answer(ids)
    },
    { name: 'users', ...options },
  )
  const errors: unknown[] = []
  cache.on('error', ({ error }) => errors.push(error))
  const place = placeOf(cache, users.keyOf(1))
  return { cache, store: counting, inner, users, loads, errors, place }
}

/** A load that ends when the test says so. */
function gate(): { readonly answer: (ids: readonly number[]) => Promise<Answer>; open: () => void } {
  let open = () => {}
  const isOpen = new Promise<void>((resolve) => {
    open = resolve
  })
  return { answer: (ids) => isOpen.then(() => rowsOf(ids)), open: () => open() }
}

const begun = (loads: readonly unknown[], count: number): Promise<void> =>
  vi.waitFor(() => expect(loads).toHaveLength(count), { interval: 1 })

describe.each(EVERY)('$how: a list', ({ create }) => {
  test('is answered in its order, each row loaded once and stored', async () => {
    const { cache, users, loads, errors } = newUsers(create)
    expect(await users([3, 1, 2])).toEqual([user(3), user(1), user(2)])
    expect(await users([1, 2, 3, 4])).toEqual([user(1), user(2), user(3), user(4)])
    expect(await users([4, 3])).toEqual([user(4), user(3)])
    expect(loads).toEqual([[3, 1, 2], [4]])
    expect(await cache.getSize()).toBe(4)
    expect(errors).toEqual([])
  })

  test('may name an id twice: it is loaded once, and each position has a row of its own', async () => {
    const { users, loads } = newUsers(create)
    const rows = await users([1, 2, 1, 1])
    expect(rows).toEqual([user(1), user(2), user(1), user(1)])
    expect(new Set(rows).size).toBe(4)
    expect(await users([2, 2])).toEqual([user(2), user(2)])
    expect(loads).toEqual([[1, 2]])
  })

  test('is loaded in the context of its caller', async () => {
    const requests = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    const answer = (ids: readonly number[]) => {
      seen.push(requests.getStore())
      return rowsOf(ids)
    }
    const { cache, users } = newUsers(create, { answer })
    await Promise.all([
      requests.run('first', () => users([1, 2])),
      requests.run('second', () => users([2, 3])),
      requests.run('third', () => cache.bypass(() => users([1, 2]))),
      requests.run('fourth', () => cache.bypass(() => users([2, 3]))),
      requests.run('fifth', () => cache.writeOnly(() => users([2, 3]))),
      requests.run('sixth', () => cache.writeOnly(() => users([3, 4]))),
    ])
    expect(seen.toSorted()).toEqual(['fifth', 'first', 'fourth', 'second', 'sixth', 'third'])
  })

  test('may be empty: nothing is asked of anybody', async () => {
    const { users, loads, store } = newUsers(create)
    expect(await users([])).toEqual([])
    expect(await users.refresh([])).toEqual([])
    expect(await users.peek([])).toEqual([])
    expect(loads).toEqual([])
    expect([store.gets, store.puts]).toEqual([[], []])
  })

  test.skipIf(hasNear).each([
    { count: 1, pieces: [1] },
    { count: 64, pieces: [64] },
    { count: 100, pieces: [64, 36] },
    { count: 500, pieces: [64, 64, 64, 64, 64, 64, 64, 52] },
  ])('of $count is looked up and stored in one turn, and loaded in one call', async ({ count, pieces }) => {
    const { users, loads, store } = newUsers(create)
    const ids = numbers(count)
    expect(await users(ids)).toEqual(ids.map(user))
    expect(loads).toEqual([ids])
    expect(store.gets).toEqual(pieces)
    expect(store.puts).toEqual(pieces)
    expect(await users(ids)).toEqual(ids.map(user))
    expect(loads).toHaveLength(1)
    expect(store.gets).toEqual([...pieces, ...pieces])
    expect(store.puts).toEqual(pieces)
  })

  test('loads what is missing of it, and nothing else', async () => {
    const { users, loads } = newUsers(create)
    await users(numbers(300))
    await users.invalidate(7, 70, 299)
    expect(await users(numbers(302))).toEqual(numbers(302).map(user))
    expect(loads.slice(1)).toEqual([[7, 70, 299, 301, 302]])
  })

  test('counts in the statistics by its ids', async () => {
    const { cache, users } = newUsers(create)
    await users([1])
    const { stats } = await cache.withStats(() => users([1, 2, 3, 3]))
    expect(stats).toMatchObject({ calls: 4, hit: 1, miss: 2, execute: 2, write: 2, joined: 1 })
  })

  test.each([
    { what: 'a list', answer: (ids: readonly number[]) => ids.map(user) },
    {
      what: 'a Map',
      answer: (ids: readonly number[]) => new Map(ids.toReversed().map((id) => [id, user(id)])),
    },
  ])('is filled from $what', async ({ answer }) => {
    const { users, loads } = newUsers(create, { answer })
    expect(await users([2, 3, 1])).toEqual([user(2), user(3), user(1)])
    expect(await users([1, 2, 3])).toEqual([user(1), user(2), user(3)])
    expect(loads).toHaveLength(1)
  })

  test.each<{ what: string; answer: (ids: readonly number[]) => unknown }>([
    { what: 'too few rows', answer: (ids) => ids.slice(1).map(user) },
    { what: 'too many rows', answer: (ids) => [...ids, 9].map(user) },
    { what: 'nothing', answer: () => undefined },
    { what: 'an object', answer: (ids) => Object.fromEntries(ids.map((id) => [id, user(id)])) },
    { what: 'a Set', answer: (ids) => new Set(ids.map(user)) },
  ])('is refused if $what came for it', async ({ answer }) => {
    const { cache, users } = newUsers(create, { answer: answer as Setting['answer'] & object })
    const attempt = users([1, 2, 3])
    await expect(attempt).rejects.toThrow(OptionError)
    await expect(attempt).rejects.toThrow(
      /^users: for 3 ids, return as many rows in the same order.*or a Map/,
    )
    expect(await cache.getSize()).toBe(0)
  })

  test.each([undefined, null, 1, 'ab', new Set([1])])('has to be one: %o', async (ids) => {
    const { users } = newUsers(create)
    for (const use of [users, users.refresh, users.peek]) {
      const attempt = use(ids as unknown as number[])
      await expect(attempt).rejects.toThrow(OptionError)
      await expect(attempt).rejects.toThrow(/is not an array\. Give a list of ids/)
    }
  })
})

describe.each(EVERY)('$how: a row that is missing', ({ create }) => {
  test('is not stored', async () => {
    const { cache, users, loads } = newUsers(create)
    const skips: string[] = []
    cache.on('skip', ({ reason }) => skips.push(reason))
    for (let i = 0; i < 2; i++) expect(await users([1, 1_000, 2])).toEqual([user(1), undefined, user(2)])
    expect(loads).toEqual([[1, 1_000, 2], [1_000]])
    expect(skips).toEqual(['absent', 'absent'])
    expect(await cache.getSize()).toBe(2)
  })

  test('is kept in mind for as long as is wished', async () => {
    const options: WrapManyOptions<number, User> = { ttl: '1h', absent: { ttl: '50s' } }
    const { users, loads, store, inner, place } = newUsers(create, { options })
    for (let i = 0; i < 2; i++) expect(await users([1, 1_000])).toEqual([user(1), undefined])
    expect(loads).toEqual([[1, 1_000]])
    const nowMs = (await store.now(place)) / 1_000
    const [present = 0, absent = 0] = [...(await target.inspect(inner, place)).expiry.values()].toSorted(
      (a, b) => b - a,
    )
    expect(present - nowMs).toBeGreaterThan(3_590_000)
    expect(absent - nowMs).toBeGreaterThan(40_000)
    expect(absent - nowMs).toBeLessThanOrEqual(50_000)
    expect(await users.invalidate(1_000)).toBe(1)
    await users([1_000])
    expect(loads).toHaveLength(2)
  })

  test('is kept in mind longer than a row that is there, if that is wished', async () => {
    const options: WrapManyOptions<number, User> = { ttl: '10s', absent: { ttl: '1h' } }
    const { users, loads } = newUsers(create, { options })
    for (let i = 0; i < 2; i++) expect(await users([1, 1_000])).toEqual([user(1), undefined])
    expect(loads).toHaveLength(1)
  })

  test('is kept in mind longer than that, and is no more stale than a row that is there', async () => {
    const options: WrapManyOptions<number, User> = {
      ttl: '10s',
      staleWhileRevalidate: '10s',
      absent: { ttl: '1h' },
    }
    const { cache, users, loads } = newUsers(create, { options })
    await users([1, 1_000])
    const { stats } = await cache.withStats(() => users([1, 1_000]))
    expect(stats).toMatchObject({ hit: 2, stale: 0, refresh: 0 })
    expect(loads).toHaveLength(1)
  })

  test('takes nothing from the end of the others: one that was stored for longer is a miss', async () => {
    const before = newUsers(create, { options: { ttl: '1h', source: false } })
    await before.users([1])
    const { users, loads } = newUsers(create, {
      name: before.cache.name,
      store: before.inner,
      options: { ttl: '10s', source: false },
    })
    await users([1])
    expect(loads).toEqual([[1]])
  })

  test('may be null, and is null again', async () => {
    const answer = (ids: readonly number[]) => ids.map((id) => (id < 1_000 ? user(id) : null))
    const { users, loads } = newUsers(create, { answer, options: { absent: { ttl: '1h' } } })
    for (let i = 0; i < 2; i++) expect(await users([1, 1_000])).toEqual([user(1), null])
    expect(loads).toHaveLength(1)
    const forgetful = newUsers(create, { answer })
    for (let i = 0; i < 2; i++) expect(await forgetful.users([1_000])).toEqual([null])
    expect(forgetful.loads).toHaveLength(2)
  })

  test('are not asked about by cacheIf where they are missing', async () => {
    const answer = (ids: readonly number[]) => ids.map((id) => (id < 1_000 ? user(id) : undefined))
    const cacheIf = vi.fn<(row: User) => boolean>(({ id }) => id > 1)
    const { users, errors } = newUsers(create, { answer, options: { absent: { ttl: '1h' }, cacheIf } })
    await users([1, 2, 1_000])
    expect(cacheIf).toHaveBeenCalledTimes(2)
    expect(errors).toEqual([])
  })

  test('may be missing in a Map', async () => {
    const answer = (ids: readonly number[]) =>
      new Map(ids.filter((id) => id < 1_000).map((id) => [id, user(id)]))
    const { users, loads } = newUsers(create, { answer, options: { absent: { ttl: '1h' } } })
    for (let i = 0; i < 2; i++) expect(await users([1_000, 1])).toEqual([undefined, user(1)])
    expect(loads).toEqual([[1_000, 1]])
  })
})

describe.each(EVERY)('$how: with a function of a single id', ({ create }) => {
  const SHARINGS = ['entriesOf', 'name'] as const

  function shared(by: (typeof SHARINGS)[number], absent?: { readonly ttl: '1h' }) {
    const cache = new RedisFuncCache(unique('shared'), create(), { store: target.newStore() })
    const runs: number[] = []
    const loads: number[][] = []
    const load = (ids: readonly number[]) => {
      loads.push([...ids])
      return rowsOf(ids)
    }
    const same = { name: 'user', source: false, ttl: '1h' } as const
    const getUser = cache.wrap(async (id: number) => {
      runs.push(id)
      return user(id)
    }, same)
    const options = by === 'entriesOf' ? { entriesOf: getUser } : same
    const getUsers = cache.wrapMany(load, { ...options, ...(absent && { absent }) })
    return { cache, getUser, getUsers, runs, loads }
  }

  test.each(SHARINGS)('entries are shared in both directions, by %s', async (by) => {
    const { cache, getUser, getUsers, runs, loads } = shared(by)
    expect(getUsers.keyOf(1)).toEqual(getUser.keyOf(1))
    await getUser(1)
    expect(await getUsers([1, 2])).toEqual([user(1), user(2)])
    expect(await getUser(2)).toEqual(user(2))
    expect([runs, loads]).toEqual([[1], [[2]]])
    expect(await cache.getSize()).toBe(2)
  })

  test.each(SHARINGS)('each sees what the other invalidates, refreshes and primes, by %s', async (by) => {
    const { getUser, getUsers, runs, loads } = shared(by)
    await getUsers([1, 2, 3])
    expect(await getUser.invalidate(1)).toBe(true)
    expect(await getUsers.peek([1, 2])).toEqual([undefined, user(2)])
    await getUsers.prime([[1, { id: 1, name: 'primed' }]])
    expect(await getUser(1)).toEqual({ id: 1, name: 'primed' })
    await getUsers.refresh([1])
    expect(await getUser(1)).toEqual(user(1))
    expect(await getUsers.invalidateAll()).toBe(3)
    await getUser(3)
    expect(await getUser.invalidateAll()).toBe(1)
    expect(await getUsers.peek([1, 2, 3])).toEqual([undefined, undefined, undefined])
    expect([runs, loads]).toEqual([[3], [[1, 2, 3], [1]]])
  })

  test.each(SHARINGS)('a list joins single calls that are under way, and they join it, by %s', async (by) => {
    const { getUser, getUsers, runs, loads } = shared(by)
    const results = await Promise.all([
      getUser(1),
      getUsers([1, 2]),
      getUser(2),
      getUsers([2, 3]),
      getUser(3),
    ])
    expect(results).toEqual([user(1), [user(1), user(2)], user(2), [user(2), user(3)], user(3)])
    expect([runs, loads]).toEqual([[1], [[2], [3]]])
  })

  test('a row that is missing is kept in mind beside its options', async () => {
    const { getUsers, loads } = shared('entriesOf', { ttl: '1h' })
    for (let i = 0; i < 2; i++) expect(await getUsers([1_000])).toEqual([undefined])
    expect(loads).toHaveLength(1)
  })

  test('others are refused', () => {
    const { cache, getUser } = shared('entriesOf')
    const other = cache.wrapMany(rowsOf, { name: 'other' })
    const elsewhere = shared('entriesOf')
    const self = cache.wrap((id: number) => user(id), { name: 'self', this: (self: object) => self })
    const load = (ids: readonly number[]) => rowsOf(ids)
    const attempts: [options: object, message: RegExp][] = [
      [{ entriesOf: elsewhere.getUser }, /entriesOf: give a function that this cache has wrapped/],
      [{ entriesOf: other }, /entriesOf: give a function that this cache has wrapped/],
      [{ entriesOf: self }, /entriesOf: results of that function depend on `this`/],
      [{ entriesOf: getUser, ttl: '1h' }, /ttl: with entriesOf, the options of that function apply/],
      [{ entriesOf: getUser, absent: { seconds: 1 } }, /seconds: absent knows no such option/],
      [{ name: 'x', absent: { ttl: 0 } }, /absent.ttl: 0 is not a duration/],
    ]
    for (const [options, message] of attempts) {
      expect(() => cache.wrapMany(load, options)).toThrow(OptionError)
      expect(() => cache.wrapMany(load, options)).toThrow(message)
    }
  })

  test('no two functions of a kind have one identity', () => {
    const { cache } = shared('name')
    const same = { name: 'user', source: false } as const
    expect(() => cache.wrapMany((ids: readonly number[]) => rowsOf(ids), same)).toThrow(IdentityError)
    expect(() => cache.wrap((id: number) => user(id), same)).toThrow(IdentityError)

    const inverse = new RedisFuncCache(unique('shared'), create(), { store: target.newStore() })
    inverse.wrapMany((ids: readonly number[]) => rowsOf(ids), same)
    inverse.wrap((id: number) => user(id), same)
    expect(() => inverse.wrap((id: number) => user(id + 1), same)).toThrow(IdentityError)
  })
})

describe.each(EVERY)('$how: a load that fails', ({ create }) => {
  test('fails the list, with its own error, and stores nothing', async () => {
    const error = new RangeError('no such table')
    let isBroken = true
    const { cache, users, loads, errors } = newUsers(create, {
      answer: (ids) => {
        if (isBroken) throw error
        return rowsOf(ids)
      },
    })
    await users.prime([[1, user(1)]])
    await expect(users([1, 2, 3, 2])).rejects.toBe(error)
    await expect(users.refresh([1, 2])).rejects.toBe(error)
    expect(await users([1])).toEqual([user(1)])
    expect(await cache.getSize()).toBe(1)
    isBroken = false
    expect(await users([1, 2])).toEqual([user(1), user(2)])
    expect(loads).toEqual([[2, 3], [1, 2], [2]])
    expect(errors).toEqual([])
  })

  test('fails the calls that joined it', async () => {
    const error = new RangeError('no such table')
    const { users, loads } = newUsers(create, { answer: () => Promise.reject(error) })
    const outcomes = await Promise.allSettled([users([1, 2]), users([2, 3]), users([1])])
    expect(outcomes).toEqual(Array.from({ length: 3 }, () => ({ status: 'rejected', reason: error })))
    expect(loads).toEqual([[1, 2], [3]])
  })

  test('is remembered, if that is wished', async () => {
    const { users, loads } = newUsers(create, {
      answer: () => Promise.reject(new RangeError('no such table')),
      options: { cacheErrors: { ttl: '1h' } },
    })
    for (let i = 0; i < 2; i++) await expect(users([1, 2])).rejects.toThrow('no such table')
    await expect(users([2])).rejects.toThrow(RangeError)
    expect(loads).toEqual([[1, 2]])
  })

  test('is not the fault of a store that fails', async () => {
    const { users, loads, store, errors } = newUsers(create)
    store.failing.add('get').add('put')
    expect(await users(numbers(100))).toEqual(numbers(100).map(user))
    expect(loads).toEqual([numbers(100)])
    expect(errors.length).toBeGreaterThan(0)
    for (const error of errors) expect(error).toBeInstanceOf(StoreError)
  })

  test('is not started if a failing store is to be reported', async () => {
    const { users, store, loads } = newUsers(create, { cacheOptions: { onError: 'throw' } })
    store.failing.add('get')
    await expect(users([1, 2])).rejects.toThrow(StoreError)
    expect(loads).toEqual([])
  })
})

describe.each(EVERY)('$how: lists at the same time', ({ create }) => {
  test('load no id twice', async () => {
    const { answer, open } = gate()
    const { users, loads } = newUsers(create, { answer })
    const lists = [
      [1, 2, 3],
      [4, 3, 2],
      [3, 5, 1, 5],
      [2, 1],
    ]
    const results = lists.map((ids) => users(ids))
    await begun(loads, 3)
    const late = users([5, 6])
    await begun(loads, 4)
    open()
    expect(await Promise.all(results)).toEqual(lists.map((ids) => ids.map(user)))
    expect(await late).toEqual([user(5), user(6)])
    expect(loads).toEqual([[1, 2, 3], [4], [5], [6]])
  })

  test('that are begun while others are looked up load no id twice', async () => {
    const { users, loads } = newUsers(create)
    const lists = Array.from({ length: 20 }, (_, i) => numbers(300, 1 + 20 * i))
    const results: Promise<unknown>[] = []
    for (const ids of lists) {
      results.push(users(ids), users(ids.toReversed()))
      await new Promise(setImmediate)
    }
    const rows = await Promise.all(results)
    for (const [i, ids] of lists.entries()) expect(rows[2 * i]).toEqual(rowsOf(ids))
    expect(loads.flat()).toHaveLength(new Set(loads.flat()).size)
  })

  test('in two processes load no id twice, and wait for each other without end for none', async () => {
    const name = unique('many')
    const store = target.newStore()
    const options: WrapManyOptions<number, User> = { singleFlight: 'global' }
    const here = newUsers(create, { name, store, options })
    const there = newUsers(create, { name, store: hasServer ? target.newStore() : store, options })
    for (let round = 0; round < 10; round++) {
      const first = round * 90 + 1
      const ids = numbers(80, first)
      const lists = [ids, ids.toReversed(), [...ids.slice(40), ...ids.slice(0, 40)], ids.slice(20, 30)]
      const results = await Promise.all(
        lists.flatMap((list) => [here.users(list), there.users(list.toReversed())]),
      )
      lists.forEach((list, i) => {
        expect(results[2 * i]).toEqual(list.map(user))
        expect(results[2 * i + 1]).toEqual(list.toReversed().map(user))
      })
    }
    const loaded = [...here.loads, ...there.loads].flat()
    expect(loaded).toHaveLength(800)
    expect(new Set(loaded).size).toBe(800)
    expect([...here.errors, ...there.errors]).toEqual([])
    await Promise.all([here.cache.close(), there.cache.close()])
  })

  test('ask for the leases of a list at once, and load it in one call', async () => {
    const options: WrapManyOptions<number, User> = { singleFlight: 'global' }
    const { cache, users, loads, store } = newUsers(create, { options })
    expect(await users(numbers(64))).toEqual(numbers(64).map(user))
    expect(loads).toEqual([numbers(64)])
    expect([store.leases, store.puts]).toEqual([[64], [64]])
    expect(await users(numbers(64))).toEqual(numbers(64).map(user))
    expect(store.leases).toEqual([64])
    await cache.close()
  })

  test('go on with what is theirs while another process computes the rest', async () => {
    const name = unique('many')
    const store = target.newStore()
    const options: WrapManyOptions<number, User> = { singleFlight: 'global' }
    const { answer, open } = gate()
    const here = newUsers(create, { name, store, options, answer })
    const there = newUsers(create, { name, store: hasServer ? target.newStore() : store, options })
    const slow = here.users([1, 2])
    await begun(here.loads, 1)
    const mixed = there.users([1, 2, 3])
    await begun(there.loads, 1)
    open()
    expect(await slow).toEqual([user(1), user(2)])
    expect(await mixed).toEqual([user(1), user(2), user(3)])
    expect([here.loads, there.loads]).toEqual([[[1, 2]], [[3]]])
    await Promise.all([here.cache.close(), there.cache.close()])
  })
})

describe.each(EVERY)('$how: what can be done to rows', ({ create }) => {
  test('stale ones are served, and refreshed behind in one call', async () => {
    const options: WrapManyOptions<number, User> = { ttl: '1h', staleWhileRevalidate: '1h' }
    let version = 1
    const answer = (ids: readonly number[]) => ids.map((id) => ({ id, name: `${id} v${version}` }))
    const { users, loads } = newUsers(create, { options, answer })
    const ids = numbers(50)
    await users(ids)
    version = 2
    expect(await users.invalidateAll({ soft: true })).toBe(50)
    expect(await users(ids)).toEqual(ids.map((id) => ({ id, name: `${id} v1` })))
    await begun(loads, 2)
    expect(loads[1]?.toSorted((a, b) => a - b)).toEqual(ids)
    const renewed = ids.map((id) => ({ id, name: `${id} v2` }))
    await vi.waitFor(async () => expect(await users.peek(ids)).toEqual(renewed), { interval: 1 })
    expect(await users(ids)).toEqual(renewed)
    expect(loads).toHaveLength(2)
  })

  test('invalidate', async () => {
    const { cache, users, loads } = newUsers(create)
    await users([1, 2, 3])
    const emitted: (readonly [unknown, readonly unknown[] | undefined, number])[] = []
    cache.on('invalidate', ({ hash, hashes, count }) => emitted.push([hash, hashes, count]))
    expect(await users.invalidate(1, 3, 4, 1)).toBe(2)
    expect(await users.invalidate()).toBe(0)
    const [one, three, four] = [1, 3, 4].map((id) => users.keyOf(id).hash)
    expect(await users.invalidate(4)).toBe(0)
    expect(emitted).toEqual([
      [undefined, [one, three, four], 2],
      [four, [four], 0],
    ])
    expect(await users.peek([1, 2, 3])).toEqual([undefined, user(2), undefined])
    await users([1, 2, 3])
    expect(loads[1]).toEqual([1, 3])
  })

  test('invalidateAll, of its own rows alone', async () => {
    const { cache, users } = newUsers(create)
    const other = cache.wrap(async (id: number) => id, { name: 'other' })
    await users([1, 2, 3])
    await other(1)
    expect(await users.invalidateAll()).toBe(3)
    expect(await cache.getSize()).toBe(1)
    await expect(users.invalidateAll({ hard: true } as object)).rejects.toThrow(
      /hard: invalidateAll knows no/,
    )
  })

  test('invalidate, softly', async () => {
    const { users } = newUsers(create, { options: { ttl: '1h', staleIfError: '1h' } })
    await users([1, 2])
    expect(await users.with({ soft: true }).invalidate(1, 2, 3)).toBe(2)
    expect(await users.peek([1, 2])).toEqual([user(1), user(2)])
    expect(await users.with({ soft: true }).invalidateAll()).toBe(2)
    expect(await users.with({ soft: true }).invalidateAll({ soft: false })).toBe(2)
    expect(await users.peek([1, 2])).toEqual([undefined, undefined])
  })

  test('a load under way is not stored if one of its ids is invalidated', async () => {
    const { answer, open } = gate()
    const { users, loads } = newUsers(create, { answer })
    const rows = users([1, 2])
    await begun(loads, 1)
    await users.invalidate(1)
    open()
    expect(await rows).toEqual([user(1), user(2)])
    expect(await users.peek([1, 2])).toEqual([undefined, user(2)])
  })

  test('refresh, in one call', async () => {
    const { users, loads, store } = newUsers(create)
    await users([1, 2])
    expect(await users.refresh([2, 1, 3, 2])).toEqual([user(2), user(1), user(3), user(2)])
    expect(loads).toEqual([
      [1, 2],
      [2, 1, 3],
    ])
    expect(await users.peek([3])).toEqual([user(3)])
    expect(store.puts).toHaveLength(2)
  })

  test('prime and peek', async () => {
    const { users, loads, store } = newUsers(create)
    await users.prime(new Map(numbers(64).map((id) => [id, user(id)])))
    await users.prime([])
    expect(store.puts).toEqual([64])
    expect(await users.peek([64, 65, 1])).toEqual([user(64), undefined, user(1)])
    expect(await users([1, 64])).toEqual([user(1), user(64)])
    expect(loads).toEqual([])
  })

  test('find them by tags', async () => {
    const { cache, users, loads, errors } = newUsers(create, {
      options: { tags: (row, id) => [`user:${id}`, row?.name ?? 'nobody'], absent: { ttl: '1h' } },
    })
    await users([1, 2, 1_000, 1_001])
    expect(await cache.invalidateTags('user 1', 'user:1000')).toBe(2)
    await users([1, 2, 1_000, 1_001])
    expect(loads).toEqual([
      [1, 2, 1_000, 1_001],
      [1, 1_000],
    ])
    expect(await cache.invalidateTags('nobody')).toBe(2)
    expect(errors).toEqual([])
  })

  test('have key names and an identity', async () => {
    const { cache, inner, users, place } = newUsers(create)
    await users([1])
    const { index, values, hash } = users.keyOf(1)
    expect([index, values]).toEqual(place.keys)
    const { hashes } = await target.inspect(inner, place)
    expect(hashes).toEqual([hash])
    expect(users.identity.name).toBe('users')
    expect(await cache.getSize(users)).toBe(1)
    expect(await users.original([5])).toEqual([user(5)])
    expect(Object.keys(users)).toEqual([])
  })

  test('stop waiting when a signal aborts', async () => {
    const { answer, open } = gate()
    const { users, loads } = newUsers(create, { answer })
    const controller = new AbortController()
    const impatient = users.with({ signal: controller.signal })([1, 2])
    const patient = users([2, 3])
    await begun(loads, 2)
    controller.abort(new Error('no time'))
    await expect(impatient).rejects.toThrow('no time')
    open()
    expect(await patient).toEqual([user(2), user(3)])
    await expect(users.with({ signal: controller.signal })([1])).rejects.toThrow('no time')
    expect(() => users.with({ signal: 1 } as object)).toThrow(OptionError)
  })
})

describe.each(EVERY)('$how: modes', ({ create }) => {
  test('bypass: one call with all ids, and nothing is read or stored', async () => {
    const { cache, users, loads, store } = newUsers(create)
    await users.prime([[1, { id: 1, name: 'stored' }]])
    expect(await cache.bypass(() => users(numbers(200)))).toEqual(numbers(200).map(user))
    expect(loads).toEqual([numbers(200)])
    expect([store.gets, store.puts]).toEqual([[], [1]])
  })

  test('readOnly: what is stored, or a CacheMissError', async () => {
    const { cache, users, loads } = newUsers(create)
    await users([1, 2])
    expect(await cache.readOnly(() => users([2, 1]))).toEqual([user(2), user(1)])
    await expect(cache.readOnly(() => users([1, 2, 3, 4]))).rejects.toThrow(CacheMissError)
    expect(loads).toHaveLength(1)
  })

  test('writeOnly: all ids are loaded, each once, and stored', async () => {
    const { cache, users, loads, store } = newUsers(create)
    await users.prime([[1, { id: 1, name: 'old' }]])
    expect(await cache.writeOnly(() => users([2, 1, 2]))).toEqual([user(2), user(1), user(2)])
    expect(loads).toEqual([[2, 1]])
    expect(store.gets).toEqual([])
    expect(await users.peek([1, 2])).toEqual([user(1), user(2)])
  })

  test('without writing: what is missing is loaded in one call, and not stored', async () => {
    const { cache, users, loads } = newUsers(create)
    await users([2])
    expect(await cache.withMode({ write: false }, () => users([1, 2, 3]))).toEqual([1, 2, 3].map(user))
    expect(loads).toEqual([[2], [1, 3]])
    expect(await cache.getSize()).toBe(1)
  })
})

describe('rows that answer no id', () => {
  const unasked =
    /^rows: the Map has a row for .*, which was not asked for: the first of \d ids is .*as they were given/

  test.each<[what: string, ids: readonly unknown[], keys: readonly unknown[], says: RegExp]>([
    ['a text for a number', [1], ['1'], /'1' \(string\).* 1 \(number\)/],
    ['a number for a text', ['1'], [1], /1 \(number\).*'1' \(string\)/],
    ['a bigint for a number', [1, 2], [1, 2n], /2n \(bigint\).*1 \(number\)/],
    ['an object that is equal', [{ id: 1 }], [{ id: 1 }], /\{ id: 1 \} \(object\)/],
    ['a Date that is equal', [new Date(1)], [new Date(1)], /\(object\)/],
    ['null', [1], [null], /null \(null\)/],
    ['more than was asked for', [1], [1, 2], /2 \(number\)/],
  ])('are refused, and nothing is kept in mind: %s', async (_, ids, keys, says) => {
    const cache = new RedisFuncCache(unique('unasked'), new LruTPolicy(), { store: target.newStore() })
    const load = vi.fn<() => Map<unknown, unknown>>(() => new Map(keys.map((key) => [key, {}])))
    const rows = cache.wrapMany(load as unknown as (ids: readonly unknown[]) => Map<unknown, unknown>, {
      name: 'rows',
      absent: { ttl: '1h' },
      cacheErrors: { ttl: '1h' },
    })
    await expect(rows(ids)).rejects.toThrow(OptionError)
    await expect(rows(ids)).rejects.toThrow(unasked)
    await expect(rows(ids)).rejects.toThrow(says)
    expect(load).toHaveBeenCalledTimes(3)
    expect(await cache.getSize()).toBe(0)
  })

  test.each<[what: string, rows: unknown]>([
    ['a plain object', { 1: {} }],
    ['an iterator', [{}].values()],
    ['a Set', new Set([{}])],
    ['entries', new Map([[1, {}]]).entries()],
    ['a list that is too short', []],
    ['nothing', undefined],
  ])('are refused: %s', async (_, answer) => {
    const cache = new RedisFuncCache(unique('unasked'), new LruTPolicy(), { store: target.newStore() })
    const rows = cache.wrapMany(async () => answer as Map<number, object>, {
      name: 'rows',
      absent: { ttl: '1h' },
    })
    await expect(rows([1])).rejects.toThrow(/^rows: for 1 ids, return as many rows in the same order/)
    expect(await cache.getSize()).toBe(0)
  })

  test('are not those of an id that is given twice, or NaN', async () => {
    const cache = new RedisFuncCache(unique('twice'), new LruTPolicy(), { store: target.newStore() })
    const rows = cache.wrapMany(async (ids: readonly number[]) => new Map(ids.map((id) => [id, { id }])), {
      name: 'rows',
    })
    expect(await rows([1, 1, Number.NaN])).toEqual([{ id: 1 }, { id: 1 }, { id: Number.NaN }])
    expect(await cache.bypass(() => rows([1, 1]))).toEqual([{ id: 1 }, { id: 1 }])
  })
})

describe('an Error in the place of a row', () => {
  const isBad = (id: number): boolean => id % 2 === 0
  const errorOf = (id: number): Error => new RangeError(`no ${id}`)

  test.each([
    ['a list', (ids: readonly number[]) => ids.map((id) => (isBad(id) ? errorOf(id) : user(id)))],
    ['a Map', (ids: readonly number[]) => new Map(ids.map((id) => [id, isBad(id) ? errorOf(id) : user(id)]))],
  ])('is thrown to the callers that asked for this id, and the others are stored: %s', async (_, load) => {
    const cache = new RedisFuncCache(unique('bad'), new LruTPolicy(), { store: target.newStore() })
    const run = vi.fn<typeof load>(load)
    const rows = cache.wrapMany(run as (ids: readonly number[]) => (User | Error)[], {
      name: 'rows',
      absent: { ttl: '1h' },
    })
    await expect(rows([1, 2, 3])).rejects.toThrow(new RangeError('no 2'))
    expect(await rows([1, 3])).toEqual([user(1), user(3)])
    expect(run).toHaveBeenCalledTimes(1)
    expect(await rows.peek([1, 2, 3])).toEqual([user(1), undefined, user(3)])
    await expect(rows([2])).rejects.toThrow('no 2')
    await expect(rows.refresh([4])).rejects.toThrow('no 4')
    expect(run).toHaveBeenCalledTimes(3)
  })

  test('is stored if cacheErrors says so', async () => {
    const cache = new RedisFuncCache(unique('bad'), new LruTPolicy(), { store: target.newStore() })
    const run = vi.fn<(ids: readonly number[]) => (User | Error)[]>((ids) =>
      ids.map((id) => (isBad(id) ? errorOf(id) : user(id))),
    )
    const rows = cache.wrapMany(run, { name: 'rows', cacheErrors: { ttl: '1h' } })
    await expect(rows([1, 2])).rejects.toThrow(new RangeError('no 2'))
    await expect(rows([2])).rejects.toThrow(new RangeError('no 2'))
    expect(run).toHaveBeenCalledTimes(1)
  })
})

// All entries of one function, and of no other: told by what their hashes begin with.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  AbstractPolicy,
  type FunctionIdentity,
  type Hash,
  LruTPolicy,
  OptionError,
  PolicyError,
  RedisFuncCache,
  type Store,
  StoreError,
} from './library.ts'
import { FailingStore } from './failing-store.ts'
import { gated } from './gated.ts'
import { entry, leaseRequest, newPlace, placeOf } from './places.ts'
import { EACH_POLICY_AND_SCOPE, hasServer, openTarget, type Target, unique } from './target.ts'

const EVERY = [
  ...EACH_POLICY_AND_SCOPE.map(({ scope, ...each }) => ({ ...each, how: `scope ${scope}` })),
  ...(['hex', 'bytes'] as const).map((encoding) => ({
    policy: 'lru_t',
    how: `hashes as ${encoding}`,
    create: (): AbstractPolicy => new LruTPolicy({ hash: { algorithm: 'sha1', encoding } }),
  })),
]

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

function newCache(create: () => AbstractPolicy, name = unique('all'), store: Store = target.newStore()) {
  const cache = new RedisFuncCache(name, create(), { store, maxSize: 100_000 })
  const runs: string[] = []
  const run = async (text: string): Promise<string> => {
    runs.push(text)
    return text
  }
  const one = cache.wrap((key: string) => run(`one ${key}`), { name: 'one' })
  const two = cache.wrap((key: string) => run(`two ${key}`), { name: 'two', tags: () => ['two'] })
  const graced = cache.wrap((key: string) => run(`graced ${key}`), {
    name: 'graced',
    ttl: '100s',
    staleWhileRevalidate: '50s',
  })
  return { cache, store, one, two, graced, runs }
}

describe.each(EVERY)('$policy, $how: invalidateAll', ({ create, how }) => {
  async function filled() {
    const it = newCache(create)
    for (const key of 'abc') await Promise.all([it.one(key), it.two(key), it.graced(key)])
    it.runs.length = 0
    return it
  }

  test.each([false, true])('removes the entries of its function alone (soft: %s)', async (soft) => {
    const { cache, one, two, graced, runs } = await filled()
    expect(await one.invalidateAll({ soft })).toBe(3) // none of them has a grace period
    expect(await cache.getSize()).toBe(6)
    for (const key of 'abc') await Promise.all([two(key), graced(key)])
    expect(runs).toEqual([])
    for (const key of 'abc') await one(key)
    expect(runs).toEqual(['one a', 'one b', 'one c'])
    expect(await one.invalidateAll()).toBe(3)
    expect(await one.invalidateAll()).toBe(0)
  })

  test('makes entries with a grace period stale', async () => {
    const { cache, one, two, graced, runs } = await filled()
    expect(await graced.invalidateAll({ soft: true })).toBe(3)
    expect(await cache.getSize()).toBe(9)
    const { stats } = await cache.withStats(async () => expect(await graced('a')).toBe('graced a'))
    expect(stats).toMatchObject({ stale: 1, hit: 0, miss: 0 })
    await vi.waitFor(() => expect(runs).toEqual(['graced a']), { interval: 1 })
    for (const key of 'abc') await Promise.all([one(key), two(key)])
    expect(runs).toEqual(['graced a'])
    expect(await graced.with({ soft: true }).invalidateAll()).toBe(3)
    expect(await graced.with({ soft: true }).invalidateAll({ soft: false })).toBe(3)
    expect(await graced.peek('a')).toBeUndefined()
  })

  test('removes all that entries have', async () => {
    const { store, cache, one, two, graced } = await filled()
    for (const each of [one, two, graced]) expect(await each.invalidateAll()).toBe(3)
    expect(await cache.getSize()).toBe(0)
    const place = placeOf(cache, graced.keyOf('a'))
    expect((await target.inspect(store, place)).hashes).toEqual([])
    if (!hasServer) return
    const [index, values] = place.keys
    expect(await target.raw(index, 'EXISTS', index, values, `${values}:expiry`)).toBe(0)
    // Only the name of the index of tags is left, until the next write.
    expect(await target.raw(values, 'ZLEXCOUNT', `${values}:tags`, '[h', '+')).toBe(0)
  })

  test('reaches a process that shares the server', async () => {
    const { cache, store, one, two } = await filled()
    const other = newCache(create, cache.name, hasServer ? target.newStore() : store)
    expect(await other.one.invalidateAll()).toBe(3)
    expect(await one.peek('a')).toBeUndefined()
    expect(await two.peek('a')).toBe('two a')
  })

  test('distinguishes versions of a function', async () => {
    const { cache, one } = await filled()
    const next = cache.wrap(one.original, { name: 'one', version: 2 })
    await next('a')
    expect(await next.invalidateAll()).toBe(1)
    expect(await one.peek('a')).toBe('one a')
  })

  test('ends the leases of its function alone', async () => {
    const { cache, store, one, two } = await filled()
    const place = (key: { index: string; values: string }) => placeOf(cache, key)
    const requestsFor = (hash: Hash) => [leaseRequest(hash)]
    const mine = one.keyOf('x')
    const others = two.keyOf('x')
    await store.lease(place(mine), requestsFor(mine.hash), 60_000)
    await store.lease(place(others), requestsFor(others.hash), 60_000)
    await one.invalidateAll()
    expect(await store.lease(place(mine), requestsFor(mine.hash), 60_000)).toMatchObject([{ state: 'taken' }])
    expect(await store.lease(place(others), requestsFor(others.hash), 60_000)).toMatchObject([
      { state: 'held' },
    ])
  })

  test.runIf(how === 'scope cache')('distinguishes hashes that only begin alike', async () => {
    const place = newPlace(create())
    const store = target.newStore()
    const part = String(place.policy.calcHashPart(newCache(create).one.identity))
    const hashes = [`${part}a`, `${part}b`, part, `a${part}`, part.slice(0, -1), 'x']
    await store.put(
      place,
      hashes.map((hash) => entry(hash)),
    )
    expect((await store.invalidateFunction(place, part)).count).toBe(3)
    expect((await target.inspect(store, place)).hashes.toSorted()).toEqual(hashes.slice(3).toSorted())
  })
})

describe.each(EVERY)('$policy, $how: a load that is under way', ({ create }) => {
  function pair() {
    const name = unique('all')
    const store = target.newStore()
    return {
      here: gated({ name, store, create }),
      there: gated({ name, store: hasServer ? target.newStore() : store, create }),
    }
  }

  test.each([
    { where: 'here', soft: false },
    { where: 'there', soft: false },
    { where: 'there', soft: true },
  ] as const)('is not stored (invalidated $where, soft: $soft)', async ({ where, soft }) => {
    const it = pair()
    const { here, there } = it
    const old = here.load('k')
    await here.running(1)
    await it[where].load.invalidateAll({ soft })
    here.end(0, 'old')
    expect(await old).toBe('old')
    expect(await there.load.peek('k')).toBeUndefined()
    expect(here.events('skip')).toMatchObject([{ reason: 'invalidated', function: 'load' }])
  })

  test('is stored if another function was meant, or if it began after', async () => {
    const { here, there } = pair()
    const first = here.load('k')
    await here.running(1)
    await there.cache.wrap(async (key: string) => key, { name: 'other' }).invalidateAll()
    here.end(0, 'first')
    await first
    expect(await there.load.peek('k')).toBe('first')
    await there.load.invalidateAll()
    const second = here.load('k')
    await here.running(2)
    here.end(1, 'second')
    await second
    expect(await there.load.peek('k')).toBe('second')
    expect(here.events('skip')).toEqual([])
  })

  test('is not joined by a call that comes after', async () => {
    const { here } = pair()
    const old = here.load('k')
    await here.running(1)
    await here.load.invalidateAll()
    const next = here.load('k')
    await here.running(2)
    here.end(0, 'old')
    here.end(1, 'new')
    expect(await Promise.all([old, next])).toEqual(['old', 'new'])
    expect(await here.load.peek('k')).toBe('new')
  })
})

describe('many entries', () => {
  const COUNT = 12_000

  /** Entries of one function and of another in one key pair, and what puts more of the other while asked to. */
  async function many(soft: boolean) {
    const { one, two } = newCache(() => new LruTPolicy())
    const place = newPlace(new LruTPolicy())
    const store = target.newStore()
    const { policy } = place
    const mine = String(policy.calcHashPart(one.identity))
    const others = String(policy.calcHashPart(two.identity))
    const metadata = soft ? { freshMs: 100_000, computeMs: 1 } : undefined
    const put = (part: string, start: number, count: number) =>
      store.put(
        place,
        Array.from({ length: count }, (_, i) => entry(`${part} ${start + i}`, { ttlMs: 150_000, metadata })),
      )
    for (let start = 0; start < COUNT; start += 500) {
      await put(mine, start, 500)
      if (start % 1_000 === 0) await put(others, start, 500)
    }
    return { store, place, mine, others, put }
  }

  test.each([{ soft: false }, { soft: true }])(
    'are invalidated while others are stored (soft: $soft)',
    { timeout: 60_000 },
    async ({ soft }) => {
      const { store, place, mine, others, put } = await many(soft)
      const token = await store.now(place)
      let isDone = false
      const invalidated = store.invalidateFunction(place, mine, soft).finally(() => {
        isDone = true
      })
      let more = 0
      while (!isDone) {
        await put(others, COUNT + more, 100)
        more += 100
        const late = await store.put(place, [entry(`${mine} late`, { token })])
        // The fence stands before the first of them has left.
        expect(late.stored).toEqual([false])
        if (!hasServer) break
      }
      expect((await invalidated).count).toBe(COUNT)
      expect(more).toBeGreaterThan(0)
      const { hashes, fresh } = await target.inspect(store, place)
      const own = hashes.filter((hash) => hash.startsWith(mine))
      expect(own).toHaveLength(soft ? COUNT : 0)
      expect(hashes).toHaveLength(own.length + COUNT / 2 + more)
      const nowMs = (await store.now(place)) / 1_000
      for (const [hash, { untilMs }] of fresh) expect(untilMs <= nowMs).toBe(hash.startsWith(mine))
    },
  )

  test('are found, however large their values are', { timeout: 60_000 }, async () => {
    const { one } = newCache(() => new LruTPolicy())
    const place = newPlace(new LruTPolicy())
    const store = target.newStore()
    const part = String(place.policy.calcHashPart(one.identity))
    const value = 'x'.repeat(20_000)
    for (let start = 0; start < 3_000; start += 100) {
      const some = Array.from({ length: 100 }, (_, i) => entry(`${part} ${start + i}`, { value }))
      await store.put(place, some)
    }
    expect((await store.invalidateFunction(place, part)).count).toBe(3_000)
    expect(await store.size(place)).toBe(0)
  })
})

/** Call hashes of its own, which do not tell the function. */
class OwnHashPolicy extends LruTPolicy {
  override calcHash(fn?: FunctionIdentity, args: readonly unknown[] = []): Buffer | string {
    return createHash('sha1')
      .update(JSON.stringify([fn?.name, ...args]))
      .digest('hex')
  }
}

/** Call hashes of its own, which do. */
class TellingHashPolicy extends LruTPolicy {
  override calcHash(fn?: FunctionIdentity, args: readonly unknown[] = []): Buffer | string {
    return `${this.calcHashPart(fn as FunctionIdentity)}${JSON.stringify(args)}`
  }

  override calcHashPart(fn: FunctionIdentity): string {
    return createHash('md5').update(fn.text).digest('hex').slice(0, 10)
  }

  override get hashPartBytes(): number {
    return 10
  }
}

/** Says what they begin with, but not how long that is: the fence would stand where nobody comes by. */
class ForgetfulPolicy extends TellingHashPolicy {
  override get hashPartBytes(): number {
    return 0
  }
}

/** The other way round. */
class SilentPolicy extends TellingHashPolicy {
  override calcHashPart(): string {
    return undefined as unknown as string
  }
}

describe('a policy with call hashes of its own', () => {
  test.each([OwnHashPolicy, ForgetfulPolicy, SilentPolicy])('says that it cannot: %o', async (Policy) => {
    const { one } = newCache(() => new Policy())
    await one('a')
    const attempt = one.invalidateAll()
    await expect(attempt).rejects.toThrow(PolicyError)
    await expect(attempt).rejects.toThrow(
      new RegExp(
        `invalidateAll: call hashes of the policy '\\w+' do not tell the function.*calcHashPart\\(\\).*hashPartBytes`,
        's',
      ),
    )
    expect(await one.peek('a')).toBe('one a')
  })

  test.each([
    { what: 'tells them', Policy: TellingHashPolicy, scope: 'cache' },
    { what: 'has a key pair for each function', Policy: OwnHashPolicy, scope: 'function' },
    { what: 'has both', Policy: TellingHashPolicy, scope: 'function' },
  ] as const)('can if it $what', async ({ Policy, scope }) => {
    const { cache, one, two } = newCache(() => new Policy({ scope }))
    for (const key of 'abc') await Promise.all([one(key), two(key)])
    expect(await one.invalidateAll()).toBe(3)
    expect(await one.peek('a')).toBeUndefined()
    expect(await two.peek('a')).toBe('two a')

    const undone = cache.wrap(
      async (key: string): Promise<string> => {
        await undone.invalidateAll()
        return key
      },
      { name: 'undone' },
    )
    expect(await undone('a')).toBe('a')
    expect(await undone.peek('a')).toBeUndefined()
    await two.invalidateAll()
    expect(await one('a')).toBe('one a')
    expect(await one.peek('a')).toBe('one a')
  })
})

describe('invalidateAll', () => {
  test('refuses options that it does not know', async () => {
    const { one } = newCache(() => new LruTPolicy())
    await expect(one.invalidateAll({ hard: true } as object)).rejects.toThrow(OptionError)
    await expect(one.invalidateAll({ soft: 1 } as object)).rejects.toThrow(
      /soft: 1 is neither true nor false/,
    )
  })

  test('is never lost silently', async () => {
    const store = new FailingStore(target.newStore(), 'invalidateFunction')
    await expect(newCache(() => new LruTPolicy(), unique('all'), store).one.invalidateAll()).rejects.toThrow(
      StoreError,
    )
  })
})

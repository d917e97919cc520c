// What happens at the ends of things: bounds that are lowered, counters that are spent, clocks that go back.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AbstractPolicy } from './library.ts'
import type { KeySpace, Store } from '../../src/store.ts'
import { entry, fill, hashesOf, newPlace, orderOf, scoresOf, valuesOf, withLimits } from './places.ts'
import { hasServer, openTarget, POLICIES, type Target } from './target.ts'

type PolicyName = keyof typeof POLICIES

const policiesOf = (...names: readonly PolicyName[]) =>
  names.map((policy) => ({ policy, create: (): AbstractPolicy => new POLICIES[policy]() }))

/** Around the thousand entries that one step of the scripts takes, and around two of them. */
const SIZES = [1, 2, 999, 1_000, 1_001, 2_000, 2_500]

/** Doubles hold whole numbers exactly below this. */
const SCORE_LIMIT = 2 ** 53
const STAMP_LIMIT = 2 ** 26

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

/** A full place, and its entries from the first stored to the last. */
async function filled(create: () => AbstractPolicy, size: number) {
  const store = target.newStore()
  const place = newPlace(create())
  const hashes = hashesOf(size)
  await fill(store, place, hashes)
  return { store, place, hashes }
}

/** Sets scores by hand: `ARGV` holds score and member in turn. */
async function setScores(place: KeySpace, scores: readonly (readonly [hash: string, score: number])[]) {
  const [index] = place.keys
  for (let start = 0; start < scores.length; start += 1_000) {
    const some = scores.slice(start, start + 1_000).flatMap(([hash, score]) => [String(score), hash])
    await target.raw(index, 'ZADD', index, ...some)
  }
}

const hit = (store: Store, place: KeySpace, hash: string) => store.touch(place, [hash])
const insert = (store: Store, place: KeySpace, hash: string) => store.put(place, [entry(hash)])

describe.each(policiesOf('fifo', 'fifo_t', 'lru', 'lru_t', 'mru', 'lfu', 'rr', 'sieve', 's3_fifo', 'lfu_da'))(
  '$policy: a lowered bound',
  ({ policy, create }) => {
    // Once for each kind of index is enough for so many.
    const many = policy === 'lru_t' || policy === 'lfu' || policy === 'rr' ? 50_000 : 5_000

    test(`of 10 instead of ${many} holds after the next write`, { timeout: 60_000 }, async () => {
      const { store, place, hashes } = await filled(create, many)
      expect(await store.size(place)).toBe(many)
      const report = await store.put(withLimits(place, { maxSize: 10 }), [entry('new')])
      expect(report).toMatchObject({ evicted: many - 9, stored: [true] })
      const left = (await target.inspect(store, withLimits(place, { maxSize: 10 }))).hashes
      expect(left).toHaveLength(10)
      expect(left).toContain('new')
      const known = policy === 'mru' ? hashes.slice(0, 9) : hashes.slice(-9)
      if (policy !== 'rr') expect(left.toSorted()).toEqual([...known, 'new'].toSorted())
      expect((await store.purge(place)).count).toBe(10)
    })

    test('of 1 holds, too', async () => {
      const { store, place } = await filled(create, 1_500)
      await store.put(withLimits(place, { maxSize: 1 }), [entry('new')])
      expect((await target.inspect(store, withLimits(place, { maxSize: 1 }))).hashes).toEqual(['new'])
    })

    test('holds after a write that only replaces', async () => {
      const { store, place, hashes } = await filled(create, 100)
      const few = withLimits(place, { maxSize: 10 })
      await store.put(few, [entry(hashes.at(policy === 'mru' ? 0 : -1) as string)])
      const left = (await target.inspect(store, few)).hashes
      expect(left).toHaveLength(10)
      const known = policy === 'mru' ? hashes.slice(0, 10) : hashes.slice(-10)
      if (policy !== 'rr') expect(left.toSorted()).toEqual(known.toSorted())
    })

    test('counts what came in the same write', async () => {
      const { store, place } = await filled(create, 100)
      const report = await store.put(
        withLimits(place, { maxSize: 3 }),
        [...'abcdef'].map((hash) => entry(hash)),
      )
      expect(report.evicted).toBe(103)
      const { hashes } = await target.inspect(store, withLimits(place, { maxSize: 3 }))
      expect(hashes).toHaveLength(3)
      expect(hashes).toContain('f')
    })
  },
)

describe.runIf(hasServer).each(policiesOf('fifo', 'lru', 'mru'))(
  '$policy: a counter that is spent',
  ({ policy, create }) => {
    const moves = policy !== 'fifo'

    test.each(SIZES)('numbers %i entries anew, in their order', async (size) => {
      const { store, place, hashes } = await filled(create, size)
      const expected = [...hashes]
      await setScores(place, [[hashes.at(-1) as string, SCORE_LIMIT - 3]])
      for (let i = 0; i < 4; i++) {
        const touched = hashes[(i * 31) % size] as string
        await hit(store, place, touched)
        if (moves) expected.push(...expected.splice(expected.indexOf(touched), 1))
        await insert(store, place, `new ${i}`)
        expected.push(`new ${i}`)
      }
      expect(await orderOf(target, place)).toEqual(expected)
      const scores = [...(await scoresOf(target, place.keys[0])).values()]
      expect(new Set(scores).size).toBe(scores.length)
      expect(Math.max(...scores)).toBeLessThan(size + 20)
    })

    test('evicts the right ones after that', async () => {
      const { store, place, hashes } = await filled(create, 2_500)
      await setScores(place, [[hashes.at(-1) as string, SCORE_LIMIT - 1]])
      await insert(store, place, 'new')
      await store.put(withLimits(place, { maxSize: 1_000 }), [entry('last')])
      const left = policy === 'mru' ? hashes.slice(0, 999) : [...hashes.slice(-998), 'new']
      expect((await orderOf(target, place)).toSorted()).toEqual([...left, 'last'].toSorted())
    })

    test.runIf(moves)('has room for all that are read together', async () => {
      const { store, place, hashes } = await filled(create, 1_200)
      await setScores(place, [[hashes.at(-1) as string, SCORE_LIMIT - 10]])
      const together = hashes.slice(100, 164)
      await store.touch(place, together)
      const order = await orderOf(target, place)
      expect(order.slice(0, -64)).toEqual(hashes.filter((hash) => !together.includes(hash)))
      expect(order.slice(-64).toSorted()).toEqual(together.toSorted())
    })
  },
)

describe.runIf(hasServer).each(policiesOf('fifo_t', 'lru_t'))('$policy: a clock', ({ policy, create }) => {
  const moves = policy === 'lru_t'

  /** Hits and insertions in turn; the order they must leave. */
  async function use(store: Store, place: KeySpace, order: readonly string[]): Promise<string[]> {
    const expected = [...order]
    for (let i = 0; i < 5; i++) {
      const touched = order[(i * 7) % order.length] as string
      await hit(store, place, touched)
      if (moves) expected.push(...expected.splice(expected.indexOf(touched), 1))
      await insert(store, place, `new ${i}`)
      expected.push(`new ${i}`)
    }
    return expected
  }

  test('tells when', async () => {
    const { store, place } = await filled(create, 1)
    const nowUs = await store.now(place)
    await insert(store, place, 'new')
    const score = (await scoresOf(target, place.keys[0])).get('new') ?? 0
    expect(score).toBeGreaterThanOrEqual(nowUs)
    expect(score).toBeLessThan(nowUs + 10_000_000)
  })

  test('of one microsecond keeps the order of a thousand', async () => {
    const { place, hashes } = await filled(create, 3_000)
    expect(await orderOf(target, place)).toEqual(hashes)
  })

  test('that stood still keeps the order', async () => {
    const { store, place, hashes } = await filled(create, 50)
    const nowUs = await store.now(place)
    await setScores(
      place,
      hashes.map((hash) => [hash, nowUs + 1_000_000]),
    )
    // A process that begins after the clock was changed; one that ran before it is ahead of all it has heard.
    const expected = await use(target.newStore(), place, hashes.toSorted()) // equal scores: by name
    expect(await orderOf(target, place)).toEqual(expected)
  })

  test.each([1, 50, 1_500])('that was set back keeps the order of %i entries', async (size) => {
    const { place, hashes } = await filled(create, size)
    const scores = await scoresOf(target, place.keys[0])
    await setScores(
      place,
      [...scores].map(([hash, score]) => [hash, score + 3_600_000_000]),
    )
    const expected = await use(target.newStore(), place, hashes)
    expect(await orderOf(target, place)).toEqual(expected)
  })

  test.each(SIZES)('that ran beyond all numbers keeps the order of %i entries', async (size) => {
    const { store, place, hashes } = await filled(create, size)
    await setScores(place, [[hashes.at(-1) as string, SCORE_LIMIT - 1]])
    await insert(store, place, 'first')
    const expected = await use(store, place, [...hashes, 'first'])
    expect(await orderOf(target, place)).toEqual(expected)
  })
})

describe.runIf(hasServer)('lfu: counts and stamps', () => {
  const SIZE = 3_000
  const create = (): AbstractPolicy => new POLICIES.lfu()

  interface Entry {
    readonly hash: string
    count: number
    stamp: number
  }

  /** Three thousand entries with the given counts, stamped in the order they were stored. */
  async function counted(countOf: (i: number) => number) {
    const { store, place, hashes } = await filled(create, SIZE)
    const entries: Entry[] = hashes.map((hash, i) => ({ hash, count: countOf(i), stamp: i + 1 }))
    await setScores(
      place,
      entries.map(({ hash, count, stamp }) => [hash, count * STAMP_LIMIT + stamp]),
    )
    let stamp = SIZE
    const model = {
      entries,
      touch(hash: string): void {
        const found = entries.find((each) => each.hash === hash) as Entry
        found.count++
        found.stamp = ++stamp
      },
      insert(hash: string): void {
        entries.push({ hash, count: 1, stamp: ++stamp })
      },
      order: (): string[] =>
        entries.toSorted((a, b) => a.count - b.count || a.stamp - b.stamp).map(({ hash }) => hash),
    }
    const state = `${place.keys[0]}:state`
    return { store, place, hashes, model, state }
  }

  /** Hits all over the counts, and insertions between them. */
  async function use({ store, place, hashes, model }: Awaited<ReturnType<typeof counted>>): Promise<void> {
    for (let i = 0; i < 12; i++) {
      const touched = hashes[(i * 577) % SIZE] as string
      await hit(store, place, touched)
      model.touch(touched)
      if (i % 3 === 0) {
        await insert(store, place, `new ${i}`)
        model.insert(`new ${i}`)
      }
    }
  }

  const scoresIn = async (place: KeySpace): Promise<number[]> => [
    ...(await scoresOf(target, place.keys[0])).values(),
  ]

  test('order by count, and among equals by recency', async () => {
    const it = await counted((i) => 1 + (i % 5))
    await target.raw(it.state, 'HSET', it.state, 'stamp', String(SIZE))
    await use(it)
    expect(await orderOf(target, it.place)).toEqual(it.model.order())
  })

  test.each([1, 2, 6, 7, 20])(
    'stamps that are spent in %i accesses are given anew, in order',
    async (left) => {
      const it = await counted((i) => 1 + (i % 5))
      await target.raw(it.state, 'HSET', it.state, 'stamp', String(STAMP_LIMIT - left))
      await use(it)
      expect(await orderOf(target, it.place)).toEqual(it.model.order())
      expect(Number(String(await target.raw(it.state, 'HGET', it.state, 'stamp')))).toBeLessThan(STAMP_LIMIT)
      const scores = await scoresIn(it.place)
      expect(new Set(scores).size).toBe(scores.length)
    },
  )

  test('stamps that are spent by many reads at once', async () => {
    const it = await counted((i) => 1 + (i % 5))
    await target.raw(it.state, 'HSET', it.state, 'stamp', String(STAMP_LIMIT - 10))
    const together = it.hashes.slice(200, 264)
    await it.store.touch(it.place, together)
    const rest = it.model.order().filter((hash) => !together.includes(hash))
    const order = await orderOf(target, it.place)
    expect(order.filter((hash) => !together.includes(hash))).toEqual(rest)
    const counts = new Map(
      [...(await scoresOf(target, it.place.keys[0]))].map(([hash, score]) => [
        hash,
        Math.floor(score / STAMP_LIMIT),
      ]),
    )
    for (const { hash, count } of it.model.entries) {
      expect(counts.get(hash)).toBe(together.includes(hash) ? count + 1 : count)
    }
  })

  test('stamps that were lost are given anew, in order', async () => {
    const it = await counted((i) => 1 + (i % 5))
    await target.raw(it.state, 'DEL', it.state)
    await use(it)
    expect(await orderOf(target, it.place)).toEqual(it.model.order())
    expect(await target.raw(it.state, 'PTTL', it.state)).toBeGreaterThan(0)
  })

  test('accesses are counted up to 2^27 - 1, and then ordered by recency', async () => {
    const highest = 2 ** 27 - 1
    const it = await counted((i) => (i % 3 === 0 ? 1 + (i % 4) : highest - (i % 2)))
    await target.raw(it.state, 'HSET', it.state, 'stamp', String(SIZE))
    const used = it.hashes.filter((_, i) => i % 3 > 0).slice(0, 40)
    await it.store.touch(it.place, [...used, ...used])
    const order = await orderOf(target, it.place)
    expect(order.slice(-40)).toEqual(used)
    const scores = await scoresOf(target, it.place.keys[0])
    for (const hash of used) expect(Math.floor((scores.get(hash) ?? 0) / STAMP_LIMIT)).toBe(highest)
    expect(Math.max(...scores.values())).toBeLessThan(SCORE_LIMIT)
  })

  test('entries are evicted in that order', async () => {
    const it = await counted((i) => 1 + (i % 5))
    await target.raw(it.state, 'HSET', it.state, 'stamp', String(STAMP_LIMIT - 3))
    await use(it)
    const left = it.model.order().slice(-99)
    await it.store.put(withLimits(it.place, { maxSize: 100 }), [entry('last')])
    expect((await orderOf(target, it.place)).toSorted()).toEqual([...left, 'last'].toSorted())
    expect(await valuesOf(it.store, it.place, left)).toEqual(left)
  })
})

// A put that has to evict very many entries: a piece of them by each script, and what is left is what one script would leave.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LruPolicy, MemoryStore, type KeySpace, type NewEntry, type Store } from './library.ts'
import { Random } from '../random.ts'
import { entry, hashesOf, leaseRequest, leftMs, newPlace, valuesOf, withLimits } from './places.ts'
import { type COMBINATIONS, hasServer, ONE_COMBINATION_OF_EACH, openTarget, type Target } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const ENTRIES = 300
/** As many victims a script evicts, in room.lua. */
const PIECE = 50
const hashes = hashesOf(ENTRIES)

const sized = (hash: string, length: number, more: Partial<NewEntry> = {}): NewEntry =>
  entry(hash, { value: 'x'.repeat(length), ...more })

/** A partition and its twin, both with all entries, a third of which were read at random; the bound of bytes is what they hold. */
async function filled(create: (typeof COMBINATIONS)[number]['create'], seed: string) {
  const [store, twin] = [target.newStore(), new MemoryStore()]
  const wide = newPlace(create(), { maxBytes: 10_000_000 })
  const random = new Random(seed)
  const sizes = hashes.map(() => 100 + random.below(300))
  for (const each of [store, twin]) {
    await each.put(
      wide,
      hashes.map((hash, i) => sized(hash, sizes[i] as number)),
    )
  }
  const read = Array.from(
    { length: ENTRIES },
    () => hashes[random.below(random.below(ENTRIES) + 1)] as string,
  )
  for (const each of [store, twin]) await each.touch(wide, read)
  const held = (await store.bytes?.(wide)) ?? 0
  return { store, twin, place: withLimits(wide, { maxBytes: held, maxSize: ENTRIES }), held }
}

/** The portions of a put, with what lies there after each of them. */
async function inPortions(store: Store, place: KeySpace, entries: readonly NewEntry[]) {
  const wide = withLimits(place, { maxSize: ENTRIES }) // a bound that was lowered does not hold yet
  const between: Promise<readonly [hashes: readonly string[], bytes: number | undefined]>[] = []
  const report = await store.put(place, entries, () => {
    // Sent before the next script is.
    between.push(
      Promise.all([target.inspect(store, wide).then(({ hashes: left }) => left), store.bytes?.(place)]),
    )
  })
  return { report, portions: await Promise.all(between) }
}

const left = async (store: Store, place: KeySpace, more: readonly string[] = []) =>
  (await valuesOf(store, place, [...hashes, ...more])).map((value) => value?.length)

describe.runIf(hasServer).each(ONE_COMBINATION_OF_EACH)(
  'pieces of victims, $policy',
  ({ policy, create }) => {
    const isRandom = policy === 'rr'

    test('a large value is stored when it fits, and not before', async () => {
      const { store, twin, place, held } = await filled(create, `large ${policy}`)
      const large = [sized('large', Math.floor(0.8 * held))]
      const { report, portions } = await inPortions(store, place, large)
      const expected = await twin.put(place, large)
      expect(report.stored).toEqual([true])
      expect(portions.length).toBeGreaterThanOrEqual(Math.floor(report.evicted / PIECE) - 1)
      expect(portions.length).toBeGreaterThanOrEqual(2)
      for (const [i, [there, bytes]] of portions.entries()) {
        expect(there).not.toContain('large')
        expect(there.length).toBeLessThan(i === 0 ? ENTRIES + 1 : (portions[i - 1]?.[0].length ?? 0) + 1)
        expect(bytes).toBeLessThanOrEqual(held)
      }
      expect(await store.bytes?.(place)).toBeLessThanOrEqual(held)
      if (isRandom) return
      expect(report.evicted).toBe(expected.evicted)
      expect(await left(store, place, ['large'])).toEqual(await left(twin, place, ['large']))
      // What the policy keeps beside its index is the same, too.
      for (let i = 0; i < 60; i++) {
        const more = [sized(i % 3 === 0 ? `new ${i}` : (hashes[(i * 7) % ENTRIES] as string), 100 + 20 * i)]
        const [there, here] = [await store.put(place, more), await twin.put(place, more)]
        expect(there.evicted).toBe(here.evicted)
      }
      expect(await left(store, place)).toEqual(await left(twin, place))
    })

    test('a value as large as the bound evicts all', async () => {
      const { store, twin, place, held } = await filled(create, `all ${policy}`)
      const large = [sized('large', held - 120)]
      const { evicted } = await store.put(place, large)
      expect([evicted, (await twin.put(place, large)).evicted]).toEqual([ENTRIES, ENTRIES])
      expect((await target.inspect(store, place)).hashes).toEqual(['large'])
      const beside = [
        `${place.keys[1]}:bytes`,
        ...place.policy.structures.map((name) => `${place.keys[0]}:${name}`),
      ]
      for (const ms of await leftMs(target, [...place.keys, ...beside])) expect(ms).not.toBe(-1)
      expect((await leftMs(target, place.keys)).every((ms) => ms > 0)).toBe(true)
    })

    test('an entry that becomes much larger is kept, and used once', async () => {
      const { store, twin, place, held } = await filled(create, `grown ${policy}`)
      const grown = hashes[3] as string
      const large = [sized(grown, Math.floor(0.8 * held))]
      const { report, portions } = await inPortions(store, place, large)
      expect(portions.length).toBeGreaterThanOrEqual(2)
      for (const [there, bytes] of portions) {
        expect(there).toContain(grown)
        expect(bytes).toBeLessThanOrEqual(held)
      }
      expect(await store.bytes?.(place)).toBeLessThanOrEqual(held)
      expect(await valuesOf(store, place, [grown])).toEqual([(large[0] as NewEntry).value])
      const expected = await twin.put(place, large)
      if (isRandom) return
      expect(report.evicted).toBe(expected.evicted)
      expect(await left(store, place)).toEqual(await left(twin, place))
    })

    test('a bound that was lowered holds when the next put is stored', async () => {
      const { store, twin, place } = await filled(create, `lowered ${policy}`)
      const lowered = withLimits(place, { maxSize: 20 })
      const more = [sized('a', 100)]
      const { report, portions } = await inPortions(store, place, more)
      expect(portions).toEqual([])
      const after = await inPortions(store, lowered, more)
      expect(after.portions.length).toBeGreaterThanOrEqual(Math.floor(after.report.evicted / PIECE) - 1)
      expect((await target.inspect(store, lowered)).hashes).toHaveLength(20)
      if (isRandom) return
      expect(report.evicted).toBe((await twin.put(place, more)).evicted)
      expect(after.report.evicted).toBe((await twin.put(lowered, more)).evicted)
      expect(await left(store, lowered, ['a'])).toEqual(await left(twin, lowered, ['a']))
    })
  },
)

describe.runIf(hasServer)('pieces of victims', () => {
  const lru = () => filled(() => new LruPolicy(), 'lru')

  test('nothing is evicted for what is not stored', async () => {
    const { store, place, held } = await lru()
    const token = await store.now(place)
    await store.invalidate(place, ['late'])
    const late = await store.put(place, [sized('late', held - 200, { token })])
    const declined = await store.put(place, [sized('one', held - 200, { metadata: { ifRoom: true } })])
    const tooLarge = await store.put(place, [sized('two', held)])
    for (const { stored, evicted } of [late, declined, tooLarge])
      expect([stored, evicted]).toEqual([[false], 0])
    expect((await target.inspect(store, place)).hashes).toHaveLength(ENTRIES)
  })

  test('several entries for which that is too much are stored in parts', async () => {
    const { store, place, held } = await lru()
    const three = ['a', 'b', 'c'].map((hash) => sized(hash, Math.floor(held / 4)))
    const { report, portions } = await inPortions(store, place, three)
    expect(report.stored).toEqual([true, true, true])
    expect(portions.length).toBeGreaterThan(3)
    for (const [, bytes] of portions) expect(bytes).toBeLessThanOrEqual(held)
    const { hashes: there } = await target.inspect(store, place)
    expect(there).toEqual(expect.arrayContaining(['a', 'b', 'c']))
    expect(there).toHaveLength(ENTRIES - report.evicted + 3)
  })

  test('of several entries, the first one waits for a bound that was lowered', async () => {
    const { store, place } = await lru()
    const lowered = withLimits(place, { maxSize: 20 })
    const five = ['a', 'b', 'c', 'd', 'e'].map((hash) => sized(hash, 100))
    const { report, portions } = await inPortions(store, lowered, five)
    expect(report.stored).toEqual([true, true, true, true, true])
    expect(report.evicted).toBe(ENTRIES + 5 - 20)
    expect(portions.length).toBeLessThan(12) // not a portion more for each entry
    expect((await target.inspect(store, lowered)).hashes).toHaveLength(20)
  })

  test('the lease ends when the entry is stored, and tags and ends go with each victim', async () => {
    const { store, place, held } = await lru()
    const tagged = hashes.map((hash) =>
      sized(hash, 50, { ttlMs: 600_000, metadata: { freshMs: 300_000, tags: ['all', hash] } }),
    )
    for (let i = 0; i < ENTRIES; i += 50) await store.put(place, tagged.slice(i, i + 50))
    const request = leaseRequest('large')
    expect(await store.lease(place, [request], 60_000)).toMatchObject([{ state: 'taken' }])
    const renewed: boolean[] = []
    const asking: Promise<unknown>[] = []
    const large = sized('large', held - 5_000, { metadata: { asker: request.asker, tags: ['all'] } })
    const report = await store.put(place, [large], () => {
      asking.push(store.renew(place, [request], 60_000).then(([isHeld]) => renewed.push(isHeld === true)))
    })
    await Promise.all(asking)
    expect(report.stored).toEqual([true])
    expect(renewed.length).toBeGreaterThan(2)
    expect(renewed.every(Boolean)).toBe(true)
    expect(await store.renew(place, [request], 60_000)).toEqual([false])
    const { hashes: there, tags } = await target.inspect(store, place) // checks that tags and ends belong to entries
    expect(tags.get('large')).toEqual(['all'])
    expect(there).toHaveLength(ENTRIES - report.evicted + 1)
    expect((await store.invalidateTags(place, ['all'])).count).toBe(there.length)
  })

  test('ten at once, of several processes, hold the bound', async () => {
    const { store, place, held } = await lru()
    const stores = [store, target.newStore(), target.newStore()]
    const large = Array.from({ length: 10 }, (_, i) => sized(`large ${i}`, Math.floor(held / 5)))
    const sums: Promise<number | undefined>[] = []
    const reports = await Promise.all(
      large.map((each, i) =>
        (stores[i % 3] as Store).put(place, [each], () => sums.push(store.bytes?.(place) as Promise<number>)),
      ),
    )
    for (const sum of await Promise.all(sums)) expect(sum).toBeLessThanOrEqual(held)
    expect(reports.every(({ stored }) => stored[0])).toBe(true)
    const { hashes: there } = await target.inspect(store, place)
    expect(there.length).toBe(ENTRIES + 10 - reports.reduce((sum, { evicted }) => sum + evicted, 0))
    expect(await store.bytes?.(place)).toBeLessThanOrEqual(held)
  })
})

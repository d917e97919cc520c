// The log of changes: what a store tells those who hold copies of its entries.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KeySpace, NewEntry, Store } from '../../src/store.ts'
import { hasChangeLog } from '../../src/stores/store.ts'
import { type AbstractPolicy, FifoPolicy, LruTPolicy } from './library.ts'
import { entry, fill, hashesOf, namesOf, newPlace, passTime, withLimits } from './places.ts'
import { hasServer, openTarget, POLICIES, type Target } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const TTL_MS = 60_000

function logged(store: Store) {
  if (!hasChangeLog(store)) throw new Error('no log of changes')
  return store
}

/** A partition, and one who listens to it. */
async function listened(policy: AbstractPolicy = new LruTPolicy(), limits: Partial<KeySpace['limits']> = {}) {
  const store = logged(target.newStore())
  const place = newPlace(policy, limits)
  const { number } = await store.listen(place, undefined, TTL_MS)
  let heard = number
  /** What was told since the last time. */
  const told = async () => {
    const since = await store.listen(place, heard, TTL_MS)
    expect(since.isWhole).toBe(true)
    heard = since.number
    return namesOf(since.messages)
  }
  return { store, place, told, number, put: (...entries: NewEntry[]) => store.put(place, entries) }
}

const NOTHING = { all: false, hashes: [], parts: [] }
const ALL = { ...NOTHING, all: true }
const only = (...hashes: string[]) => ({ ...NOTHING, hashes })

describe('a change is told', () => {
  test('of an entry that is put, whether or not there was one', async () => {
    const { place, store, told, put } = await listened()
    await put(entry('a'))
    expect(await told()).toEqual(ALL) // what was there before may have been lost
    await put(entry('b'))
    expect(await told()).toEqual(only('b'))
    await put(entry('a'), entry('c'), entry('c'))
    expect(await told()).toEqual(only('a', 'c'))
    const token = await store.now(place)
    await store.invalidate(place, ['c'])
    await told()
    const { stored } = await put(entry('c', { token }), entry('a', { token: token - 1_000_000 }))
    expect(stored).toEqual([false, false])
    expect(await told()).toEqual(NOTHING)
  })

  test('of an entry that is replaced, though the first of two for it is refused', async () => {
    const { place, store, told, put } = await listened()
    const token = await store.now(place)
    await put(entry('a'), entry('b'))
    await told()
    expect((await put(entry('a', { token }), entry('a'))).stored).toEqual([false, true])
    expect(await told()).toEqual(only('a'))
  })

  test.each(Object.entries(POLICIES))('of each entry that is evicted: %s', async (_, Policy) => {
    const { store, place, told, put } = await listened(new Policy(), { maxSize: 3 })
    const all = 'abcdefghij'.split('')
    await put(...all.slice(0, 3).map((hash) => entry(hash)))
    await told()
    const left = new Set(all.slice(0, 3))
    for (const hash of all.slice(3)) {
      await put(entry(hash))
      const { all: isAll, hashes } = await told()
      expect(isAll).toBe(false)
      for (const gone of hashes) left.delete(gone)
      left.add(hash)
      const values = await store.get(place, all)
      expect(all.filter((_hash, i) => values[i]?.value !== undefined)).toEqual([...left])
    }
  })

  test('of what a lowered bound evicts', async () => {
    const { store, place, told, put } = await listened(new FifoPolicy())
    await put(...'abcd'.split('').map((hash) => entry(hash)))
    await told()
    await store.put(withLimits(place, { maxSize: 2 }), [entry('d')])
    expect(await told()).toEqual(only('a', 'b', 'd'))
  })

  test('of an expired entry that is removed', { timeout: 20_000 }, async () => {
    const { store, place, told, put } = await listened()
    await put(entry('a', { ttlMs: 30 }), entry('b'))
    await told()
    await elapse(place, 40)
    expect((await store.get(place, ['a']))[0]?.value).toBeUndefined()
    await put(entry('c'))
    expect(await told()).toEqual(only('a', 'c'))
  })

  test('of an invalidation, whether or not there is an entry', async () => {
    const { store, place, told, put } = await listened()
    await put(entry('a'), entry('b'))
    await told()
    const { count, changes } = await store.invalidate(place, ['a', 'missing'])
    expect(count).toBe(1)
    expect(await told()).toEqual(only('a', 'missing'))
    expect((await store.changes(place)).number).toBe(changes)
  })

  test('of a soft invalidation', async () => {
    const { store, place, told, put } = await listened()
    const graceful = { ttlMs: 60_000, metadata: { freshMs: 30_000 } }
    await put(entry('grace', graceful), entry('none', { ttlMs: 60_000 }), entry('other'))
    await told()
    await store.invalidate(place, ['grace', 'none'], true)
    expect(await told()).toEqual(only('grace', 'none'))
    expect((await store.get(place, ['grace', 'none'])).map(({ value }) => value?.toString())).toEqual([
      'grace',
      undefined,
    ])
  })

  test('of a function, as one name in each portion', { timeout: 20_000 }, async () => {
    const { store, place, told } = await listened()
    await fill(store, place, [...hashesOf(3_000, 'mine'), ...hashesOf(10, 'other')])
    await told()
    const before = await store.changes(place)
    const { count, changes } = await store.invalidateFunction(place, 'mine')
    expect(count).toBe(3_000)
    const { messages } = await store.listen(place, before.number, TTL_MS)
    expect(messages.length).toBeGreaterThanOrEqual(hasServer ? 3 : 1)
    expect(messages.every(({ parts, hashes }) => parts[0] === 'mine' && hashes.length === 0)).toBe(true)
    expect(messages.at(-1)?.number).toBe(changes)
  })

  test('of a function that has expired entries of others beside it', async () => {
    const { store, place, told, put } = await listened()
    await put(entry('mine 1'), entry('other', { ttlMs: 30 }), entry('mine 2', { ttlMs: 30 }))
    await told()
    await elapse(place, 40)
    await store.invalidateFunction(place, 'mine')
    expect(await told()).toEqual({ all: false, parts: ['mine'], hashes: ['other'] })
  })

  test('of tags, by the entries that have them', { timeout: 20_000 }, async () => {
    const { store, place, told } = await listened()
    const hashes = hashesOf(2_500, 'mine')
    const tagged = (some: readonly string[], tag: string) =>
      store.put(
        place,
        some.map((hash) => entry(hash, { metadata: { tags: [tag] } })),
      )
    await tagged(hashes.slice(0, 1_000), 'all')
    await tagged(hashes.slice(1_000, 2_000), 'all')
    await tagged(hashes.slice(2_000), 'all')
    await tagged(['other'], 'none')
    await told()
    const { count, changes } = await store.invalidateTags(place, ['all', 'missing'])
    expect(count).toBe(2_500)
    expect((await store.changes(place)).number).toBe(changes)
    // In process there are no portions, and one operation names two thousand entries, or all.
    expect(await told()).toEqual(hasServer ? only(...hashes.toSorted()) : ALL)
  })

  test('of a purge', async () => {
    const { store, place, told, put } = await listened()
    await put(entry('a'))
    await told()
    const { count, changes } = await store.purge(place)
    expect(count).toBe(1)
    expect(await store.changes(place)).toEqual({ number: changes, hasEntries: false })
    expect(await told()).toEqual(ALL)
  })

  /** Lets time pass by the clock of the store. */
  async function elapse(place: KeySpace, ms: number): Promise<void> {
    if (hasServer) await passTime(target, place, ms)
    else await new Promise((resolve) => setTimeout(resolve, ms))
  }
})

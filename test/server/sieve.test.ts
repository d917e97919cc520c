// SIEVE in a server: what lies there, stretches of marks that take several scripts, a hand that is lost, numbers at their end.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { composeScripts, MemoryStore, SievePolicy } from './library.ts'
import { SIEVE } from '../../src/lua/scripts.generated.ts'
import type { KeySpace, Store } from '../../src/store.ts'
import { entry, fill, filledPlace, hashesOf, leftMs, orderOf, scoresOf } from './places.ts'
import { Random } from '../random.ts'
import { hasServer, openTarget, type Target } from './target.ts'

/** As many marks as the scripts below remove at a time. */
const PIECE = 3

class InPieces extends SievePolicy {
  override readLuaScripts() {
    return composeScripts(SIEVE.map((text) => text.replace(/local PIECE = \d+/, `local PIECE = ${PIECE}`)))
  }
}

describe.runIf(hasServer)('sieve in a server', () => {
  let target: Target
  beforeAll(async () => {
    target = await openTarget()
  })
  afterAll(() => target.close())

  async function full(policy: SievePolicy, size: number) {
    const store = target.newStore()
    const { place, hashes } = await filledPlace(store, policy, size)
    const handKey = `${place.keys[0]}:hand`
    const hand = async (): Promise<number | undefined> => {
      const at = await target.raw(handKey, 'GET', handKey)
      return at === null ? undefined : Number(String(at))
    }
    return { store, place, hashes, hand, handKey }
  }

  const put = (store: Store, place: KeySpace, ...hashes: string[]) =>
    store.put(
      place,
      hashes.map((hash) => entry(hash)),
    )

  test('a score is twice the number of the entry, and one more with a mark', async () => {
    const { store, place, hashes, hand } = await full(new SievePolicy(), 3)
    const [a = '', b = '', c = ''] = hashes
    await store.touch(place, [a, a])
    expect(await scoresOf(target, place.keys[0])).toEqual(new Map(Object.entries({ [a]: 3, [b]: 4, [c]: 6 })))
    expect(await hand()).toBeUndefined()
    expect(await put(store, place, 'new')).toMatchObject({ evicted: 1, stored: [true] })
    expect(await scoresOf(target, place.keys[0])).toEqual(new Map(Object.entries({ [a]: 2, [c]: 6, new: 8 })))
    expect(await hand()).toBe(3)
  })

  test('a hand whose entry was the newest, and was removed, begins again at the oldest', async () => {
    const { store, place, hashes, hand } = await full(new SievePolicy(), 4)
    const [a = '', b = '', c = '', d = ''] = hashes
    await store.touch(place, [a, b])
    await put(store, place, 'e')
    expect([...(await scoresOf(target, place.keys[0])).keys()]).toEqual([a, b, d, 'e'])
    expect(c).not.toBe('')
    expect(await hand()).toBe(4)
    await store.invalidate(place, ['e'])
    expect(await hand()).toBe(4)
    await store.invalidate(place, [d])
    expect(await hand()).toBeUndefined()
    await put(store, place, 'f', 'g') // 'g' gets the number at which the hand was
    await put(store, place, 'h')
    expect([...(await scoresOf(target, place.keys[0])).keys()]).toEqual([b, 'f', 'g', 'h'])
  })

  test('the hand ends with the entries', async () => {
    const { store, place, handKey } = await full(new SievePolicy(), 3)
    await put(store, place, 'new')
    const [left = 0, index = 0] = await leftMs(target, [handKey, place.keys[0]])
    expect(left).toBeGreaterThan(0)
    expect(Math.abs(left - index)).toBeLessThan(5_000)
  })

  test('a stretch of marks takes several scripts, each of which removes a piece', async () => {
    const { store, place, hashes, hand } = await full(new InPieces(), 20)
    await store.touch(place, hashes)
    const scripts = place.policy.luaScripts.put
    const one = async () =>
      target.raw(place.keys[0], 'EVAL', scripts.source, ...(await argumentsOfPut(place, 'new')))
    for (let piece = 1; piece <= 6; piece++) {
      const [, reply] = (await one()) as unknown as [unknown, number[]]
      expect(reply.slice(3)).toEqual([0, 0, 0, 6]) // nothing evicted, expired or told; to be sent again
      expect(await hand()).toBe(PIECE * piece + 1)
      const marked = [...(await scoresOf(target, place.keys[0])).values()].filter((score) => score % 2 === 1)
      expect(marked).toHaveLength(20 - PIECE * piece)
    }
    expect(await put(store, place, 'new')).toMatchObject({ evicted: 1, stored: [true] })
    expect(await orderOf(target, place)).toEqual([...hashes.slice(1), 'new'])
  })

  test('whatever the pieces are, single puts evict what SIEVE evicts', async () => {
    const { store, place } = await full(new InPieces(), 12)
    const twin = new MemoryStore()
    await fill(twin, place, hashesOf(12))
    const random = new Random('sieve')
    for (let i = 0; i < 600; i++) {
      const names = Array.from({ length: 6 }, () => `n${random.below(30)}`)
      const touched = random.below(3) === 0 ? [...hashesOf(12), ...names] : names
      for (const each of [store, twin]) await each.touch(place, touched)
      const name = `n${random.below(30)}`
      const [there, here] = [await put(store, place, name), await put(twin, place, name)]
      expect(there.evicted).toBe(here.evicted)
      if (i % 50 === 0) for (const each of [store, twin]) await each.invalidate(place, names.slice(0, 2))
    }
    expect(await residents(store, place)).toEqual(await residents(twin, place))
  })

  test('puts of many at once hold the bound, with a cache full of marks', async () => {
    const { store, place, hashes } = await full(new InPieces(), 40)
    for (let round = 0; round < 10; round++) {
      await store.touch(place, await orderOf(target, place))
      const names = Array.from({ length: 8 }, (_, i) => `round ${round} ${i}`)
      const report = await put(store, place, ...names, ...hashes.slice(-2))
      expect(report.stored).toEqual(Array.from({ length: 10 }, () => true))
      const { hashes: left } = await target.inspect(store, place)
      expect(left).toHaveLength(40)
      expect(left).toEqual(expect.arrayContaining(names))
    }
  })

  test('a hand that was lost begins again at the oldest entry', async () => {
    const { store, place, hashes, handKey } = await full(new SievePolicy(), 6)
    await store.touch(place, hashes.slice(0, 2))
    await put(store, place, 'new')
    expect(await target.raw(handKey, 'DEL', handKey)).toBe(1)
    await put(store, place, 'newer')
    expect(await orderOf(target, place)).toEqual([hashes[1], ...hashes.slice(3), 'new', 'newer'])
  })

  test('numbers at their end are given anew: order, marks and hand stay', async () => {
    const { store, place, hashes, hand } = await full(new SievePolicy(), 6)
    const [index] = place.keys
    await store.touch(place, [hashes[0] as string, hashes[4] as string])
    await put(store, place, 'new') // evicts the second one
    const last = 2 ** 53 - 2
    await target.raw(index, 'ZADD', index, String(last), 'new')
    await put(store, place, 'newer') // evicts the third one
    const left = [hashes[0], hashes[3], hashes[4], hashes[5], 'new', 'newer']
    const scores = await scoresOf(target, index)
    expect([...scores.keys()]).toEqual(left)
    expect([...scores.values()]).toEqual([2, 4, 7, 8, 10, 12])
    expect(await hand()).toBe(2)
  })

  async function residents(store: Store, place: KeySpace): Promise<string[]> {
    const all = [...hashesOf(12), ...Array.from({ length: 30 }, (_, i) => `n${i}`)]
    const found = await store.get(place, all)
    return all.filter((_, i) => found[i]?.value !== undefined)
  }
})

/** Keys and arguments of a put of one entry, as a store sends them. */
async function argumentsOfPut({ keys: [index, values], limits }: KeySpace, hash: string): Promise<string[]> {
  const beside = ['expiry', 'fence', 'tags', 'leases', 'changes', 'bytes'].map((name) => `${values}:${name}`)
  const keys = [index, values, ...beside, `${index}:hand`]
  const args = [
    String(limits.maxSize),
    '60000',
    '0',
    '0',
    '1',
    hash,
    'value',
    '',
    '0',
    '',
    '',
    'PUBLISH',
    'nonce',
  ]
  return [String(keys.length), ...keys, ...args]
}

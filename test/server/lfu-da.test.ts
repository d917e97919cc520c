// LFU with aging in a server: what lies there, what is lost, stamps at their end.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LfuPolicy } from './library.ts'
import type { KeySpace } from '../../src/store.ts'
import { entry, filledPlace, leftMs, orderOf, scoresOf } from './places.ts'
import { hasServer, openTarget, type Target } from './target.ts'

const STAMP_LIMIT = 2 ** 26

describe.runIf(hasServer)('lfu_da in a server', () => {
  let target: Target
  beforeAll(async () => {
    target = await openTarget()
  })
  afterAll(() => target.close())

  async function full(size: number) {
    const store = target.newStore()
    const { place, hashes } = await filledPlace(store, new LfuPolicy({ aging: true }), size)
    const [index] = place.keys
    const put = (hash: string) => store.put(place, [entry(hash)])
    return { store, place, hashes, put, state: `${index}:state`, counts: `${index}:counts` }
  }

  const priorities = async ({ keys: [index] }: KeySpace) =>
    [...(await scoresOf(target, index))].map(([hash, score]) => [hash, Math.floor(score / STAMP_LIMIT)])

  test('a priority is the count of accesses and the priority of the last victim', async () => {
    const { store, place, hashes, put, counts } = await full(3)
    const [a = '', b = '', c = ''] = hashes
    await store.touch(place, [a, a, c])
    await put('new') // evicts b
    expect(await priorities(place)).toEqual([
      [c, 2],
      ['new', 2],
      [a, 3],
    ])
    await store.touch(place, [c])
    expect((await priorities(place)).at(-1)).toEqual([c, 4]) // 3 accesses, and the 1 of b
    expect(await target.raw(counts, 'HGET', counts, b)).toBeNull()
    expect(String(await target.raw(counts, 'HGET', counts, c))).toBe('3')
  })

  test('what lies beside the index ends with it', async () => {
    const { store, place, hashes, state, counts } = await full(3)
    await store.touch(place, hashes) // creates the counts
    const [index = 0, ...beside] = await leftMs(target, [place.keys[0], state, counts])
    for (const left of beside) expect(Math.abs(left - index)).toBeLessThan(5_000)
    await target.raw(state, 'DEL', state)
    await store.touch(place, hashes)
    expect((await leftMs(target, [state]))[0]).toBeGreaterThan(0)
  })

  test.each(['spent', 'lost'] as const)('stamps that are %s are given anew: the order stays', async (how) => {
    const { store, place, hashes, put, state } = await full(8)
    for (const [i, hash] of hashes.entries()) {
      await store.touch(
        place,
        Array.from({ length: 1 + ((i * 5) % 4) }, () => hash),
      )
    }
    for (let i = 0; i < 6; i++) await put(`new ${i}`)
    const before = await orderOf(target, place)
    const wanted = [...before.filter((hash) => hash !== before[4]), before[4]]
    await (how === 'lost'
      ? target.raw(state, 'DEL', state)
      : target.raw(state, 'HSET', state, 'stamp', String(STAMP_LIMIT - 3)))
    const many = Array.from({ length: 9 }, () => before[4] as string)
    await store.touch(place, many)
    expect(await orderOf(target, place)).toEqual(wanted)
    const all = await scoresOf(target, place.keys[0])
    expect(new Set(all.values()).size).toBe(8)
    // A new entry is not the next victim for ever: the age was not lost.
    for (const name of ['x', 'y', 'z']) await put(name)
    expect((await orderOf(target, place)).filter((hash) => 'xyz'.includes(hash))).toEqual(['x', 'y', 'z'])
  })

  test('without its counts every count begins anew, and the order stays', async () => {
    const { store, place, hashes, counts } = await full(4)
    await store.touch(place, [...hashes, ...hashes])
    await target.raw(counts, 'DEL', counts)
    await store.touch(place, [hashes[0] as string])
    expect(await orderOf(target, place)).toEqual([hashes[0], ...hashes.slice(1)])
  })
})

test('aging is true or false, and one of the options that are known', () => {
  expect(() => new LfuPolicy({ aging: 1 as never })).toThrow(/^aging: /)
  expect(() => new LfuPolicy({ agin: true } as never)).toThrow(/Did you mean aging\?/)
  expect([new LfuPolicy().key, new LfuPolicy({ aging: true }).key]).toEqual(['lfu', 'lfu_da'])
})

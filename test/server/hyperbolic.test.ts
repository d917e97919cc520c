// Hyperbolic caching in a server: the same victims as a list that is scanned, and a clock that is lost or at its end.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HyperbolicPolicy } from './library.ts'
import { HyperbolicList } from '../policies/hyperbolic-list.ts'
import { Random } from '../random.ts'
import { entry, filledPlace, leftMs, orderOf, scoresOf } from './places.ts'
import { hasServer, openTarget, type Target } from './target.ts'

const COUNT_LIMIT = 2 ** 20

describe.runIf(hasServer)('hyperbolic in a server', () => {
  let target: Target
  beforeAll(async () => {
    target = await openTarget()
  })
  afterAll(() => target.close())

  async function full(size: number) {
    const store = target.newStore()
    const { place, hashes } = await filledPlace(store, new HyperbolicPolicy(), size)
    const put = (hash: string) => store.put(place, [entry(hash)])
    return { store, place, hashes, put, state: `${place.keys[0]}:state` }
  }

  test('evicts what a list that is scanned evicts, with samples of it', async () => {
    const { store, place, hashes, put } = await full(150)
    const list = new HyperbolicList()
    for (const hash of hashes) list.insert(hash)
    const random = new Random('hyperbolic')
    const names = [...hashes, ...Array.from({ length: 100 }, (_, i) => `n${i}`)]
    for (let i = 0; i < 400; i++) {
      const read = Array.from(
        { length: 1 + random.below(4) },
        () => names[random.below(random.below(250) + 1)] as string,
      )
      await store.touch(place, read)
      list.touch(read)
      const name = random.pick(names)
      await put(name)
      if (list.has(name)) list.touch([name])
      else {
        list.evict(1)
        list.insert(name)
      }
      if (i % 20 === 0) {
        await store.invalidate(place, read)
        list.remove(read)
        for (let left = 150 - list.size(); left > 0; left--) {
          await put(`${i} ${left}`)
          list.insert(`${i} ${left}`)
        }
        const order = await orderOf(target, place)
        expect(order.filter((hash) => !list.has(hash))).toEqual([])
        expect(order).toHaveLength(150)
      }
    }
  })

  test('a clock that was lost begins at the last birth', async () => {
    const { store, place, hashes, put, state } = await full(3)
    await store.touch(place, [hashes[2] as string])
    await target.raw(state, 'DEL', state)
    await put('new') // evicts the first one
    expect(await scoresOf(target, place.keys[0])).toEqual(
      new Map([
        [hashes[1], 2 * COUNT_LIMIT + 1],
        [hashes[2], 3 * COUNT_LIMIT + 2],
        ['new', 4 * COUNT_LIMIT + 1],
      ]),
    )
    const [left = 0, index = 0] = await leftMs(target, [state, place.keys[0]])
    expect(Math.abs(left - index)).toBeLessThan(5_000)
  })

  test('a clock at its end is set back, and births with it', async () => {
    const { store, place, hashes, state } = await full(3)
    const [a = '', b = '', c = ''] = hashes
    const [index] = place.keys
    await target.raw(index, 'ZADD', index, String((2 ** 32 - 10) * COUNT_LIMIT + 7), c)
    await target.raw(state, 'HSET', state, 'clock', String(2 ** 32 - 1))
    await store.touch(place, [b])
    expect(Object.fromEntries(await scoresOf(target, index))).toEqual({
      [a]: COUNT_LIMIT + 1,
      [b]: 2 * COUNT_LIMIT + 2,
      [c]: (2 ** 31 - 9) * COUNT_LIMIT + 7,
    })
    expect(String(await target.raw(state, 'HGET', state, 'clock'))).toBe(String(2 ** 31 + 1))
  })

  test('entries of the highest age keep their order while births move', async () => {
    const { store, place, hashes, state } = await full(40)
    await target.raw(state, 'HSET', state, 'clock', String(2 ** 32 * 0.75))
    do {
      await store.touch(place, [hashes[0] as string, hashes[39] as string])
      expect(await orderOf(target, place)).toEqual(hashes)
    } while (String(await target.raw(state, 'HEXISTS', state, 'passed')) === '1')
    const births = [...(await scoresOf(target, place.keys[0])).values()].map((score) =>
      Math.floor(score / COUNT_LIMIT),
    )
    expect(births).toEqual(hashes.map((_, i) => i + 1))
  })

  test('accesses are counted up to their limit', async () => {
    const { store, place, hashes } = await full(2)
    const [a = ''] = hashes
    const [index] = place.keys
    await target.raw(index, 'ZADD', index, String(2 * COUNT_LIMIT - 2), a)
    await store.touch(place, [a, a, a])
    expect((await scoresOf(target, index)).get(a)).toBe(2 * COUNT_LIMIT - 1)
  })
})

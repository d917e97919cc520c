// S3-FIFO in a server: what lies there, long walks that take several scripts, what is lost, numbers at their end.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { composeScripts, MemoryStore, S3FifoPolicy } from './library.ts'
import { S3_FIFO } from '../../src/lua/scripts.generated.ts'
import type { KeySpace, Store } from '../../src/store.ts'
import { Random } from '../random.ts'
import { entry, fill, filledPlace, hashesOf, leftMs, newPlace, scoresOf, valuesOf } from './places.ts'
import { hasServer, openTarget, type Target } from './target.ts'

/** The score at which the main queue begins. */
const MAIN = 2 ** 52

class InPieces extends S3FifoPolicy {
  override readLuaScripts() {
    return composeScripts(S3_FIFO.map((text) => text.replace(/local PIECE = \d+/, 'local PIECE = 3')))
  }
}

describe.runIf(hasServer)('s3_fifo in a server', () => {
  let target: Target
  beforeAll(async () => {
    target = await openTarget()
  })
  afterAll(() => target.close())

  async function full(policy: S3FifoPolicy, size: number) {
    const store = target.newStore()
    const { place, hashes } = await filledPlace(store, policy, size)
    const [index] = place.keys
    return { store, place, hashes, ghost: `${index}:ghost`, walk: `${index}:walk` }
  }

  const put = (store: Store, place: KeySpace, ...hashes: string[]) =>
    store.put(
      place,
      hashes.map((hash) => entry(hash)),
    )
  const scores = async ({ keys: [index] }: KeySpace) => Object.fromEntries(await scoresOf(target, index))

  test('to look for a victim where none is left forgets no name of the ghost queue', async () => {
    const bound = { maxBytes: 12_500 }
    const steps: readonly (readonly (readonly [hash: string, bytes: number])[])[] = [
      [
        ['f', 0],
        ['e', 0],
      ],
      [
        ['e', 2_000],
        ['f', 11_000],
      ],
      [['f', 2_000]],
      [['a', 9_000]],
    ]
    const kept = async (store: Store) => {
      const place = newPlace(new S3FifoPolicy(), bound)
      for (const step of steps) {
        await store.put(
          place,
          step.map(([hash, bytes]) => entry(hash, { value: 'x'.repeat(bytes) })),
        )
      }
      return (await valuesOf(store, place, ['a', 'e', 'f'])).map((value) => value?.length)
    }
    expect(await kept(target.newStore())).toEqual(await kept(new MemoryStore()))
  })

  test('the small queue, the main one and the names of what was evicted', async () => {
    const { store, place, hashes, ghost } = await full(new S3FifoPolicy(), 3)
    const [a = '', b = '', c = ''] = hashes
    await store.touch(place, [a, a, c])
    expect(await scores(place)).toEqual({ [a]: 4 + 2, [b]: 8, [c]: 12 + 1 })
    expect(await put(store, place, 'new')).toMatchObject({ evicted: 1 })
    expect(await scores(place)).toEqual({ [a]: MAIN + 4, [c]: 12 + 1, new: 16 })
    expect([...(await scoresOf(target, ghost)).keys()]).toEqual([b])
    await put(store, place, b)
    expect(await scores(place)).toEqual({ [a]: MAIN + 4, [b]: MAIN + 8, new: 16 })
    expect([...(await scoresOf(target, ghost)).keys()]).toEqual([c])
    const [left = 0, ofIndex = 0] = await leftMs(target, [ghost, place.keys[0]])
    expect(Math.abs(left - ofIndex)).toBeLessThan(5_000)
  })

  test('no more names are remembered than nine for ten entries, and one', async () => {
    const { store, place, ghost } = await full(new S3FifoPolicy(), 20)
    for (let i = 0; i < 60; i++) await put(store, place, `new ${i}`)
    expect(await target.raw(ghost, 'ZCARD', ghost)).toBe(19)
    await store.purge(place)
    expect(await target.raw(ghost, 'EXISTS', ghost)).toBe(0)
  })

  test('whatever the pieces are, single puts evict what S3-FIFO evicts', async () => {
    const { store, place, walk } = await full(new InPieces(), 30)
    const twin = new MemoryStore()
    await fill(twin, place, hashesOf(30))
    const random = new Random('s3-fifo')
    const all = [...hashesOf(30), ...Array.from({ length: 50 }, (_, i) => `n${i}`)]
    for (let i = 0; i < 500; i++) {
      const some = Array.from({ length: 8 }, () => random.pick(all))
      const touched = random.below(6) === 0 ? [...all, ...all, ...some] : some
      const name = random.pick(all)
      for (const each of [store, twin]) await each.touch(place, touched)
      const [there, here] = [await put(store, place, name), await put(twin, place, name)]
      expect(there.evicted).toBe(here.evicted)
      if (i % 50 === 0) for (const each of [store, twin]) await each.invalidate(place, some.slice(0, 2))
    }
    expect(await valuesOf(store, place, all)).toEqual(await valuesOf(twin, place, all))
    expect(await target.raw(walk, 'EXISTS', walk)).toBe(0)
  })

  test('puts of many at once hold the bound, with a cache full of entries that were read', async () => {
    const { store, place } = await full(new InPieces(), 40)
    for (let round = 0; round < 10; round++) {
      const { hashes } = await target.inspect(store, place)
      await store.touch(place, [...hashes, ...hashes, ...hashes])
      const names = Array.from({ length: 8 }, (_, i) => `round ${round} ${i}`)
      expect((await put(store, place, ...names)).stored).toEqual(names.map(() => true))
      const { hashes: left } = await target.inspect(store, place)
      expect(left).toHaveLength(40)
      expect(left).toContain(names.at(-1)) // those before it have not been read, and may be evicted by it
    }
  })

  test.each(['ghost', 'walk'] as const)('goes on when its %s was lost', async (what) => {
    const it = await full(new InPieces(), 20)
    await it.store.touch(it.place, [...it.hashes, ...it.hashes])
    for (let i = 0; i < 5; i++) {
      await put(it.store, it.place, `new ${i}`)
      await target.raw(it[what], 'DEL', it[what])
      expect((await target.inspect(it.store, it.place)).hashes).toHaveLength(20)
    }
  })

  test('numbers at their end are given anew: queues, order and counters stay', async () => {
    const { store, place, hashes } = await full(new S3FifoPolicy(), 3)
    const [index] = place.keys
    const [a = '', b = '', c = ''] = hashes
    await target.raw(index, 'ZADD', index, String(MAIN - 4 + 1), c, String(2 ** 53 - 4 + 2), a)
    await put(store, place, 'new') // evicts b
    expect(await scores(place)).toEqual({ [c]: 8 + 1, new: 12, [a]: MAIN + 4 + 2 })
    expect(await valuesOf(store, place, [b])).toEqual([undefined])
  })
})

// What a policy of one's own is told of the results that are stored: what each cost, and how many bytes it takes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  AbstractPolicy,
  composeScripts,
  type EvictionOrder,
  type LuaSources,
  type StoredResult,
} from './library.ts'
import { entry, newPlace, valuesOf } from './places.ts'
import { hasServer, openTarget, type Target } from './target.ts'

/** The result that was computed fastest is evicted first, and of equals the one that takes the most bytes. */
class CheapestPolicy extends AbstractPolicy {
  override readonly key = 'cheapest'
  override readonly structures = ['bytes'] as const

  override readLuaScripts(): LuaSources {
    return composeScripts(`
      local function weigh(hashes)
        for i = 1, #hashes do
          local hash = hashes[i]
          if cost_of(hash) then
            redis.call('ZADD', index, cost_of(hash) * 1e6 - bytes_of(hash), hash)
            redis.call('HSET', structure(1), hash, bytes_of(hash))
          end
        end
      end
      local touch, insert = weigh, weigh
      local function evict(count)
        local popped, hashes = redis.call('ZPOPMIN', index, count), {}
        for i = 1, #popped, 2 do hashes[#hashes + 1] = popped[i] end
        return hashes
      end
      local function remove(hashes)
        redis.call('ZREM', index, unpack(hashes))
      end
      local function size()
        return redis.call('ZCARD', index)
      end`)
  }

  override createOrder(): EvictionOrder {
    return new CheapestOrder()
  }
}

class CheapestOrder implements EvictionOrder {
  readonly results = new Map<string, StoredResult>()

  touch(hashes: readonly string[], stored?: ReadonlyMap<string, StoredResult>): void {
    for (const hash of hashes)
      this.insert(hash, stored?.get(hash) ?? (this.results.get(hash) as StoredResult))
  }

  insert(hash: string, stored: StoredResult): void {
    this.results.set(hash, stored)
  }

  evict(count: number): string[] {
    const worth = ({ costMs, bytes }: StoredResult): number => costMs * 1e6 - bytes
    const victims = [...this.results].toSorted(([, a], [, b]) => worth(a) - worth(b)).slice(0, count)
    return victims.map(([hash]) => (this.remove([hash]), hash))
  }

  remove(hashes: readonly string[]): void {
    for (const hash of hashes) this.results.delete(hash)
  }

  size(): number {
    return this.results.size
  }
}

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const took = (hash: string, computeMs: number, value = 'value') =>
  entry(hash, { value, metadata: { computeMs } })

describe('a policy that weighs results', () => {
  test('is told what new and replaced results cost, and not what a read one did', async () => {
    const store = target.newStore()
    const place = newPlace(new CheapestPolicy(), { maxSize: 3 })
    await store.put(place, [took('a', 30), took('b', 10), took('c', 20)])
    await store.touch(place, ['b'])
    await store.put(place, [took('b', 40)])
    await store.put(place, [took('d', 50)])
    const left = await valuesOf(store, place, ['a', 'b', 'c', 'd'])
    expect(left.map((value) => value !== undefined)).toEqual([true, true, false, true])
  })

  test('is told of the last of several results of one call, and takes what took no time for a millisecond', async () => {
    const store = target.newStore()
    const place = newPlace(new CheapestPolicy(), { maxSize: 3 })
    await store.put(place, [took('a', 90), took('b', 0, 'a long value'), took('a', 0), took('c', 4)])
    await store.put(place, [took('d', 2)])
    await store.put(place, [took('e', 3)])
    const left = await valuesOf(store, place, ['a', 'b', 'c', 'd', 'e'])
    expect(left.map((value) => value !== undefined)).toEqual([false, false, true, true, true])
  })

  test.runIf(hasServer)('is told the bytes that are stored, their trailer included', async () => {
    const store = target.newStore()
    const place = newPlace(new CheapestPolicy(), { maxSize: 3 })
    await store.put(place, [took('a', 1), took('b', 12_345, 'ä'.repeat(500))])
    const [index, values] = place.keys
    for (const hash of ['a', 'b']) {
      const told = Number(await target.raw(index, 'HGET', `${index}:bytes`, hash))
      expect(told).toBe(await target.raw(values, 'HSTRLEN', values, hash))
    }
  })
})

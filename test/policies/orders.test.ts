// The orders in process, held against models that are too simple to be wrong.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EvictionOrder } from '../../src/policies/eviction-order.ts'
import { FrequencyOrder } from '../../src/policies/orders/frequency-order.ts'
import { HyperbolicOrder } from '../../src/policies/orders/hyperbolic-order.ts'
import { FrequencyList } from './frequency-list.ts'
import { HyperbolicList } from './hyperbolic-list.ts'
import { ListModel } from './list-model.ts'
import { Random, runs } from '../random.ts'
import { LinkedOrder } from '../../src/policies/orders/linked-order.ts'
import { RandomOrder } from '../../src/policies/orders/random-order.ts'
import { S3FifoOrder } from '../../src/policies/orders/s3-fifo-order.ts'
import { SieveOrder } from '../../src/policies/orders/sieve-order.ts'

/** These policies do not weigh results. */
const SAME = { costMs: 1, bytes: 1 }

interface Entry {
  readonly hash: string
  readonly insertedAt: number
  touchedAt: number
}

/** A list, sorted by what a policy looks at whenever one is evicted. */
class Model extends ListModel<Entry> {
  readonly #rank: (entry: Entry) => readonly number[]
  #now = 0

  constructor(rank: (entry: Entry) => readonly number[]) {
    super()
    this.#rank = rank
  }

  touch(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const entry = this.find(hash)
      if (entry !== undefined) entry.touchedAt = ++this.#now
    }
  }

  insert(hash: string): void {
    const now = ++this.#now
    this.entries.push({ hash, insertedAt: now, touchedAt: now })
  }

  evict(count: number): string[] {
    const victims = this.entries.toSorted((a, b) => compare(this.#rank(a), this.#rank(b))).slice(0, count)
    this.remove(victims.map(({ hash }) => hash))
    return victims.map(({ hash }) => hash)
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((each, place) => each !== b[place])
  return i === -1 ? 0 : (a[i] as number) - (b[i] as number)
}

/** SIEVE, with a list of entries from the oldest to the newest, and the place of the hand in it. */
class SieveModel extends ListModel<{ readonly hash: string; isMarked: boolean }> {
  #hand = 0

  touch(hashes: readonly string[]): void {
    for (const entry of this.entries) if (hashes.includes(entry.hash)) entry.isMarked = true
  }

  insert(hash: string): void {
    this.entries.push({ hash, isMarked: false })
  }

  evict(count: number): string[] {
    const victims: string[] = []
    while (victims.length < count) {
      const entry = this.entries[this.#hand]
      if (entry === undefined) break
      if (!entry.isMarked) {
        victims.push(entry.hash)
        this.remove([entry.hash])
      } else {
        entry.isMarked = false
        this.#hand = (this.#hand + 1) % this.entries.length
      }
    }
    return victims
  }

  override remove(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const at = this.entries.findIndex((entry) => entry.hash === hash)
      if (at === -1) continue
      this.entries.splice(at, 1)
      if (at < this.#hand) this.#hand--
      if (this.#hand === this.entries.length) this.#hand = 0
    }
  }
}

const newestOf = (list: string[], count: number): string[] =>
  list.slice(list.length - Math.min(count, list.length))

/** S3-FIFO with arrays, from the oldest entry to the newest. */
class S3FifoModel implements EvictionOrder {
  #small: { readonly hash: string; reads: number }[] = []
  #main: { readonly hash: string; reads: number }[] = []
  #ghost: string[] = []

  touch(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const entry = [...this.#small, ...this.#main].find((each) => each.hash === hash)
      if (entry !== undefined) entry.reads = Math.min(3, entry.reads + 1)
    }
  }

  insert(hash: string): void {
    const queue = this.#ghost.includes(hash) ? this.#main : this.#small
    this.#ghost = this.#ghost.filter((each) => each !== hash)
    queue.push({ hash, reads: 0 })
  }

  evict(count: number): string[] {
    return Array.from({ length: Math.min(count, this.size()) }, () => this.#evictOne())
  }

  #evictOne(): string {
    const size = this.size()
    if (this.#small.length > 0 && this.#small.length >= Math.max(1, Math.floor(0.1 * size))) {
      for (let entry = this.#small.shift(); entry !== undefined; entry = this.#small.shift()) {
        if (entry.reads < 2) {
          this.#ghost = [...newestOf(this.#ghost, Math.floor(0.9 * size)), entry.hash]
          return entry.hash
        }
        this.#main.push({ hash: entry.hash, reads: 0 })
      }
    }
    for (;;) {
      const { hash, reads } = this.#main.shift() as { hash: string; reads: number }
      this.#ghost = newestOf(this.#ghost, Math.floor(0.9 * size))
      if (reads === 0) return hash
      this.#main.push({ hash, reads: reads - 1 })
    }
  }

  remove(hashes: readonly string[]): void {
    this.#small = this.#small.filter(({ hash }) => !hashes.includes(hash))
    this.#main = this.#main.filter(({ hash }) => !hashes.includes(hash))
  }

  size(): number {
    return this.#small.length + this.#main.length
  }

  has(hash: string): boolean {
    return [...this.#small, ...this.#main].some((entry) => entry.hash === hash)
  }
}

type Step =
  | { readonly do: 'touch' | 'remove'; readonly hashes: readonly string[] }
  | { readonly do: 'insert'; readonly hash: string }
  | { readonly do: 'evict'; readonly count: number }

const hash = fc.constantFrom(...'abcdefghij')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('insert' as const), hash }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('touch' as const), hashes: fc.array(hash, { maxLength: 4 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('remove' as const), hashes: fc.array(hash, { maxLength: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('evict' as const), count: fc.nat({ max: 3 }) }) },
)

const ranked = (rank: (entry: Entry) => readonly number[]) => () => new Model(rank)

describe.each<{
  name: string
  create: () => EvictionOrder
  model: () => EvictionOrder & { has(hash: string): boolean }
}>([
  {
    name: 'fifo',
    create: () => new LinkedOrder(false, 'oldest'),
    model: ranked((entry) => [entry.insertedAt]),
  },
  { name: 'lru', create: () => new LinkedOrder(true, 'oldest'), model: ranked((entry) => [entry.touchedAt]) },
  {
    name: 'mru',
    create: () => new LinkedOrder(true, 'newest'),
    model: ranked((entry) => [-entry.touchedAt]),
  },
  {
    name: 'lfu',
    create: () => new FrequencyOrder(),
    model: () => new FrequencyList(),
  },
  { name: 'sieve', create: () => new SieveOrder(), model: () => new SieveModel() },
  { name: 'lfu_da', create: () => new FrequencyOrder(true), model: () => new FrequencyList(true) },
  { name: 'hyperbolic', create: () => new HyperbolicOrder(), model: () => new HyperbolicList() },
  { name: 's3_fifo', create: () => new S3FifoOrder(), model: () => new S3FifoModel() },
])('$name', ({ create, model: newModel }) => {
  test('evicts whom the model evicts, in its order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const order = create()
        const model = newModel()
        for (const each of steps) {
          if (each.do === 'evict') expect(order.evict(each.count)).toEqual(model.evict(each.count))
          else if (each.do !== 'insert') for (const it of [order, model]) it[each.do](each.hashes)
          else if (!model.has(each.hash)) for (const it of [order, model]) it.insert(each.hash, SAME)
          expect(order.size()).toBe(model.size())
        }
        expect(order.evict(100)).toEqual(model.evict(100))
        expect(order.size()).toBe(0)
      }),
      { numRuns: runs(500) },
    )
  })

  test('evicts many at once', () => {
    const order = create()
    for (let i = 0; i < 50_000; i++) order.insert(String(i), SAME)
    expect(order.evict(49_990)).toHaveLength(49_990)
    expect(order.size()).toBe(10)
  })
})

test('hyperbolic draws the samples of its model', () => {
  const [order, model] = [new HyperbolicOrder(), new HyperbolicList()]
  const random = new Random('orders')
  for (let i = 0; i < 6_000; i++) {
    const hash = String(random.below(random.below(3_000) + 1))
    const isThere = model.has(hash)
    if (!isThere && model.size() >= 1_500) {
      const count = 1 + random.below(3)
      expect(order.evict(count)).toEqual(model.evict(count))
    }
    for (const it of [order, model]) {
      if (isThere) it.touch([hash])
      else it.insert(hash)
      if (i % 7 === 0) it.remove([String(i % 3_000)])
    }
  }
  expect(order.evict(1_000)).toEqual(model.evict(1_000))
})

test('lfu copes with as many counts as entries', () => {
  const order = new FrequencyOrder()
  const hashes = Array.from({ length: 600 }, (_, i) => String(i))
  for (const [i, each] of hashes.entries()) {
    order.insert(each)
    for (let touches = 0; touches < i; touches++) order.touch([each])
  }
  expect(order.evict(600)).toEqual(hashes)
})

describe('rr', () => {
  test('evicts entries that are there, and none twice', () => {
    const random = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), random, (steps, numbers) => {
        let calls = 0
        const order = new RandomOrder(() => numbers[calls++ % numbers.length] as number)
        const there = new Set<string>()
        for (const each of steps) {
          if (each.do === 'evict') {
            const victims = order.evict(each.count)
            expect(victims).toHaveLength(Math.min(each.count, there.size))
            for (const victim of victims) expect(there.delete(victim)).toBe(true)
          } else if (each.do === 'remove') {
            order.remove(each.hashes)
            for (const removed of each.hashes) there.delete(removed)
          } else if (each.do === 'insert' && !there.has(each.hash)) {
            order.insert(each.hash)
            there.add(each.hash)
          } else {
            order.touch()
          }
          expect(order.size()).toBe(there.size)
        }
        expect(order.evict(100).toSorted()).toEqual([...there].toSorted())
      }),
      { numRuns: runs(500) },
    )
  })

  test('gives each the same chance', () => {
    const times = new Map<string, number>()
    for (let run = 0; run < 10_000; run++) {
      let calls = 0
      const order = new RandomOrder(() => ((run + calls++ * 7_919) % 10_000) / 10_000)
      for (const each of 'abcde') order.insert(each)
      const [victim = ''] = order.evict(1)
      times.set(victim, (times.get(victim) ?? 0) + 1)
    }
    expect(Object.fromEntries(times)).toEqual({ a: 2_000, b: 2_000, c: 2_000, d: 2_000, e: 2_000 })
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Sieve, type Sifted } from '../../src/flow/sieve.ts'

class Item implements Sifted<Item> {
  bytes: number
  isVisited = false
  newer: Item | undefined = undefined
  older: Item | undefined = undefined
  readonly name: string

  constructor(name: string, bytes = 1) {
    this.name = name
    this.bytes = bytes
  }
}

function newSieve(maxItems: number, maxBytes = Number.POSITIVE_INFINITY) {
  const evicted: string[] = []
  const sieve = new Sieve<Item>(maxItems, maxBytes, ({ name }) => evicted.push(name))
  const add = (name: string, bytes?: number): Item => {
    const item = new Item(name, bytes)
    sieve.add(item)
    return item
  }
  return { sieve, evicted, add }
}

describe('A full sieve', () => {
  test('evicts the oldest that was not used', () => {
    const { add, evicted } = newSieve(3)
    const [a] = ['a', 'b', 'c'].map((name) => add(name)) as [Item]
    a.isVisited = true
    add('d')
    add('e')
    expect(evicted).toEqual(['b', 'c'])
    expect(a.isVisited).toBe(false)
  })

  test('goes on where it has stopped: what is new is not evicted before it had its time', () => {
    const { add, evicted } = newSieve(3)
    const [a, b, c] = ['a', 'b', 'c'].map((name) => add(name)) as [Item, Item, Item]
    for (const item of [a, b]) item.isVisited = true
    add('d') // evicts c, and the hand stands at d
    c.isVisited = true
    a.isVisited = true
    add('e')
    add('f')
    expect(evicted).toEqual(['c', 'd', 'e'])
  })

  test('does not evict what was just added, though all others are used', () => {
    const { add, evicted } = newSieve(2)
    for (const name of ['a', 'b']) add(name).isVisited = true
    add('c')
    expect(evicted).toEqual(['a'])
  })

  test('evicts as many as the bytes need', () => {
    const { add, evicted, sieve } = newSieve(100, 10)
    for (const name of ['a', 'b', 'c']) add(name, 3)
    const big = add('big', 7)
    expect(evicted).toEqual(['a', 'b'])
    expect(sieve.bytes).toBe(10)
    sieve.resize(big, 9)
    expect(evicted).toEqual(['a', 'b', 'c'])
    expect(sieve.bytes).toBe(9)
  })
})

test('whatever comes and goes, it counts right, and evicts no more than it has to', () => {
  const step = fc.record({
    act: fc.constantFrom('add', 'visit', 'remove', 'resize'),
    of: fc.nat(40),
    bytes: fc.nat(9),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const present = new Map<number, Item>()
      const sieve = new Sieve<Item>(8, 40, ({ name }) => present.delete(Number(name)))
      for (const { act, of, bytes } of steps) {
        const item = present.get(of)
        if (act === 'add' && item === undefined) {
          const added = new Item(String(of), bytes)
          present.set(of, added)
          sieve.add(added)
          expect(present.get(of)).toBe(added)
        } else if (item !== undefined && act === 'visit') {
          item.isVisited = true
        } else if (item !== undefined && act === 'remove') {
          sieve.remove(item)
          present.delete(of)
          expect([item.newer, item.older]).toEqual([undefined, undefined])
        } else if (item !== undefined && act === 'resize') {
          sieve.resize(item, bytes)
        }
        const total = [...present.values()].reduce((sum, each) => sum + each.bytes, 0)
        expect([sieve.size, sieve.bytes]).toEqual([present.size, total])
        expect(sieve.size).toBeLessThanOrEqual(8)
        expect(sieve.bytes).toBeLessThanOrEqual(40)
      }
    }),
  )
})

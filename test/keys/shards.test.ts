import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { keySlot } from '../../src/keys/key-slot.ts'
import { MOST_SHARDS, shardOf, tagOfShard } from '../../src/keys/shards.ts'

const NUMBERS = [2, 3, 4, 7, 16, 64, 256, MOST_SHARDS]

/** How often each number below `end` occurs. */
function countsOf(numbers: readonly number[], end: number): number[] {
  return Array.from({ length: end }, (_, i) => numbers.filter((each) => each === i).length)
}

/** In which of so many equal parts the slot of a tag lies: at which node, if nodes divide the slots in the usual way. */
const partAt = (tag: string, parts: number): number => Math.floor((keySlot(tag) * parts) / 16_384)

describe('the shard of a call', () => {
  test('is the part of the slots in which the slot of its hash lies', () => {
    for (const shards of NUMBERS) {
      for (let i = 0; i < 1_000; i++) {
        const hash = randomBytes(22).toString('base64')
        expect(shardOf(hash, shards)).toBe(Math.floor((keySlot(hash) * shards) / 16_384))
      }
    }
  })

  test.each([
    ['base64', () => `getUser_${randomBytes(16).toString('base64').slice(0, 22)}`],
    ['hex', () => `0123456789ab${randomBytes(32).toString('hex')}`],
    ['bytes', () => `\xff\0\x80{}\n${randomBytes(16).toString('latin1')}`],
    ['a number', () => `product:${Math.floor(1e6 * Math.random())}`],
  ])('is each equally often, of calls of one function: %s', (_, hashOf) => {
    const shards = 16
    const calls = 32_000
    const found = Array.from({ length: calls }, () => shardOf(hashOf(), shards))
    const mean = calls / shards
    // Six standard deviations.
    for (const count of countsOf(found, shards))
      expect(Math.abs(count - mean)).toBeLessThan(6 * Math.sqrt(mean))
  })
})

describe('the tags of shards', () => {
  test.each(NUMBERS)('lie one in each part of the slots, of %d', (shards) => {
    for (const name of ['catalog:lru_t-cs', 'Käse:lfu-cs', '']) {
      const tags = Array.from({ length: shards }, (_, shard) => tagOfShard(`${name}#${shard}`, shard, shards))
      expect(tags.map((tag) => partAt(tag, shards))).toEqual([...tags.keys()])
      // A part on the border of two nodes may fall to either.
      for (const nodes of [2, 3, 5, 6].filter((each) => each <= shards)) {
        const counts = countsOf(
          tags.map((tag) => partAt(tag, nodes)),
          nodes,
        )
        expect(Math.max(...counts) - shards / nodes).toBeLessThan(2)
        expect(shards / nodes - Math.min(...counts)).toBeLessThan(2)
      }
    }
  })

  test('are always the same', () => {
    // Other processes, and other versions, have to find them.
    expect([0, 1, 2, 3].map((shard) => tagOfShard(`catalog:lru_t-cs4#${shard}`, shard, 4))).toEqual([
      'catalog:lru_t-cs4#0.0',
      'catalog:lru_t-cs4#1.2',
      'catalog:lru_t-cs4#2.0',
      'catalog:lru_t-cs4#3.2',
    ])
  })
})

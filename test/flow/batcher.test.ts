import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Batcher } from '../../src/flow/batcher.ts'

/** A batcher that doubles numbers, and the pieces it sent. */
function doubler(pieceWeight: number, weigh?: (item: number) => number) {
  const pieces: number[][] = []
  const run = async (items: readonly number[]): Promise<number[]> => {
    pieces.push([...items])
    return items.map((item) => 2 * item)
  }
  return { batcher: new Batcher<number, number>(run, pieceWeight, weigh), pieces }
}

describe('what is asked for in one turn', () => {
  test('travels together, and each gets its own result', async () => {
    const { batcher, pieces } = doubler(100)
    expect(await Promise.all([3, 1, 2, 1].map((item) => batcher.ask(item)))).toEqual([6, 2, 4, 2])
    expect(pieces).toEqual([[3, 1, 2, 1]])
  })

  test('includes what promises asked for that this turn settled', async () => {
    const { batcher, pieces } = doubler(100)
    const later = async (): Promise<number> => {
      await Promise.resolve()
      await Promise.resolve()
      return batcher.ask(2)
    }
    await Promise.all([batcher.ask(1), later()])
    expect(pieces).toEqual([[1, 2]])
  })

  test('does not wait for another turn', async () => {
    const { batcher, pieces } = doubler(100)
    const first = batcher.ask(1)
    await turn()
    expect(pieces).toEqual([[1]])
    const second = batcher.ask(2)
    expect(await Promise.all([first, second])).toEqual([2, 4])
    expect(pieces).toEqual([[1], [2]])
  })

  test('is sent in batches, in order', async () => {
    const { batcher, pieces } = doubler(3)
    await Promise.all([1, 2, 3, 4, 5, 6, 7].map((item) => batcher.ask(item)))
    expect(pieces).toEqual([[1, 2, 3], [4, 5, 6], [7]])
  })

  test('is sent in batches of no more than the weight', async () => {
    const { batcher, pieces } = doubler(10, (item) => item)
    await Promise.all([4, 4, 4, 9, 1, 1].map((item) => batcher.ask(item)))
    expect(pieces).toEqual([[4, 4], [4], [9, 1], [1]])
  })

  test('is sent alone and last if it is too heavy', async () => {
    const { batcher, pieces } = doubler(10, (item) => item)
    const results = [20, 1, 2, 10, 3].map((item) => batcher.ask(item))
    expect(await Promise.all(results)).toEqual([40, 2, 4, 20, 6])
    expect(pieces).toEqual([[1, 2, 3], [20], [10]])
  })

  test('rejects with its batch, and with no other', async () => {
    const run = async (items: readonly number[]): Promise<number[]> => {
      if (items.includes(3)) throw new Error(`no ${items.join(' ')}`)
      return [...items]
    }
    const batcher = new Batcher<number, number>(run, 2)
    const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map((item) => batcher.ask(item)))
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ])
    expect(outcomes[2]).toMatchObject({ reason: new Error('no 3 4') })
    expect(outcomes[2]).toEqual(outcomes[3])
    expect(await batcher.ask(6)).toBe(6)
  })

  test('loses nothing, mixes up nothing, and fits, whatever it weighs', async () => {
    const items = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(items, fc.integer({ min: 1, max: 40 }), async (weights, pieceWeight) => {
        const { batcher, pieces } = doubler(pieceWeight, (item) => item)
        const results = await Promise.all(weights.map((item) => batcher.ask(item)))
        expect(results).toEqual(weights.map((item) => 2 * item))
        expect(pieces.flat().toSorted()).toEqual(weights.toSorted())
        for (const piece of pieces) {
          const weight = piece.reduce((sum, item) => sum + item, 0)
          expect(piece.length === 1 || weight <= pieceWeight).toBe(true)
        }
      }),
    )
  })
})

describe('very many batches', () => {
  /** Batches of one item each, which end when the test says so. */
  function held() {
    const underWay: { readonly item: number; end(isFailed?: boolean): void }[] = []
    let most = 0
    const run = async (items: readonly number[]): Promise<readonly number[]> =>
      new Promise((resolve, reject) => {
        const [item] = items as [number]
        const entry = {
          item,
          end: (isFailed = false) => {
            underWay.splice(underWay.indexOf(entry), 1)
            if (isFailed) reject(new Error(`no ${item}`))
            else resolve(items)
          },
        }
        underWay.push(entry)
        most = Math.max(most, underWay.length)
      })
    return { batcher: new Batcher<number, number>(run, 1), underWay, most: () => most }
  }

  test('are under way 32 at a time, in order, and those that fail make room, too', async () => {
    const { batcher, underWay, most } = held()
    const results = Array.from({ length: 100 }, (_, item) => batcher.ask(item))
    const settled = Promise.allSettled(results)
    await turn()
    expect(underWay.map(({ item }) => item)).toEqual(Array.from({ length: 32 }, (_, item) => item))
    expect(batcher.size).toBe(68)
    const ended: number[] = []
    while (underWay.length > 0) {
      const [first] = underWay
      ended.push(first?.item as number)
      first?.end(ended.length % 10 === 0)
      await turn()
    }
    expect(ended).toEqual(Array.from({ length: 100 }, (_, item) => item))
    expect(most()).toBe(32)
    expect(batcher.size).toBe(0)
    expect((await settled).filter(({ status }) => status === 'rejected')).toHaveLength(10)
  })

  test('do not hold up a few that are asked for later', async () => {
    const { batcher, underWay } = held()
    const many = Array.from({ length: 40 }, (_, item) => batcher.ask(item))
    await turn()
    const later = batcher.ask(1_000)
    await turn()
    underWay.find(({ item }) => item === 1_000)?.end()
    expect(await later).toBe(1_000)
    while (underWay.length > 0) {
      underWay[0]?.end()
      await turn()
    }
    expect(await Promise.all(many)).toHaveLength(40)
  })
})

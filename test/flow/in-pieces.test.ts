import { expect, test } from 'vitest'
import { inPieces } from '../../src/flow/in-pieces.ts'

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

test('does so many at a time, and gives the results in order', async () => {
  let [now, most] = [0, 0]
  const results = await inPieces(range(25), 10, async (item) => {
    most = Math.max(most, ++now)
    await Promise.resolve()
    now--
    return item * 2
  })
  expect(results).toEqual(range(25).map((item) => item * 2))
  expect(most).toBe(10)
})

test('goes on after failures, and throws the first one at the end', async () => {
  const done: number[] = []
  const work = inPieces(range(25), 10, async (item) => {
    if (item % 7 === 3) throw new Error(`no ${item}`)
    done.push(item)
  })
  await expect(work).rejects.toThrow('no 3')
  expect(done).toHaveLength(21)
})

test('stops where everything fails', async () => {
  let tried = 0
  const work = inPieces(range(100), 10, async () => {
    tried++
    throw new Error('away')
  })
  await expect(work).rejects.toThrow('away')
  expect(tried).toBe(10)
})

test('does nothing for nothing', async () => {
  expect(await inPieces([], 10, async () => 1)).toEqual([])
})

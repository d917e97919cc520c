import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ScoreTexts } from '../../src/policies/score-texts.ts'

test('are the texts of the numbers that follow', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 10_000, max: 2 ** 52 }),
      fc.integer({ min: 1, max: 300 }),
      (before, count) => {
        const texts = new ScoreTexts(before)
        for (let i = 1; i <= count; i++) expect(texts.next()).toBe(String(before + i))
      },
    ),
  )
})

test('go on where the digits that are looked up are at their end', () => {
  const texts = new ScoreTexts(1_795_717_999_999_997)
  expect(Array.from({ length: 4 }, () => texts.next())).toEqual([
    '1795717999999998',
    '1795717999999999',
    '1795718000000000',
    '1795718000000001',
  ])
})

import { expect, test } from 'vitest'
import { MovingAverage } from '../../src/flow/moving-average.ts'

test('an average begins with the initial share, and follows the cases', () => {
  const rate = new MovingAverage(1, 1 / 4)
  expect(rate.value).toBe(1)
  rate.add(0, 1)
  expect(rate.value).toBe(0.75)
  rate.add(1, 1)
  expect(rate.value).toBe(0.8125)
  for (let i = 0; i < 50; i++) rate.add(0, 1)
  expect(rate.value).toBeLessThan(1e-6)
})

test('many cases at once weigh more than one, and at most everything', () => {
  const rate = new MovingAverage(1, 1 / 4)
  rate.add(1, 2)
  expect(rate.value).toBe(0.75)
  rate.add(3, 30)
  expect(rate.value).toBeCloseTo(0.1)
})

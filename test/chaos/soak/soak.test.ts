// Twenty seconds of `npm run soak`.
import { describe, expect, inject, it } from 'vitest'
import { findings, growthOf } from './findings.ts'
import { soak } from './soak.ts'

const binary = inject('binary')

describe.skipIf(binary === '')('processes that share a cache while one fault follows the other', () => {
  it('get right values, count right, leave no key and no memory behind', { timeout: 60_000 }, async () => {
    const names: string[] = []
    const onFault = (name: string) => void names.push(name)
    const report = await soak({ binary, ms: 20_000, processes: 3, onFault })
    expect(findings(report), names.join(', ')).toEqual([])
    expect(report.faults).toBeGreaterThan(2)
  })
})

describe('growthOf', () => {
  it('compares the last quarter with the second', () => {
    expect(growthOf([99, 99, 10, 12, 50, 50, 20, 22])).toBe(10)
    expect(growthOf([1, 2, 3])).toBe(0)
  })
})

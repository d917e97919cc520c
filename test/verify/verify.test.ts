// near-bound, near-at-once, since-sees, no-old-call: some seconds of `npm run verify`.
import { describe, expect, inject, it } from 'vitest'
import { verify } from './verify.ts'

const binary = inject('binary')

describe.skipIf(binary === '')('processes with near tiers, while servers, network and processes fail', () => {
  it('are served nothing that is older than promised', { timeout: 60_000 }, async () => {
    const names: string[] = []
    const report = await verify({
      binary,
      ms: 10_000,
      processes: 3,
      maxStalenessMs: 250,
      burst: 50,
      onFault: (name) => void names.push(name),
    })
    expect(report.violations, names.join(', ')).toEqual([])
    expect(Math.min(report.near, report.found, report.stamped, report.written)).toBeGreaterThan(50)
  })
})

// A cache with shards on a cluster of three masters: slots that move, and a master that dies, under load.
import { describe, expect, inject, it } from 'vitest'
import type { ClientName } from './clients.ts'
import { FAULTS } from './faults.ts'
import { runCell, SHORT } from './run-cell.ts'
import { expectUnnoticed } from './unnoticed.ts'

const CLIENTS: readonly ClientName[] = ['node-redis 6', 'ioredis 6', 'glide']

const binary = inject('binary')
const cells = FAULTS.filter(({ shards = 1 }) => shards > 1).flatMap((fault) =>
  CLIENTS.map((client) => ({ fault, client, title: fault.title })),
)

describe.skipIf(binary === '')('callers notice nothing on a', () => {
  it.each(cells)('$title, with $client', { timeout: 60_000 }, async ({ fault, client }) => {
    const outcome = await runCell(binary, fault, client, SHORT)
    expectUnnoticed(fault, outcome)
    const { seen } = outcome
    expect(seen?.stats[0]?.hit).toBeGreaterThan(0)
    expect(seen?.recoveryMs).toBeLessThan(SHORT.afterMs)
  })
})

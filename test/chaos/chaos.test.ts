// A few cells of the table of faults: `npm run chaos` runs all of them, with every client.
import { describe, expect, inject, it } from 'vitest'
import type { ClientName } from './clients.ts'
import { FAULTS } from './faults.ts'
import { type Phases, runCell } from './run-cell.ts'
import { expectUnnoticed } from './unnoticed.ts'

const CLIENTS: readonly ClientName[] = ['node-redis 6', 'ioredis 6']
const FAULT_NAMES = [
  'frozen',
  'frozen-for-good',
  'killed',
  'cut-in-reply',
  'stray',
  'client-kill',
  'noeviction',
  'wrong-type',
]
/** Clients connect again a moment after the server is back. */
const RECOVERY_MS = 1_500
/** Callers go on for longer than the recovery may take, so that it is seen. */
const PHASES: Phases = { beforeMs: 400, faultMs: 1_200, afterMs: RECOVERY_MS + 500 }

/** What a caller may have to wait for: the store for as long as it may take, then the function. */
const STORE_TIMEOUT_MS = 500
const COMPUTE_MS = 20
/** A lease that nobody renews ends after that. */
const LEASE_MS = 2_000
/** Other tests run meanwhile. */
const SLACK_MS = 400

const binary = inject('binary')
const cells = FAULTS.filter(({ name }) => FAULT_NAMES.includes(name)).flatMap((fault) =>
  CLIENTS.map((client) => ({ fault, client, title: fault.title })),
)

describe.skipIf(binary === '')('callers notice nothing when the server is', () => {
  it.concurrent.each(cells)('$title, with $client', async ({ fault, client }) => {
    const outcome = await runCell(binary, fault, client, PHASES)
    expectUnnoticed(fault, outcome)
    const { seen, closeMs } = outcome
    const blockMs = seen?.longestBlockMs ?? 0
    const promisedMs = STORE_TIMEOUT_MS + COMPUTE_MS + SLACK_MS + 2 * blockMs
    expect(seen?.longestWaitMs).toBeLessThan(promisedMs)
    expect(seen?.longestLeasedWaitMs).toBeLessThan(promisedMs + LEASE_MS)
    if (fault.untilTheEnd !== true) expect(seen?.recoveryMs).toBeLessThan(RECOVERY_MS)
    expect(closeMs).toBeLessThan(STORE_TIMEOUT_MS + SLACK_MS)
  })
})

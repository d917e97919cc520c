import type { Fault } from './fault.ts'
import { FAILOVER_FAULTS } from './faults/failover.ts'
import { KEY_FAULTS } from './faults/keys.ts'
import { NETWORK_FAULTS } from './faults/network.ts'
import { PROCESS_FAULTS } from './faults/processes.ts'
import { REFUSALS } from './faults/refusals.ts'

/** The rows of the table. */
export const FAULTS: readonly Fault[] = [
  ...PROCESS_FAULTS,
  ...NETWORK_FAULTS,
  ...KEY_FAULTS,
  ...REFUSALS,
  ...FAILOVER_FAULTS,
]

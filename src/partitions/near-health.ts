import { monotonicMs } from '../flow/timers.ts'
import type { NearHealth } from '../telemetry/near-figures.ts'
import type { NearPartition } from './near-partition.ts'

/** How these partitions keep up with changes. */
export function healthOf(partitions: readonly NearPartition[]): NearHealth {
  const nowMs = monotonicMs()
  const ageMs = Math.max(...partitions.map((each) => each.proofAgeMs(nowMs, each.todayMs())))
  return {
    partitions: partitions.length,
    listening: partitions.filter(({ isListening }) => isListening).length,
    missing: partitions.filter(({ hearing }) => hearing.isMissing).length,
    proofAge: ageMs === Number.POSITIVE_INFINITY ? undefined : ageMs / 1_000,
  }
}

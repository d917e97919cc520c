import type { EvictionOrder } from '../../policies/eviction-order.ts'
import { CostOrder } from '../../policies/orders/cost-order.ts'
import { FrequencyOrder } from '../../policies/orders/frequency-order.ts'
import { LinkedOrder } from '../../policies/orders/linked-order.ts'
import { S3FifoOrder } from '../../policies/orders/s3-fifo-order.ts'
import { SieveOrder } from '../../policies/orders/sieve-order.ts'

/**
 * The policies that a running cache is compared with, by their keys: those of which one may suit it better.
 *
 * Hyperbolic is not among them: its 64 draws for each victim take longer than all the others together (4.7 µs of a miss against
 * 2.4 µs), and LFU with aging misses less often than it on all traces.
 *
 * The orders alone, and not the policies: a program that names one policy must not carry the scripts of all others.
 */
export const SHADOW_POLICIES: Readonly<Record<string, () => EvictionOrder>> = {
  lru_t: () => new LinkedOrder(true, 'oldest'),
  cost: () => new CostOrder('cost'),
  cost_size: () => new CostOrder('cost/size'),
  lfu: () => new FrequencyOrder(),
  lfu_da: () => new FrequencyOrder(true),
  fifo: () => new LinkedOrder(false, 'oldest'),
  sieve: () => new SieveOrder(),
  s3_fifo: () => new S3FifoOrder(),
}

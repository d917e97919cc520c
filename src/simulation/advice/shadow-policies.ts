import type { EvictionOrder } from '../../policies/eviction-order.ts'
import { CostOrder } from '../../policies/orders/cost-order.ts'
import { FrequencyOrder } from '../../policies/orders/frequency-order.ts'
import { LinkedOrder } from '../../policies/orders/linked-order.ts'
import { S3FifoOrder } from '../../policies/orders/s3-fifo-order.ts'
import { SieveOrder } from '../../policies/orders/sieve-order.ts'

/** Policies that decide exactly as one of {@link SHADOW_POLICIES} does. */
export const DECIDES_AS: Readonly<Record<string, string>> = {
  LruPolicy: 'LruTPolicy',
  FifoTPolicy: 'FifoPolicy',
}

/**
 * The policies that a running cache is compared with, as users write them: those of which one may suit it better.
 *
 * The orders alone, and not the policies: a program that names one policy must not carry the scripts of all others.
 */
export const SHADOW_POLICIES: Readonly<Record<string, () => EvictionOrder>> = {
  LruTPolicy: () => new LinkedOrder(true, 'oldest'),
  CostPolicy: () => new CostOrder('cost'),
  LfuPolicy: () => new FrequencyOrder(),
  'LfuPolicy({ aging: true })': () => new FrequencyOrder(true),
  FifoPolicy: () => new LinkedOrder(false, 'oldest'),
  SievePolicy: () => new SieveOrder(),
  S3FifoPolicy: () => new S3FifoOrder(),
}

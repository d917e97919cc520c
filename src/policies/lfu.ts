import { LFU } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { FrequencyOrder } from './orders/frequency-order.ts'

/**
 * Least frequently used: evicts the entry with the fewest accesses, and among equals the one whose last access is the longest
 * ago.
 *
 * Invariant: a count begins at 1, is forgotten with its entry, and does not decrease with time.
 * @see Matani, Shah, Mitra, "An O(1) algorithm for implementing the LFU cache eviction scheme", 2010,
 *   https://arxiv.org/abs/2110.11602
 */
export class LfuPolicy extends AbstractPolicy {
  override readonly key = 'lfu'
  override readonly structures = ['stamps'] as const

  override readLuaScripts(): LuaSources {
    return composeScripts(LFU)
  }

  override createOrder(): EvictionOrder {
    return new FrequencyOrder()
  }
}

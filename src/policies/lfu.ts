import { LFU } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { FrequencyOrder } from './orders/frequency-order.ts'

/**
 * Least frequently used: the entry with the fewest accesses leaves first, and among equals the least recently used one.
 * Counts begin at 1, go with their entry, and do not age.
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

import { LRU } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { LinkedOrder } from './orders/linked-order.ts'

/**
 * Least recently used: a hit moves an entry to the newest end, and the oldest end leaves first.
 *
 * Invariant: the index orders entries by their last access, counted without gaps in time.
 */
export class LruPolicy extends AbstractPolicy {
  override readonly key = 'lru'

  override readLuaScripts(): LuaSources {
    return composeScripts(LRU)
  }

  override createOrder(): EvictionOrder {
    return new LinkedOrder(true, 'oldest')
  }
}

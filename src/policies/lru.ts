import { LRU } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { LinkedOrder } from './orders/linked-order.ts'

/**
 * Least recently used: evicts the entry whose last read or write is the longest ago.
 *
 * Invariant: the index orders entries by their last access, with a counter as the score.
 * @see Mattson, Gecsei, Slutz, Traiger, "Evaluation Techniques for Storage Hierarchies", IBM Systems Journal 9(2), 1970.
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

import { MRU } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { LinkedOrder } from './orders/linked-order.ts'

/**
 * Most recently used: evicts the entry that was read or written last. A loop over more keys than the cache holds then hits on
 * a part of them, where LRU would miss on all.
 *
 * Invariant: the index orders entries by their last access, with a counter as the score.
 * @see Chou, DeWitt, "An Evaluation of Buffer Management Strategies for Relational Database Systems", VLDB 1985.
 */
export class MruPolicy extends AbstractPolicy {
  override readonly key = 'mru'

  override readLuaScripts(): LuaSources {
    return composeScripts(MRU)
  }

  override createOrder(): EvictionOrder {
    return new LinkedOrder(true, 'newest')
  }
}

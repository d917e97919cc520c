import { FIFO } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { LinkedOrder } from './orders/linked-order.ts'

/**
 * First in, first out: evicts the entry that was stored first; a hit changes nothing, and so sends nothing to the server.
 *
 * Invariant: the index orders entries by when they were stored; replacing a value does not move its entry.
 * @see https://en.wikipedia.org/wiki/Cache_replacement_policies#First_in_first_out_(FIFO)
 */
export class FifoPolicy extends AbstractPolicy {
  override readonly key = 'fifo'
  override readonly readsChangeOrder = false

  override readLuaScripts(): LuaSources {
    return composeScripts(FIFO)
  }

  override createOrder(): EvictionOrder {
    return new LinkedOrder(false, 'oldest')
  }
}

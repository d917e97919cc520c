import { FIFO_T } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { LinkedOrder } from './orders/linked-order.ts'

/**
 * First in, first out by the server's clock: evicts the entry that was stored first; a hit changes nothing, and so sends
 * nothing to the server.
 *
 * Invariant: each score in the index is the time at which its entry was stored, in microseconds since 1970. Entries stored at
 * the same time keep the order in which they came.
 * @see {@link FifoPolicy}, which counts instead of reading the clock.
 */
export class FifoTPolicy extends AbstractPolicy {
  override readonly key = 'fifo_t'
  override readonly readsChangeOrder = false

  override readLuaScripts(): LuaSources {
    return composeScripts(FIFO_T)
  }

  override createOrder(): EvictionOrder {
    return new LinkedOrder(false, 'oldest')
  }
}

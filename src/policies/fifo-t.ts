import { FIFO_T } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { LinkedOrder } from './orders/linked-order.ts'

/**
 * First in, first out by the server's clock: as {@link FifoPolicy}, and each score in the index tells when its entry was
 * stored, in microseconds since 1970.
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

import { RR } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { RandomOrder } from './orders/random-order.ts'

/**
 * Random replacement: any entry may leave, each with the same chance. A hit changes nothing, and so writes nothing to the
 * server.
 */
export class RrPolicy extends AbstractPolicy {
  override readonly key = 'rr'
  override readonly readsChangeOrder = false

  override readLuaScripts(): LuaSources {
    return composeScripts(RR)
  }

  override createOrder(): EvictionOrder {
    return new RandomOrder()
  }
}

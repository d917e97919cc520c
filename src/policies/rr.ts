import { RR } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { RandomOrder } from './orders/random-order.ts'

/**
 * Random replacement: evicts any entry, each with the same chance; a hit changes nothing, and so sends nothing to the server.
 *
 * Invariant: all entries have the same score, and the server draws their ranks at random.
 * @see https://en.wikipedia.org/wiki/Cache_replacement_policies#Random_replacement_(RR)
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

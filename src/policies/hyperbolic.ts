import { HYPERBOLIC } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { HyperbolicOrder } from './orders/hyperbolic-order.ts'

/**
 * Hyperbolic caching: of 64 entries drawn at random, evicts the one with the fewest accesses for its age. The age of an entry
 * is the number of accesses to the cache since it was stored.
 *
 * Each victim costs the server 64 reads of the index, if the cache has more than 64 entries.
 * @see Blankstein, Sen, Freedman, "Hyperbolic Caching: Flexible Caching for Web Applications", USENIX ATC 2017.
 */
export class HyperbolicPolicy extends AbstractPolicy {
  override readonly key = 'hyperbolic'
  override readonly structures = ['state'] as const

  override readLuaScripts(): LuaSources {
    return composeScripts(HYPERBOLIC)
  }

  override createOrder(): EvictionOrder {
    return new HyperbolicOrder()
  }
}

import { SIEVE } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { SieveOrder } from './orders/sieve-order.ts'

/**
 * SIEVE: a hit marks its entry and moves nothing. A hand goes from the oldest entry to the newest; it removes the marks that it
 * finds, and evicts the first entry without one.
 *
 * A hit on a marked entry writes nothing in the server. So entries that were used once are evicted soon, and popular ones stay.
 *
 * Invariant: the index orders entries by when they were stored, and the score of an entry tells whether it is marked.
 * @see Zhang, Yang, Yue, Vigfusson, Rashmi, "SIEVE is Simpler than LRU", NSDI 2024.
 */
export class SievePolicy extends AbstractPolicy {
  override readonly key = 'sieve'
  override readonly structures = ['hand'] as const

  override readLuaScripts(): LuaSources {
    return composeScripts(SIEVE)
  }

  override createOrder(): EvictionOrder {
    return new SieveOrder()
  }
}

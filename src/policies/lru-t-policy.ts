import { POLICIES } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { AbstractPolicy } from './abstract-policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { LinkedOrder } from './linked-order.ts'

/**
 * Least recently used by the server's clock: as {@link LruPolicy}, and each score in the index tells when its entry was
 * last used, in microseconds since 1970. The one to begin with.
 */
export class LruTPolicy extends AbstractPolicy {
  override readonly key = 'lru_t'

  override readLuaScripts(): LuaSources {
    return composeScripts(POLICIES['lru-t'])
  }

  override createOrder(): EvictionOrder {
    return new LinkedOrder(true, 'oldest')
  }
}

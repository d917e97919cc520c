import { LRU_T } from '../lua/scripts.generated.ts'
import type { RemoteClock } from '../flow/server-clock.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import type { Command } from '../clients/port.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { LinkedOrder } from './orders/linked-order.ts'
import { ScoreTexts } from './score-texts.ts'

/**
 * Least recently used by the server's clock: as {@link LruPolicy}, and each score in the index tells when its entry was
 * last used, in microseconds since 1970. The one to begin with.
 */
export class LruTPolicy extends AbstractPolicy {
  override readonly key = 'lru_t'

  override readLuaScripts(): LuaSources {
    return composeScripts(LRU_T)
  }

  /** XX: who has been evicted meanwhile stays out. GT: who was touched later, by whatever process, stays there. */
  override touchCommand(index: string, hashes: readonly (Buffer | string)[], clock: RemoteClock): Command {
    const command: [string, ...(Buffer | string)[]] = ['ZADD', index, 'XX', 'GT']
    const scores = new ScoreTexts(clock.now(hashes.length) - hashes.length)
    for (const hash of hashes) command.push(scores.next(), hash)
    return command
  }

  override createOrder(): EvictionOrder {
    return new LinkedOrder(true, 'oldest')
  }
}

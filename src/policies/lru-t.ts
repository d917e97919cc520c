import { LRU_T } from '../lua/scripts.generated.ts'
import type { LogicalClock } from '../flow/logical-clock.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import type { Command } from '../clients/port.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { LinkedOrder } from './orders/linked-order.ts'
import { ScoreTexts } from './score-texts.ts'

/**
 * Least recently used by the server's clock: evicts the entry whose last read or write is the longest ago. Choose it if in
 * doubt.
 *
 * Invariant: each score in the index is the time of the entry's last access, in microseconds since 1970. A hit is reported to the
 * server by one plain command instead of a script.
 * @see {@link LruPolicy}, which counts instead of reading the clock.
 */
export class LruTPolicy extends AbstractPolicy {
  override readonly key = 'lru_t'

  override readLuaScripts(): LuaSources {
    return composeScripts(LRU_T)
  }

  /**
   * Returns one `ZADD`. `XX` leaves out entries that have been evicted meanwhile. `GT` keeps a later time of access that
   * another process has written.
   * @see https://redis.io/docs/latest/commands/zadd/
   */
  override touchCommand(index: string, hashes: readonly (Buffer | string)[], clock: LogicalClock): Command {
    const command: [string, ...(Buffer | string)[]] = ['ZADD', index, 'XX', 'GT']
    const scores = new ScoreTexts(clock.now(hashes.length) - hashes.length)
    for (const hash of hashes) command.push(scores.next(), hash)
    return command
  }

  override createOrder(): EvictionOrder {
    return new LinkedOrder(true, 'oldest')
  }
}

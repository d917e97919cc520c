import { S3_FIFO } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { AbstractPolicy } from './policy.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { S3FifoOrder } from './orders/s3-fifo-order.ts'

/**
 * S3-FIFO: three queues. New entries enter the small one; those that were read twice there go on to the main queue, and the others
 * are evicted. Names of those are remembered: if such an entry comes back, it enters the main queue. An entry that was read in the
 * main queue starts there once more instead of being evicted.
 *
 * A hit on an entry that was read three times in its queue writes nothing in the server.
 *
 * The small queue is to have a tenth of the entries that there are when one is evicted, rounded down, and at least one: below 20
 * entries, which the paper says nothing about, it has one. Nine names are remembered for ten entries, rounded down.
 * @see Yang, Zhang, Qiu, Yue, Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023.
 */
export class S3FifoPolicy extends AbstractPolicy {
  override readonly key = 's3_fifo'
  override readonly structures = ['ghost', 'walk'] as const

  override readLuaScripts(): LuaSources {
    return composeScripts(S3_FIFO)
  }

  override createOrder(): EvictionOrder {
    return new S3FifoOrder()
  }
}

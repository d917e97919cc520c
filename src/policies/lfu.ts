import { LFU, LFU_DA } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { checkFlag } from '../validation/checks.ts'
import { AbstractPolicy } from './policy.ts'
import type { PolicyOptions } from './policy-options.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { FrequencyOrder } from './orders/frequency-order.ts'

/** Options of {@link LfuPolicy}. */
export interface LfuOptions extends PolicyOptions {
  /**
   * Whether counts lose weight with time: what was popular once, and is not read any more, is evicted. Each read sets the priority
   * of its entry to the count of accesses plus the priority of the entry that was evicted last.
   *
   * It is a part of the key names: a cache with aging has none of the entries of one without.
   * @default false
   * @see Arlitt, Cherkasova, Dilley, Friedrich, Jin, "Evaluating content management techniques for Web proxy caches", 2000 (LFU-DA).
   * @example
   * const policy = new LfuPolicy({ aging: true })
   */
  readonly aging?: boolean | undefined
}

/**
 * Least frequently used: evicts the entry with the fewest accesses, and among equals the one whose last access is the longest
 * ago.
 *
 * Invariant: a count begins at 1, is forgotten with its entry, and does not decrease with time. With the option `aging`, what
 * counts is the number of accesses plus the age of the cache at the last one.
 * @see Matani, Shah, Mitra, "An O(1) algorithm for implementing the LFU cache eviction scheme", 2010,
 *   https://arxiv.org/abs/2110.11602
 */
export class LfuPolicy extends AbstractPolicy {
  override readonly key: string
  override readonly structures: readonly string[]
  /** Whether counts lose weight with time. */
  readonly aging: boolean

  /** @throws {OptionError} for an unknown option, and for a value that an option cannot have. */
  constructor(options: LfuOptions = {}) {
    super(options, ['aging'])
    this.aging = checkFlag(options.aging ?? false, 'aging')
    this.key = this.aging ? 'lfu_da' : 'lfu'
    this.structures = this.aging ? ['state', 'counts'] : ['state']
  }

  override readLuaScripts(): LuaSources {
    return composeScripts(this.aging ? LFU_DA : LFU)
  }

  override createOrder(): EvictionOrder {
    return new FrequencyOrder(this.aging)
  }
}

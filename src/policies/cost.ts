import { COST } from '../lua/scripts.generated.ts'
import { composeScripts, type LuaSources } from '../lua/compose.ts'
import { checkImmediate } from '../options/callback-checks.ts'
import { checkChoice } from '../validation/checks.ts'
import type { EvictionOrder } from './eviction-order.ts'
import { CostOrder, type Weigh } from './orders/cost-order.ts'
import { AbstractPolicy, type CostOf } from './policy.ts'
import type { PolicyOptions } from './policy-options.ts'

/** Options of a {@link CostPolicy}. */
export interface CostPolicyOptions extends PolicyOptions {
  /**
   * What an entry is worth: `'cost'` for the time that it saves, `'cost/size'` for that time divided by the bytes that are stored.
   * The second keeps more and smaller results, which pays if memory is what is scarce. A cache with the other choice is another
   * cache: the choice is a part of the key names.
   * @default `'cost/size'` if the cache has `maxBytes`, `'cost'` otherwise
   */
  readonly weigh?: Weigh | undefined
  /**
   * What a result costs to compute again, instead of the time that its function took: a finite number from 0 on, in any unit that is
   * the same for all functions of the cache. If it throws, or returns anything else, a process warning is emitted, and the time is
   * used. Functions may have a `cost` of their own.
   * @default the time that the function took, in milliseconds, and at least 1
   * @example
   * new CostPolicy({ cost: (_, ms) => ms + 20 }) // each call has a price
   */
  readonly cost?: CostOf | undefined
}

/**
 * Keeps the results that save the most time: evicts the entry with the lowest L + frequency × cost (or × cost / size), and among equals the
 * one whose last access is the longest ago. The cost is the time that the function took, and L the priority of the last victim,
 * so that entries that are not used any more are evicted in the end.
 *
 * Invariant: no priority in the index is below L; an access sets the priority anew.
 * @see Cherkasova, "Improving WWW Proxies Performance with Greedy-Dual-Size-Frequency Caching Policy", HP Labs HPL-98-69R1, 1998.
 * @see Young, "The k-Server Dual and Loose Competitiveness for Paging", Algorithmica 11(6), 1994: GreedyDual.
 */
export class CostPolicy extends AbstractPolicy {
  override readonly structures = ['weights', 'base'] as const
  override readonly weighsResults = true
  override readonly costOf: CostOf | undefined
  readonly #given: Weigh | undefined
  #isBoundedByBytes = false

  /** @throws {OptionError} for an unknown option, and for a value that an option cannot have. */
  constructor(options: CostPolicyOptions = {}) {
    const { weigh, cost, ...others } = options ?? {}
    super(others)
    this.#given = weigh === undefined ? undefined : checkChoice<Weigh>(weigh, ['cost', 'cost/size'], 'weigh')
    if (cost !== undefined) {
      checkImmediate(cost, 'cost', 'of the result, milliseconds and the arguments that returns a number')
    }
    this.costOf = cost
  }

  override get key(): 'cost' | 'cost_size' {
    return this.#weigh === 'cost' ? 'cost' : 'cost_size'
  }

  override attach(...args: Parameters<AbstractPolicy['attach']>): void {
    this.#isBoundedByBytes = args[0].maxBytes < Number.POSITIVE_INFINITY
    super.attach(...args)
  }

  override readLuaScripts(): LuaSources {
    return composeScripts([`local WEIGHS_SIZE = ${this.#weigh === 'cost/size'}`, ...COST])
  }

  override createOrder(): EvictionOrder {
    return new CostOrder(this.#weigh)
  }

  get #weigh(): Weigh {
    return this.#given ?? (this.#isBoundedByBytes ? 'cost/size' : 'cost')
  }
}

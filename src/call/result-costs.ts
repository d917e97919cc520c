import { OptionError } from '../errors.ts'
import type { FunctionIdentity } from '../keys/function-identity.ts'
import type { FunctionSettings } from '../options/function-settings.ts'
import type { AbstractPolicy } from '../policies/policy.ts'
import { messageOf } from '../realms/native.ts'
import { shown } from '../validation/checks.ts'
import { warn } from '../warnings/process-warning.ts'

/** How much one run of a function changes the mean time of its runs. */
const WEIGHT = 1 / 8

/** What the results of a cache cost to compute again, for a policy that weighs them. */
export class ResultCosts {
  readonly #cache: string
  readonly #policy: AbstractPolicy
  /** How long runs of each function take lately, in milliseconds: what a known value is taken to have cost. */
  readonly #means = new WeakMap<FunctionIdentity, number>()

  constructor(cache: string, policy: AbstractPolicy) {
    this.#cache = cache
    this.#policy = policy
  }

  /**
   * What a result costs; `undefined` where the policy does not ask, or where it is the time that the function took.
   *
   * @param computeMs How long the function took; `undefined` for a known value, which it did not compute.
   */
  of(
    { identity, costOf = this.#policy.costOf }: FunctionSettings,
    value: unknown,
    args: readonly unknown[],
    computeMs: number | undefined,
  ): number | undefined {
    if (!this.#policy.weighsResults) return undefined
    const ms = computeMs ?? this.#means.get(identity)
    if (computeMs !== undefined) this.#observe(identity, computeMs)
    if (costOf === undefined) return computeMs === undefined && ms !== undefined ? Math.max(1, ms) : undefined
    try {
      const cost: unknown = costOf(value as never, Math.max(1, ms ?? 1), ...(args as never[]))
      if (typeof cost === 'number' && cost >= 0 && cost < Number.POSITIVE_INFINITY) return cost
      this.#warn(identity, `returned ${shown(cost)}, which is not a finite number from 0 on`)
    } catch (error) {
      this.#warn(identity, `has thrown: ${messageOf(error)}`)
    }
    return undefined
  }

  #observe(identity: FunctionIdentity, ms: number): void {
    const mean = this.#means.get(identity) ?? ms
    this.#means.set(identity, mean + (ms - mean) * WEIGHT)
  }

  #warn({ name }: FunctionIdentity, what: string): void {
    warn(
      `cost:${this.#cache}:${name}`,
      (more) =>
        `Cache '${this.#cache}', ${name}: the function cost ${what}${more}. The time that the result took is used instead.`,
    )
  }
}

/** @throws {OptionError} for `cost` of a function whose policy does not ask for it. */
export function checkCost(policy: AbstractPolicy, { costOf, identity }: FunctionSettings): void {
  if (costOf === undefined || policy.weighsResults) return
  throw new OptionError(
    `cost: ${identity.name} has this option, but the policy '${policy.key}' does not weigh results. Leave it out, or use a ` +
      'CostPolicy; a policy of your own says that it does by weighsResults = true.',
  )
}

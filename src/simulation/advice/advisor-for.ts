import { OptionError, PolicyError } from '../../errors.ts'
import type { AbstractPolicy } from '../../policies/policy.ts'
import { Advisor, type AdvisorEvents } from './advisor.ts'

/** The bounds of a cache; `undefined` or `Infinity` for none. */
interface AdvisedLimits {
  readonly maxSize: number
  readonly maxBytes?: number | undefined
}

/**
 * Makes the advisor of a cache.
 *
 * @param limits The bounds of the cache.
 * @throws {OptionError} if there is nothing to advise on, or it cannot be simulated.
 */
export function advisorFor(
  policy: AbstractPolicy,
  { maxSize, maxBytes = Number.POSITIVE_INFINITY }: AdvisedLimits,
  everyMs: number,
  events: AdvisorEvents,
): Advisor {
  if (maxSize === Number.POSITIVE_INFINITY && maxBytes === Number.POSITIVE_INFINITY)
    throw new OptionError(
      'advise: a cache without a bound evicts nothing. Give maxSize, or leave out advise.',
    )
  if (policy.scope === 'function') {
    throw new OptionError(
      "advise: with the scope 'function' each function has a bound of its own, which is not simulated. Use the scope 'cache', or leave out advise.",
    )
  }
  const cache = {
    policy: policy.key,
    bounds: { entries: maxSize, bytes: maxBytes },
    createOrder: () => policy.createOrder(),
  }
  try {
    return new Advisor(cache, everyMs, events)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw new OptionError(
      `advise: the policy '${policy.key}' cannot be simulated. Override createOrder(), or leave out advise.`,
      { cause: error },
    )
  }
}

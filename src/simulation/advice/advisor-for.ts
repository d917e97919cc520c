import { OptionError, PolicyError } from '../../errors.ts'
import type { AbstractPolicy } from '../../policies/policy.ts'
import { writtenName } from '../policy-names.ts'
import { Advisor, type AdvisorEvents } from './advisor.ts'

/**
 * Makes the advisor of a cache.
 *
 * @param maxSize The bound of the cache, in entries.
 * @throws {OptionError} if there is nothing to advise on, or it cannot be simulated.
 */
export function advisorFor(
  policy: AbstractPolicy,
  maxSize: number,
  everyMs: number,
  events: AdvisorEvents,
): Advisor {
  if (maxSize === Number.POSITIVE_INFINITY)
    throw new OptionError(
      'advise: a cache without a bound evicts nothing. Give maxSize, or leave out advise.',
    )
  if (policy.scope === 'function') {
    throw new OptionError(
      "advise: with the scope 'function' each function has a bound of its own, which is not simulated. Use the scope 'cache', or leave out advise.",
    )
  }
  const cache = {
    policy: writtenName(policy.key),
    bound: { kind: 'entries', limit: maxSize } as const,
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

import type { EvictionOrder } from '../policies/eviction-order.ts'
import { CostPolicy, POLICIES } from '../policies/index.ts'
import { decidesAs } from './decides-as.ts'
import { writtenName } from './policy-names.ts'

/** A policy that can be simulated. */
export interface Candidate {
  /** The `key` of the policy. */
  readonly key: string
  /** How results name it: its key with hyphens, such as `lru-t`. */
  readonly name: string
  /** How users write it, such as `LruTPolicy`. */
  readonly writtenName: string
  readonly createOrder: () => EvictionOrder
}

/** Policies with options by which they decide otherwise, by the `key` that they have then. */
const VARIANTS: Readonly<Record<string, () => EvictionOrder>> = {
  cost_size: () => new CostPolicy({ weigh: 'cost/size' }).createOrder(),
}

/** All policies of the library, by their names. */
export const CANDIDATES: ReadonlyMap<string, Candidate> = new Map(
  [
    ...Object.entries(POLICIES).map(([key, Policy]) => [key, () => new Policy().createOrder()] as const),
    ...Object.entries(VARIANTS),
  ].map(([key, createOrder]) => {
    const name = key.replaceAll('_', '-')
    return [name, { key, name, writtenName: writtenName(key), createOrder }]
  }),
)

/** The policies that decide differently from each other. */
export const DISTINCT: readonly Candidate[] = [...CANDIDATES.values()].filter(
  ({ key }) => decidesAs(key) === key,
)

/** Finds a policy by its name, its key, or the name of its class, in any case; `undefined` if there is none. */
export function candidateOf(text: string): Candidate | undefined {
  const said = text.trim().toLowerCase().replaceAll('_', '-')
  return (
    CANDIDATES.get(said) ?? [...CANDIDATES.values()].find((each) => each.writtenName.toLowerCase() === said)
  )
}

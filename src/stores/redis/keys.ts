import type { KeyPair } from '../../keys/key-names.ts'

/**
 * The one table of the keys that a partition has in Redis, in the order in which every script is given them. The prelude and
 * the headers of the scripts are checked against it when they are embedded. What a policy keeps of its own comes after them.
 */
export const FIXED_KEYS = [
  'index',
  'values',
  'expiry',
  'fence',
  'tags',
  'leases',
  'changes',
  'bytes',
] as const

export type FixedKey = (typeof FIXED_KEYS)[number]

/** Keys with a TTL of their own: they do not expire together with index and values. */
const ENDS_BY_ITSELF: ReadonlySet<FixedKey> = new Set(['fence', 'leases', 'changes'])

/** The keys of one partition. */
export interface PartitionKeys extends Readonly<Record<FixedKey, string>> {
  /** All keys, in the order in which the scripts take them. */
  readonly all: readonly string[]
  /** The keys that expire together with index and values. */
  readonly endingTogether: readonly string[]
}

/** @param structures What the policy keeps beside its index. */
export function partitionKeys([index, values]: KeyPair, structures: readonly string[]): PartitionKeys {
  const beside = (name: FixedKey): string => `${values}:${name}`
  const fixed: Record<FixedKey, string> = {
    index,
    values,
    expiry: beside('expiry'),
    fence: beside('fence'),
    tags: beside('tags'),
    leases: beside('leases'),
    changes: beside('changes'),
    bytes: beside('bytes'),
  }
  const own = structures.map((name) => `${index}:${name}`)
  return {
    ...fixed,
    all: [...FIXED_KEYS.map((name) => fixed[name]), ...own],
    endingTogether: [
      ...FIXED_KEYS.filter((name) => !ENDS_BY_ITSELF.has(name)).map((name) => fixed[name]),
      ...own,
    ],
  }
}

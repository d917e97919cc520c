import { ShortLivedMap } from '../flow/short-lived-map.ts'
import type { FunctionSettings } from '../options/function-settings.ts'
import type { FunctionNearSettings } from '../options/near-checks.ts'
import type { Serializer } from '../serializers/serializer.ts'
import type { NearEntry } from './near-entry.ts'
import type { NearTier } from './near-tier.ts'

/** What two functions have to have in common to be served the same, beside their identity. */
const SAME = ['serializer', 'schema', 'migrate', 'ttlMs', 'absentMs'] as const

/** What both or neither of them have to have: for `getOrSet` they may be made anew for each call. */
const PRESENT = ['ttlOf', 'tags'] as const

type Terms = Pick<FunctionSettings, (typeof SAME)[number] | (typeof PRESENT)[number]>

/**
 * What a function holds near, and how. Functions of one identity that have the same settings share it: those for one id and for
 * many, and all calls of `getOrSet`.
 */
export class NearFunction {
  readonly tier: NearTier
  readonly maxStalenessMs: number
  /** Whether callers share frozen values; otherwise each gets a copy. */
  readonly isFrozen: boolean
  readonly serializer: Serializer
  /** Whether a schema has to see each result before it is served. */
  readonly isChecked: boolean
  /** Entries by texts that stand for arguments, see `FunctionIdentity.keyText`: those that were served near before. */
  readonly byKey: ShortLivedMap<NearEntry> = new ShortLivedMap<NearEntry>()
  /** Without callbacks: those of a call of `getOrSet` may hold on to much. */
  readonly #same: readonly unknown[]
  readonly #present: readonly boolean[]

  constructor(tier: NearTier, terms: Terms, { maxStalenessMs, isFrozen }: FunctionNearSettings) {
    this.tier = tier
    this.maxStalenessMs = maxStalenessMs
    this.isFrozen = isFrozen
    this.serializer = terms.serializer
    this.isChecked = terms.schema !== undefined
    this.#same = SAME.map((name) => terms[name])
    this.#present = PRESENT.map((name) => terms[name] !== undefined)
  }

  /** Whether another function may be served what this one holds. */
  fits(terms: Terms, { maxStalenessMs, isFrozen }: FunctionNearSettings): boolean {
    return (
      maxStalenessMs === this.maxStalenessMs &&
      isFrozen === this.isFrozen &&
      SAME.every((name, i) => terms[name] === this.#same[i]) &&
      PRESENT.every((name, i) => (terms[name] !== undefined) === this.#present[i])
    )
  }

  /** Lets an entry be found by a text from now on. */
  link(entry: NearEntry, key: string): void {
    if (entry.key !== undefined) return
    entry.key = key
    this.byKey.set(key, entry)
  }

  unlink(entry: NearEntry): void {
    if (entry.key !== undefined) this.byKey.delete(entry.key, entry)
    entry.key = undefined
  }
}

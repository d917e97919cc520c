import type { Limits } from '../stores/store.ts'

/**
 * Divides the limits of a cache among its shards: their bounds add up to those of the cache, and differ by one at the most.
 *
 * @param all May change later, except for `maxSize` and `maxBytes`.
 */
export function limitsOfShards(all: Limits, shards: number): readonly Limits[] {
  if (shards === 1) return [all]
  const sizes = partsOf(all.maxSize, shards)
  const bytes = all.maxBytes === undefined ? undefined : partsOf(all.maxBytes, shards)
  return sizes.map((maxSize, shard) => ({
    maxSize,
    maxBytes: bytes?.[shard],
    get idleTtlMs() {
      return all.idleTtlMs
    },
  }))
}

/** Parts that add up to the whole, and differ by one at the most. */
function partsOf(whole: number, count: number): readonly number[] {
  const smaller = Math.floor(whole / count)
  const largerOnes = Number.isFinite(smaller) ? whole % count : 0
  return Array.from({ length: count }, (_, i) => (i < largerOnes ? smaller + 1 : smaller))
}

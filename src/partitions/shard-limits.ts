import type { Limits } from '../stores/store.ts'

/**
 * Divides the limits of a cache among its shards: their bounds add up to that of the cache, and differ by one entry at the most.
 *
 * @param all May change later, except for `maxSize`.
 */
export function limitsOfShards(all: Limits, shards: number): readonly Limits[] {
  if (shards === 1) return [all]
  const smaller = Math.floor(all.maxSize / shards)
  const largerOnes = Number.isFinite(smaller) ? all.maxSize % shards : 0
  const withBound = (maxSize: number): Limits => ({
    maxSize,
    get idleTtlMs() {
      return all.idleTtlMs
    },
  })
  const [larger, rest] = [withBound(smaller + 1), withBound(smaller)]
  return Array.from({ length: shards }, (_, shard) => (shard < largerOnes ? larger : rest))
}

import { expect, test } from 'vitest'
import { limitsOfShards } from '../../src/partitions/shard-limits.ts'

test.each([
  [4, 4, [1, 1, 1, 1]],
  [10, 4, [3, 3, 2, 2]],
  [10_000, 3, [3_334, 3_333, 3_333]],
  [Number.POSITIVE_INFINITY, 2, [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]],
  [5, 1, [5]],
])('%d entries for %d shards: the bounds add up', (maxSize, shards, bounds) => {
  const limits = limitsOfShards({ maxSize, idleTtlMs: 1_000 }, shards)
  expect(limits.map((each) => each.maxSize)).toEqual(bounds)
})

test('the lifetime of unused keys is that of the cache, also when it changes', () => {
  const all = { maxSize: 5, idleTtlMs: 1_000 as number | undefined }
  const limits = limitsOfShards(all, 2)
  expect(limits.map(({ idleTtlMs }) => idleTtlMs)).toEqual([1_000, 1_000])
  all.idleTtlMs = undefined
  expect(limits.map(({ idleTtlMs }) => idleTtlMs)).toEqual([undefined, undefined])
})

import { KeyNames } from '../../src/keys/key-names.ts'
import { partitionKeys } from '../../src/stores/redis/keys.ts'

/** The keys of one shard of the cache of a cell, if it has so many: index and values come first. */
export function keysOfShard(shard: number, shards: number): readonly string[] {
  const names = new KeyNames('chaos:', 'chaos-0', 'lru_t', 'cache', 'cluster', shards)
  return partitionKeys(names.pairOf(undefined, shard), []).all
}

/** The keys of the cache of a cell without shards. */
export const CACHE_KEYS: readonly string[] = keysOfShard(0, 1)

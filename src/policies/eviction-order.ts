/** What a policy may know of a stored result, to weigh it. */
export interface StoredResult {
  /** What it costs to compute the result again: how long its function took, in milliseconds, at least 1. */
  readonly costMs: number
  /** How many bytes are stored: the serialized value, and the trailer behind it. */
  readonly bytes: number
}

/**
 * The order in which a policy evicts entries, for a `MemoryStore`: the five functions of the policy's Lua file in TypeScript.
 *
 * Given the same calls, both evict the same call hashes in the same order; those of RR with the same chances.
 */
export interface EvictionOrder {
  /**
   * Records that entries were read, in this order; some may be listed more than once, and unknown hashes are ignored.
   *
   * @param stored The new results of those entries that were replaced; `undefined` if none was.
   */
  touch(hashes: readonly string[], stored?: ReadonlyMap<string, StoredResult>): void
  /** Adds a new entry. */
  insert(hash: string, stored: StoredResult): void
  /** Removes up to `count` entries that the policy chooses, and returns their hashes in the order of eviction. */
  evict(count: number): string[]
  /** Removes entries; unknown hashes are ignored. */
  remove(hashes: readonly string[]): void
  /** Returns the number of entries. */
  size(): number
}

/**
 * The order in which a policy evicts entries, for a `MemoryStore`: the five functions of the policy's Lua file in TypeScript.
 *
 * Given the same calls, both evict the same call hashes in the same order; those of RR with the same chances.
 */
export interface EvictionOrder {
  /** Records that entries were read, in this order; some may be listed more than once, and unknown hashes are ignored. */
  touch(hashes: readonly string[]): void
  /** Adds a new entry. */
  insert(hash: string): void
  /** Removes up to `count` entries that the policy chooses, and returns their hashes in the order of eviction. */
  evict(count: number): string[]
  /** Removes entries; unknown hashes are ignored. */
  remove(hashes: readonly string[]): void
  /** Returns the number of entries. */
  size(): number
}

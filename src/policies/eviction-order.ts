/**
 * The five functions of a policy, in process: the twin of its Lua file.
 *
 * Given the same calls, both evict the same hashes in the same order (RR: with the same chances).
 */
export interface EvictionOrder {
  /** Entries were read, in that order, some maybe more than once. Unknown hashes are passed over. */
  touch(hashes: readonly string[]): void
  /** A new entry. */
  insert(hash: string): void
  /** Takes up to `count` entries out and returns them, the first victim first. */
  evict(count: number): string[]
  /** Takes entries out. Unknown hashes are passed over. */
  remove(hashes: readonly string[]): void
  /** How many entries there are. */
  size(): number
}

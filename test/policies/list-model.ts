import type { EvictionOrder, StoredResult } from '../../src/policies/eviction-order.ts'

/** An order that keeps every entry in a list, and scans it for everything: too simple to be wrong. */
export abstract class ListModel<Entry extends { readonly hash: string }> implements EvictionOrder {
  protected entries: Entry[] = []

  abstract touch(hashes: readonly string[], stored?: ReadonlyMap<string, StoredResult>): void
  abstract insert(hash: string, stored: StoredResult): void
  abstract evict(count: number): string[]

  remove(hashes: readonly string[]): void {
    this.entries = this.entries.filter(({ hash }) => !hashes.includes(hash))
  }

  size(): number {
    return this.entries.length
  }

  has(hash: string): boolean {
    return this.entries.some((entry) => entry.hash === hash)
  }

  protected find(hash: string): Entry | undefined {
    return this.entries.find((entry) => entry.hash === hash)
  }
}

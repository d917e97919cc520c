import { ListModel } from './list-model.ts'

interface Entry {
  readonly hash: string
  count: number
  priority: number
  setAt: number
}

/**
 * LFU, with or without dynamic aging, as a list: the entry with the lowest priority is evicted first, and among equal ones that whose
 * priority was set first.
 */
export class FrequencyList extends ListModel<Entry> {
  readonly #isAging: boolean
  #age = 0
  #now = 0

  constructor(isAging = false) {
    super()
    this.#isAging = isAging
  }

  touch(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const entry = this.find(hash)
      if (entry === undefined) continue
      entry.count++
      entry.priority = this.#age + entry.count
      entry.setAt = ++this.#now
    }
  }

  insert(hash: string): void {
    this.entries.push({ hash, count: 1, priority: this.#age + 1, setAt: ++this.#now })
  }

  evict(count: number): string[] {
    const victims = this.#inOrder().slice(0, count)
    if (this.#isAging) this.#age = victims.at(-1)?.priority ?? this.#age
    this.remove(victims.map(({ hash }) => hash))
    return victims.map(({ hash }) => hash)
  }

  /** All entries, that which is evicted first in front. */
  order(): string[] {
    return this.#inOrder().map(({ hash }) => hash)
  }

  #inOrder(): Entry[] {
    return this.entries.toSorted((a, b) => a.priority - b.priority || a.setAt - b.setAt)
  }
}

import { createHash } from 'node:crypto'
import { ListModel } from './list-model.ts'

interface Entry {
  readonly hash: string
  readonly birth: number
  accesses: number
}

/** Hyperbolic caching with one list of entries, from the first stored to the last, that is scanned for everything. */
export class HyperbolicList extends ListModel<Entry> {
  #now = 0

  touch(hashes: readonly string[]): void {
    if (this.entries.length > 0) this.#now += hashes.length
    for (const hash of hashes) for (const entry of this.entries) if (entry.hash === hash) entry.accesses++
  }

  insert(hash: string): void {
    this.#now++
    this.entries.push({ hash, birth: this.#now, accesses: 1 })
  }

  evict(count: number): string[] {
    return Array.from({ length: Math.min(count, this.size()) }, () => {
      const rated = this.#drawn().map(({ hash, birth, accesses }) => ({
        hash,
        priority: accesses / (this.#now + 1 - birth),
      }))
      const least = Math.min(...rated.map(({ priority }) => priority))
      const victim = rated.find(({ priority }) => priority === least)?.hash as string
      this.remove([victim])
      return victim
    })
  }

  /** All entries, that which was stored first in front. */
  byBirth(): string[] {
    return this.entries.map(({ hash }) => hash)
  }

  #drawn(): Entry[] {
    const size = this.size()
    if (size <= 64) return this.entries
    const seed = createHash('sha1').update(`${this.#now}:${size}`).digest('hex').slice(0, 7)
    const states = [Number(`0x${seed}`) + 1]
    while (states.length <= 64) states.push(((states.at(-1) as number) * 48_271) % (2 ** 31 - 1))
    return states.slice(1).map((state) => this.entries[Math.floor((state / (2 ** 31 - 1)) * size)] as Entry)
  }
}

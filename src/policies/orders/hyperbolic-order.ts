import { createHash } from 'node:crypto'
import type { EvictionOrder } from '../eviction-order.ts'
import { RankedList } from './ranked-list.ts'

/** How many entries are drawn for each victim, and up to which number accesses of one entry are counted. */
const SAMPLE = 64
const MOST_ACCESSES = 2 ** 20 - 1

interface Entry {
  readonly hash: string
  /** The number of the access that stored it. */
  readonly birth: number
  accesses: number
}

/** The order of hyperbolic caching: of a sample of entries, the one with the fewest accesses for its age is evicted. */
export class HyperbolicOrder implements EvictionOrder {
  readonly #entries = new Map<string, Entry>()
  readonly #list = new RankedList<Entry>()
  /** The number of the last access. */
  #now = 0

  touch(hashes: readonly string[]): void {
    if (this.#entries.size === 0) return
    this.#now += hashes.length
    for (const hash of hashes) {
      const entry = this.#entries.get(hash)
      if (entry !== undefined && entry.accesses < MOST_ACCESSES) entry.accesses++
    }
  }

  insert(hash: string): void {
    const entry = { hash, birth: ++this.#now, accesses: 1 }
    this.#entries.set(hash, entry)
    this.#list.push(entry)
  }

  evict(count: number): string[] {
    const victims: string[] = []
    while (victims.length < count && this.#entries.size > 0) {
      let victim: Entry | undefined
      let least = Number.POSITIVE_INFINITY
      for (const entry of this.#sample()) {
        const priority = entry.accesses / (this.#now + 1 - entry.birth)
        if (priority < least) [victim, least] = [entry, priority]
      }
      const { hash } = victim as Entry
      victims.push(hash)
      this.remove([hash])
    }
    return victims
  }

  remove(hashes: readonly string[]): void {
    for (const hash of hashes) {
      const entry = this.#entries.get(hash)
      if (entry === undefined) continue
      this.#list.remove(entry)
      this.#entries.delete(hash)
    }
  }

  size(): number {
    return this.#entries.size
  }

  /** Some entries: all, if there are no more than are drawn. The scripts draw the same ones. */
  *#sample(): Generator<Entry> {
    const { length } = this.#list
    if (length <= SAMPLE) {
      yield* this.#entries.values()
      return
    }
    const digest = createHash('sha1').update(`${this.#now}:${length}`).digest('hex')
    let state = Number.parseInt(digest.slice(0, 7), 16) + 1
    for (let i = 0; i < SAMPLE; i++) {
      state = (state * 48_271) % 2_147_483_647 // Lehmer's generator
      yield this.#list.at(Math.floor((state / 2_147_483_647) * length)) as Entry
    }
  }
}

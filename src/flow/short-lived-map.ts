import { mixed, spread } from './text-hash.ts'

/**
 * A map from strings to what is there for a moment: thousands of entries a second come and go, and few are there at once.
 *
 * Not a `Map`: when V8 rehashes one, the old table stays linked to the new one. An old table that has come into the old
 * generation keeps all later ones alive, with everything that was ever in them, until the next full collection; so each
 * small collection copies what is long dead. Measured: a hit took two to three times the processor time.
 *
 * Open addressing with linear probing; a removal moves those behind it up, so no marks of removed entries are left. (Knuth,
 * "The Art of Computer Programming", volume 3, section 6.4, algorithm R.)
 */
export class ShortLivedMap<Value> {
  #keys: (string | undefined)[] = empty(LEAST_SLOTS)
  /** Of each key its hash: compared before the key, and needed when entries move. */
  #hashes = new Int32Array(LEAST_SLOTS)
  #values: (Value | undefined)[] = empty(LEAST_SLOTS)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: string): Value | undefined {
    return this.#values[this.#slotOf(key, hashOf(key))]
  }

  set(key: string, value: Value): void {
    const hash = hashOf(key)
    const slot = this.#slotOf(key, hash)
    if (this.#keys[slot] === undefined) this.#insert(slot, key, hash, value)
    else this.#values[slot] = value
  }

  /** The value of a key; of one that is not there, `undefined`, and from now on the value is this. */
  getOrSet(key: string, value: Value): Value | undefined {
    const hash = hashOf(key)
    const slot = this.#slotOf(key, hash)
    const found = this.#values[slot]
    if (found === undefined) this.#insert(slot, key, hash, value)
    return found
  }

  /** @param value Only if this is its value; default whatever it is. */
  delete(key: string, value?: Value): boolean {
    let gap = this.#slotOf(key, hashOf(key))
    if (this.#keys[gap] === undefined || (value !== undefined && this.#values[gap] !== value)) return false
    const mask = this.#keys.length - 1
    for (let slot = (gap + 1) & mask; ; slot = (slot + 1) & mask) {
      const other = this.#keys[slot]
      if (other === undefined) break
      // It may stand anywhere between its own slot and the first free one behind that.
      const hash = this.#hashes[slot] as number
      const distance = (slot - hash) & mask
      if (distance < ((slot - gap) & mask)) continue
      this.#keys[gap] = other
      this.#hashes[gap] = hash
      this.#values[gap] = this.#values[slot]
      gap = slot
    }
    this.#keys[gap] = undefined
    this.#values[gap] = undefined
    this.#size--
    return true
  }

  /** All values, in no order: a list of its own, so that they may be deleted meanwhile. */
  values(): Value[] {
    return this.#values.filter((value) => value !== undefined)
  }

  clear(): void {
    if (this.#size === 0) return
    this.#keys.fill(undefined)
    this.#values.fill(undefined)
    this.#size = 0
  }

  /** @param slot Where the key, which is not there yet, would be put. */
  #insert(slot: number, key: string, hash: number, value: Value): void {
    let free = slot
    if (2 * ++this.#size > this.#keys.length) {
      this.#grow()
      free = this.#slotOf(key, hash)
    }
    this.#put(free, key, hash, value)
  }

  #put(slot: number, key: string, hash: number, value: Value | undefined): void {
    this.#keys[slot] = key
    this.#hashes[slot] = hash
    this.#values[slot] = value
  }

  /** Where a key is, or would be put. */
  #slotOf(key: string, hash: number): number {
    const [keys, hashes] = [this.#keys, this.#hashes]
    const mask = keys.length - 1
    let slot = hash & mask
    for (let other = keys[slot]; other !== undefined; other = keys[slot]) {
      if (hashes[slot] === hash && other === key) break
      slot = (slot + 1) & mask
    }
    return slot
  }

  #grow(): void {
    const [keys, hashes, values] = [this.#keys, this.#hashes, this.#values]
    this.#keys = empty(2 * keys.length)
    this.#hashes = new Int32Array(2 * keys.length)
    this.#values = empty(2 * keys.length)
    for (const [i, key] of keys.entries()) {
      if (key === undefined) continue
      const hash = hashes[i] as number
      this.#put(this.#slotOf(key, hash), key, hash, values[i])
    }
    values.fill(undefined) // as long as it is not collected, it keeps nothing alive
  }
}

/** A power of two, as all numbers of slots. */
const LEAST_SLOTS = 16

const empty = (slots: number): undefined[] => Array.from({ length: slots }, () => undefined)

/** Characters that are looked at, of a key's beginning and of its end: most keys are short, or end with a digest. */
const OF_BEGINNING = 4
const OF_END = 12

function hashOf(key: string): number {
  const { length } = key
  const isLong = length > OF_BEGINNING + OF_END
  const begun = isLong ? mixed(length, key, 0, OF_BEGINNING) : length
  return spread(mixed(begun, key, isLong ? length - OF_END : 0, length)) >>> 8
}

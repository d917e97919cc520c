import { mixed, spread } from '../flow/text-hash.ts'

/** Longer texts are not remembered, so that the whole memory stays below about 5 MB. */
const LONGEST = 80

/** A text can be stored in any slot of its set. */
const SLOTS_OF_A_SET = 4

/** The number of slots, a power of two; and the shift that makes the number of a set from a hash of 32 bits. */
const SLOTS = 32_768
const SHIFT = 19

/** The number of lookups after which the share of hits is checked; a power of two. */
const PERIOD = 4_096

/** How many of the 2^32 random numbers mean that a new hash is remembered while there are few hits: about one of 32. */
const SPARSE_SHARE = 2 ** 27

/** An object that is only compared by identity. It has no content, so the memory keeps nothing else alive. */
export type HashOwner = Readonly<Record<never, never>>

/** Calculates the hash of a text. */
export interface TextDigester {
  digest(text: string): string
}

/**
 * Remembers the hashes of recently digested texts. To find one takes a tenth of the time of a digest.
 *
 * It is a set-associative table of fixed size, like the cache of a processor, so it never grows. A new text replaces the oldest
 * one of its set. If few texts repeat, remembering costs more than it saves; then only one of 32 new texts is remembered.
 */
export class HashMemory {
  /** For each slot the hash of its text, which is compared before the text. */
  #numbers = new Int32Array()
  #slots: (Remembered | undefined)[] = []
  /** For each set the slot of its oldest text, which the next new text replaces. */
  #oldest = new Uint8Array()
  #questions = 0
  #known = 0
  #isSparse = false
  #drawn = 0

  /**
   * Returns the hash of a text.
   *
   * @param owner The owner of the hash: two owners have different hashes for the same text.
   * @param digester Calculates the hash if it is not remembered.
   */
  hashOf(owner: HashOwner, text: string, digester: TextDigester): string {
    if (text.length > LONGEST) return digester.digest(text)
    if ((++this.#questions & (PERIOD - 1)) === 0) this.#adapt()
    const number = spread(mixed(text.length, text, 0, text.length))
    const set = number >>> SHIFT
    const remembered = this.#find(set, number, owner, text)
    if (remembered !== undefined) {
      this.#known++
      return remembered.hash
    }
    const hash = digester.digest(text)
    if (!this.#isSparse || this.#draw() < SPARSE_SHARE) this.#keep(set, number, { owner, text, hash })
    return hash
  }

  #find(set: number, number: number, owner: HashOwner, text: string): Remembered | undefined {
    const first = set * SLOTS_OF_A_SET
    for (let slot = first; slot < first + SLOTS_OF_A_SET; slot++) {
      if (this.#numbers[slot] !== number) continue
      const remembered = this.#slots[slot]
      if (remembered?.text === text && remembered.owner === owner) return remembered
    }
    return undefined
  }

  #keep(set: number, number: number, remembered: Remembered): void {
    if (this.#slots.length === 0) this.#open()
    const oldest = this.#oldest[set] as number
    const slot = set * SLOTS_OF_A_SET + oldest
    this.#numbers[slot] = number
    this.#slots[slot] = remembered
    this.#oldest[set] = (oldest + 1) % SLOTS_OF_A_SET
  }

  #open(): void {
    this.#numbers = new Int32Array(SLOTS)
    this.#oldest = new Uint8Array(SLOTS / SLOTS_OF_A_SET)
    this.#slots = Array.from({ length: SLOTS }, () => undefined)
  }

  /**
   * Draws a random number of 32 bits. Choosing every 32nd text instead would always choose the same few if texts come in turns.
   * (Numerical Recipes, section 7.1.)
   */
  #draw(): number {
    this.#drawn = (Math.imul(this.#drawn, 1_664_525) + 1_013_904_223) >>> 0
    return this.#drawn
  }

  #adapt(): void {
    this.#isSparse = this.#known < PERIOD / 4
    this.#known = 0
  }
}

/** A text with its hash, in one object, so that a hit reads few cache lines. */
interface Remembered {
  readonly owner: HashOwner
  readonly text: string
  readonly hash: string
}

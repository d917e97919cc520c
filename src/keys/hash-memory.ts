import { mixed, spread } from '../flow/text-hash.ts'

/** Longer texts are not remembered: so all of it together has a bound in bytes, of about 5 MB. */
const LONGEST = 80

/** A text may stand in any slot of one set. */
const SLOTS_OF_A_SET = 4

/** A power of two, and by how much a number of 32 bits is shifted to become one of a set. */
const SLOTS = 16_384
const SHIFT = 20

/** Questions after which it is looked at how many of the answers were known; a power of two. */
const PERIOD = 4_096

/** The share of new hashes that is remembered as long as few are asked for again: about one of 32, of the 2^32 numbers drawn. */
const SPARSE_SHARE = 2 ** 27

/** Compared, and never looked into: the memory keeps nothing else of an owner alive. */
export type HashOwner = Readonly<Record<never, never>>

/** Works out the hash of a text. */
export interface TextDigester {
  digest(text: string): string
}

/**
 * Remembers the hashes of texts that were digested lately: to find one costs a tenth of what a digest does.
 *
 * A table of fixed size, like the cache of a processor: nothing grows, and nothing has to be tidied. A new text takes the place
 * of the oldest one of its set. Where most texts come once in a long while, remembering costs more than it saves; then it all
 * but stops.
 */
export class HashMemory {
  /** Of each slot the mixed number of its text, which is compared before the text. */
  #numbers = new Int32Array()
  #slots: (Remembered | undefined)[] = []
  /** Of each set the slot of its oldest text, where the next one is put. */
  #oldest = new Uint8Array()
  #questions = 0
  #known = 0
  #isSparse = false
  #drawn = 0

  /**
   * The hash of a text.
   *
   * @param owner To whom the hash belongs: another one has another hash for the same text.
   * @param digester Works the hash out.
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

  /** By chance, since texts may come in turns: of these, every 32nd could be the same few. (Numerical Recipes, section 7.1.) */
  #draw(): number {
    this.#drawn = (Math.imul(this.#drawn, 1_664_525) + 1_013_904_223) >>> 0
    return this.#drawn
  }

  #adapt(): void {
    this.#isSparse = this.#known < PERIOD / 4
    this.#known = 0
  }
}

/** One object, whose texts lie beside it in memory: a text that is found costs few cache lines. */
interface Remembered {
  readonly owner: HashOwner
  readonly text: string
  readonly hash: string
}

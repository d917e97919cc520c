import { mixed, spread } from '../flow/text-hash.ts'

/** Longer texts are not remembered: so all of it together has a bound in bytes, of about 4 MB. */
const LONGEST = 80

/** A power of two, and by how much a number of 32 bits is shifted to become one of a slot. */
const SLOTS = 16_384
const SHIFT = 18

/** Questions after which it is looked at how many of the answers were known; a power of two. */
const PERIOD = 4_096

/** Of this many new hashes one is remembered, as long as few are asked for again; a power of two. */
const SPARSELY = 32

/** Compared, and never looked into: the memory keeps nothing else of an owner alive. */
export type HashOwner = Readonly<Record<never, never>>

/** Works out the hash of a text. */
export interface TextDigester {
  digest(text: string): string
}

/**
 * Remembers the hashes of texts that were digested lately: to find one costs a quarter of what a digest does.
 *
 * A table of fixed size with one place for each text, where the next one replaces it: nothing grows, and nothing has to be
 * tidied. Where most texts come once in a long while, remembering costs more than it saves; then it all but stops.
 */
export class HashMemory {
  #owners: (HashOwner | undefined)[] = []
  #texts: string[] = []
  #hashes: string[] = []
  #asked = 0
  #known = 0
  #isSparse = false

  /**
   * The hash of a text.
   *
   * @param owner To whom the hash belongs: another one has another hash for the same text.
   * @param digester Works the hash out.
   */
  hashOf(owner: HashOwner, text: string, digester: TextDigester): string {
    if (text.length > LONGEST) return digester.digest(text)
    const slot = slotOf(text)
    if ((++this.#asked & (PERIOD - 1)) === 0) this.#adapt()
    if (this.#texts[slot] === text && this.#owners[slot] === owner) {
      this.#known++
      return this.#hashes[slot] as string
    }
    const hash = digester.digest(text)
    if (!this.#isSparse || (this.#asked & (SPARSELY - 1)) === 0) this.#keep(slot, owner, text, hash)
    return hash
  }

  #keep(slot: number, owner: HashOwner, text: string, hash: string): void {
    if (this.#texts.length === 0) {
      this.#owners = Array.from({ length: SLOTS }, () => undefined)
      this.#texts = Array.from({ length: SLOTS }, () => '')
      this.#hashes = Array.from({ length: SLOTS }, () => '')
    }
    this.#owners[slot] = owner
    this.#texts[slot] = text
    this.#hashes[slot] = hash
  }

  #adapt(): void {
    this.#isSparse = this.#known < PERIOD / 4
    this.#known = 0
  }
}

const slotOf = (text: string): number => spread(mixed(text.length, text, 0, text.length)) >>> SHIFT

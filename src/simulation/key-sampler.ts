import { mixed } from '../flow/text-hash.ts'

/**
 * Chooses calls by their keys: all calls of a part of the keys, and none of the others. What a cache does with them is what a cache that
 * is as much smaller does with all of them.
 *
 * A key is chosen if the hash of it lies below a threshold. (SHARDS: Waldspurger, Park, Garthwaite and Ahmad, "Efficient MRC
 * Construction with SHARDS", FAST 2015.)
 */
export class KeySampler {
  readonly #salt: number
  readonly #threshold: number

  /**
   * @param rate The part of the keys that is chosen, up to 1.
   * @param salt Another one chooses other keys.
   */
  constructor(rate: number, salt: number) {
    this.#salt = salt
    this.#threshold = rate * 2 ** 32
  }

  chooses(key: string): boolean {
    return finished(mixed(this.#salt, key, 0, key.length)) < this.#threshold
  }
}

/** Lets each bit of a hash depend on all of them. (The finalizer of MurmurHash3, by Austin Appleby.) */
function finished(hash: number): number {
  let bits = hash ^ (hash >>> 16)
  bits = Math.imul(bits, 0x85ebca6b)
  bits ^= bits >>> 13
  bits = Math.imul(bits, 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

/**
 * How often a test with random values repeats: as often as it asks for, multiplied by the environment variable `RANDOM_FACTOR`. That
 * is 1 without a choice, more for every night, and in some projects a part of it: see `projects.ts`.
 */
export const runs = (usual: number): number =>
  Math.max(1, Math.ceil(usual * Number(process.env['RANDOM_FACTOR'] ?? 1)))

/** Numbers that look random and are the same at each run. */
export class Random {
  #state = 0

  /** @param seed Anything; `FUZZ_SEED` is added to it, for other cases. */
  constructor(seed: string) {
    const text = seed + (process.env['FUZZ_SEED'] ?? '')
    for (let i = 0; i < text.length; i++) this.#state = (Math.imul(this.#state, 31) + text.charCodeAt(i)) | 0
  }

  /** A whole number from 0 to `end` - 1, by the generator mulberry32. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}

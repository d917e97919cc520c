/** Digits that are looked up instead of printed. */
const LOOKED_UP = 4
const COUNT = 10 ** LOOKED_UP

let endings: readonly string[] | undefined

/**
 * Whole numbers that follow on one another, as text. A number of sixteen digits takes long to print: of those that begin
 * with the same digits, these are printed once.
 */
export class ScoreTexts {
  #prefix: string
  #high: number
  #low: number

  /** @param before A whole number from 10,000 on; the first text is that of the next one. */
  constructor(before: number) {
    endings ??= Array.from({ length: COUNT }, (_, i) => String(i).padStart(LOOKED_UP, '0'))
    this.#high = Math.floor(before / COUNT)
    this.#low = before - this.#high * COUNT
    this.#prefix = String(this.#high)
  }

  next(): string {
    this.#low++
    if (this.#low === COUNT) {
      this.#low = 0
      this.#prefix = String(++this.#high)
    }
    return this.#prefix + (endings as readonly string[])[this.#low]
  }
}

/** How often something was the case of late. (An exponentially weighted moving average.) */
export class RecentRate {
  readonly #weight: number
  #value: number

  /**
   * @param initial What to expect of the first cases, from 0 to 1.
   * @param weight How much a single case changes, from 0 to 1.
   */
  constructor(initial: number, weight: number) {
    this.#value = initial
    this.#weight = weight
  }

  /** From 0, never, to 1, always. */
  get value(): number {
    return this.#value
  }

  /** So many cases more, of which it was so in `times`. */
  add(times: number, cases: number): void {
    this.#value += (times / cases - this.#value) * Math.min(1, cases * this.#weight)
  }
}

/** The recent share of cases in which something held, from 0 to 1: an exponentially weighted moving average. */
export class MovingAverage {
  readonly #weight: number
  #value: number

  /**
   * @param initial The share to assume before the first case, from 0 to 1.
   * @param weight How much one case changes the average, from 0 to 1.
   */
  constructor(initial: number, weight: number) {
    this.#value = initial
    this.#weight = weight
  }

  /** The share, from 0 (never) to 1 (always). */
  get value(): number {
    return this.#value
  }

  /** Adds `cases` cases, in `times` of which it held. */
  add(times: number, cases: number): void {
    this.#value += (times / cases - this.#value) * Math.min(1, cases * this.#weight)
  }
}

import type { StoredResult } from '../../policies/eviction-order.ts'

/** So many functions are remembered with the mean of their results. */
const MOST_FUNCTIONS = 1_000

/** The weight of the latest result in the mean of its function. */
const LATEST = 1 / 16

const UNKNOWN: StoredResult = { costMs: 0, bytes: 0 }

/** What results cost and how large they are, as far as this process has seen them computed. */
export class KnownResults {
  readonly #results = new Map<string, StoredResult>()
  readonly #means = new Map<string, StoredResult>()
  readonly #most: number

  /** @param most So many results are remembered, those that were computed last. */
  constructor(most: number) {
    this.#most = most
  }

  learn(fn: string, hash: string, result: StoredResult): void {
    this.#results.delete(hash)
    this.#results.set(hash, result)
    if (this.#results.size > this.#most) {
      for (const oldest of this.#results.keys()) {
        this.#results.delete(oldest)
        break
      }
    }
    const mean = this.#means.get(fn)
    if (mean !== undefined) this.#means.set(fn, between(mean, result))
    else if (this.#means.size < MOST_FUNCTIONS) this.#means.set(fn, result)
  }

  /** The result of a call; if it was not seen, one such as the function has. */
  of(fn: string, hash: string): StoredResult {
    return this.#results.get(hash) ?? this.#means.get(fn) ?? UNKNOWN
  }
}

const between = (mean: StoredResult, latest: StoredResult): StoredResult => ({
  costMs: mean.costMs + (latest.costMs - mean.costMs) * LATEST,
  bytes: mean.bytes + (latest.bytes - mean.bytes) * LATEST,
})

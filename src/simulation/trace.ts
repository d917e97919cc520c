/** The requests of a cache in their order, as numbers: what every simulation reads. */
export interface Trace {
  /** The number of the key of each request; keys are numbered by their first request. */
  readonly ids: Int32Array
  /** How many different keys there are. */
  readonly keys: number
  /** What each request costs in milliseconds if it misses; `undefined` where nothing tells of costs. */
  readonly costsMs: Float64Array | undefined
  /** The size of the result of each request in bytes; `undefined` where nothing tells of sizes. */
  readonly bytes: Float64Array | undefined
  /** 1 for each request whose result was not stored when it missed, since the function failed or did not want it. */
  readonly isUnstorable: Uint8Array
  /** The part of all keys whose requests are here: 1 for all of them, 0.1 for a sample of a tenth. */
  readonly rate: number
  /** The number of requests of all keys. It is estimated where a sample does not tell. */
  readonly requests: number
  /** The requests of this trace that hit in the cache that was traced; `undefined` where nothing tells. */
  readonly recordedHits: number | undefined
}

/** What a line of a trace tells of a request. */
export interface TracedRequest {
  readonly key: string
  readonly function?: string | undefined
  readonly bytes?: number | undefined
  readonly costMs?: number | undefined
  readonly isHit?: boolean | undefined
}

/** What is known once all requests were read. */
export interface Sampling {
  readonly rate: number
  /** The number of requests of all keys, if it was counted. */
  readonly requests?: number | undefined
}

/**
 * Collects the requests of a trace.
 *
 * A cost or size that a request does not tell is that of the latest request of the same key that does, else of its next one, else
 * the mean of its function, else the mean of all.
 */
export class TraceBuilder {
  readonly #ids = new Map<string, number>()
  readonly #functions = new Map<string, number>()
  readonly #functionOf: number[] = []
  readonly #requests: number[] = []
  readonly #costs: number[] = []
  readonly #bytes: number[] = []
  readonly #unstorable = new Set<number>()
  #hits: number | undefined

  /** Adds a request, and returns its number. */
  add({ key, function: fn = '', bytes, costMs, isHit }: TracedRequest): number {
    const id = this.#idOf(key, fn)
    if (isHit !== undefined) this.#hits = (this.#hits ?? 0) + (isHit ? 1 : 0)
    this.#costs.push(costMs ?? Number.NaN)
    this.#bytes.push(bytes ?? Number.NaN)
    return this.#requests.push(id) - 1
  }

  /** Says later what a request cost, or how large its result was. */
  complete(request: number, costMs: number | undefined, bytes: number | undefined): void {
    if (costMs !== undefined) this.#costs[request] = costMs
    if (bytes !== undefined) this.#bytes[request] = bytes
  }

  /** The result of a request was not stored. */
  markUnstorable(request: number): void {
    this.#unstorable.add(request)
  }

  build({ rate, requests }: Sampling): Trace {
    const ids = Int32Array.from(this.#requests)
    const isUnstorable = new Uint8Array(ids.length)
    for (const request of this.#unstorable) isUnstorable[request] = 1
    return {
      ids,
      keys: this.#ids.size,
      costsMs: this.#filled(ids, this.#costs),
      bytes: this.#filled(ids, this.#bytes),
      isUnstorable,
      rate,
      requests: requests ?? ids.length / rate,
      recordedHits: this.#hits,
    }
  }

  #idOf(key: string, fn: string): number {
    const name = fn === '' ? key : `${fn}\0${key}`
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const id = this.#ids.size
    this.#ids.set(name, id)
    let number = this.#functions.get(fn)
    if (number === undefined) this.#functions.set(fn, (number = this.#functions.size))
    this.#functionOf.push(number)
    return id
  }

  /** `undefined` if no request tells. */
  #filled(ids: Int32Array, told: readonly number[]): Float64Array | undefined {
    const values = Float64Array.from(told)
    const means = meansOf(values, (i) => this.#functionOf[ids[i] as number] as number)
    if (means === undefined) return undefined
    const known = new Float64Array(this.#ids.size).fill(Number.NaN)
    const fill = (i: number) => {
      const id = ids[i] as number
      if (Number.isNaN(values[i])) values[i] = known[id] as number
      else known[id] = values[i] as number
    }
    for (let i = 0; i < values.length; i++) fill(i)
    for (let i = values.length - 1; i >= 0; i--) fill(i)
    for (let i = 0; i < values.length; i++) {
      if (Number.isNaN(values[i])) {
        values[i] = means.of(this.#functionOf[ids[i] as number] as number)
      }
    }
    return values
  }
}

/** The mean of the values that are known, by group; `undefined` if none is known. */
function meansOf(
  values: Float64Array,
  groupOf: (i: number) => number,
): { of(group: number): number } | undefined {
  const sums = new Map<number, { sum: number; count: number }>()
  let [sum, count] = [0, 0]
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (Number.isNaN(value)) continue
    const group = groupOf(i)
    const seen = sums.get(group) ?? { sum: 0, count: 0 }
    seen.sum += value
    seen.count++
    sums.set(group, seen)
    sum += value
    count++
  }
  if (count === 0) return undefined
  return {
    of(group) {
      const seen = sums.get(group)
      return seen === undefined ? sum / count : seen.sum / seen.count
    },
  }
}

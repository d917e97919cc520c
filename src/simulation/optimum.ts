/*
 * What no policy can do better, since it would have to know the future.
 *
 * - Equal sizes, misses counted alike: Belady's MIN is exact. (L. A. Belady, "A study of replacement algorithms for a
 *   virtual-storage computer", IBM Systems Journal 5 (2), 1966.)
 * - Unequal costs or sizes: the bound PFOO-L. The interval between two requests of a key hits if the entry is kept all the while,
 *   which takes its size times the length of the interval; all that a cache has to give is its bound times the length of the trace.
 *   Whoever takes the intervals that spare most for what they take, until all is given away, spares at least as much as any policy.
 *   (Berger, Beckmann and Harchol-Balter, "Practical Bounds on Optimal Caching with Variable Object Sizes", SIGMETRICS 2018.)
 */
import type { Trace } from './trace.ts'

/** Instead of the number of a request: the key is not asked for again. */
const NEVER = 0x7fffffff

/** The number of the next request of the same key, for each request. */
export function nextRequests({ ids, keys }: Trace): Int32Array {
  const next = new Int32Array(ids.length)
  const upcoming = new Int32Array(keys).fill(NEVER)
  for (let i = ids.length - 1; i >= 0; i--) {
    const id = ids[i] as number
    next[i] = upcoming[id] as number
    upcoming[id] = i
  }
  return next
}

/**
 * The fewest possible misses of a cache of so many entries, in O(n log n).
 *
 * @param mustStore Whether each result of a miss has to be stored. Otherwise one that is needed later than all others is not, which
 *   may spare a few more misses: only that is a bound for policies that do not admit every result.
 */
export function fewestMisses(
  trace: Trace,
  capacity: number,
  { next = nextRequests(trace), mustStore = false }: { next?: Int32Array; mustStore?: boolean } = {},
): number {
  const { ids, keys } = trace
  const isStored = new Uint8Array(keys)
  const upcoming = new LatestFirst(ids.length)
  let [size, misses] = [0, 0]
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number
    const again = next[i] as number
    const isHit = isStored[id] === 1
    if (!isHit) {
      misses++
      if (!mustStore && (again === NEVER || (size === capacity && upcoming.latest <= again))) continue
      if (size === capacity) isStored[ids[upcoming.pop()] as number] = 0
      else size++
      isStored[id] = 1
    }
    if (again !== NEVER) upcoming.push(again)
    else {
      // It would be evicted before all others.
      isStored[id] = 0
      size--
    }
  }
  return misses
}

/**
 * The next requests of all entries that are stored, as a heap with the latest one on top. Requests that have come are left in it:
 * they are below all that are still to come, of which there is one for each entry.
 */
class LatestFirst {
  readonly #heap: Int32Array
  #size = 0

  constructor(capacity: number) {
    this.#heap = new Int32Array(capacity)
  }

  get latest(): number {
    return this.#heap[0] as number
  }

  push(request: number): void {
    const heap = this.#heap
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((heap[parent] as number) >= request) break
      heap[at] = heap[parent] as number
      at = parent
    }
    heap[at] = request
  }

  pop(): number {
    const heap = this.#heap
    const top = heap[0] as number
    const last = heap[--this.#size] as number
    let at = 0
    for (let child = 1; child < this.#size; child = 2 * at + 1) {
      if (child + 1 < this.#size && (heap[child + 1] as number) > (heap[child] as number)) child++
      if ((heap[child] as number) <= last) break
      heap[at] = heap[child] as number
      at = child
    }
    heap[at] = last
    return top
  }
}

/** The most that any policy can spare, for each bound: PFOO-L. */
export class SparingBound {
  /** By how much each interval spares for what it takes, the most first: its sums up to each interval. */
  readonly #taken: Float64Array
  readonly #spared: Float64Array
  readonly #length: number

  /**
   * @param spares What a hit of each request spares: 1, milliseconds, or bytes.
   * @param bytes The sizes of results; `undefined` if a bound counts entries.
   */
  constructor(
    trace: Trace,
    next: Int32Array,
    spares: (request: number) => number,
    bytes: Float64Array | undefined,
  ) {
    const sizes = bytes === undefined ? undefined : smallestSizes(trace, bytes)
    const intervals: { readonly takes: number; readonly spares: number }[] = []
    for (let i = 0; i < next.length; i++) {
      const again = next[i] as number
      if (again === NEVER) continue
      const takes = (again - i) * (sizes?.[trace.ids[i] as number] ?? 1)
      intervals.push({ takes, spares: spares(again) })
    }
    intervals.sort((one, other) => other.spares * one.takes - one.spares * other.takes)
    this.#length = trace.ids.length
    this.#taken = new Float64Array(intervals.length + 1)
    this.#spared = new Float64Array(intervals.length + 1)
    for (const [i, { takes, spares: spared }] of intervals.entries()) {
      this.#taken[i + 1] = (this.#taken[i] as number) + takes
      this.#spared[i + 1] = (this.#spared[i] as number) + spared
    }
  }

  /** @param limit Entries, or bytes if sizes were given. */
  at(limit: number): number {
    const budget = limit * this.#length
    const taken = this.#taken
    let [low, high] = [0, taken.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((taken[middle] as number) <= budget) low = middle
      else high = middle - 1
    }
    const spared = this.#spared[low] as number
    if (low === taken.length - 1) return spared
    const part = (budget - (taken[low] as number)) / ((taken[low + 1] as number) - (taken[low] as number))
    return spared + part * ((this.#spared[low + 1] as number) - spared)
  }
}

/** The smallest result of each key: what an interval takes at least, if results of a key differ in size. */
function smallestSizes({ ids, keys }: Trace, bytes: Float64Array): Float64Array {
  const smallest = new Float64Array(keys).fill(Number.POSITIVE_INFINITY)
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number
    smallest[id] = Math.min(smallest[id] as number, bytes[i] as number)
  }
  return smallest
}

import type { Entry, Kind } from './history.ts'

/** A time in which the server may have lost writes. */
export interface Loss {
  readonly fromMs: number
  readonly toMs: number
  /**
   * `'fence'`: loads that were under way may have been stored although they were outdated. `'writes'`: so may they, and writes that
   * ended in this time may be undone.
   */
  readonly of: 'fence' | 'writes'
}

/** The longest time that a load takes until its result is stored. */
const LONGEST_LOAD_MS = 3_000

/** What a process did. */
export type Histories = readonly (() => Iterable<Entry>)[]

export interface Judgement {
  readonly found: number
  readonly near: number
  /** How many of the reads were within a stamp. */
  readonly stamped: number
  readonly written: number
  /** Near hits of what had been overwritten already, and for how long the oldest of them and one in a hundred of them had been. */
  readonly outdated: {
    readonly count: number
    readonly longestMs: number
    readonly p50Ms: number
    readonly p99Ms: number
  }
  /** What was served although it was older than promised; the first ones of them. */
  readonly violations: readonly string[]
  readonly violated: number
}

const SHOWN = 10

/** The writes of one key by the time of their end, with the latest begin of all writes up to each. */
class Writes {
  readonly #entries: { readonly endMs: number; readonly beginMs: number }[] = []
  #ends: Float64Array = new Float64Array(0)
  #latest: Float64Array = new Float64Array(0)

  add(endMs: number, beginMs: number): void {
    this.#entries.push({ endMs, beginMs })
  }

  sort(): void {
    this.#entries.sort((a, b) => a.endMs - b.endMs)
    this.#ends = Float64Array.from(this.#entries, ({ endMs }) => endMs)
    let latest = -Infinity
    this.#latest = Float64Array.from(this.#entries, ({ beginMs }) => (latest = Math.max(latest, beginMs)))
  }

  /** Before what time nothing may have been computed that is served after a time. */
  boundAt(ms: number): number {
    const after = this.#firstAfter(this.#ends, ms)
    return after === 0 ? -Infinity : (this.#latest[after - 1] as number)
  }

  /** When the first write ended that began after a time; `Infinity` for none. */
  firstEndAfterBegin(ms: number): number {
    return this.#ends[this.#firstAfter(this.#latest, ms)] ?? Infinity
  }

  /** The place of the first that is higher, in a list that rises. */
  #firstAfter(list: Float64Array, ms: number): number {
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((list[middle] as number) > ms) high = middle
      else low = middle + 1
    }
    return low
  }
}

/**
 * Compares what was read with what was written before. A value from the server must not be older than a write that ended before
 * the read began (no-old-call); one that was held near, than a write that ended `maxStalenessMs` before that (near-bound), or before
 * if it was by the same process (near-at-once). Within a stamp it must not be older than a write that the process that made the stamp
 * had ended by then (since-sees).
 */
export function judge(histories: Histories, losses: readonly Loss[], maxStalenessMs: number): Judgement {
  const byAll = writesOf(histories, losses)
  let found = 0
  let near = 0
  let stamped = 0
  let written = 0
  let violated = 0
  const violations: string[] = []
  const ages: number[] = []
  const byEach = histories.map((history) => writesOf([history], losses))
  const counted = (kind: Kind): void => {
    if (kind === 'near') near++
    else if (kind === 'since') stamped++
    else if (kind === 'written') written++
    else found++
  }
  histories.forEach((history, process) => {
    for (const { kind, key, atMs, valueMs, stampedBy } of history()) {
      counted(kind)
      const writes = byAll.get(key)
      if (kind === 'written' || writes === undefined) continue
      const firstEndMs = writes.firstEndAfterBegin(valueMs)
      if (kind === 'near' && firstEndMs < atMs && !isExcused(valueMs, firstEndMs, losses))
        ages.push(atMs - firstEndMs)
      const boundBy = (by: number): number => byEach[by]?.get(key)?.boundAt(atMs) ?? -Infinity
      const boundMs =
        kind === 'since'
          ? boundBy(stampedBy)
          : kind === 'near'
            ? Math.max(writes.boundAt(atMs - maxStalenessMs), boundBy(process))
            : writes.boundAt(atMs)
      if (valueMs >= boundMs || isExcused(valueMs, boundMs, losses)) continue
      violated++
      if (violations.length < SHOWN) {
        violations.push(
          `process ${process} read ${key} (${kind}) at ${atMs.toFixed(3)}: computed at ${valueMs.toFixed(3)}, but a write had ` +
            `begun at ${boundMs.toFixed(3)}; the first after the computation had ended at ${firstEndMs.toFixed(3)}`,
        )
      }
    }
  })
  ages.sort((a, b) => a - b)
  const at = (part: number) => ages[Math.min(ages.length - 1, Math.floor(part * ages.length))] ?? 0
  const outdated = { count: ages.length, longestMs: ages.at(-1) ?? 0, p50Ms: at(0.5), p99Ms: at(0.99) }
  return { found, near, stamped, written, outdated, violations, violated }
}

function writesOf(histories: Histories, losses: readonly Loss[]): Map<number, Writes> {
  const keys = new Map<number, Writes>()
  const ofAll: Entry[] = []
  const of = (key: number): Writes => {
    const known = keys.get(key) ?? new Writes()
    keys.set(key, known)
    return known
  }
  for (const history of histories) {
    for (const entry of history()) {
      if (entry.kind !== 'written') of(entry.key)
      else if (isLost(entry.atMs, losses)) continue
      else if (entry.key < 0) ofAll.push(entry)
      else of(entry.key).add(entry.atMs, entry.valueMs)
    }
  }
  for (const writes of keys.values()) {
    for (const { atMs, valueMs } of ofAll) writes.add(atMs, valueMs)
    writes.sort()
  }
  return keys
}

const isLost = (endMs: number, losses: readonly Loss[]): boolean =>
  losses.some(({ of, fromMs, toMs }) => of === 'writes' && endMs >= fromMs && endMs <= toMs)

/** Whether the value is of a load that was under way while the fence could be lost, which knew of the write. */
const isExcused = (valueMs: number, boundMs: number, losses: readonly Loss[]): boolean =>
  losses.some(({ fromMs, toMs }) => valueMs >= fromMs - LONGEST_LOAD_MS && valueMs <= toMs && boundMs <= toMs)

import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

/** So many small objects are made in a turn of the event loop. */
const MADE_IN_A_TURN = 20_000

/** So many are kept at a time, about 60 MB: they move to the old generation, whose growth makes V8 collect it. */
const MOST_KEPT = 600_000

const MOST_TURNS = 5_000

/** Just below the largest size that the allocator of glibc takes for usual, 32 MB. */
const LARGE_BYTES = 32_000_000

/**
 * Makes V8 collect the whole heap, and with it a large Buffer: what a program that has run for long has behind it.
 *
 * The allocator of glibc gives memory at its end back to the system as soon as 128 KB of it are free, until a larger piece was freed
 * once; from then on it keeps twice as much. Before, each collection gave back the Buffers of what was read from sockets, and the
 * next reads got them anew, or not, depending on what happened to lie behind them.
 *
 * V8 begins the collection by itself, since the heap grows. A collection by `gc()` frees as much memory as possible: it also
 * drops the hidden classes of objects that do not exist at the moment, and with them all code that was compiled for them. A
 * hit of this library, which has no calls then, costs four times as much after it, until the code is compiled again.
 */
export async function collectAll(): Promise<void> {
  const collections = observe()
  Buffer.allocUnsafeSlow(LARGE_BYTES)
  let kept: { readonly made: readonly number[] }[] = []
  for (let turns = 0; collections.major === 0; turns++) {
    if (turns === MOST_TURNS) throw new Error('V8 did not collect the whole heap.')
    if (kept.length >= MOST_KEPT) kept = []
    for (let i = 0; i < MADE_IN_A_TURN; i++) kept.push({ made: [i] })
    await nextTurn() // V8 ends a collection in a task of its own
  }
  collections.end()
}

/** Empties the young generation, and keeps hidden classes and code. */
export function collectYoung(): void {
  if (globalThis.gc === undefined) throw new Error('This process needs --expose-gc.')
  globalThis.gc({ type: 'minor' })
}

/** @throws If the collector ran meanwhile. */
export async function withoutCollection<T>(work: () => Promise<T>): Promise<T> {
  const collections = observe()
  const result = await work()
  await sleep(5) // the observer is told of a collection some time after it
  collections.end()
  if (collections.all > 0) throw new Error('The collector ran meanwhile.')
  return result
}

/** An entry of Node's performance timeline; its declaration lacks the detail. */
type Collection = PerformanceEntry & { readonly detail?: { readonly kind?: number } }

/** Counts collections from now on. */
function observe(): { all: number; major: number; end(): void } {
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as readonly Collection[]) {
      count.all++
      if (entry.detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR) count.major++
    }
  })
  const count = { all: 0, major: 0, end: () => observer.disconnect() }
  observer.observe({ entryTypes: ['gc'] })
  return count
}

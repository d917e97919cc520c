// Random replacement is random: an old entry is as likely to be evicted as a new one.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RrPolicy } from './library.ts'
import { entry, hashesOf, newPlace } from './places.ts'
import { hasServer, openTarget, type Target } from './target.ts'

const BINS = 10
/** Beyond this, the chi-square of ten bins has one chance in a million to come from what is uniform. */
const CRITICAL = 44.82

/** In so many lifetimes, all but one in half a billion have left. */
const LIFETIMES_TO_LEAVE = 20

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

// A small sorted set is a list in the server, a large one is not; and each write draws its lots anew.
test.each([
  { size: 128, atOnce: 1, observed: 5_000 },
  { size: 1_500, atOnce: 100, observed: 30_000 },
])(
  '$size entries, $atOnce leave at once: by lot',
  { timeout: 120_000 },
  async ({ size, atOnce, observed }) => {
    const store = target.newStore()
    const place = newPlace(new RrPolicy(), { maxSize: size })
    const [index] = place.keys
    const there = async (): Promise<string[]> =>
      hasServer
        ? ((await target.raw(index, 'ZRANGE', index, '0', '-1')) as Buffer[]).map(String)
        : [...(await target.inspect(store, place)).hashes].toSorted()

    const lifetime = size / atOnce
    const writes = observed / atOnce + LIFETIMES_TO_LEAVE * lifetime
    const hashes = hashesOf(size + Math.ceil(writes) * atOnce)
    await store.put(
      place,
      hashes.slice(0, size).map((hash) => entry(hash)),
    )
    const bornAt = new Map<string, number>()
    let alive = await there()
    const ages: number[] = []
    const ranks = Array.from({ length: size }, () => 0)
    for (let write = 0; write < writes; ) {
      // What is sent in one turn arrives in order.
      const seen: Promise<string[]>[] = []
      for (let i = 0; i < 50 && write < writes; i++, write++) {
        const start = size + write * atOnce
        const some = hashes.slice(start, start + atOnce)
        if (write * atOnce < observed) for (const hash of some) bornAt.set(hash, write)
        const stored = store.put(
          place,
          some.map((hash) => entry(hash)),
        )
        if (!hasServer) await stored
        seen.push(there())
      }
      const first = write - seen.length
      for (const [i, after] of (await Promise.all(seen)).entries()) {
        const left = new Set(after)
        for (const [rank, hash] of alive.entries()) {
          if (left.has(hash)) continue
          ranks[rank] = (ranks[rank] as number) + 1
          const born = bornAt.get(hash)
          if (born !== undefined) ages.push(first + i - born)
        }
        alive = after
      }
    }

    expect(alive).toHaveLength(size)
    expect(ages.length).toBeGreaterThan(observed - 3)
    // Each write evicts the same share of the entries.
    const stay = 1 - atOnce / size
    const places = chiSquare(
      ages,
      (age) => 1 - stay ** (age - 1),
      (age) => 1 - stay ** age,
    )
    expect(places).toBeLessThan(CRITICAL)
    const all = ranks.flatMap((count, rank) => Array.from({ length: count }, () => rank))
    const lots = chiSquare(
      all,
      (rank) => rank / size,
      (rank) => (rank + 1) / size,
    )
    expect(lots).toBeLessThan(CRITICAL)
    expect(ranks[0]).toBeGreaterThan(0)
    expect(ranks.at(-1)).toBeGreaterThan(0)
  },
)

/**
 * How far numbers are from their distribution. Each goes to the bin in which its share of all that is likely begins; the
 * bins are as large as the shares that begin in them.
 *
 * @param below How likely a smaller number is.
 * @param upTo How likely a number is that is no larger.
 */
function chiSquare(
  numbers: readonly number[],
  below: (number: number) => number,
  upTo: (number: number) => number,
): number {
  const counts = Array.from({ length: BINS }, () => 0)
  const expected = Array.from({ length: BINS }, () => 0)
  const binOf = (number: number): number => Math.min(BINS - 1, Math.floor(BINS * below(number)))
  for (const number of numbers) counts[binOf(number)] = (counts[binOf(number)] as number) + 1
  const first = Math.min(...numbers)
  for (let number = first; below(number) < 1 - 1e-12; number++) {
    expected[binOf(number)] = (expected[binOf(number)] as number) + upTo(number) - below(number)
  }
  return counts.reduce((sum, count, bin) => {
    const wanted = (expected[bin] as number) * numbers.length
    return wanted === 0 ? sum : sum + (count - wanted) ** 2 / wanted
  }, 0)
}

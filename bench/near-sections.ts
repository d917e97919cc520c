import { figure } from './comparison.ts'
import type { Section } from './hit-sections.ts'
import type { Near, NearFlood, NearHits } from './results.ts'
import { digits, table } from './table.ts'

/** This library's rows. */
export const OURS_NEAR = { frozen: 'near LRU-T, frozen', copies: 'near LRU-T, copies' } as const

/** What was measured of near tiers. */
export const nearSections = ({ hits, ages, floods }: Near): Section[] => [
  speedSection(hits),
  agesSection(ages),
  floodsSection(floods),
]

function speedSection(hits: readonly NearHits[]): Section {
  const names = [...new Set(hits.map(({ name }) => name))]
  const columns = [1_000, 100_000].flatMap((bytes) => [
    { bytes, rate: 0, of: 'callsPerSecond' as const },
    { bytes, rate: 100, of: 'callsPerSecond' as const },
    { bytes, rate: 0, of: 'clientCpuUs' as const },
  ])
  const rows = names.map((name) => [
    name,
    ...columns.map(({ bytes, rate, of }) => {
      const one = nearHitsOf(hits, name, bytes, rate)
      return one === undefined ? '–' : digits(figure(one.rounds, of))
    }),
  ])
  const head = ['1 KB', '100 KB'].flatMap((size) => [
    `${size}: hits/s`,
    'with 100 invalidations/s',
    'processor µs a hit',
  ])
  return {
    title: 'Near hits',
    text:
      'Calls one after the other in one process, of 1,000 entries of 1 KB or 100 of 100 KB, all of them near. “shared”: all ' +
      'callers get one object, and all see what one of them changes. “frozen”: one object that nobody can change. “copies”: ' +
      'each caller gets its own object. “With 100 invalidations/s”: a second process invalidates meanwhile, so some ' +
      'of the calls are misses. The Maps by hand have no bound, no Redis and no invalidation.',
    table: table(['', ...head], rows),
  }
}

export const nearHitsOf = (
  hits: readonly NearHits[],
  name: string,
  bytes: number,
  rate: number,
): NearHits | undefined =>
  hits.find((one) => one.name === name && one.bytes === bytes && one.invalidationsPerSecond === rate)

function agesSection(ages: Near['ages']): Section {
  const rows = ages.map(({ name, invalidations, p50, p99, max }) => [
    name,
    String(invalidations),
    ...[p50, p99, max].map(digits),
  ])
  return {
    title: 'How old is a near hit?',
    text:
      'One process reads 50 entries over and over; their function takes 20 ms. A second process invalidates them in random ' +
      'order, 100 times a second. For each invalidation: the milliseconds from its resolution to the beginning of the last ' +
      'call that still got a value whose computation had begun before the invalidation. An entry is invalidated again after ' +
      'half a second on average. If only that removes the old value, the age is lower than it would be otherwise.',
    table: table(['ms', 'invalidations', 'median', 'p99', 'max'], rows),
  }
}

function floodsSection(floods: readonly NearFlood[]): Section {
  const names = [...new Set(floods.map(({ name }) => name))]
  const rows = names.map((name) => {
    const of = (what: NearFlood['of']) => floods.find((one) => one.name === name && one.of === what)
    const late = (one: NearFlood | undefined) =>
      one ? `${digits(one.lateMs.p99)}, ${digits(one.lateMs.max)}` : '–'
    const both = (['unknown', 'held'] as const).flatMap((what) => {
      const one = of(what)
      return [digits(one?.perSecond ?? Number.NaN), digits(one?.cpuUs ?? Number.NaN), late(one)]
    })
    return [name, late(of('none')), ...both]
  })
  const head = [
    'of unknown entries: a second',
    'processor µs',
    'late, ms',
    'of held entries: a second',
    'processor µs',
    'late, ms',
  ]
  return {
    title: '10,000 invalidations a second',
    text:
      'A second process invalidates for a second, 10,000 entries a second or as many as its library can. Processor: the time ' +
      'that an invalidation takes in a process that does nothing else. Late: the delay of timers in a process that makes 16 ' +
      'calls of other entries each millisecond, its 99th percentile and its maximum; “quiet” is without invalidations.',
    table: table(['', 'quiet: late, ms', ...head], rows),
  }
}

import { aimsOf, cost, isReached } from './aims.ts'
import { figure, least, medianRatio, ratio, roundsOf } from './comparison.ts'
import { figureAt, hitSections, OURS, type Section } from './hit-sections.ts'
import { nearSections } from './near-sections.ts'
import type { Allocation, Growth, LatencyRounds, PolicyCosts, Results, Rounds, Stampede } from './results.ts'
import { isBounded } from './roster.ts'
import { median } from './statistics.ts'
import { digits, table } from './table.ts'

/** The results as tables, of those parts that were measured. */
export function sectionsOf(results: Results): Section[] {
  const { hits, latency, puts, allocation, stampede, growth, policies, near, absent } = results
  return [
    aimsSection(results),
    ...(hits ? hitSections(hits) : []),
    ...(latency ? [latencySection(latency)] : []),
    ...(puts ? [putsSection(puts)] : []),
    ...(allocation ? [allocationSection(allocation)] : []),
    ...(stampede ? [stampedeSection(stampede)] : []),
    ...(growth ? [growthSection(growth)] : []),
    ...(policies ? [policiesSection(policies)] : []),
    ...(near ? nearSections(near) : []),
    ...(absent.length > 0 ? [absentSection(absent)] : []),
  ]
}

function aimsSection(results: Results): Section {
  const rows = aimsOf(results).map((aim) => [
    aim.what,
    `${aim.isUpper ? '≤' : '≥'} ${aim.limit.toLocaleString('en')} ${aim.unit}`,
    `${digits(aim.reached)} ${aim.unit}`,
    isReached(aim) ? 'yes' : '**no**',
  ])
  return {
    title: 'Aims',
    text: '1 KB of JSON. Ratios are medians of the ratios of rounds that ran shortly after one another.',
    table: table(['figure', 'aim', 'measured', 'reached'], rows),
  }
}

function latencySection(latency: readonly LatencyRounds[]): Section {
  const rows = latency.map((one) => [
    one.name,
    digits(median(one.p50)),
    digits(median(one.rawP50)),
    `${digits(medianRatio(one.p50, one.rawP50))} ×`,
    digits(median(one.p99)),
    digits(median(one.rawP99)),
  ])
  return {
    title: 'A lone hit',
    text:
      'One call at a time, and raw GETs of the same text by the same client in between, in microseconds. Beside this library ' +
      'on node-redis, the raw GETs are sent without the timeout of the client.',
    table: table(['1 KB', 'p50', 'GET p50', 'ratio', 'p99', 'GET p99'], rows),
  }
}

function putsSection(puts: readonly Rounds[]): Section {
  const ours = roundsOf(puts, OURS, 256)
  const rows = puts.map((one) => [
    one.name,
    figureAt(puts, one.name, 256, 1_000, 'callsPerSecond'),
    ours ? `${digits(ratio(ours, one.rounds, 'callsPerSecond'))} ×` : '–',
    figureAt(puts, one.name, 256, 1_000, 'clientCpuUs'),
    figureAt(puts, one.name, 256, 1_000, 'serverUs'),
    isBounded(one) ? 'one entry' : 'nothing',
  ])
  return {
    title: 'Misses with put',
    text:
      'Calls with new keys, 256 outstanding, of a function that returns at once: lookup and put. This library has ' +
      'a bound, and evicts one entry for each put; the others have no bound and grow.',
    table: table(['1 KB', 'calls/s', OURS, 'client µs', 'commands µs', 'evicts'], rows),
  }
}

function allocationSection(allocation: readonly Allocation[]): Section {
  return {
    title: 'What a hit allocates',
    text:
      'Bytes of garbage for each hit, at 256 outstanding. Buffers: memory outside of the heap, of which a ' +
      'client takes a large piece for each read of its socket.',
    table: table(
      ['1 KB', 'heap bytes', 'bytes of Buffers'],
      allocation.map(({ name, heapBytes, bufferBytes }) => [name, digits(heapBytes), digits(bufferBytes)]),
    ),
  }
}

function stampedeSection(stampede: readonly Stampede[]): Section {
  const rows = stampede.map(({ name, one, four }) => [
    name,
    String(Math.max(...one)),
    String(Math.max(...four)),
  ])
  return {
    title: 'Stampede',
    text: 'Runs of the function, which takes 100 ms, for 1,000 simultaneous calls of one cold key in each process; the worst trial.',
    table: table(['', '1 process', '4 processes'], rows),
  }
}

function growthSection(growth: readonly Growth[]): Section {
  const rows = growth.map((one) => {
    const least = growth.find(({ name }) => name === one.name) ?? one
    const cells = (['hits', 'puts'] as const).flatMap((kind) => [
      digits(figure(one[kind], 'clientCpuUs')),
      digits(figure(one[kind], 'serverUs')),
      `${digits(medianRatio(one[kind].map(cost), least[kind].map(cost)))} ×`,
    ])
    return [`${one.name}: ${one.entries.toLocaleString('en')}`, ...cells]
  })
  const head = ['hit' as const, 'put' as const].flatMap((kind) => [
    `${kind}: client µs`,
    'commands µs',
    'both, against the smallest',
  ])
  return {
    title: 'Number of entries',
    text: 'A hit, and a put into a full cache (which evicts), at 64 outstanding, values of 100 bytes, ids in an order without locality. The raw GET shows what so many keys cost without a cache library.',
    table: table(['entries', ...head], rows),
  }
}

function policiesSection(policies: readonly PolicyCosts[]): Section {
  const rows = policies.map(({ name, hits, puts }) => [
    name,
    ...[hits, puts].flatMap((rounds) => [
      digits(least(rounds, 'serverUs')),
      digits(least(rounds, 'replicatedBytes')),
    ]),
  ])
  return {
    title: 'Policies',
    text:
      'A hit of an entry that had hits before, and a put into a full cache (which evicts), at 64 outstanding, with a replica. ' +
      'Each figure is the least of the rounds, since other work of the machine can only add to it. ' +
      'The client has the same work with each policy. [Policies](policies.md#what-a-policy-costs) has the memory of an entry and the longest scripts beside them.',
    table: table(
      ['1 KB', ...['hit', 'put'].flatMap((kind) => [`${kind}: commands µs`, 'bytes to a replica'])],
      rows,
    ),
  }
}

function absentSection(absent: Results['absent']): Section {
  return {
    title: 'Not measured',
    text: 'Contenders that could not take part, and why.',
    table: table(
      ['', 'part', 'reason'],
      absent.map(({ name, part, reason }) => [name, part, reason]),
    ),
  }
}

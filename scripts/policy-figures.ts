// Runs the request traces through all policies, in process, and prints what misses cost:
//   npm run trace:policies [-- --write]
// With --write the tables go into docs/policies.md, and charts into docs/charts.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Candidate, CANDIDATES, DISTINCT } from '../src/simulation/candidates.ts'
import { chart } from '../src/simulation/chart.ts'
import { type Comparison, compare, OPTIMUM } from '../src/simulation/compare.ts'
import { COST_MODELS, type CostModel } from './cost-models.ts'
import { modelledTrace } from './modelled-trace.ts'
import { writeSection } from './page-section.ts'
import { readTrace } from './replay.ts'

/** Each trace with the two sizes of most tables, a small one, and those of its chart. */
const TRACES = [
  {
    name: 'web12',
    what: 'web shop',
    small: 20,
    sizes: [150, 1_500],
    chart: [20, 50, 150, 500, 1_500, 5_000],
  },
  {
    name: 'scarab',
    what: 'recommendations',
    small: 50,
    sizes: [500, 5_000],
    chart: [50, 150, 500, 1_500, 5_000, 15_000],
  },
  {
    name: 'cloudphysics',
    what: 'blocks of disks',
    small: 50,
    sizes: [500, 5_000],
    chart: [50, 150, 500, 1_500, 5_000, 15_000],
  },
  {
    name: 'multi3',
    what: 'loops and scans',
    small: 20,
    sizes: [100, 1_000],
    chart: [20, 100, 300, 1_000, 2_000, 4_000],
  },
] as const

type TraceCase = (typeof TRACES)[number]

const BASE = 'lru-t'
const CHARTS = join(import.meta.dirname, '../docs/charts')

/** All policies over a trace with the results of a model. */
function compared({ name }: TraceCase, model: CostModel, sizes: readonly number[]): Comparison {
  const { trace, boundOf } = modelledTrace(readTrace(name), model)
  return compare(trace, DISTINCT, sizes.map(boundOf))
}

/** Those of which random admission is measured, and with which probabilities. */
const ADMITTED = ['lru-t', 'fifo', 'lfu', 'lfu-da', 'sieve', 's3-fifo', 'cost', 'hyperbolic'] as const
const ADMISSIONS = [0.5, 0.1] as const

/** The policies in the order of the tables, with the optimum at the end. */
const NAMES = [...DISTINCT.map(({ name }) => name), OPTIMUM]

/** The requests that miss, in percent: a line for each trace and size. */
function missTable(comparisons: ReadonlyMap<TraceCase, Comparison>): string {
  const lines = [...comparisons].flatMap(([{ name, what }, { bounds, results }]) =>
    bounds.map((bound) => {
      const ratios = NAMES.map((policy) => {
        const result = results.find((each) => each.bound === bound && each.policy === policy)
        return 100 * (1 - (result?.hitRatio ?? 0))
      })
      const best = Math.min(...ratios.slice(0, -1))
      const cells = ratios.map((ratio) => emphasized(ratio.toFixed(1), ratio === best))
      return `| ${name}, ${what} | ${bound.limit.toLocaleString('en')} | ${cells.join(' | ')} |`
    }),
  )
  return [
    `| trace | entries | ${NAMES.join(' | ')} |`,
    `|---|--:|${NAMES.map(() => '--:|').join('')}`,
    ...lines,
  ].join('\n')
}

const emphasized = (text: string, isBest: boolean): string => (isBest ? `**${text}**` : text)

/** The seconds recomputed against those of LRU-T, in percent: a line for each policy. */
function secondsTable(comparisons: ReadonlyMap<CostModel, readonly Comparison[]>): string {
  const rows = NAMES.filter((name) => name !== BASE).map((policy) => {
    const cells = [...comparisons.values()].flatMap((ofModel) => {
      const changes = ofModel.flatMap((comparison) => changesOf(comparison, policy))
      const mean = changes.reduce((sum, change) => sum + change, 0) / changes.length
      return [signed(mean), signed(Math.max(...changes))]
    })
    return { policy, cells }
  })
  const models = [...comparisons.keys()]
  return [
    `| policy | ${models.map((model) => `${model}: mean | worst`).join(' | ')} |`,
    `|---|${models.map(() => '--:|--:|').join('')}`,
    ...rows.map(({ policy, cells }) => `| ${policy} | ${cells.join(' | ')} |`),
  ].join('\n')
}

/** How random admission changes the misses of a policy, in percent, over three sizes of each trace. */
function admissionTable(): string {
  const policies = ADMITTED.map((name) => CANDIDATES.get(name) as Candidate)
  const [all, ...parts] = [1, ...ADMISSIONS].map((admit) =>
    TRACES.map(({ name, small, sizes }) => {
      const bounds = [small, ...sizes].map((limit) => ({ kind: 'entries', limit }) as const)
      return compare(modelledTrace(readTrace(name), 'A').trace, policies, bounds, admit)
    }),
  )
  const rows = policies.map(({ name }) => {
    const cells = parts.flatMap((comparisons) => {
      const changes = comparisons.flatMap(({ results }, trace) =>
        results.flatMap(({ policy, hitRatio }, i) => {
          const usual = all?.[trace]?.results[i]?.hitRatio ?? Number.NaN
          return policy === name ? [(1 - hitRatio) / (1 - usual) - 1] : []
        }),
      )
      const mean = changes.reduce((sum, change) => sum + change, 0) / changes.length
      return [mean, Math.min(...changes), Math.max(...changes)].map(signed)
    })
    return `| ${name} | ${cells.join(' | ')} |`
  })
  return [
    `| policy | ${ADMISSIONS.map((admit) => `\`admit: ${admit}\`: mean | best | worst`).join(' | ')} |`,
    `|---|${ADMISSIONS.map(() => '--:|--:|--:|').join('')}`,
    ...rows,
  ].join('\n')
}

/** By how much a policy recomputes more than LRU-T, for each bound, as a part. */
function changesOf({ bounds, results }: Comparison, policy: string): number[] {
  return bounds.map((bound) => {
    const seconds = (name: string) =>
      results.find((each) => each.bound === bound && each.policy === name)?.recomputedSeconds ?? Number.NaN
    return seconds(policy) / seconds(BASE) - 1
  })
}

function signed(part: number): string {
  const text = Math.abs(100 * part).toFixed(1)
  return Number(text) === 0 ? text : `${part < 0 ? '−' : '+'}${text}`
}

function writeChart(trace: TraceCase): void {
  const comparison = compared(trace, 'A', trace.chart)
  mkdirSync(CHARTS, { recursive: true })
  const title = `${trace.name}, ${trace.what}: ${comparison.requests.toLocaleString('en')} requests of ${comparison.keys.toLocaleString('en')} keys, costs of model A (synthetic)`
  writeFileSync(join(CHARTS, `${trace.name}.svg`), chart(comparison, title))
}

// Policies that leave something to chance have the same figures at each run.
let state = 13
Math.random = () => {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
const byModel = new Map<CostModel, Comparison[]>()
for (const model of COST_MODELS)
  byModel.set(
    model,
    TRACES.map((trace) => compared(trace, model, trace.sizes)),
  )
const ofA = new Map(TRACES.map((trace, i) => [trace, byModel.get('A')?.[i] as Comparison] as const))
const [misses, seconds] = [missTable(ofA), secondsTable(byModel)]
console.log(`${misses}\n\n${seconds}`)
if (values.write) {
  for (const trace of TRACES) writeChart(trace)
  await writeSection('docs/policies.md', 'policy-misses', misses)
  await writeSection('docs/policies.md', 'policy-seconds', seconds)
}
const admission = admissionTable()
console.log(`\n${admission}`)
if (values.write) await writeSection('docs/policies.md', 'policy-admission', admission)

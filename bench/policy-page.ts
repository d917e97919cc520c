import { writeSection } from '../scripts/page-section.ts'
import { least } from './comparison.ts'
import { MEASURED_POLICIES } from './measured-policies.ts'
import { type PolicyKey, type PolicyRun, readRun } from './policy-runs.ts'
import { readLatest } from './report.ts'
import { digits, table } from './table.ts'

const PAGE = 'docs/policies.md'
const KEYS = Object.keys(MEASURED_POLICIES) as PolicyKey[]

/** Writes the figures of the latest runs into docs/policies.md. */
export async function writePolicyPage(): Promise<void> {
  await writeSection(PAGE, 'policy-costs', await costsText())
  await writeSection(PAGE, 'policy-memory', await memoryText())
}

async function costsText(): Promise<string> {
  const [speed, memory, scripts] = [
    await readLatest(),
    await readRun('entry-memory'),
    await readRun('worst-script'),
  ]
  const rows = KEYS.map((key) => {
    const { name } = MEASURED_POLICIES[key]
    const costs = speed.policies?.find((one) => one.name === `${name}, node-redis`)
    const script = scripts.policies[key]
    return [
      name,
      digits(least(costs?.hits ?? [], 'serverUs')),
      bytes(costs?.firstHitReplicatedBytes),
      bytes(least(costs?.hits ?? [], 'replicatedBytes')),
      digits(least(costs?.puts ?? [], 'serverUs')),
      bytes(least(costs?.puts ?? [], 'replicatedBytes')),
      bytes(memory.policies[key]?.full),
      bytes(script?.median),
      bytes(script?.longest),
    ]
  })
  const head = [
    'policy',
    'hit: µs',
    'first hit: bytes',
    'later hits: bytes',
    'put: µs',
    'put: bytes',
    'an entry: bytes',
    'a script: µs',
    'longest: µs',
  ]
  const date = speed.renewed?.find(({ part }) => part === 'policies')?.date ?? speed.date
  return [
    table(head, rows),
    '',
    `Hits and puts: ${date.slice(0, 10)}, ${placeOf(speed)}; the least of the rounds. An entry: ${circumstances(memory)}. ` +
      `Scripts: ${circumstances(scripts)}.`,
  ].join('\n')
}

async function memoryText(): Promise<string> {
  const memory = await readRun('entry-memory')
  const rows = KEYS.map((key) => {
    const figures = memory.policies[key]
    const { noTtl, ttl, grace, tag, full } = { ...figures }
    return [MEASURED_POLICIES[key].name, ...[noTtl, ttl, grace, tag, full].map(bytes)]
  })
  const head = [
    'policy',
    'no `ttl`',
    '`ttl`',
    '`ttl` and a grace period',
    '`ttl` and one tag',
    '`ttl`, full and read',
  ]
  return `${table(head, rows)}\n\nMeasured on ${circumstances(memory)}.`
}

/** When, where and on which server it was measured. */
const circumstances = (run: PolicyRun<unknown>): string =>
  `${run.date.slice(0, 10)}, ${placeOf(run)}, load average ${run.load.toFixed(1)}`

const placeOf = ({ machine, server }: Pick<PolicyRun<unknown>, 'machine' | 'server'>): string =>
  `${machine.cores} cores of ${machine.cpu}, ${server}`

const bytes = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value) ? '–' : Math.round(value).toLocaleString('en')

// Replays the request traces with and without shards, in process, and prints the hit ratios:
//   npm run trace:shards [-- --write]
// With --write the table goes into docs/policies.md.
import { parseArgs } from 'node:util'
import { MemoryStore, RedisFuncCache } from '../src/index.ts'
import { POLICIES } from '../src/policies/index.ts'
import { writeSection } from './page-section.ts'
import { missesOf, readTrace, replay } from './replay.ts'

const SHARDS = [1, 4, 16] as const
/** LRU-T decides as LRU does, which is checked here. */
const COLUMNS = ['lru', 'lfu', 'fifo'] as const
const TRACES = [
  { trace: 'web12', what: 'web shop', sizes: [150, 1_500] },
  { trace: 'scarab', what: 'recommendations', sizes: [500, 5_000] },
  { trace: 'cloudphysics', what: 'blocks of disks', sizes: [500, 5_000] },
  { trace: 'multi3', what: 'loops and scans', sizes: [100, 1_000] },
] as const

type PolicyName = keyof typeof POLICIES

/** The hit ratio in percent. */
async function ratioOf(trace: readonly string[], policy: PolicyName, maxSize: number, shards: number) {
  const cache = new RedisFuncCache('shards', new POLICIES[policy]({ shards }), {
    store: new MemoryStore(),
    maxSize,
  })
  const hits = await replay(cache, trace)
  await cache.close()
  return (100 * (hits.length - missesOf(hits))) / hits.length
}

/** The ratio without shards, and by how much it differs with them. */
async function cellsOf(trace: readonly string[], policy: PolicyName, maxSize: number): Promise<string[]> {
  const ratios: number[] = []
  for (const shards of SHARDS) ratios.push(await ratioOf(trace, policy, maxSize, shards))
  const [alone = 0, ...divided] = ratios
  return [alone.toFixed(2), ...divided.map((ratio) => signed(ratio - alone))]
}

function signed(difference: number): string {
  const digits = Math.abs(difference).toFixed(2)
  if (Number(digits) === 0) return digits
  return `${difference < 0 ? '−' : '+'}${digits}`
}

async function rows(): Promise<string[]> {
  const lines: string[] = []
  for (const { trace, what, sizes } of TRACES) {
    const keys = readTrace(trace)
    for (const size of sizes) {
      const cells: string[] = []
      for (const policy of COLUMNS) cells.push(...(await cellsOf(keys, policy, size)))
      const lruT = await cellsOf(keys, 'lru_t', size)
      if (lruT.join() !== cells.slice(0, SHARDS.length).join())
        throw new Error(`LRU-T differs: ${lruT.join(' ')}`)
      lines.push(`| ${trace}, ${what} | ${size.toLocaleString('en')} | ${cells.join(' | ')} |`)
      console.log(lines.at(-1))
    }
  }
  return lines
}

const head = COLUMNS.flatMap((policy) => [policy.toUpperCase(), ...SHARDS.slice(1).map((n) => `${n} shards`)])
const table = [
  `| trace | entries | ${head.join(' | ')} |`,
  `|---|--:|${head.map(() => '--:|').join('')}`,
  ...(await rows()),
].join('\n')

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
if (values.write) await writeSection('docs/policies.md', 'shards', table)

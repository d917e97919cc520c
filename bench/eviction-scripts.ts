// npm run bench:evictions: how long scripts hold the server that evict very many entries, or give them new numbers, in a cache of a
// million entries, by policy. Names of policies may follow: `npm run bench:evictions -- lru s3_fifo`.
import { POLICIES } from '../src/policies/index.ts'
import { cpuUsOf, ENTRIES, entryOf, openServer } from './million-entries.ts'
import { quantile } from './statistics.ts'
import { table } from './table.ts'

const PUTS = 2_000
/** As many small results as a cache sends together. */
const BATCH = 64
const LARGE_BYTES = 1_000_000

const asked = process.argv.slice(2)
const server = await openServer()
const { client, store } = server

const batchOf = (first: number, count: number) => Array.from({ length: count }, (_, i) => entryOf(first + i))

const cpuUs = async (): Promise<number> => cpuUsOf(await client.info('cpu'))

const rows: string[][] = []

/** Measures the scripts that `work` sends. */
async function measure(policy: string, what: string, work: () => Promise<unknown>): Promise<void> {
  const before = await cpuUs()
  const us = await server.scriptsOf(work)
  const cpu = (await cpuUs()) - before
  const spread = us.length === 1 ? [] : [0.5, 0.99, 0.999]
  const quantiles = spread.map((part) => String(quantile(us, part)))
  rows.push([
    policy,
    what,
    String(us.length),
    String(Math.round(cpu / us.length)),
    ...(us.length === 1 ? ['', '', ''] : quantiles),
    String(Math.max(...us)),
  ])
  console.log(rows.at(-1)?.join('  '))
}

/** What a policy keeps beside its index and renews in a pass after very many accesses, and the value with which a pass begins. */
const COUNTERS: Readonly<Record<string, readonly [field: string, value: number]>> = {
  lfu: ['stamp', 0.75 * 2 ** 26],
  lfu_da: ['stamp', 0.75 * 2 ** 26],
  hyperbolic: ['clock', 0.75 * 2 ** 32],
}

for (const [name, Policy] of Object.entries(POLICIES)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  const limits = { maxSize: ENTRIES, idleTtlMs: 3_600_000 }
  const space = await server.newSpace(new Policy(), limits)
  await server.fill(space)
  await server.readAll(space, 3)
  let id = ENTRIES
  await measure(name, 'the first put', () => store.put(space, [entryOf(id++)]))
  await measure(name, `${PUTS} puts`, async () => {
    for (let i = 0; i < PUTS; i++) await store.put(space, [entryOf(id++)])
  })
  await measure(name, `100 puts of ${BATCH}`, async () => {
    for (let i = 0; i < 100; i++, id += BATCH) await store.put(space, batchOf(id, BATCH))
  })
  const counter = COUNTERS[name]
  if (counter !== undefined) {
    const [field, value] = counter
    await client.sendCommand(['HSET', `${space.keys[0]}:state`, field, String(value)])
    await measure(name, `${PUTS} puts in a pass`, async () => {
      for (let i = 0; i < PUTS; i++) await store.put(space, [entryOf(id++)])
    })
  }
  limits.maxSize = ENTRIES / 10
  await measure(name, 'maxSize to a tenth', () => store.put(space, [entryOf(id++)]))
  const weighedLimits = { maxSize: ENTRIES, maxBytes: 2 ** 40, idleTtlMs: 3_600_000 }
  const weighed = await server.newSpace(new Policy(), weighedLimits)
  await server.fill(weighed)
  const held = await store.bytes(weighed)
  const bounded = { ...weighed, limits: { ...weighed.limits, maxSize: 2 * ENTRIES, maxBytes: held } }
  await measure(name, 'one value of 1 MB', () => store.put(bounded, [entryOf(id, 'x'.repeat(LARGE_BYTES))]))
}
console.log(`A cache of ${ENTRIES} entries that were all read just before: microseconds of a script\n`)
console.log(table(['policy', 'what', 'scripts', 'CPU of each', 'median', '99 %', '99.9 %', 'longest'], rows))
await server.close()

// npm run bench:evictions: how long scripts hold the server that evict very many entries, or number all of them again, in a cache of a
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

/** Microseconds of each script since the last reset. */
async function durations(): Promise<number[]> {
  const log = (await client.sendCommand(['SLOWLOG', 'GET', '1000000'])) as unknown as [
    unknown,
    unknown,
    number,
    string[],
  ][]
  return log.filter(([, , , [command = '']]) => /^eval(sha)?$/i.test(command)).map(([, , us]) => us)
}

const rows: string[][] = []

/** Measures the scripts that `work` sends. */
async function measure(policy: string, what: string, work: () => Promise<unknown>): Promise<void> {
  await client.sendCommand(['CONFIG', 'SET', 'slowlog-max-len', '1000000', 'slowlog-log-slower-than', '0'])
  await client.sendCommand(['SLOWLOG', 'RESET'])
  const before = await cpuUs()
  await work()
  const cpu = (await cpuUs()) - before
  const us = await durations()
  await client.sendCommand(['CONFIG', 'SET', 'slowlog-log-slower-than', '-1'])
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

/** What a policy keeps beside its index that is used up after very many accesses, and its last value. */
const COUNTERS: Readonly<Record<string, (index: string) => string[]>> = {
  lfu: (index) => ['SET', `${index}:stamps`, String(2 ** 26 - 1), 'KEEPTTL'],
  lfu_da: (index) => ['HSET', `${index}:state`, 'stamp', String(2 ** 26 - 1)],
  hyperbolic: (index) => ['SET', `${index}:clock`, String(2 ** 32 - 1), 'KEEPTTL'],
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
    await client.sendCommand(counter(space.keys[0]))
    await measure(name, 'numbers are used up', () => store.put(space, [entryOf(id++)]))
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

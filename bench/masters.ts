// npm run bench:masters: what a hit and a put take of each master, with one server and with a cluster of three masters, without
// shards and with them. With `-- --write` the table goes into docs/scaling.md.
import { parseArgs } from 'node:util'
import { createClient, createCluster } from 'redis'
import { type CacheOptions, LruTPolicy, RedisFuncCache } from '../src/index.ts'
import { writeSection } from '../scripts/page-section.ts'
import { askServer } from '../test/servers/ask-server.ts'
import { findServers } from '../test/servers/binaries.ts'
import { startCluster } from '../test/servers/start-cluster.ts'
import { startServer } from '../test/servers/start-server.ts'
import { digits, table } from './table.ts'

const SHARDS = 16
const MASTERS = 3
const ENTRIES = 10_240
const HITS = 204_800
/** Calls that are under way at a time. */
const TOGETHER = 256
const VALUE = { title: 'A kettle', text: 'x'.repeat(160) }

interface Setting {
  readonly name: string
  readonly client: CacheOptions['client']
  readonly masters: readonly { readonly port: number }[]
  readonly shards: number
}

/** The commands of a phase. What a script runs is counted with the script. */
const HIT = ['hmget', 'zadd', 'time']
const PUT = ['eval', 'evalsha']

/** What a server has done so far, in microseconds: in these commands, and of the processor in all. */
async function workOf(port: number, commands: readonly string[]): Promise<readonly [number, number]> {
  const stats = await askServer(port, 'INFO commandstats')
  const all = [...stats.matchAll(/^cmdstat_([^:]+):calls=\d+,usec=(\d+)/gm)]
  const own = all.filter(([, name = '']) => commands.includes(name))
  const cpu = [...(await askServer(port, 'INFO cpu')).matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm)]
  return [
    own.reduce((sum, [, , usec]) => sum + Number(usec), 0),
    cpu.reduce((sum, [, seconds]) => sum + Number(seconds) * 1e6, 0),
  ]
}

/** Microseconds a call, of the commands and of the processor: of the busiest master, and of all. */
async function measured(
  { masters }: Setting,
  commands: readonly string[],
  calls: number,
  phase: () => Promise<unknown>,
): Promise<string[]> {
  const all = () => Promise.all(masters.map(({ port }) => workOf(port, commands)))
  const before = await all()
  await phase()
  const after = await all()
  return [0, 1].map((what) => {
    const each = masters.map((_, i) => ((after[i]?.[what] ?? 0) - (before[i]?.[what] ?? 0)) / calls)
    const sum = each.reduce((total, us) => total + us, 0)
    return `${digits(Math.max(...each))} / ${digits(sum)}`
  })
}

async function rowOf(setting: Setting): Promise<string[]> {
  const { name, client, shards } = setting
  const cache = new RedisFuncCache('masters', new LruTPolicy({ shards }), { client, maxSize: 2 * ENTRIES })
  const load = cache.wrap(async (id: number) => ({ id, ...VALUE }), { name: 'load', ttl: '1h' })
  const inTurn = async (calls: number, call: (id: number) => Promise<unknown>): Promise<void> => {
    for (let first = 0; first < calls; first += TOGETHER) {
      await Promise.all(Array.from({ length: TOGETHER }, (_, i) => call((first + i) % ENTRIES)))
    }
    await cache.drain()
  }
  await inTurn(ENTRIES, load) // the scripts are known then, and the program is warm
  const hit = await measured(setting, HIT, HITS, () => inTurn(HITS, load))
  const put = await measured(setting, PUT, HITS / 4, () =>
    cache.writeOnly(() => inTurn(HITS / 4, (id) => load(id))),
  )
  await cache.purge()
  await cache.close()
  return [name, ...hit, ...put]
}

const binary = (await findServers())[0]
if (binary === undefined) throw new Error('There is no redis-server: npx tsx scripts/servers.ts install')
await using server = await startServer(binary.server)
await using cluster = await startCluster(binary.server)
const one = createClient({ url: server.url })
const three = createCluster({ rootNodes: cluster.nodes.map((socket) => ({ socket })) })
for (const client of [one, three]) await client.on('error', (error) => console.error(error)).connect()

const masters = cluster.servers.slice(0, MASTERS)
const rows: string[][] = []
for (const shards of [1, SHARDS]) {
  const rest = shards === 1 ? 'no shards' : `${shards} shards`
  rows.push(await rowOf({ name: `one server, ${rest}`, client: one, masters: [server], shards }))
  rows.push(await rowOf({ name: `three masters, ${rest}`, client: three, masters, shards }))
}
one.destroy()
three.destroy()

const text = table(['', 'hit: commands', 'hit: processor', 'put: commands', 'put: processor'], rows)
console.log(
  `${binary.name}, ${TOGETHER} calls at a time, µs a call: of the busiest master / of all\n\n${text}`,
)
const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
if (values.write) await writeSection('docs/scaling.md', 'masters', text)

// npm run soak -- --minutes 10
import { parseArgs } from 'node:util'
import { table } from '../../../bench/table.ts'
import { readArguments } from '../../../scripts/read-arguments.ts'
import { findServers } from '../../servers/binaries.ts'
import { findings, growthOf } from './findings.ts'
import { soak } from './soak.ts'

interface Wish {
  readonly minutes: number
  readonly processes: number
  readonly server: string | undefined
}

const USAGE = `npm run soak -- [--minutes 10] [--processes 4] [--server NAME]

  --minutes    how long faults follow one another
  --processes  how many share the cache
  --server     by its name, such as redis-7.0; without it the first that is found`

/** @throws If it asks for what there is not. */
function readWish(args: readonly string[]): Wish | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '10' },
      processes: { type: 'string', default: '4' },
      server: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const [minutes, processes] = [Number(values.minutes), Number(values.processes)]
  if (!(minutes > 0)) throw new Error(`--minutes ${values.minutes}: give a number above 0.`)
  if (!(Number.isInteger(processes) && processes > 0))
    throw new Error(`--processes ${values.processes}: give a whole number above 0.`)
  return { minutes, processes, server: values.server }
}

const wish = readArguments(readWish, USAGE)
if (wish !== undefined) await run(wish)

async function run({ minutes, processes, server: name }: Wish): Promise<void> {
  const servers = await findServers()
  const server = servers.find((each) => name === undefined || each.name === name)
  if (server === undefined)
    throw new Error(`There is no server ${name ?? 'at all'} on this machine. See npx tsx scripts/servers.ts.`)

  const beganMs = Date.now()
  const report = await soak({
    binary: server.server,
    ms: minutes * 60_000,
    processes,
    onFault: (fault) => console.log(`${((Date.now() - beganMs) / 1_000).toFixed(1).padStart(7)} s  ${fault}`),
  })
  const megabytes = (bytes: number | undefined) => ((bytes ?? 0) / 1e6).toFixed(1)
  const rows = report.processes.map(({ client, closed }) => {
    const seen = closed?.seen
    const heap = seen?.heapBytes ?? []
    return [
      client,
      String(seen?.calls),
      String(seen?.errors),
      String(seen?.wrong),
      (Math.max(seen?.longestWaitMs ?? 0, seen?.longestLeasedWaitMs ?? 0) / 1_000).toFixed(2),
      `${megabytes(heap[0])} to ${megabytes(heap.at(-1))}`,
      megabytes(growthOf(heap)),
    ]
  })
  console.log(
    `\n${report.faults} faults on ${server.product} ${server.version}, Node ${process.versions.node}`,
  )
  console.log(
    table(['client', 'calls', 'errors', 'wrong', 'longest wait', 'heap in MB', 'growth in MB'], rows),
  )
  const found = findings(report)
  console.log(found.length === 0 ? 'All is well.' : found.join('\n'))
  process.exitCode = found.length === 0 ? 0 : 1
}

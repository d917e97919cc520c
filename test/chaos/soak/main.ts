// npm run soak -- --minutes 10
import { parseArgs } from 'node:util'
import { table } from '../../../bench/table.ts'
import { findServers } from '../../servers/binaries.ts'
import { findings, growthOf } from './findings.ts'
import { soak } from './soak.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    processes: { type: 'string', default: '4' },
    server: { type: 'string' },
  },
})
const servers = await findServers()
const server = servers.find(({ name }) => values.server === undefined || name === values.server)
if (server === undefined) throw new Error(`There is no server ${values.server ?? ''} on this machine.`)

const beganMs = Date.now()
const report = await soak({
  binary: server.server,
  ms: Number(values.minutes) * 60_000,
  processes: Number(values.processes),
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
console.log(`\n${report.faults} faults on ${server.product} ${server.version}, Node ${process.versions.node}`)
console.log(table(['client', 'calls', 'errors', 'wrong', 'longest wait', 'heap in MB', 'growth in MB'], rows))
const found = findings(report)
console.log(found.length === 0 ? 'All is well.' : found.join('\n'))
process.exitCode = found.length === 0 ? 0 : 1

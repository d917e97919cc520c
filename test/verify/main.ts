// npm run verify -- --minutes 5
import { parseArgs } from 'node:util'
import { findServers } from '../servers/binaries.ts'
import { sharedMs } from './clock.ts'
import { verify } from './verify.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    processes: { type: 'string', default: '4' },
    staleness: { type: 'string', default: '250' },
    burst: { type: 'string', default: '50' },
    server: { type: 'string' },
  },
})
const servers = await findServers()
const server = servers.find(({ name }) => values.server === undefined || name === values.server)
if (server === undefined) throw new Error(`There is no server ${values.server ?? ''} on this machine.`)

const report = await verify({
  binary: server.server,
  ms: Number(values.minutes) * 60_000,
  processes: Number(values.processes),
  maxStalenessMs: Number(values.staleness),
  burst: Number(values.burst),
  onFault: (fault) => console.log(`${sharedMs().toFixed(0).padStart(12)} ms  ${fault}`),
})
const { found, near, stamped, written, faults, outdated, clients, violated, violations } = report
const count = (number: number) => number.toLocaleString('en-US')
console.log(`
${server.product} ${server.version}, Node ${process.versions.node}; ${clients.join(', ')}; maxStaleness ${values.staleness} ms
${count(near + found + written)} operations: ${count(near)} near hits, ${count(found)} hits in the server (${count(stamped)} of all within a stamp), ${count(written)} writes; ${count(faults)} faults
Near hits of what was overwritten already: ${count(outdated.count)}; half of them for less than ${outdated.p50Ms.toFixed(1)} ms, 99 % for less than ${outdated.p99Ms.toFixed(1)} ms, none for more than ${outdated.longestMs.toFixed(1)} ms
${violated === 0 ? 'Nothing was older than promised.' : `${violated} were older than promised:\n${violations.join('\n')}`}`)
process.exitCode = violated === 0 ? 0 : 1

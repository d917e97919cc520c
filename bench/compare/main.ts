// npm run compare: an invalidation during a load, with this library and with its neighbours.
import { findServers } from '../../test/servers/binaries.ts'
import { startServer } from '../../test/servers/start-server.ts'
import { versions } from '../machine.ts'
import { installNeighbours } from '../prepare.ts'
import { table } from '../table.ts'
import { race, TTL_MS } from './race.ts'

await installNeighbours()
const { SUBJECTS } = await import('./subjects.ts')

const [found] = await findServers()
if (found === undefined) {
  throw new Error('There is no redis-server or valkey-server here. Install one, or put it into the PATH.')
}
const installed = await versions()
await using server = await startServer(found.server)

console.log(`A price changes and is invalidated, while a load that has read the old price is under way.
Entries live for ${TTL_MS / 1_000} s. ${found.product} ${found.version}, Node ${process.versions.node}.
`)
const seconds = (ms: number): string => (ms === 0 ? 'never' : `for ${(ms / 1_000).toFixed(1)} s`)
const rows = await Promise.all(
  SUBJECTS.map(async (subject) => {
    const { meanwhile, oldForMs, oldForMsByOther } = await race(subject, server.url)
    const version = installed[subject.name] ?? ''
    return [`${subject.name} ${version}`.trim(), meanwhile, seconds(oldForMs), seconds(oldForMsByOther)]
  }),
)
console.log(
  table(
    ['', 'a call before the load ends gets', 'old price afterwards', '… if another process invalidates'],
    rows,
  ),
)
console.log('\nSet up over Redis alone, since a tier in memory could only add older values:\n')
for (const { name, setUp } of SUBJECTS) console.log(`- ${name}: ${setUp}`)

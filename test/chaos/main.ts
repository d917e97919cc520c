// Every fault with every client: npm run chaos -- --help
import { writeSection } from '../../scripts/page-section.ts'
import { readArguments } from '../../scripts/read-arguments.ts'
import { findServers } from '../servers/binaries.ts'
import { readWish, USAGE } from './command-line.ts'
import { cellTable, section } from './report.ts'
import { type Outcome, runCell } from './run-cell.ts'
import { clientVersions } from './clients.ts'

const wish = readArguments(readWish, USAGE)
if (wish !== undefined) {
  const servers = await findServers()
  const server = servers.find(({ name }) => wish.server === undefined || name === wish.server)
  if (server === undefined)
    throw new Error(
      `There is no server ${wish.server ?? 'at all'} on this machine. See npx tsx scripts/servers.ts.`,
    )
  const set = `${server.product} ${server.version}, Node ${process.versions.node}, ${await clientVersions()}`
  console.log(`On ${set}`)
  const outcomes: Outcome[] = []
  for (const fault of wish.faults) {
    for (const client of wish.clients) {
      if (fault.without?.includes(client)) continue
      const outcome = await runCell(server.server, fault, client, wish.phases, wish.form)
      outcomes.push(outcome)
      console.log(
        cellTable([outcome])
          .split('\n')
          .slice(outcomes.length === 1 ? 0 : 2)
          .join('\n'),
      )
      if (wish.isLoud) console.log(outcome.seen?.longestBlockMs, outcome.seen?.said, outcome.stderr)
    }
  }
  console.log(`\n${cellTable(outcomes)}`)
  if (wish.writes) {
    const run = { ...wish, outcomes, on: `${new Date().toISOString().slice(0, 10)}, ${set}` }
    await writeSection('docs/operations.md', `chaos, ${wish.form}`, (standing) => section(run, standing))
  }
}

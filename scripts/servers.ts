/**
 * Brings the servers of the tests onto this machine: `npx tsx scripts/servers.ts [install] [name…]`, or `list`.
 *
 * The tests do the same by themselves; this is for images and pipelines that want it done beforehand.
 */
import { findServers } from '../test/servers/binaries.ts'
import { CATALOGUE } from '../test/servers/catalogue.ts'
import { ensureServers } from '../test/servers/ensure-servers.ts'

const [verb = 'install', ...names] = process.argv.slice(2)
const unknown = names.filter((name) => !CATALOGUE.some((entry) => entry.name === name))

if (!['install', 'list'].includes(verb) || unknown.length > 0) {
  console.error(`usage: servers.ts [install | list] [${CATALOGUE.map(({ name }) => name).join(' | ')}]…`)
  process.exitCode = 2
} else {
  const { servers, unavailable } =
    verb === 'list'
      ? { servers: await findServers(), unavailable: [] }
      : await ensureServers(names.length > 0 ? names : undefined)
  for (const { name, product, version, server } of servers) {
    console.log(`${name.padEnd(12)} ${product} ${version}  ${server}`)
  }
  for (const { name, reason } of unavailable) console.log(`${name.padEnd(12)} not available: ${reason}`)
  if (unavailable.length > 0) process.exitCode = 1
}

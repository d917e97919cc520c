import { ensureServers } from '../servers/ensure-servers.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'

/** A server for the apps of one test file, which it may stop and start again: the oldest that is supported, or any. */
export async function openServer(): Promise<TestServer> {
  const { servers, unavailable } = await ensureServers(['redis-7.0'])
  const [found] = servers
  if (found === undefined) throw new Error(`No server: ${unavailable.map(({ reason }) => reason).join(', ')}`)
  return startServer(found.server)
}

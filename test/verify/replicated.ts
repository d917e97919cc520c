import { setTimeout as sleep } from 'node:timers/promises'
import { askServer } from '../servers/ask-server.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'
import { TcpProxy } from '../servers/tcp-proxy.ts'
import type { NetworkWorld } from '../chaos/worlds.ts'

const IN_STEP_MS = 30_000

/** A server behind a proxy, with a replica that can take its place. */
export interface Replicated extends NetworkWorld {
  /**
   * The replica gets nothing more for a while; then the server dies, and the replica takes its place. The server comes back as its
   * replica.
   */
  failOver(lagMs: number): Promise<void>
}

/** Starts both. */
export async function openReplicated(binary: string): Promise<Replicated> {
  let server = await startServer(binary)
  let spare = await startServer(binary)
  /** Between the two: the one that is in use must be able to lose what the other has not got yet. */
  let between = await follow(spare, server)
  const proxy = await TcpProxy.start(server.port)
  const ask = (command: string) => askServer(server.port, command, 5_000)
  return {
    place: { kind: 'server', address: { host: proxy.host, port: proxy.port } },
    binary,
    proxy,
    ask,
    get server() {
      return server
    },
    async failOver(lagMs) {
      await untilInStep(spare, server)
      between.freeze()
      await sleep(lagMs)
      await server.kill()
      await between.stop()
      await askServer(spare.port, 'REPLICAOF NO ONE')
      proxy.turnTo(spare.port)
      const gone = server
      server = spare
      spare = gone
      await spare.restart()
      between = await follow(spare, server)
    },
    async stop() {
      await Promise.all([proxy.stop(), between.stop()])
      await Promise.all([server.stop(), spare.stop()])
    },
  }
}

/** Makes a server the replica of another, over a proxy. */
async function follow(replica: TestServer, master: TestServer): Promise<TcpProxy> {
  const between = await TcpProxy.start(master.port)
  await askServer(replica.port, `REPLICAOF 127.0.0.1 ${between.port}`)
  return between
}

/**
 * Waits until the replica has all that the master has now: what is lost later is written later. A master that was restarted counts
 * from 0 again: then a replica that has not noticed it seems to be far ahead, but has another replication ID. A master takes a new ID
 * when its first replica comes.
 */
async function untilInStep(replica: TestServer, master: TestServer): Promise<void> {
  const deadline = performance.now() + IN_STEP_MS
  while (performance.now() < deadline) {
    const of = await askServer(master.port, 'INFO replication')
    const info = await askServer(replica.port, 'INFO replication')
    const isOf = fieldIn(info, 'master_replid') === fieldIn(of, 'master_replid')
    const isUp = fieldIn(info, 'master_link_status') === 'up'
    const [there, here] = [fieldIn(of, 'master_repl_offset'), fieldIn(info, 'slave_repl_offset')].map(Number)
    if (isOf && isUp && (here as number) >= (there as number)) return
    await sleep(20)
  }
  throw new Error('The replica is not in step.')
}

const fieldIn = (info: string, name: string): string | undefined =>
  new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]

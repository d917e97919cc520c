// What faults happen to: a server, a network before it, a cluster, servers behind a sentinel.
import { askServer } from '../servers/ask-server.ts'
import { startCluster, type TestCluster } from '../servers/start-cluster.ts'
import { startSentinel, type TestSentinel } from '../servers/start-sentinel.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'
import { TcpProxy } from '../servers/tcp-proxy.ts'
import type { Place } from './clients.ts'
import type { End, Fault } from './fault.ts'

export interface World {
  readonly place: Place
  stop(): Promise<void>
}

export interface ServerWorld extends World {
  readonly binary: string
  readonly server: TestServer
  /** Sends the server one inline command. */
  ask(command: string): Promise<string>
}

export interface NetworkWorld extends ServerWorld {
  readonly proxy: TcpProxy
}

export interface ClusterWorld extends World {
  readonly cluster: TestCluster
}

export interface SentinelWorld extends World {
  readonly master: TestServer
  readonly replica: TestServer
  readonly sentinel: TestSentinel
}

type Row<W> = Omit<Fault, 'open'> & {
  readonly serverArgs?: readonly string[]
  readonly prepare?: (world: W) => Promise<unknown>
  readonly begin: (world: W) => Promise<End>
}

const rowOn =
  <W extends World>(open: (binary: string, args: readonly string[]) => Promise<W>) =>
  ({ serverArgs = [], prepare, begin, ...row }: Row<W>): Fault => ({
    ...row,
    async open(binary) {
      const world = await open(binary, serverArgs)
      await prepare?.(world)
      return { place: world.place, begin: () => begin(world), stop: () => world.stop() }
    },
  })

/** Rows that need no start of their own can also come one after the other over one server. */
const anywhere = <W extends World>(row: Row<W>, begin: (world: NetworkWorld) => Promise<End>) =>
  row.serverArgs || row.prepare || row.user || row.fromTheStart || row.untilTheEnd ? {} : { beginIn: begin }

export const onServer = (row: Row<ServerWorld>): Fault => ({
  ...rowOn(openServer)(row),
  ...anywhere(row, row.begin),
})

export const onNetwork = (row: Row<NetworkWorld>): Fault => ({
  ...rowOn(openNetwork)(row),
  ...anywhere(row, row.begin),
})

export async function openNetwork(binary: string, args: readonly string[] = []): Promise<NetworkWorld> {
  const { server, ask } = await openServer(binary, args)
  const proxy = await TcpProxy.start(server.port)
  const stop = async () => {
    await proxy.stop()
    await server.stop()
  }
  const { host, port } = proxy
  return { place: { kind: 'server', address: { host, port } }, binary, server, ask, proxy, stop }
}

export const onCluster = rowOn<ClusterWorld>(async (binary, args) => {
  const cluster = await startCluster(binary, { args, nodeTimeoutMs: 2_000 })
  return { place: { kind: 'cluster', nodes: cluster.nodes }, cluster, stop: () => cluster.stop() }
})

export const onSentinel = rowOn<SentinelWorld>(async (binary, args) => {
  const master = await startServer(binary, { args })
  const replica = await startServer(binary, { args: [...args, '--replicaof', `127.0.0.1 ${master.port}`] })
  const sentinel = await startSentinel(binary, master, { downAfterMs: 500 })
  const stop = async () => {
    await Promise.all([sentinel, replica, master].map((each) => each.stop()))
  }
  return { place: { kind: 'sentinel', sentinel: sentinel.address }, master, replica, sentinel, stop }
})

async function openServer(binary: string, args: readonly string[]): Promise<ServerWorld> {
  const server = await startServer(binary, { args })
  const { host, port } = server
  return {
    place: { kind: 'server', address: { host, port } },
    binary,
    server,
    ask: (command) => askServer(port, command, 5_000),
    stop: () => server.stop(),
  }
}

import type {} from 'vitest'
import type { TestProject } from 'vitest/node'
import type { ServerBinary } from './binaries.ts'
import { ensureServers, type Unavailable } from './ensure-servers.ts'
import { startCluster, type TestCluster } from './start-cluster.ts'
import { startServer, type TestServer } from './start-server.ts'

/** A server that runs while the tests do. */
export interface ProvidedServer {
  readonly name: string
  readonly url: string
  readonly port: number
  readonly product: ServerBinary['product']
  readonly version: string
  /** The program, for tests that start servers of their own. */
  readonly binary: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    servers: ProvidedServer[]
    /** Three masters with a replica each. */
    cluster: { host: string; port: number }[] | undefined
    /** What the tests would have used, and why they cannot. */
    unavailable: Unavailable[]
  }
}

/** The names in `TEST_SERVERS`, parted by commas, such as `redis-8.0,cluster`; nothing there means everything. */
const only = process.env['TEST_SERVERS']?.split(',').filter((name) => name !== '')

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { servers: binaries, unavailable } = await ensureServers(only?.filter((name) => name !== 'cluster'))
  const running: (TestServer | TestCluster)[] = []
  const teardown = async () => {
    await Promise.all(running.map((server) => server.stop()))
  }
  const start = async (binary: ServerBinary): Promise<ProvidedServer> => {
    const server = await startServer(binary.server)
    running.push(server)
    const { name, product, version } = binary
    return { name, url: server.url, port: server.port, product, version, binary: binary.server }
  }
  try {
    const clusterBinary = only && !only.includes('cluster') ? undefined : newest(binaries)
    const cluster = clusterBinary && startCluster(clusterBinary.server)
    const started = Promise.all(binaries.map(start))
    await Promise.allSettled([cluster?.then((nodes) => running.push(nodes)), started])
    project.provide('servers', await started)
    project.provide(
      'cluster',
      (await cluster)?.nodes.map(({ host, port }) => ({ host, port })),
    )
    project.provide('unavailable', [...unavailable])
    report(await started, unavailable, clusterBinary)
  } catch (error) {
    await teardown()
    throw error
  }
  return teardown
}

/** The newest Redis, or without any the newest Valkey. */
function newest(binaries: readonly ServerBinary[]): ServerBinary | undefined {
  const redis = binaries.filter(({ product }) => product === 'redis')
  const candidates = redis.length > 0 ? redis : binaries
  return candidates.toSorted((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }))[0]
}

function report(
  servers: readonly ProvidedServer[],
  unavailable: readonly Unavailable[],
  cluster: ServerBinary | undefined,
): void {
  for (const { name, product, version, port } of servers) {
    console.log(`${name.padEnd(12)} ${product} ${version} on port ${port}`)
  }
  if (cluster)
    console.log(`${'cluster'.padEnd(12)} ${cluster.product} ${cluster.version}, 3 masters with 3 replicas`)
  for (const { name, reason } of unavailable) console.log(`${name.padEnd(12)} not available: ${reason}`)
}

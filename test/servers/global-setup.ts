// Starts the servers that the projects of this run need, and stops them at its end.
import type {} from 'vitest'
import type { TestProject } from 'vitest/node'
import { findServers, type ServerBinary } from './binaries.ts'
import { CATALOGUE } from './catalogue.ts'
import { ensureServers, type Unavailable } from './ensure-servers.ts'
import { runningServers } from './running-servers.ts'
import { CLUSTER, newestOf, serverNames } from './server-names.ts'
import { startCluster } from './start-cluster.ts'
import { startServer } from './start-server.ts'

/** A server that runs while the tests do. */
export interface ProvidedServer {
  readonly name: string
  readonly url: string
  readonly port: number
  readonly product: ServerBinary['product']
  readonly version: string
  /** Its program; `''` where it was not started here. */
  readonly binary: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    /**
     * Which servers a project needs: none, any one, that which it is named after, or for clients the first, the newest and the cluster;
     * with `EACH_SERVER=all` they get all of them.
     */
    needs: 'none' | 'one' | 'its own' | 'for clients'
    servers: ProvidedServer[]
    /** How many files of the suite the ordinary run of a project leaves out. */
    leftOut: number
    /** Three masters with a replica each. */
    cluster: { host: string; port: number }[] | undefined
    /** The program of a server, for tests that start servers of their own; `''` if this machine has none. */
    binary: string
    /** What the tests would have used, and why they cannot. */
    unavailable: Unavailable[]
  }
}

interface Started {
  readonly server?: ProvidedServer
  readonly cluster?: { host: string; port: number }[]
  /** Why there is none. */
  readonly reason?: string
  stop?(): Promise<void>
}

type StartedByName = Map<string, Promise<Started>>

/** What runs, for all projects: each of them loads this module for itself. */
const ALL = Symbol.for('redis-func-cache.test-servers')
const all: StartedByName = ((globalThis as { [ALL]?: StartedByName })[ALL] ??= new Map())

/** @throws In CI, if a server is missing: there, tests that are skipped for it would pass unseen. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { needs = 'none', server: own } = project.config.provide
  const names = needs === 'its own' && own !== undefined ? [own] : await namesFor(needs)
  const started = await Promise.all(
    names.map(async (name) => {
      if (!all.has(name)) all.set(name, start(name))
      return { name, ...(await (all.get(name) as Promise<Started>)) }
    }),
  )
  const unavailable = started.flatMap(({ name, reason }) => (reason === undefined ? [] : [{ name, reason }]))
  if (unavailable.length > 0 && process.env['CI']) {
    const list = unavailable.map(({ name, reason }) => `${name} (${reason})`).join(', ')
    throw new Error(`No server for the tests of ${list}. TEST_SERVERS leaves out what is not wanted.`)
  }
  project.provide(
    'servers',
    started.flatMap(({ server }) => server ?? []),
  )
  project.provide('cluster', started.find(({ cluster }) => cluster)?.cluster)
  project.provide('binary', (await findServers())[0]?.server ?? '')
  project.provide('unavailable', unavailable)
  return stopAll
}

/** Of one, the newest: the last of the catalogue. */
async function namesFor(needs: 'none' | 'one' | 'its own' | 'for clients'): Promise<readonly string[]> {
  if (needs === 'none') return []
  const names = await serverNames()
  const newest = newestOf(names)
  if (needs === 'one') return names.filter((name) => name === newest)
  return names.filter(
    (name, i) => i === 0 || name === newest || name === CLUSTER || process.env['EACH_SERVER'] === 'all',
  )
}

/** All tests are over when the first project is told to clean up. */
async function stopAll(): Promise<void> {
  const started = await Promise.allSettled(all.values())
  all.clear()
  await Promise.all(started.map(async (each) => each.status === 'fulfilled' && (await each.value.stop?.())))
}

async function start(name: string): Promise<Started> {
  const running = (await runningServers()).find((server) => server.name === name)
  const started =
    running === undefined
      ? await (name === CLUSTER ? startNodes() : startProgram(name))
      : running.nodes.length > 0
        ? { cluster: [...running.nodes] }
        : { server: { ...running, binary: '' } }
  console.log(`${name.padEnd(12)} ${titleOf(started)}`)
  return started
}

function titleOf({ server, cluster, reason }: Started): string {
  if (server !== undefined) return `${server.product} ${server.version} on port ${server.port}`
  return cluster === undefined ? `not available: ${reason}` : `${cluster.length} nodes`
}

async function startProgram(name: string): Promise<Started> {
  const isListed = CATALOGUE.some((entry) => entry.name === name)
  const { servers, unavailable } = isListed
    ? await ensureServers([name])
    : { servers: await findServers(), unavailable: [] }
  const binary = servers.find((found) => found.name === name)
  if (binary === undefined) return { reason: unavailable[0]?.reason ?? 'no such server in PATH' }
  const { url, port, stop } = await startServer(binary.server)
  const { product, version } = binary
  return { server: { name, url, port, product, version, binary: binary.server }, stop }
}

async function startNodes(): Promise<Started> {
  const binary = newest(await findServers())
  if (binary === undefined) return { reason: 'no server in PATH' }
  const { nodes, stop } = await startCluster(binary.server)
  return { cluster: [...nodes], stop }
}

/** The newest Redis, or without any the newest Valkey. */
function newest(binaries: readonly ServerBinary[]): ServerBinary | undefined {
  const redis = binaries.filter(({ product }) => product === 'redis')
  const candidates = redis.length > 0 ? redis : binaries
  return candidates.toSorted((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }))[0]
}

import { GlideClient, GlideClusterClient, Logger } from '@valkey/valkey-glide'
import * as ioredis6 from 'ioredis'
import * as ioredis5 from 'ioredis-5'
import * as iovalkey from 'iovalkey'
import * as redis6 from 'redis'
import * as redis5 from 'redis-5'
import type { RedisClient } from '../../src/clients/port.ts'

// It logs every error reply, of which these tests provoke many.
Logger.setLoggerConfig('off')

export interface Address {
  readonly host: string
  readonly port: number
}

export interface OpenClient {
  readonly client: RedisClient
  close(): unknown
}

/** Whom a server takes the client for; without it, the default user. */
export interface User {
  readonly username: string
  readonly password: string
}

interface Openers {
  readonly single?: (address: Address, user?: User) => Promise<OpenClient>
  readonly cluster?: (nodes: readonly Address[], user?: User) => Promise<OpenClient>
}

/** A client as a user may set it up: how to open it to one server, to a cluster, or both. */
export interface ClientSetup extends Openers {
  readonly name: string
  /** Why its scores can be wrong in their last digit, if they can. */
  readonly inexact?: string
}

type NodeRedis = typeof redis5 | typeof redis6
type Ioredis = Pick<typeof ioredis6 | typeof ioredis5 | typeof iovalkey, 'Redis' | 'Cluster'>

const nodeRedis = (name: string, lib: NodeRedis, options: { RESP?: 2 | 3 } = {}): ClientSetup => ({
  name,
  async single(socket, user) {
    const client = (lib as typeof redis6).createClient({ ...options, ...user, socket })
    await client.on('error', () => {}).connect()
    return { client, close: () => client.destroy() }
  },
  async cluster(nodes, user) {
    const client = (lib as typeof redis6).createCluster({
      ...options,
      ...(user && { defaults: user }),
      useReplicas: true,
      rootNodes: nodes.map((socket) => ({ socket })),
    })
    await client.on('error', () => {}).connect()
    return { client, close: () => client.destroy() }
  },
})

const nodeRedisPool = (name: string, lib: NodeRedis): ClientSetup => ({
  name,
  async single(socket, user) {
    const client = (lib as typeof redis6).createClientPool({ socket, ...user }, { minimum: 1, maximum: 4 })
    await client.on('error', () => {}).connect()
    return { client, close: () => client.destroy() }
  },
})

const ioredis = (name: string, lib: Ioredis, options: object = {}): ClientSetup & Required<Openers> => ({
  name,
  async single({ port, host }, user) {
    const client = new (lib as typeof ioredis6).Redis(port, host, { ...options, ...user })
    client.on('error', () => {})
    return { client, close: () => client.disconnect() }
  },
  cluster: (nodes, user) => openIoredisCluster(lib, nodes, { redisOptions: { ...options, ...user } }),
})

async function openIoredisCluster(
  lib: Ioredis,
  nodes: readonly Address[],
  options: object,
): Promise<OpenClient> {
  const client = new (lib as typeof ioredis6).Cluster([...nodes], options)
  client.on('error', () => {})
  return { client, close: () => client.disconnect() }
}

const autoPipelining = (name: string, lib: Ioredis): ClientSetup => ({
  ...ioredis(`${name}, auto-pipelining`, lib, { enableAutoPipelining: true }),
  cluster: (nodes, user) =>
    openIoredisCluster(lib, nodes, { enableAutoPipelining: true, redisOptions: { ...user } }),
})

const scaledReads = (name: string, lib: Ioredis): ClientSetup => ({
  name: `${name}, reading from replicas`,
  cluster: (nodes, user) =>
    openIoredisCluster(lib, nodes, { scaleReads: 'slave', redisOptions: { ...user } }),
})

const glide: ClientSetup = {
  name: 'valkey-glide',
  async single(address, user) {
    const client = await GlideClient.createClient({
      addresses: [address],
      requestTimeout: 5_000,
      ...(user && { credentials: user }),
    })
    return { client, close: () => client.close() }
  },
  async cluster(nodes, user) {
    const client = await GlideClusterClient.createClient({
      addresses: [...nodes],
      requestTimeout: 5_000,
      ...(user && { credentials: user }),
      readFrom: 'preferReplica',
    })
    return { client, close: () => client.close() }
  },
}

export const CLIENTS: readonly ClientSetup[] = [
  nodeRedis('node-redis 6', redis6),
  nodeRedis('node-redis 6, RESP2', redis6, { RESP: 2 }),
  nodeRedis('node-redis 5', redis5),
  nodeRedis('node-redis 5, RESP3', redis5, { RESP: 3 }),
  nodeRedisPool('node-redis 6 pool', redis6),
  nodeRedisPool('node-redis 5 pool', redis5),
  ioredis('ioredis 6', ioredis6),
  ioredis('ioredis 6, RESP2', ioredis6, { protocol: 2 }),
  {
    ...ioredis('ioredis 6, replies of RESP3', ioredis6, { replyMapping: 'resp3' }),
    inexact: 'ioredis loses their last digit when told to make numbers of them',
  },
  scaledReads('ioredis 6', ioredis6),
  autoPipelining('ioredis 6', ioredis6),
  ioredis('ioredis 5', ioredis5),
  // Not over a cluster: ioredis itself then takes the numbers of slots for text, and finds its way by redirections.
  { name: 'ioredis 5, numbers as strings', single: ioredis('', ioredis5, { stringNumbers: true }).single },
  scaledReads('ioredis 5', ioredis5),
  autoPipelining('ioredis 5', ioredis5),
  ioredis('iovalkey', iovalkey),
  scaledReads('iovalkey', iovalkey),
  autoPipelining('iovalkey', iovalkey),
  glide,
]

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GlideClient, GlideClusterClient } from '@valkey/valkey-glide'
import type * as ioredis6 from 'ioredis'
import type * as redis6 from 'redis'
import type { RedisClient } from '../../src/clients/port.ts'

const GLIDE_TRIALS = 60
const GLIDE_PAUSE_MS = 250

interface Address {
  readonly host: string
  readonly port: number
}

/** Where the entries are: one server, a cluster, or the server that a sentinel names. */
export type Place =
  | { readonly kind: 'server'; readonly address: Address }
  | { readonly kind: 'cluster'; readonly nodes: readonly Address[] }
  | { readonly kind: 'sentinel'; readonly sentinel: Address }

export const CLIENT_NAMES = [
  'node-redis 5',
  'node-redis 6',
  'ioredis 5',
  'ioredis 6',
  'iovalkey',
  'glide',
] as const

const PACKAGES: Readonly<Record<ClientName, string>> = {
  'node-redis 5': 'redis-5',
  'node-redis 6': 'redis',
  'ioredis 5': 'ioredis-5',
  'ioredis 6': 'ioredis',
  iovalkey: 'iovalkey',
  glide: '@valkey/valkey-glide',
}

/** The versions that are installed, such as `redis@6.3.1`. */
export async function clientVersions(): Promise<string> {
  const versions = CLIENT_NAMES.map(async (client) => {
    const path = join(import.meta.dirname, '../../node_modules', PACKAGES[client], 'package.json')
    const { name, version } = JSON.parse(await readFile(path, 'utf8')) as { name: string; version: string }
    return `${name}@${version}`
  })
  return (await Promise.all(versions)).join(', ')
}

export type ClientName = (typeof CLIENT_NAMES)[number]

export interface OpenClient {
  readonly client: RedisClient
  /** Resolves when it is connected. A server that is not there must not keep the cell from its calls. */
  readonly connected: Promise<unknown>
  close(): unknown
}

/** A user of the server, if it is not the default one. */
export type User = { readonly username: string; readonly password: string } | undefined

/** Clients as they come, with no option but where the server is; or with the options that docs/operations.md recommends. */
export const FORMS = ['plain', 'recommended'] as const

export type Form = (typeof FORMS)[number]

/** Opens a client. Only its own package is loaded, since a cell is a process of its own, and the packages take longer than its start. */
export const OPEN: {
  readonly [N in ClientName]: (place: Place, user: User, form: Form) => Promise<OpenClient>
} = {
  'node-redis 5': async (...order) =>
    openNodeRedis((await import('redis-5')) as unknown as typeof redis6, ...order),
  'node-redis 6': async (...order) => openNodeRedis(await import('redis'), ...order),
  'ioredis 5': async (...order) =>
    openIoredis((await import('ioredis-5')) as unknown as typeof ioredis6, ...order),
  'ioredis 6': async (...order) => openIoredis(await import('ioredis'), ...order),
  iovalkey: async (...order) =>
    openIoredis((await import('iovalkey')) as unknown as typeof ioredis6, ...order),
  glide: openGlide,
}

function openNodeRedis(lib: typeof redis6, place: Place, user: User, form: Form): OpenClient {
  const client = nodeRedis(lib, place, user, form === 'plain' ? {} : { reconnectStrategy: soon })
  client.on('error', () => {})
  return { client, connected: client.connect(), close: () => client.destroy() }
}

/** The time until a client connects again after it has failed so often: half a second at most. */
const soon = (times: number): number => Math.min(50 * times, 400) + Math.random() * 100

function nodeRedis(
  lib: typeof redis6,
  place: Place,
  user: User,
  socket: { reconnectStrategy?: typeof soon },
) {
  if (place.kind === 'cluster') {
    const rootNodes = place.nodes.map((node) => ({ socket: node }))
    const topology =
      socket.reconnectStrategy === undefined ? {} : { topologyRefreshOnReconnectionAttemptStrategy: 500 }
    return lib.createCluster({ rootNodes, defaults: { socket }, ...topology })
  }
  if (place.kind === 'sentinel') {
    return lib.createSentinel({
      name: 'main',
      sentinelRootNodes: [{ ...place.sentinel }],
      nodeClientOptions: { socket },
      sentinelClientOptions: { socket },
    })
  }
  return lib.createClient({ socket: { ...place.address, ...socket }, ...user })
}

function openIoredis(lib: typeof ioredis6, place: Place, user: User, form: Form): OpenClient {
  const client = ioredis(lib, place, user, form)
  client.on('error', () => {})
  const connected = new Promise((resolve) => client.once('ready', resolve))
  return { client, connected, close: () => client.disconnect() }
}

function ioredis(lib: typeof ioredis6, place: Place, user: User, form: Form) {
  const isPlain = form === 'plain'
  if (place.kind === 'cluster') {
    return new lib.Cluster([...place.nodes], isPlain ? {} : { slotsRefreshInterval: 1_000 })
  }
  const options = isPlain ? {} : { retryStrategy: soon }
  if (place.kind === 'sentinel') {
    return new lib.Redis({ name: 'main', sentinels: [{ ...place.sentinel }], ...options })
  }
  return new lib.Redis({ ...place.address, ...user, ...options })
}

async function openGlide(place: Place, user: User, form: Form): Promise<OpenClient> {
  const glide = await import('@valkey/valkey-glide')
  glide.Logger.setLoggerConfig('off')
  if (place.kind === 'sentinel') throw new Error('glide knows no sentinels')
  const options =
    form === 'plain' ? {} : { connectionBackoff: { numberOfRetries: 3, factor: 50, exponentBase: 2 } }
  const open = () =>
    place.kind === 'cluster'
      ? glide.GlideClusterClient.createClient({ addresses: [...place.nodes], ...options })
      : glide.GlideClient.createClient({
          addresses: [place.address],
          ...(user && { credentials: user }),
          ...options,
        })
  const client = await untilOpen<GlideClient | GlideClusterClient>(open)
  return { client, connected: Promise.resolve(), close: () => client.close() }
}

/** glide gives no client while the server is away: whoever starts then has to try again. */
async function untilOpen<T>(open: () => Promise<T>): Promise<T> {
  for (let trial = 1; ; trial++) {
    try {
      return await open()
    } catch (error) {
      if (trial === GLIDE_TRIALS) throw error
      await sleep(GLIDE_PAUSE_MS)
    }
  }
}

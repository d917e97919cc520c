import { createClient, createCluster } from 'redis'
import { inject } from 'vitest'
import {
  type AbstractPolicy,
  FifoPolicy,
  FifoTPolicy,
  LfuPolicy,
  LruPolicy,
  LruTPolicy,
  MemoryStore,
  MruPolicy,
  type Place,
  RedisStore,
  RrPolicy,
  type Store,
} from '../../src/index.ts'
import type { Command, RedisPort, Reply } from '../../src/redis/client.ts'
import { toPort } from '../../src/redis/port.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Which of the servers this run of the suite is for. */
    server: string
  }
}

/** All policies that come with the library. */
export const POLICIES = {
  fifo: FifoPolicy,
  fifo_t: FifoTPolicy,
  lru: LruPolicy,
  lru_t: LruTPolicy,
  mru: MruPolicy,
  lfu: LfuPolicy,
  rr: RrPolicy,
} as const

export const SCOPES = ['cache', 'function'] as const
export const KEY_STYLES = ['cluster', 'plain'] as const

/** Every combination that works on a server: on a cluster, key pairs need a hash tag. */
export const COMBINATIONS = Object.entries(POLICIES).flatMap(([policy, Policy]) =>
  SCOPES.flatMap((scope) =>
    KEY_STYLES.filter((keys) => keys === 'cluster' || inject('server') !== 'cluster').map((keys) => ({
      policy,
      scope,
      keys,
      create: (): AbstractPolicy => new Policy({ scope, keys }),
    })),
  ),
)

/** What lies in a place: checked to be in agreement. */
export interface Contents {
  readonly hashes: readonly string[]
  readonly expiry: ReadonlyMap<string, number>
}

/** Where a run of the suite keeps its entries. */
export interface Target {
  readonly name: string
  readonly client: Parameters<typeof toPort>[0] | undefined
  newStore(): Store
  /** A command of the test's own; only where there is a server. */
  raw(key: string, ...command: Command): Promise<Reply>
  /** Reads all of a place, and fails if index, values and expiry disagree or hold more than they may. */
  inspect(store: Store, place: Place): Promise<Contents>
  close(): Promise<void>
}

/** Makes names unique to a test, since all tests share the servers. */
export const unique = (name: string): string => `${name}-${process.pid}-${++names}`
let names = 0

/** Whether there is a server behind the target. */
export const hasServer = inject('server') !== 'memory'

/** A connected client of the server that this run is for. */
export async function connect() {
  const server = inject('server')
  if (server === 'cluster') {
    const rootNodes = inject('cluster')?.map(({ host, port }) => ({ url: `redis://${host}:${port}` })) ?? []
    return createCluster({ rootNodes }).connect()
  }
  const url = inject('servers').find(({ name }) => name === server)?.url
  if (url === undefined) throw new Error(reasonForSkipping())
  return createClient({ url })
    .on('error', () => {})
    .connect()
}

/** Why the server of this run is not there; `undefined` if it is. */
export function reasonForSkipping(): string | undefined {
  const server = inject('server')
  if (
    !hasServer ||
    (server === 'cluster' ? inject('cluster') : inject('servers').some(({ name }) => name === server))
  ) {
    return undefined
  }
  return (
    inject('unavailable').find(({ name }) => name === server)?.reason ??
    `${server} is left out by TEST_SERVERS`
  )
}

export async function openTarget(): Promise<Target> {
  // Where the server is missing, every test is skipped (skip-unavailable.ts), and nothing is asked of this.
  if (!hasServer || reasonForSkipping() !== undefined) return memoryTarget()
  const client = await connect()
  const port = toPort(client)
  return {
    name: inject('server'),
    client,
    newStore: () => new RedisStore(client),
    raw: (key, ...command) => port.send(key, [command])[0] as Promise<Reply>,
    inspect: (_store, place) => inspectServer(port, place),
    close: async () => client.destroy(),
  }
}

function memoryTarget(): Target {
  return {
    name: 'memory',
    client: undefined,
    newStore: () => new MemoryStore(),
    raw: () => Promise.reject(new Error('There is no server.')),
    inspect: async (store, place) => {
      const entries = [...(store as MemoryStore).entriesOf(place)]
      const expiry = entries.flatMap(([hash, , atMs]) =>
        atMs === undefined ? [] : ([[hash, atMs]] as const),
      )
      return checked(place, { hashes: entries.map(([hash]) => hash), expiry: new Map(expiry) })
    },
    close: async () => {},
  }
}

async function inspectServer(port: RedisPort, place: Place): Promise<Contents> {
  const [index, values] = place.keys
  const isSet = place.policy.key === 'rr'
  const [indexed, fields, expiring] = (await Promise.all(
    port.send(index, [
      isSet ? ['SMEMBERS', index] : ['ZRANGE', index, '0', '-1'],
      ['HKEYS', values],
      ['EVAL', DUMP, '1', `${values}:expiry`],
    ]),
  )) as Buffer[][]
  const expiry = new Map<string, number>()
  for (let i = 0; i < (expiring as Buffer[]).length; i += 2) {
    expiry.set(String(expiring?.[i]), Number(String(expiring?.[i + 1])))
  }
  const hashes = (indexed as Buffer[]).map(String)
  if (JSON.stringify(hashes.toSorted()) !== JSON.stringify((fields as Buffer[]).map(String).toSorted())) {
    throw new Error(`index and values disagree: ${hashes.join(' ')} / ${(fields as Buffer[]).join(' ')}`)
  }
  return checked(place, { hashes, expiry })
}

/** Scores as text, which all protocols agree on. */
const DUMP = "return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')"

function checked(place: Place, contents: Contents): Contents {
  const { hashes, expiry } = contents
  if (hashes.length > place.limits.maxSize)
    throw new Error(`${hashes.length} entries, ${place.limits.maxSize} allowed`)
  const ghost = [...expiry.keys()].find((hash) => !hashes.includes(hash))
  if (ghost !== undefined) throw new Error(`${ghost} has an expiry, but is not there`)
  return contents
}

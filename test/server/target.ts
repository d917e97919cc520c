import { randomUUID } from 'node:crypto'
import { createClient } from 'redis'
import { inject } from 'vitest'
import {
  type AbstractPolicy,
  type CostPolicyOptions,
  LruTPolicy,
  MemoryStore,
  RedisStore,
} from './library.ts'
import { POLICIES } from '../../src/policies/index.ts'
import type { KeySpace, Store } from '../../src/store.ts'
import type { Command, RedisPort, Reply } from '../../src/clients/port.ts'
import { toPort } from '../../src/clients/detect.ts'
import { partitionMark, readEntry } from '../../src/stores/trailer.ts'
import { connectTo } from './connect-urls.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Which of the servers this run of the suite is for. */
    server: string
  }
}

export { POLICIES }
export const SCOPES = ['cache', 'function'] as const

/** Without a choice, both. */
export const KEY_STYLES = (['cluster', 'plain'] as const).filter(
  (style) => (process.env['KEY_STYLES'] ?? style) === style,
)

/** Runs differ in how long a function takes, and in the digits of its times: neither must decide what is evicted. */
const CHOICES: Readonly<Record<string, CostPolicyOptions>> = { cost: { cost: () => 1 } }

/** Every night: nothing is left out. */
export const isNight = process.env['EACH_SERVER'] === 'all'

/** `COMBINATIONS=few`: each policy in one scope, every other one in the same, and with shards on a cluster only. */
const hasFew = process.env['COMBINATIONS'] === 'few'

/** Every policy, as it is without options. */
export const EACH_POLICY = Object.entries(POLICIES).map(([policy, Policy]) => ({
  policy,
  scope: 'cache',
  create: (): AbstractPolicy => new Policy(),
}))

/** Every policy once, and one of them in both scopes. */
export const EACH_POLICY_AND_SCOPE = [
  ...EACH_POLICY,
  { policy: 'lru_t', scope: 'function', create: (): AbstractPolicy => new LruTPolicy({ scope: 'function' }) },
]

/** Every combination that works on a server: on a cluster, key pairs need a hash tag. */
export const COMBINATIONS = Object.entries(POLICIES).flatMap(([policy, Policy], i) =>
  SCOPES.filter((_, scope) => !hasFew || (i + scope) % 2 === 0).flatMap((scope) =>
    KEY_STYLES.filter((keys) => keys === 'cluster' || inject('server') !== 'cluster').map((keys) => ({
      policy,
      scope,
      keys,
      create: (shards = 1): AbstractPolicy => new Policy({ scope, keys, shards, ...CHOICES[policy] }),
    })),
  ),
)

/** Of each policy one of its combinations. */
export const ONE_COMBINATION_OF_EACH = COMBINATIONS.filter(
  ({ policy }, i) => COMBINATIONS[i - 1]?.policy !== policy,
)

/** Runs of the suite in which each policy also has four shards. */
const ALSO_WITH_SHARDS = hasFew ? ['cluster'] : ['memory', 'cluster', 'redis-7.0']

/** The combinations without shards and with four; with shards, real servers have one style of key names. */
export const COMBINATIONS_WITH_SHARDS = [
  ...COMBINATIONS.map((each) => ({ ...each, shards: 1 })),
  ...COMBINATIONS.filter(({ keys }) => inject('server') === 'memory' || keys === 'cluster')
    .filter(() => ALSO_WITH_SHARDS.includes(inject('server')))
    .map((each) => ({ ...each, shards: 4, create: () => each.create(4) })),
]

/** What lies in a place: checked to be in agreement. */
export interface Contents {
  readonly hashes: readonly string[]
  readonly expiry: ReadonlyMap<string, number>
  readonly fresh: ReadonlyMap<string, Freshness>
  /** The tags of those of which they are known. */
  readonly tags: ReadonlyMap<string, readonly string[]>
}

/** What is noted of how fresh an entry is. */
export interface Freshness {
  readonly untilMs: number
  readonly beganUs: number
  readonly storedMs: number
}

/** Where a run of the suite keeps its entries. */
export interface Target {
  readonly name: string
  readonly client: Parameters<typeof toPort>[0] | undefined
  newStore(): Store
  /** A command of the test's own; only where there is a server. */
  raw(key: string, ...command: Command): Promise<Reply>
  /** Reads all of a place, and fails if its keys disagree or hold more than they may. Bytes are read as latin1. */
  inspect(store: Store, place: KeySpace): Promise<Contents>
  close(): Promise<void>
}

/** Makes names unique to a test, since all tests share the servers. This module is loaded anew for each file of a process. */
export const unique = (name: string): string => `${name}-${file}-${++names}`
const file = randomUUID().slice(0, 8)
let names = 0

/** Whether there is a server behind the target. */
export const hasServer = inject('server') !== 'memory'

/** The addresses of the server that this run is for: one, or all nodes of a cluster. */
export const serverUrls = (): string[] =>
  inject('server') === 'cluster'
    ? (inject('cluster') ?? []).map(({ host, port }) => `redis://${host}:${port}`)
    : inject('servers')
        .filter(({ name }) => name === inject('server'))
        .map(({ url }) => url)

/** A connected client of the server that this run is for. */
export async function connect() {
  return inject('server') === 'cluster' ? connectTo(serverUrls()) : connectToOne()
}

/** A connected client of that server, which is no cluster. */
export async function connectToOne(user: { readonly username?: string; readonly password?: string } = {}) {
  const url = inject('servers').find(({ name }) => name === inject('server'))?.url
  if (url === undefined) throw new Error(reasonForSkipping())
  return createClient({ url, ...user })
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
    inspect: async (store, place) => inspectMemory(store as MemoryStore, place),
    close: async () => {},
  }
}

/** The same of a store in process. */
export function inspectMemory(store: MemoryStore, place: KeySpace): Contents {
  const hashes: string[] = []
  const expiry = new Map<string, number>()
  const fresh = new Map<string, Freshness>()
  const tags = new Map<string, readonly string[]>()
  for (const [hash, , endsAtMs, noted] of store.entriesOf(place)) {
    hashes.push(hash)
    if (endsAtMs !== undefined) expiry.set(hash, endsAtMs)
    const { freshUntilMs: untilMs, beganUs = 0, storedAtMs: storedMs = 0 } = noted
    if (untilMs !== undefined) fresh.set(hash, { untilMs, beganUs, storedMs })
    if (noted.tags !== undefined) tags.set(hash, noted.tags.map(bytesOf).toSorted())
  }
  return checked(place, { hashes, expiry, fresh, tags })
}

async function inspectServer(port: RedisPort, place: KeySpace): Promise<Contents> {
  const [index, values] = place.keys
  const [indexed, flat, expiring, tagged] = (await Promise.all(
    port.send(index, [
      ['ZRANGE', index, '0', '-1'],
      ['EVAL', "return redis.call('HGETALL', KEYS[1])", '1', values],
      ['EVAL', DUMP, '1', `${values}:expiry`],
      ['ZRANGE', `${values}:tags`, '0', '-1'],
    ]),
  )) as [Buffer[], Buffer[], Buffer[], Buffer[]]
  const hashes = indexed.map(latin1)
  const stored = new Map(pairs(flat))
  if (JSON.stringify(hashes.toSorted()) !== JSON.stringify([...stored.keys()].toSorted())) {
    throw new Error(`index and values disagree: ${hashes.join(' ')} / ${[...stored.keys()].join(' ')}`)
  }
  const expiry = new Map(pairs(expiring).map(([hash, endsAtMs]) => [hash, Number(endsAtMs)]))
  const fresh = new Map<string, Freshness>()
  const known: string[] = []
  const members = tagged.map(latin1)
  const generation = members.find((member) => member.startsWith('g'))?.slice(1)
  for (const [hash, value] of stored) {
    const entry = readEntry(Buffer.from(value, 'latin1'), hash, partitionMark(values))
    const { freshUntilMs: untilMs, beganUs = 0, storedAtMs: storedMs = 0, tagsGeneration } = entry
    if (entry.isMisplaced) throw new Error(`${hash} holds the entry of another call`)
    if (untilMs !== undefined) fresh.set(hash, { untilMs, beganUs, storedMs })
    if (tagsGeneration !== undefined && String(tagsGeneration) === String(Number(generation)))
      known.push(hash)
  }
  const tags = readTags(
    members.filter((member) => !member.startsWith('g')),
    known,
  )
  return checked(place, { hashes, expiry, fresh, tags })
}

/** Scores as text, which all protocols agree on. */
const DUMP = "return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')"

const latin1 = (bytes: Buffer): string => bytes.toString('latin1')

/** The UTF-8 of a text, one character a byte. */
const bytesOf = (text: string): string => Buffer.from(text).toString('latin1')

const pairs = (flat: readonly Buffer[]): (readonly [string, string])[] =>
  flat.flatMap((each, i) => (i % 2 === 0 ? [[latin1(each), latin1(flat[i + 1] as Buffer)] as const] : []))

/** Reads the index of tags, and fails if its two directions disagree, or if an entry has tags that are not known. */
function readTags(members: readonly string[], known: readonly string[]): Map<string, readonly string[]> {
  const tags = new Map<string, string[]>(known.map((hash) => [hash, []]))
  const wanted: string[] = []
  for (const member of members.filter(([kind]) => kind === 'h')) {
    const { name: hash, rest: tag } = parse(member)
    wanted.push(`t${tag.length}:${tag}=${hash}`)
    tags.get(hash)?.push(tag)
    if (!tags.has(hash))
      throw new Error(`${hash} has the tag ${tag}, but does not say that its tags are known`)
  }
  const found = members.filter(([kind]) => kind !== 'h')
  if (JSON.stringify(found.toSorted()) !== JSON.stringify(wanted.toSorted())) {
    throw new Error(`the directions of the tags disagree: ${found.join(' ')} / ${wanted.join(' ')}`)
  }
  return tags
}

function parse(member: string): { name: string; rest: string } {
  const colon = member.indexOf(':')
  const end = colon + 1 + Number(member.slice(1, colon))
  if (member[end] !== '=') throw new Error(`${member} is no member of an index of tags`)
  return { name: member.slice(colon + 1, end), rest: member.slice(end + 1) }
}

function checked(place: KeySpace, contents: Contents): Contents {
  const { hashes, expiry, fresh, tags } = contents
  if (hashes.length > place.limits.maxSize)
    throw new Error(`${hashes.length} entries, ${place.limits.maxSize} allowed`)
  const there = new Set(hashes)
  const ghost = [...expiry.keys(), ...fresh.keys(), ...tags.keys()].find((hash) => !there.has(hash))
  if (ghost !== undefined) throw new Error(`${ghost} has an end, a note or tags, but is not there`)
  return contents
}

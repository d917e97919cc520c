// Users of the server who have the permissions that the library advises, and no others.
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import {
  type AbstractPolicy,
  type KeyPair,
  LruTPolicy,
  RedisFuncCache,
  RedisStore,
} from '../server/library.ts'
import type { ChangeMessage } from '../../src/store.ts'
import { POLICIES, S3FifoPolicy } from '../../src/policies/index.ts'
import { PERMISSIONS } from '../../src/warnings/cures.ts'
import { askServer } from '../servers/ask-server.ts'
import { CLIENTS, type OpenClient, type User } from './clients.ts'
import { EXACT_PERMISSIONS, NEEDED_COMMANDS, NEEDED_FOR_CHANGES, QUIETLY_MISSED } from './needed-commands.ts'

const PREFIX = 'permitted:'
const permissionsFor = (permissions: string, prefix: string): string =>
  permissions.replaceAll('<prefix>', prefix)
const userOf = (kind: string): User => ({ username: `${kind}-${process.pid}`, password: 'secret' })
const ADVISED = { name: 'advised', permissions: PERMISSIONS, user: userOf('advised') }
const EXACT = { name: 'exact', permissions: EXACT_PERMISSIONS, user: userOf('exact') }
const LACKING = userOf('lacking')

const cluster = inject('cluster') ?? []
const singles = inject('servers').map(({ name, url }) => {
  const { hostname, port } = new URL(url)
  return { name, address: { host: hostname, port: Number(port) } }
})
const allNodes = [...singles.map(({ address }) => address), ...cluster]

const setUser = ({ username, password }: User, permissions: string, port: number): Promise<string> =>
  askServer(
    port,
    `ACL SETUSER ${username} reset on >${password} resetchannels ${permissionsFor(permissions, PREFIX)}`,
  )

beforeAll(async () => {
  for (const { port } of allNodes) {
    for (const { user, permissions } of [ADVISED, EXACT]) await setUser(user, permissions, port)
  }
})
afterAll(async () => {
  for (const { port } of allNodes) {
    for (const { username } of [ADVISED.user, EXACT.user, LACKING])
      await askServer(port, `ACL DELUSER ${username}`)
  }
})

/** Makes use of all that needs a permission of its own: scripts, tags, leases, messages, the registry of key pairs. */
async function useAll({ client }: OpenClient): Promise<string[]> {
  const failures: string[] = []
  const name = `cache-${crypto.randomUUID()}`
  const newProcess = () => {
    const cache = new RedisFuncCache(name, new LruTPolicy({ scope: 'function' }), { client, prefix: PREFIX })
    cache.on('error', ({ during, error }) => failures.push(`${during}: ${error.message}`))
    const options = { name: 'load', ttl: '1m', tags: () => ['all'], singleFlight: 'global' } as const
    return { cache, load: cache.wrap(async (id: number) => id, options) }
  }
  const [one, other] = [newProcess(), newProcess()]
  await Promise.all([one.load(1), other.load(1), one.load(2)])
  expect((await other.load.detailed(2)).status).toBe('hit')
  await one.load.invalidate(1)
  await one.load.refresh(3)
  await one.load.prime([4], 4)
  expect(await one.cache.getSize()).toBe(3)
  await one.cache.invalidateTags('all')
  await one.load.invalidateAll()
  await one.cache.purge()
  await useChanges(one.cache.policy.calcKeys(one.load.identity), one.cache.policy, client)
  await Promise.all([one.cache.close(), other.cache.close()])
  return failures
}

describe.each([ADVISED, EXACT])('a user with the $name permissions', ({ user }) => {
  describe.each(CLIENTS)('$name', ({ single, cluster: openCluster }) => {
    test.runIf(single).each(singles)('on $name', async ({ address }) => {
      const opened = await single?.(address, user)
      if (opened === undefined) throw new Error('no client')
      try {
        expect(await useAll(opened)).toEqual([])
      } finally {
        opened.close()
      }
    })

    test.runIf(openCluster && cluster.length > 0)('on a cluster', async () => {
      const opened = await openCluster?.(cluster, user)
      if (opened === undefined) throw new Error('no client')
      try {
        expect(await useAll(opened)).toEqual([])
      } finally {
        opened.close()
      }
    })
  })
})

/** Listens to the changes of a partition. */
async function useChanges(
  keys: KeyPair,
  policy: AbstractPolicy,
  client: OpenClient['client'],
): Promise<void> {
  const store = new RedisStore(client)
  const space = { keys, policy, limits: { maxSize: 10, idleTtlMs: undefined }, ext: [] }
  const heard: ChangeMessage[] = []
  const changed = (message: ChangeMessage) => heard.push(message)
  const watch = await store.watchChanges(space, { changed, lost() {}, restored() {} })
  const { number } = await store.listen(space, undefined, 10_000)
  const { changes } = await store.invalidate(space, ['a'])
  expect(await store.changes(space)).toEqual({ number: changes, hasEntries: false })
  const { messages } = await store.listen(space, number, 10_000)
  expect(messages.map((message) => message.number)).toEqual([changes])
  if (watch === undefined) return // glide
  await vi.waitFor(() => expect(heard).toEqual(messages))
  await watch.close()
}

/** Uses one policy after the other, with keys that end and keys that do not, until something fails. */
async function firstFailures({ client }: OpenClient, without: string): Promise<string[]> {
  for (const Policy of Object.values(POLICIES)) {
    if (Policy === S3FifoPolicy && without === 'zremrangebyrank') continue // it needs that command itself
    for (const idleTtl of ['1h', Number.POSITIVE_INFINITY] as const) {
      const failures = await failuresOf(new Policy({ scope: 'function' }), client, idleTtl)
      if (failures.length > 0) return failures
    }
  }
  return []
}

async function failuresOf(policy: AbstractPolicy, client: OpenClient['client'], idleTtl: '1h' | number) {
  const failures: string[] = []
  const options = { client, idleTtl, prefix: PREFIX, maxSize: 3, breaker: false } as const
  const cache = new RedisFuncCache(`cache-${crypto.randomUUID()}`, policy, options)
  cache.on('error', ({ error }) => failures.push(error.message))
  const load = cache.wrap(async (id: number) => id, {
    name: 'load',
    ttl: '1m',
    tags: () => ['all'],
    singleFlight: 'global',
  })
  for (const id of [1, 1, 2, 3, 4, 4]) expect(await load(id)).toBe(id)
  const steps = [
    () => load.invalidate(4),
    () => load.prime([5], 5),
    () => cache.getSize(),
    () => cache.invalidateTags('all'),
    () => load.invalidateAll(),
    () => cache.purge(),
  ]
  for (const step of steps) await step().catch((error: unknown) => failures.push(String(error)))
  await cache.close()
  return failures
}

describe.runIf(singles.length > 0)('a user who lacks one command', () => {
  const { address } = singles[0] ?? { address: { host: '', port: 0 } }
  const failuresWithout = async (command: string): Promise<string[]> => {
    await setUser(LACKING, `${EXACT_PERMISSIONS} -${command}`, address.port)
    const ioredis = CLIENTS.find(({ name }) => name === 'ioredis 6')
    const opened = await ioredis?.single?.(address, LACKING)
    if (opened === undefined) throw new Error('no client')
    try {
      return await firstFailures(opened, command)
    } finally {
      opened.close()
    }
  }

  test.each(NEEDED_COMMANDS)(
    '%s: something fails, and says that a permission is missing',
    async (command) => {
      const failures = await failuresWithout(command)
      expect(failures).not.toEqual([])
      for (const failure of failures) expect(failure).toMatch(/NOPERM|can't run this command|ACL failure/)
    },
  )

  test.each([...QUIETLY_MISSED, ...NEEDED_FOR_CHANGES])(
    '%s: calls and invalidations go on',
    async (command) => {
      expect(await failuresWithout(command)).toEqual([])
    },
  )
})

describe.runIf(singles.length > 0)('a near tier of a user who lacks one command', () => {
  const { address } = singles[0] ?? { address: { host: '', port: 0 } }
  async function callsWithout(command: string) {
    await setUser(LACKING, `${EXACT_PERMISSIONS} -${command}`, address.port)
    const ioredis = CLIENTS.find(({ name }) => name === 'ioredis 6')
    const opened = await ioredis?.single?.(address, LACKING)
    if (opened === undefined) throw new Error('no client')
    const options = {
      client: opened.client,
      prefix: PREFIX,
      near: true,
      breaker: false,
      putWait: '10s',
    } as const
    const cache = new RedisFuncCache(`cache-${crypto.randomUUID()}`, new LruTPolicy(), options)
    const errors: string[] = []
    cache.on('error', ({ error }) => errors.push(error.message))
    const load = cache.wrap(async (id: number) => id, { name: 'load', ttl: '1m' })
    await load(1)
    await load.prime([1], 2)
    const { value, status } = await load.detailed(1)
    await cache.close()
    opened.close()
    return { value, status, errors }
  }

  test('zscore: the function runs, and it says that a permission is missing', async () => {
    const { value, status, errors } = await callsWithout('zscore')
    expect([value, status]).toEqual([1, 'miss'])
    expect(errors).toContainEqual(expect.stringMatching(/NOPERM|can't run this command|ACL failure/))
  })

  test.each(['zremrangebyrank', ...QUIETLY_MISSED])('%s: results are found', async (command) => {
    const { value, status, errors } = await callsWithout(command)
    expect(value).toBe(2)
    expect(status).toMatch(/^(?:hit|near)$/)
    expect(errors).toEqual([])
  })
})

test('the documentation has the same permissions', async () => {
  expect(await readFile('docs/runtimes.md', 'utf8')).toContain(permissionsFor(PERMISSIONS, 'fcache:'))
  expect(await readFile('docs/operations.md', 'utf8')).toContain(permissionsFor(EXACT_PERMISSIONS, 'fcache:'))
})

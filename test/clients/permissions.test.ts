// A user of the server who has the permissions that the library advises, and no others.
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { LruTPolicy, RedisFuncCache } from '../server/library.ts'
import { PERMISSIONS } from '../../src/telemetry/cures.ts'
import { askServer } from '../servers/ask-server.ts'
import { CLIENTS, type OpenClient, type User } from './clients.ts'

const PREFIX = 'permitted:'
const permissionsFor = (prefix: string): string => PERMISSIONS.replaceAll('<prefix>', prefix)
const user: User = { username: `permitted-${process.pid}`, password: 'secret' }

const cluster = inject('cluster') ?? []
const singles = inject('servers').map(({ name, url }) => {
  const { hostname, port } = new URL(url)
  return { name, address: { host: hostname, port: Number(port) } }
})
const allNodes = [...singles.map(({ address }) => address), ...cluster]

beforeAll(async () => {
  for (const { port } of allNodes) {
    await askServer(
      port,
      `ACL SETUSER ${user.username} on >${user.password} resetchannels ${permissionsFor(PREFIX)}`,
    )
  }
})
afterAll(async () => {
  for (const { port } of allNodes) await askServer(port, `ACL DELUSER ${user.username}`)
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
  await Promise.all([one.cache.close(), other.cache.close()])
  return failures
}

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

test('the documentation has the same permissions', async () => {
  expect(await readFile('docs/runtimes.md', 'utf8')).toContain(permissionsFor('fcache:'))
})

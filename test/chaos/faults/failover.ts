// Masters that die, freeze, or give slots away, and those that take their place.
import { setTimeout as sleep } from 'node:timers/promises'
import { keySlot } from '../../../src/keys/key-slot.ts'
import { askServer } from '../../servers/ask-server.ts'
import { moveSlot } from '../../servers/move-slot.ts'
import { startingMasterOf } from '../../servers/start-cluster.ts'
import type { TestServer } from '../../servers/start-server.ts'
import { CACHE_KEYS, keysOfShard } from '../cache-keys.ts'
import type { Fault } from '../fault.ts'
import { repeat } from '../fault.ts'
import { type ClusterWorld, onCluster, onSentinel } from '../worlds.ts'

const FAILOVER_TIMEOUT_MS = 30_000
const LOST = 'replication is asynchronous'

/** As many as each of the masters gets some. */
const SHARDS = 12

export const FAILOVER_FAULTS: readonly Fault[] = [
  onCluster({
    name: 'cluster-killed',
    title: 'cluster: master killed, replica takes over',
    endsByItself: true,
    losesInvalidations: LOST,
    begin: async ({ cluster }) => {
      const { master, replica } = ownersOf(cluster, CACHE_KEYS)
      await master.kill()
      return () => untilMaster(replica)
    },
  }),
  onCluster({
    name: 'cluster-frozen',
    title: 'cluster: master stopped, replica takes over',
    endsByItself: true,
    losesInvalidations: LOST,
    begin: async ({ cluster }) => {
      const { master, replica } = ownersOf(cluster, CACHE_KEYS)
      master.freeze()
      return () => untilMaster(replica)
    },
  }),
  onCluster({
    name: 'slots-migrated',
    title: 'cluster: our slot migrated to and fro',
    begin: async ({ cluster }) => {
      return repeat(300, movesOf(cluster, CACHE_KEYS))
    },
  }),
  onCluster({
    name: 'shards-killed',
    title: `cluster, ${SHARDS} shards: a master killed`,
    shards: SHARDS,
    endsByItself: true,
    losesInvalidations: LOST,
    begin: async ({ cluster }) => {
      const { master, replica } = ownersOf(cluster, keysOfShard(0, SHARDS))
      await master.kill()
      return () => untilMaster(replica)
    },
  }),
  onCluster({
    name: 'shards-migrated',
    title: `cluster, ${SHARDS} shards: slots of three migrated`,
    shards: SHARDS,
    begin: async ({ cluster }) => {
      const all = [0, 5, 11].map((shard) => movesOf(cluster, keysOfShard(shard, SHARDS)))
      return repeat(100, (round) => all[round % all.length]?.(Math.floor(round / all.length)))
    },
  }),
  onSentinel({
    name: 'sentinel',
    title: 'sentinel: master killed, replica takes over',
    without: ['glide'],
    endsByItself: true,
    losesInvalidations: LOST,
    prepare: ({ sentinel }) =>
      until(async () => (await askServer(sentinel.address.port, 'SENTINEL REPLICAS main')) === '1'),
    begin: async ({ master, replica, sentinel }) => {
      await master.kill()
      // The sentinel tells clients of the new master about a second after it has made it one.
      return () =>
        until(async () =>
          (await askServer(sentinel.address.port, 'INFO sentinel')).includes(`:${replica.port},`),
        )
    },
  }),
]

/** The slot of some keys, its master, and the replica of that. */
function ownersOf(cluster: ClusterWorld['cluster'], keys: readonly string[]) {
  const slot = keySlot(keys[0] as string)
  const index = startingMasterOf(slot)
  return {
    slot,
    master: cluster.servers[index] as TestServer,
    replica: cluster.servers[index + 3] as TestServer,
  }
}

/** Moves the slot of some keys to another master in even rounds, and back in odd ones. */
function movesOf(cluster: ClusterWorld['cluster'], keys: readonly string[]) {
  const { slot, master } = ownersOf(cluster, keys)
  const other = cluster.servers.slice(0, 3).find((server) => server !== master) as TestServer
  const ways = [
    [master, other],
    [other, master],
  ] as const
  return (round: number) =>
    moveSlot({ slot, keys }, ...(ways[round % 2] as (typeof ways)[number]), cluster.servers.slice(0, 3))
}

const untilMaster = ({ port }: TestServer): Promise<void> =>
  until(async () => /^role:master/m.test(await askServer(port, 'INFO replication')))

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + FAILOVER_TIMEOUT_MS
  while (!(await holds().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`It did not come to pass within ${FAILOVER_TIMEOUT_MS} ms.`)
    await sleep(20)
  }
}

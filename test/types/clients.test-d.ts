import type { GlideClient, GlideClusterClient } from '@valkey/valkey-glide'
import type { Cluster as Ioredis6Cluster, Redis as Ioredis6 } from 'ioredis'
import type { Cluster as Ioredis5Cluster, Redis as Ioredis5 } from 'ioredis-5'
import type { Cluster as IovalkeyCluster, Redis as Iovalkey } from 'iovalkey'
import * as redis6 from 'redis'
import * as redis5 from 'redis-5'
import type { RedisClient } from '../../src/clients/port.ts'

/** Checked by the compiler alone: every client a user may have is one the library takes. */
function accept(_client: RedisClient): void {}

export async function clients(
  ioredis6: Ioredis6,
  ioredis6Cluster: Ioredis6Cluster,
  ioredis5: Ioredis5,
  ioredis5Cluster: Ioredis5Cluster,
  iovalkey: Iovalkey,
  iovalkeyCluster: IovalkeyCluster,
  glide: GlideClient,
  glideCluster: GlideClusterClient,
): Promise<void> {
  accept(await redis6.createClient().connect())
  accept(redis6.createClient({ RESP: 2, url: 'redis://localhost' }))
  accept(redis6.createClient({ RESP: 3, commandOptions: { timeout: 100 } }).on('error', () => {}))
  accept(redis6.createClient({ disableOfflineQueue: true }) as redis6.RedisClientType)
  accept(redis6.createCluster({ rootNodes: [] }))
  accept(redis6.createSentinel({ name: 'main', sentinelRootNodes: [] }))
  accept(redis6.createClientPool())

  accept(await redis5.createClient().connect())
  accept(redis5.createClient({ RESP: 3 }))
  accept(redis5.createClient() as redis5.RedisClientType)
  accept(redis5.createCluster({ rootNodes: [] }))
  accept(redis5.createSentinel({ name: 'main', sentinelRootNodes: [] }))
  accept(redis5.createClientPool())

  accept(ioredis6)
  accept(ioredis6Cluster)
  accept(ioredis5)
  accept(ioredis5Cluster)
  accept(iovalkey)
  accept(iovalkeyCluster)

  accept(glide)
  accept(glideCluster)

  // @ts-expect-error a URL
  accept('redis://localhost:6379')
  // @ts-expect-error a promise of a client
  accept(redis6.createClient().connect())
  // @ts-expect-error options
  accept({ url: 'redis://localhost:6379' })
  // @ts-expect-error a function that makes clients
  accept(redis6.createClient)
  // @ts-expect-error a map
  accept(new Map<string, string>())
  // @ts-expect-error nothing
  accept(undefined)
}

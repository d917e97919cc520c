import { setImmediate } from '../flow/timers.ts'
import { warn } from '../telemetry/process-warning.ts'
import type {
  GlideClient,
  IoredisClient,
  IoredisCluster,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisPool,
  NodeRedisSentinel,
  RedisClient,
  RedisPort,
  Reply,
} from './port.ts'
import { glidePort } from './glide.ts'
import { ioredisClusterPort, ioredisPort } from './ioredis.ts'
import {
  nodeRedisClusterPort,
  nodeRedisPoolPort,
  nodeRedisPort,
  nodeRedisSentinelPort,
} from './node-redis.ts'
import { unsupported } from './unsupported.ts'

/**
 * The port of a client, told by what the client can do.
 *
 * @throws {OptionError} for what is no supported client. It says what to do instead.
 */
export function toPort(client: RedisClient): RedisPort {
  const can = (name: string) => typeof (client as unknown as Record<string, unknown>)[name] === 'function'

  if ((typeof client !== 'object' && typeof client !== 'function') || client === null || can('then')) {
    throw unsupported(client)
  }
  // Not by exec: ioredis-mock has a customCommand of another kind.
  if (can('customCommand') && can('invokeScript')) return glidePort(client as GlideClient)
  // Of ioredis 4 there is no test; it keeps the names of its scripts in a property that later ones lack.
  if (can('callBuffer') && can('pipeline') && !('_addedScriptHashes' in client)) {
    const { isCluster } = client as IoredisClient | IoredisCluster
    return isCluster ? ioredisClusterPort(client as IoredisCluster) : ioredisPort(client as IoredisClient)
  }
  // node-redis 4 has no type mapping: values that are not text would come back damaged.
  if (can('sendCommand') && can('withTypeMapping')) {
    warnUnlessHeard(client)
    if (can('nodeClient')) return nodeRedisClusterPort(client as NodeRedisCluster)
    if (can('acquire')) return nodeRedisSentinelPort(client as NodeRedisSentinel)
    if (can('execute')) return nodeRedisPoolPort(client as NodeRedisPool)
    return nodeRedisPort(client as NodeRedisClient)
  }
  throw unsupported(client)
}

/**
 * Node ends the process at an `error` event without a listener, and a client of node-redis emits one when the connection
 * fails. The program may add its listener in the same turn in which it makes the cache.
 */
function warnUnlessHeard(client: object): void {
  setImmediate(() => {
    if ((client as { listenerCount?(event: string): number }).listenerCount?.('error') !== 0) return
    warn(
      'no-error-listener',
      "The client of redis has no 'error' listener, so Node ends the process when the connection fails. " +
        "Add one: client.on('error', (error) => console.error(error)).",
    )
  }).unref?.()
}

/**
 * A score, or any other number, as servers and clients give it: RESP3 as a number, RESP2 as its text.
 *
 * @returns `null` for what is absent; `NaN` for what is no number.
 */
export function toNumber(reply: Reply): number | null {
  if (typeof reply === 'number' || reply === null) return reply
  const text = String(reply)
  if (text === 'inf') return Number.POSITIVE_INFINITY
  return text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text)
}

import { setImmediate } from '../flow/timers.ts'
import { warn } from '../warnings/process-warning.ts'
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
 * Returns the port of a client. The kind of the client is recognized by its methods.
 *
 * @throws {OptionError} for a value that is no supported client. The message says what to do instead.
 */
export function toPort(client: RedisClient): RedisPort {
  const can = (name: string) => typeof (client as unknown as Record<string, unknown>)[name] === 'function'

  if ((typeof client !== 'object' && typeof client !== 'function') || client === null || can('then')) {
    throw unsupported(client)
  }
  // Not by exec: ioredis-mock has a customCommand of another kind.
  if (can('customCommand') && can('invokeScript')) return glidePort(client as GlideClient)
  // ioredis 4 is refused, since it is not tested. Only version 4 has a property for the names of its scripts.
  if (can('callBuffer') && can('pipeline') && !('_addedScriptHashes' in client)) {
    const { isCluster } = client as IoredisClient | IoredisCluster
    return isCluster ? ioredisClusterPort(client as IoredisCluster) : ioredisPort(client as IoredisClient)
  }
  // node-redis 4 has no type mapping: values that are not text would come back damaged.
  if (can('sendCommand') && can('withTypeMapping')) {
    warnUnlessListening(client)
    if (can('nodeClient')) return nodeRedisClusterPort(client as NodeRedisCluster)
    if (can('acquire')) return nodeRedisSentinelPort(client as NodeRedisSentinel)
    if (can('execute')) return nodeRedisPoolPort(client as NodeRedisPool)
    return nodeRedisPort(client as NodeRedisClient)
  }
  throw unsupported(client)
}

/**
 * Warns if a client has no listener for `error` events: Node then ends the process, and a client of node-redis emits such an
 * event when its connection fails. It is checked a turn later, since the program may add its listener after it made the cache.
 */
function warnUnlessListening(client: object): void {
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
 * Reads a score, or any other number, from a reply: RESP3 sends it as a number, RESP2 as text.
 *
 * @returns `null` for an absent value; `NaN` for a reply that is no number.
 */
export function toNumber(reply: Reply): number | null {
  if (typeof reply === 'number' || reply === null) return reply
  const text = String(reply)
  if (text === 'inf') return Number.POSITIVE_INFINITY
  return text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text)
}

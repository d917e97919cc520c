import { OptionError } from '../errors.ts'
import { setImmediate } from '../flow/timers.ts'
import { warn } from '../telemetry/warnings.ts'
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
} from './client.ts'
import { glidePort } from './glide.ts'
import { ioredisClusterPort, ioredisPort } from './ioredis.ts'
import {
  nodeRedisClusterPort,
  nodeRedisPoolPort,
  nodeRedisPort,
  nodeRedisSentinelPort,
} from './node-redis.ts'

const SUPPORTED =
  'Supported are the clients of redis 5 and 6 (createClient, createCluster, createSentinel, createClientPool), ' +
  'ioredis 5 and 6 and iovalkey (Redis, Cluster), and @valkey/valkey-glide (GlideClient, GlideClusterClient).'

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
  if (can('customCommand') && can('exec')) return glidePort(client as GlideClient)
  if (can('callBuffer') && can('pipeline')) {
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
 * A client of node-redis whose errors nobody hears ends the process when its server goes away: so Node treats an `error`
 * event. The program may begin to listen in the same turn in which it makes the cache.
 */
function warnUnlessHeard(client: object): void {
  setImmediate(() => {
    if ((client as { listenerCount?(event: string): number }).listenerCount?.('error') !== 0) return
    warn(
      'no-error-listener',
      "The client of redis has no 'error' listener, so the process ends when the server cannot be reached. " +
        "Give it one: client.on('error', (error) => console.error(error)).",
    )
  }).unref?.()
}

function unsupported(client: unknown): OptionError {
  return new OptionError(`client: ${advice(client)} ${SUPPORTED}`)
}

/** What this is, and what to do about it. */
function advice(client: unknown): string {
  if (client === undefined || client === null) return `${client} is no client.`
  if (typeof client === 'string') {
    return 'a string is no client. To connect to a URL, give await createClient({ url }).connect() of redis, or new Redis(url) of ioredis.'
  }
  if (typeof client === 'function') {
    return 'a class or function is no client. Give an instance: await createClient().connect() of redis, or new Redis() of ioredis.'
  }
  if (typeof client !== 'object') return `a ${typeof client} is no client.`

  const has = (name: string) => (client as Record<string, unknown>)[name] !== undefined
  if (has('then')) {
    return 'this is a promise, perhaps of a client. Await it: client: await createClient().connect().'
  }
  if (has('sendCommand') || has('send_command') || has('internal_send_command')) {
    return 'this client of redis is too old (version 4 or older), or its legacy() face. Update with npm install redis@6.'
  }
  if (
    has('url') ||
    has('host') ||
    has('socket') ||
    has('rootNodes') ||
    has('addresses') ||
    has('sentinels')
  ) {
    return 'these are options, not a client. Make one of them: await createClient(options).connect() of redis, or new Redis(options) of ioredis.'
  }
  if (has('get') && has('set')) {
    return 'this is a store or cache, not a client. Give the client below it (of @keyv/redis: keyvRedis.client).'
  }
  return 'this object is no client.'
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

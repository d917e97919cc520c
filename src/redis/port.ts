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

/** What is given for a client, and is none that is supported: the first that fits. */
const FOREIGN: readonly {
  readonly is: (has: (name: string) => boolean, client: object) => boolean
  readonly advice: string
}[] = [
  {
    is: (has) => has('execAsPipeline') || has('isPipeline'),
    advice: 'this is a pipeline or transaction, not a client. Give the client that made it.',
  },
  {
    is: (has) => has('_addedScriptHashes'),
    advice: 'this client of ioredis is too old (version 4). Update with npm install ioredis@6.',
  },
  {
    is: (has) => has('shaScripts') || has('_redisMock'),
    advice:
      'this looks like a client of ioredis-mock or redis-mock, which run no scripts as a server does. In tests give ' +
      '{ store: new MemoryStore() } instead, or a server.',
  },
  {
    is: (has) => has('enableAutoPipelining') && has('createScript'),
    advice:
      'this looks like a client of @upstash/redis or @vercel/kv, which speaks HTTP. Connect to the same database over its ' +
      'rediss:// address with redis or ioredis.',
  },
  {
    is: (has, client) =>
      has('bufferedAmount') &&
      has('onconnect') &&
      Object.prototype.toString.call(client) === '[object RedisClient]',
    advice:
      "this looks like Bun's own client, which makes text of all values. Give a client of redis or ioredis, which run on Bun too.",
  },
  {
    is: (has) => has('sendCommand') || has('send_command') || has('internal_send_command'),
    advice:
      'this client of redis is too old (version 4 or older), or its legacy() face. Update with npm install redis@6.',
  },
  {
    is: (has) => ['url', 'host', 'socket', 'rootNodes', 'addresses', 'sentinels'].some(has),
    advice:
      'these are options, not a client. Make one of them: await createClient(options).connect() of redis, or new Redis(options) of ioredis.',
  },
  {
    is: (has) => has('get') && has('set'),
    advice:
      'this is a store or cache, not a client. Give the client below it (of @keyv/redis: keyvRedis.client, or keyvRedis.redis of older ones).',
  },
]

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
  return FOREIGN.find(({ is }) => is(has, client))?.advice ?? 'this object is no client.'
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

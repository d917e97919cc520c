import { OptionError } from '../errors.ts'
import { ignoreRejection } from '../realms/native.ts'

const SUPPORTED =
  'Supported are the clients of redis 5 and 6 (createClient, createCluster, createSentinel, createClientPool), ' +
  'ioredis 5 and 6 and iovalkey (Redis, Cluster), and @valkey/valkey-glide (GlideClient, GlideClusterClient).'

/** Makes the error for a value that is no supported client. It names what was given, if that is known, and what to give. */
export function unsupported(client: unknown): OptionError {
  return new OptionError(`client: ${advice(client)} ${SUPPORTED}`)
}

/** Objects that are often passed by mistake; the first match counts. */
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
      "this looks like Bun's own client, which cannot return binary values. Give a client of redis or ioredis, which run on Bun too.",
  },
  {
    is: (has) => has('sendCommand') || has('send_command') || has('internal_send_command'),
    advice:
      'this client of redis is too old (version 4 or older), or the object of its legacy() method. Update with npm install redis@6.',
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

/** Describes what was given, and says what to do instead. */
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
    ignoreRejection(client)
    return 'this is a promise, perhaps of a client. Await it: client: await createClient().connect().'
  }
  return FOREIGN.find(({ is }) => is(has, client))?.advice ?? 'this object is no client.'
}

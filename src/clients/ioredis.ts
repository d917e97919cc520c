import { OptionError, StoreError } from '../errors.ts'
import { nextTick } from '../flow/timers.ts'
import type { Command, IoredisClient, IoredisCluster, RedisPort, Reply } from './port.ts'
import { ioredisSubscriber } from './ioredis-subscriber.ts'
import { encodedCaller, isForEncodedCall } from './ioredis-command.ts'
import { keySlot } from '../keys/key-slot.ts'
import { later } from './later.ts'
import { ClusterSubscription } from './cluster-subscription.ts'
import { onEnd, ReconnectingSubscription, type ConnectionSource } from './subscription.ts'
import { sendFollowing } from './redirection.ts'
import { refuseReplica } from './refuse-replica.ts'

type Stream = IoredisClient['stream']

/** The options of ioredis that change how commands are sent, or in which form replies arrive. */
interface IoredisOptions {
  readonly enableAutoPipelining?: boolean
  readonly keyPrefix?: string
  readonly readOnly?: boolean
  readonly role?: 'master' | 'slave'
  readonly sentinels?: unknown
  readonly showFriendlyErrorStack?: boolean
  readonly stringNumbers?: boolean
}

/**
 * From this size on, a write is sent at once instead of waiting for further commands: the server then begins to work while the
 * next commands are still being encoded.
 */
const FULL_WRITE_BYTES = 2_048

/** The errors of a node that does not own the slot, or not all of its keys any more. */
const REDIRECTION = /^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN) /
/** The error of ioredis for a node whose connection has ended. */
const NODE_GONE = 'Connection is closed.'

/** Commands without a key, which a cluster sends to any of its nodes. */
const KEYLESS: ReadonlySet<string> = new Set(['TIME', 'ECHO'])

/** A port over `new Redis()` of ioredis or iovalkey, to one server or by sentinels. */
export function ioredisPort(client: IoredisClient): RedisPort {
  refuseReplica(replicaOption(client.options as IoredisOptions))
  const gather = gatherer()
  const asGiven = nodeCaller(client)
  // iovalkey adds the prefix to keys only if the name of the command is in lower case.
  const call: Caller = (client.options as IoredisOptions).keyPrefix
    ? ([name, ...args], asText) => asGiven([name.toLowerCase(), ...args], asText)
    : asGiven
  const source: ConnectionSource = {
    isOpen: () => client.status !== 'end',
    onEnd: (act) => onEnd(client, 'end', act),
    open: async (receive) => ioredisSubscriber(client, receive),
  }
  return {
    send: (_key, commands, asText) =>
      gather(client.stream, () => commands.map((command) => call(command, asText))),
    listen: (listener) => new ReconnectingSubscription(source, listener),
  }
}

/** The option by which a client connects to a replica. */
function replicaOption({ readOnly, role, sentinels }: IoredisOptions): string | undefined {
  if (readOnly) return 'readOnly: true'
  return role === 'slave' && sentinels ? "role: 'slave'" : undefined
}

/**
 * A port over `new Cluster()` of ioredis or iovalkey.
 *
 * Commands are sent by the client of the master. The cluster itself would send a command without a key to any node and, with
 * `scaleReads`, some reads to replicas. It is used only to follow a redirection.
 */
export function ioredisClusterPort(cluster: IoredisCluster): RedisPort {
  if ((cluster.options as IoredisOptions).keyPrefix) {
    throw new OptionError(
      'client: an ioredis Cluster with a keyPrefix is not supported. Use a Cluster without it, and the option prefix of the cache.',
    )
  }
  const gather = gatherer()
  const masterOf = masterFinder(cluster)
  // With `scaleReads`, ioredis recognizes reads by names in lower case. Names here are in upper case, so all go to masters.
  const call = caller(cluster)
  const byCluster = (command: Command) => call(command)

  // If the cluster itself is being closed, the command is not given to it: it would never settle.
  const isRefused = (message: string) =>
    REDIRECTION.test(message) || (message === NODE_GONE && cluster.status === 'ready')
  const sendTo = (
    { client, call: toNode }: Master,
    slot: number,
    commands: readonly Command[],
    asText = false,
  ) => {
    // After the cluster has followed a redirection, it knows the master.
    const follow = (command: Command) =>
      (KEYLESS.has(command[0]) && masterOf(slot)?.call(command)) || byCluster(command)
    return gather(client.stream, () =>
      sendFollowing(commands, (command) => toNode(command, asText), isRefused, follow),
    )
  }

  return {
    send(key, commands, asText) {
      const slot = keySlot(key)
      const master = masterOf(slot)
      if (master !== undefined) return sendTo(master, slot, commands, asText)
      // Not connected yet: a command with a key waits for the connection, or rejects. After it, the master is known.
      const found = byCluster(['EXISTS', key]).then(() => masterOf(slot))
      return later(
        commands,
        found.then((late) =>
          late === undefined ? commands.map(byCluster) : sendTo(late, slot, commands, asText),
        ),
      )
    },
    listen: (listener) =>
      new ClusterSubscription<string>(
        {
          // The status `end` may be followed by a last `close`, so neither counts as open.
          isOpen: () => !['disconnecting', 'close', 'end'].includes(cluster.status),
          onEnd: (act) => onEnd(cluster, 'end', act),
          masterOf: (channel) => cluster.slots[keySlot(channel)]?.[0],
          findMaster: (channel) => byCluster(['EXISTS', channel]),
          open: async (address, receive) => {
            const node = cluster.nodes('master').find((each) => addressOf(each) === address)
            if (node === undefined) throw new StoreError(`The cluster has no master ${address} any more.`)
            return ioredisSubscriber(node, receive, true)
          },
        },
        listener,
      ),
    isCluster: true,
  }
}

function addressOf(node: IoredisClient): string {
  const { host, port } = node.options as { host?: string; port?: number }
  return `${host}:${port}`
}

/** Sends a command. If the client has no simple way to return text, the reply arrives as buffers although text was asked for. */
type Caller = (command: Command, asText?: boolean) => Promise<Reply>

/** Makes the function that sends commands by a client of one node. */
function nodeCaller(client: IoredisClient): Caller {
  const call = caller(client)
  const { enableAutoPipelining, keyPrefix, showFriendlyErrorStack, stringNumbers } =
    client.options as IoredisOptions
  if (enableAutoPipelining || keyPrefix || showFriendlyErrorStack || stringNumbers) return call
  const encoded = encodedCaller(client)
  return (command, asText = false) => {
    if (encoded !== undefined && isForEncodedCall(command)) return encoded(command, asText)
    return asText ? (client.call(...command) as Promise<Reply>) : call(command)
  }
}

/** Makes the function that sends commands by any client, with replies as buffers. */
function caller(client: IoredisClient | IoredisCluster): Caller {
  const { enableAutoPipelining, stringNumbers } = client.options as IoredisOptions
  // Auto-pipelining loses the name of a command that callBuffer gets. It does not change a pipeline of one command.
  const call = enableAutoPipelining
    ? async ([name, ...args]: Command): Promise<unknown> => {
        const pipeline = client.pipeline()
        pipeline.callBuffer(name, ...args)
        const [error, reply] = (await pipeline.exec())?.[0] ?? [null, null]
        if (error !== null) throw error
        return reply
      }
    : (command: Command): Promise<unknown> => client.callBuffer(...command)
  return (
    stringNumbers ? async (command: Command) => withNumbers((await call(command)) as Reply) : call
  ) as Caller
}

/** Undoes `stringNumbers`: bulk strings arrive as buffers, so a string of digits was an integer. */
function withNumbers(reply: Reply): Reply {
  if (typeof reply === 'string') return /^-?\d+$/.test(reply) ? Number(reply) : reply
  return Array.isArray(reply) ? reply.map(withNumbers) : reply
}

/**
 * Sends small writes of one turn of the event loop together, and a large write at once.
 *
 * ioredis writes each command to the socket alone, which costs more than everything else. Its pipelines write once, but take
 * twice the time of this, and in a cluster they settle a command before its redirection is followed.
 */
function gatherer(): (stream: Stream | undefined, write: () => Promise<Reply>[]) => Promise<Reply>[] {
  const corked = new Set<Stream>()
  const uncork = () => {
    for (const stream of corked) stream.uncork()
    corked.clear()
  }
  return (stream, write) => {
    if (stream === undefined) return write() // not connected yet: the commands wait in a queue
    if (!corked.has(stream)) {
      if (corked.size === 0) nextTick(uncork)
      corked.add(stream)
      stream.cork()
    }
    const replies = write()
    if (stream.writableLength >= FULL_WRITE_BYTES) {
      stream.uncork()
      corked.delete(stream)
    }
    return replies
  }
}

interface Master {
  readonly client: IoredisClient
  readonly call: Caller
}

/** Makes a function that finds the client of the master of a slot; it returns `undefined` before the cluster is connected. */
function masterFinder(cluster: IoredisCluster): (slot: number) => Master | undefined {
  const masters = new Map<string, Master>()
  const refresh = () => {
    masters.clear()
    for (const client of cluster.nodes('master')) {
      masters.set(addressOf(client), { client, call: nodeCaller(client) })
    }
  }
  return (slot) => {
    const address = cluster.slots[slot]?.[0]
    if (address === undefined) return undefined
    const known = masters.get(address)
    if (known !== undefined && known.client.status !== 'end') return known
    refresh()
    return masters.get(address)
  }
}

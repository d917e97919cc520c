import { OptionError, StoreError } from '../errors.ts'
import { nextTick } from '../flow/timers.ts'
import type { Command, IoredisClient, IoredisCluster, MessageListener, RedisPort, Reply } from './port.ts'
import { ioredisSubscriber } from './ioredis-subscriber.ts'
import { encodedCaller, isForEncodedCall } from './ioredis-command.ts'
import { keySlot } from './key-slot.ts'
import { later } from './later.ts'
import {
  withinTimeout,
  onEnd,
  ReconnectingSubscription,
  type ConnectionSource,
  type Subscriber,
} from './subscription.ts'
import { sendFollowing } from './redirection.ts'

type Stream = IoredisClient['stream']

/** The options of ioredis that change how commands are sent or replies look. */
interface IoredisOptions {
  readonly enableAutoPipelining?: boolean
  readonly keyPrefix?: string
  readonly showFriendlyErrorStack?: boolean
  readonly stringNumbers?: boolean
}

/**
 * From here on a write is not held back for others to join it: the server begins to work on it while the next commands
 * are still being encoded.
 */
const FULL_WRITE_BYTES = 2_048

/** What a node says that does not own the slot, or no longer all of it. */
const REDIRECTION = /^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN) /
/** What ioredis says when a node is gone. */
const NODE_GONE = 'Connection is closed.'

/** A port over `new Redis()` of ioredis or iovalkey, to one server or by sentinels. */
export function ioredisPort(client: IoredisClient): RedisPort {
  const gather = gatherer()
  const asGiven = nodeCaller(client)
  // iovalkey knows commands by their names in lower case alone, and prefixes the keys of no others.
  const call: Caller = (client.options as IoredisOptions).keyPrefix
    ? ([name, ...args], asText) => asGiven([name.toLowerCase(), ...args], asText)
    : asGiven
  const source: ConnectionSource = {
    isOpen: () => client.status !== 'end',
    onEnd: (act) => onEnd(client, 'end', act),
    open: async (hear) => ioredisSubscriber(client, hear),
  }
  return {
    send: (_key, commands, asText) =>
      gather(client.stream, () => commands.map((command) => call(command, asText))),
    listen: (listener) => new ReconnectingSubscription(source, listener),
  }
}

/**
 * A port over `new Cluster()` of ioredis or iovalkey.
 *
 * Commands go straight to the client of the master: the cluster itself would send one without a key to any node, and,
 * with `scaleReads`, some of the reads to replicas. It is asked only to follow a redirection.
 */
export function ioredisClusterPort(cluster: IoredisCluster): RedisPort {
  if ((cluster.options as IoredisOptions).keyPrefix) {
    throw new OptionError(
      'client: an ioredis Cluster with a keyPrefix is not supported. Use a Cluster without it, and the option prefix of the cache.',
    )
  }
  const gather = gatherer()
  const masterOf = masterFinder(cluster)
  // With names in upper case, as ours are, scaleReads takes nothing for a read, and all goes to masters.
  const call = caller(cluster)
  const byCluster = (command: Command) => call(command)

  // A cluster that is itself being closed would keep the command forever.
  const isRefused = (message: string) =>
    REDIRECTION.test(message) || (message === NODE_GONE && cluster.status === 'ready')
  const sendTo = ({ client, call: toNode }: Master, commands: readonly Command[], asText = false) =>
    gather(client.stream, () =>
      sendFollowing(commands, (command) => toNode(command, asText), isRefused, byCluster),
    )

  return {
    send(key, commands, asText) {
      const slot = keySlot(key)
      const master = masterOf(slot)
      if (master !== undefined) return sendTo(master, commands, asText)
      // Not connected yet: a command with a key gets there, or tells why not; then the master is known.
      const found = byCluster(['EXISTS', key]).then(() => masterOf(slot))
      return later(
        commands,
        found.then((late) => (late === undefined ? commands.map(byCluster) : sendTo(late, commands, asText))),
      )
    },
    listen: (listener) =>
      new ReconnectingSubscription(
        {
          // Its end is followed by a last close.
          isOpen: () => !['disconnecting', 'close', 'end'].includes(cluster.status),
          onEnd: (act) => onEnd(cluster, 'end', act),
          async open(hear) {
            // It may be connecting, or not have begun to; until then its nodes are those it was given to start with.
            if (cluster.status !== 'ready') await withinTimeout(byCluster(['PING']))
            return openAtSomeMaster(cluster, hear)
          },
        },
        listener,
      ),
  }
}

/** The nodes pass messages on to each other, so any of them hears all. */
function openAtSomeMaster(cluster: IoredisCluster, hear: MessageListener['message']): Subscriber {
  const masters = cluster.nodes('master')
  const ready = masters.filter(({ status }) => status === 'ready')
  const among = ready.length > 0 ? ready : masters
  const master = among[Math.floor(Math.random() * among.length)]
  if (master === undefined) throw new StoreError('The cluster knows no master.')
  const address = addressOf(master)
  const isOfUse = () => cluster.nodes('all').some((node) => addressOf(node) === address)
  return { ...ioredisSubscriber(master, hear), isOfUse }
}

function addressOf(node: IoredisClient): string {
  const { host, port } = node.options as { host?: string; port?: number }
  return `${host}:${port}`
}

/** Gives a client a command. Where it has no simple way to have text, the reply is buffers all the same. */
type Caller = (command: Command, asText?: boolean) => Promise<Reply>

/** How to give a command to a client of one node. */
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

/** How to give a command to any client. */
function caller(client: IoredisClient | IoredisCluster): Caller {
  const { enableAutoPipelining, stringNumbers } = client.options as IoredisOptions
  // Auto-pipelining drops the name from what callBuffer is given; a pipeline of one command is left alone by it.
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

/** Undoes `stringNumbers`: bulk strings are buffers here, so text that is an integer was one. */
function withNumbers(reply: Reply): Reply {
  if (typeof reply === 'string') return /^-?\d+$/.test(reply) ? Number(reply) : reply
  return Array.isArray(reply) ? reply.map(withNumbers) : reply
}

/**
 * Small writes of one turn of the event loop leave together, a large one at once.
 *
 * ioredis writes to the socket command by command, which costs more than all the rest. Its pipelines do not, but take
 * twice the time of this, and in a cluster settle a command before its redirection is followed.
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

/** Finds the client of the master of a slot; nothing before the cluster is connected. */
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

import { messageOf } from '../realms/native.ts'
import type {
  Command,
  MessageListener,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisCommandOptions,
  NodeRedisNode,
  NodeRedisPool,
  NodeRedisSentinel,
  RedisPort,
  Reply,
} from './port.ts'
import { keySlot } from '../keys/key-slot.ts'
import { later } from './later.ts'
import {
  withinTimeout,
  onEnd,
  ReconnectingSubscription,
  type ConnectionSource,
  type Subscriber,
} from './subscription.ts'
import { ClusterSubscription } from './cluster-subscription.ts'
import { nodeRedisSubscriber } from './node-redis-subscriber.ts'
import { oneByOne } from './one-by-one.ts'
import { sendFollowing } from './redirection.ts'
import { refuseReplica } from './refuse-replica.ts'

/**
 * Bulk strings (`$`) arrive as buffers, since a value need not be text. Doubles (`,`) arrive as text: node-redis 5 loses the
 * last digit when it converts them to numbers, and with RESP2 they are text anyway.
 */
const TYPE_MAPPING = { 36: Buffer, 44: String }
/** The same with bulk strings as text. No buffer is made, so no buffer keeps the chunk alive that was read from the socket. */
const TEXT_TYPE_MAPPING = { 36: String, 44: String }

/**
 * The options of a command while connected. They turn off the timeout of the user and of node-redis 6 (5 s): it only covers
 * the time until the command is written, which is at once, and its `AbortSignal` costs more than the rest of the command.
 */
const CONNECTED: NodeRedisCommandOptions = { typeMapping: TYPE_MAPPING, timeout: undefined }
const CONNECTED_TEXT: NodeRedisCommandOptions = { typeMapping: TEXT_TYPE_MAPPING, timeout: undefined }
/** The options of a command while not connected: here the timeout is what ends the wait. */
const NOT_CONNECTED: NodeRedisCommandOptions = { typeMapping: TYPE_MAPPING }

/** The errors of a node that does not own the slot, or not all of its keys any more. */
const REDIRECTION = /^(?:MOVED|ASK) /

/** Sends a command. node-redis itself sends all commands of one turn of the event loop in one write. */
function call(client: NodeRedisClient, command: Command, asText = false): Promise<Reply> {
  if (!client.isReady) return client.sendCommand(command, NOT_CONNECTED) as Promise<Reply>
  let connected = connectedSenders.get(client)
  if (connected === undefined) {
    connected = { asBytes: senderWith(client, CONNECTED), asText: senderWith(client, CONNECTED_TEXT) }
    connectedSenders.set(client, connected)
  }
  return (asText ? connected.asText : connected.asBytes)(command) as Promise<Reply>
}

type Sender = (command: Command) => Promise<unknown>

interface ConnectedSenders {
  readonly asBytes: Sender
  readonly asText: Sender
}

const connectedSenders = /* @__PURE__ */ new WeakMap<NodeRedisClient, ConnectedSenders>()

/**
 * A function that sends commands with options, beside those that the client has.
 *
 * node-redis merges options that are given with a command into its own, which takes longer than the rest of the command. Version 6
 * merges them once if they are set beforehand. Version 5 does not regard those in `sendCommand`, and keeps the object as it was given.
 *
 * A program may have put a function of its own in place of `sendCommand`, as tracing does. It may know no other client than the one
 * that it was made for, so it is given the options with each command.
 */
function senderWith(client: NodeRedisClient, options: NodeRedisCommandOptions): Sender {
  const { withCommandOptions, constructor } = client as {
    withCommandOptions?: (options: NodeRedisCommandOptions) => NodeRedisClient & { _commandOptions?: object }
    constructor?: { prototype?: Partial<NodeRedisClient> }
  }
  const original = constructor?.prototype?.sendCommand
  const own = withCommandOptions?.call(client, options)
  const isMerged = own?._commandOptions !== undefined && own._commandOptions !== options
  return (command) =>
    isMerged && client.sendCommand === original
      ? own.sendCommand(command)
      : client.sendCommand(command, options)
}

/** A port over `createClient()`. */
export function nodeRedisPort(client: NodeRedisClient): RedisPort {
  refuseReplica(client.options?.readonly ? 'readonly: true' : undefined)
  const source: ConnectionSource = {
    isOpen: () => client.isOpen,
    onEnd: (act) => onEnd(client, 'end', act),
    open: async (receive) => nodeRedisSubscriber(client, receive),
  }
  return {
    send: (_key, commands, asText) => commands.map((command) => call(client, command, asText)),
    writesAtEndOfTurn: true,
    listen: (listener) => new ReconnectingSubscription(source, listener),
  }
}

/**
 * A port over `createCluster()`.
 *
 * Commands are sent by the client of the master. The `sendCommand` of the cluster sends a command without a key to any node
 * (node-redis 6), and creates several promises for each command. It is used only to follow a redirection.
 */
export function nodeRedisClusterPort(cluster: NodeRedisCluster): RedisPort {
  // A copy of the options: node-redis 5 changes the object that a cluster gets.
  const byCluster = (key: string, command: Command) =>
    cluster.sendCommand(key, false, command, { ...NOT_CONNECTED }) as Promise<Reply>

  const sendTo = (node: NodeRedisClient, key: string, commands: readonly Command[], asText = false) =>
    sendFollowing(
      commands,
      (command) => call(node, command, asText),
      (message) => REDIRECTION.test(message),
      (command) => byCluster(key, command),
    )

  return {
    send(key, commands, asText) {
      const master = cluster.slots[keySlot(key)]?.master
      // Not connected: the cluster rejects the commands with the right error.
      if (master === undefined) return commands.map((command) => byCluster(key, command))
      if (master.client !== undefined) return sendTo(master.client, key, commands, asText)
      return later(
        commands,
        cluster.nodeClient(master).then((client) => sendTo(client, key, commands, asText)),
      )
    },
    writesAtEndOfTurn: true,
    listen: (listener) =>
      new ClusterSubscription<NodeRedisNode>(
        {
          isOpen: () => cluster.isOpen,
          onEnd: (act) => onEnd(cluster, 'disconnect', act),
          masterOf: (channel) => cluster.slots[keySlot(channel)]?.master,
          findMaster: (channel) => byCluster(channel, ['EXISTS', channel]),
          open: async (master, receive) => {
            const client = master.client ?? (await withinTimeout(cluster.nodeClient(master)))
            return nodeRedisSubscriber(client, receive, true)
          },
        },
        listener,
      ),
    isCluster: true,
  }
}

/** A port over `createClientPool()`. */
export function nodeRedisPoolPort(pool: NodeRedisPool): RedisPort {
  return leasingPort((task) => pool.execute(task), {
    isOpen: () => pool.isOpen,
    onEnd: () => () => {}, // a pool does not report that it was closed
  })
}

/**
 * A port over `createSentinel()`.
 *
 * Its `sendCommand` takes a lease on a connection for every command, one after the other. Its `use()` makes a class for
 * every lease (40 ms). Both call `_execute`, which is used here. A version without `_execute` is used by the slow `sendCommand`.
 */
export function nodeRedisSentinelPort(sentinel: NodeRedisSentinel): RedisPort {
  const { _execute: execute } = sentinel as {
    _execute?: (isReadonly: boolean, task: Task) => Promise<unknown>
  }
  if (execute !== undefined) {
    return leasingPort((task) => execute.call(sentinel, false, task), {
      isOpen: () => sentinel.isOpen,
      onEnd: (act) => onEnd(sentinel, 'end', act),
    })
  }
  return {
    send: (_key, commands) =>
      oneByOne(commands, (command) => sentinel.sendCommand(false, command, NOT_CONNECTED)),
    writesAtEndOfTurn: true,
  }
}

type Task = (client: NodeRedisClient) => Promise<void>
type Lease = (task: Task) => Promise<unknown>

interface Sent {
  readonly command: Command
  readonly asText: boolean
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: unknown) => void
}

/**
 * A port over a client that lends out its connections.
 *
 * Commands that are sent while a lease is pending share it. Replies settle when all replies of the lease have arrived, since
 * the next send may get another connection.
 */
function leasingPort(lease: Lease, owner: Omit<ConnectionSource, 'open'>): RedisPort {
  let waiting: Sent[] | undefined

  const run = async (sent: Sent[]): Promise<void> => {
    let left: readonly Sent[] = sent
    try {
      await lease(async (client) => {
        if (waiting === sent) waiting = undefined
        const replies = await Promise.allSettled(
          left.map(({ command, asText }) => call(client, command, asText)),
        )
        const again: Sent[] = []
        let reason: unknown
        for (const [i, reply] of replies.entries()) {
          const one = left[i] as Sent
          if (reply.status === 'fulfilled') {
            one.resolve(reply.value)
          } else if (isLost(client, reply.reason)) {
            again.push(one)
            reason = reply.reason
          } else {
            one.reject(reply.reason)
          }
        }
        left = again
        // After this error, a sentinel looks for the new master and runs the task again.
        if (again.length > 0) throw reason
      })
    } catch (error) {
      if (waiting === sent) waiting = undefined
      for (const { reject } of left) reject(error)
    }
  }

  return {
    send(_key, commands, asText = false) {
      const isFirst = waiting === undefined
      const sent = (waiting ??= [])
      const replies = commands.map(
        (command) =>
          new Promise<Reply>((resolve, reject) => {
            sent.push({ command, asText, resolve, reject })
          }),
      )
      if (isFirst) void run(sent)
      return replies
    },
    writesAtEndOfTurn: true,
    listen: (listener) =>
      new ReconnectingSubscription(
        { ...owner, open: (receive) => openBesideLease(lease, receive) },
        listener,
      ),
  }
}

/** Opens a connection to the server of one of the lent connections. For a sentinel, that is the present master. */
async function openBesideLease(lease: Lease, receive: MessageListener['message']): Promise<Subscriber> {
  let lent: NodeRedisClient | undefined
  await withinTimeout(
    lease(async (client) => {
      lent = client
    }),
  )
  return nodeRedisSubscriber(lent as unknown as NodeRedisClient, receive)
}

/** Whether an error comes from the connection: it is closed, or its server is not a master any more. */
function isLost(client: NodeRedisClient, error: unknown): boolean {
  return !client.isReady || messageOf(error).startsWith('READONLY')
}

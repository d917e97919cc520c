import { StoreError } from '../errors.ts'
import { messageOf } from '../realms/native.ts'
import type {
  Command,
  MessageListener,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisCommandOptions,
  NodeRedisPool,
  NodeRedisSentinel,
  RedisPort,
  Reply,
} from './port.ts'
import { keySlot } from './key-slot.ts'
import { later } from './later.ts'
import {
  withinTimeout,
  onEnd,
  ReconnectingSubscription,
  type ConnectionSource,
  type Subscriber,
} from './subscription.ts'
import { nodeRedisSubscriber } from './node-redis-subscriber.ts'
import { oneByOne } from './one-by-one.ts'
import { sendFollowing } from './redirection.ts'

/**
 * Bulk strings (`$`) as buffers, for a value need not be text. Doubles (`,`) as the text they come in: node-redis 5 loses
 * their last digit when it makes numbers of them, and on RESP2 they are text anyway.
 */
const TYPE_MAPPING = { 36: Buffer, 44: String }
/** The same with bulk strings as text: no buffer is made of each, and none keeps the piece alive that came by the socket. */
const TEXT_TYPE_MAPPING = { 36: String, 44: String }

/**
 * While connected, without the timeout of the user or of node-redis 6 (5 s): it covers no more than the time until the
 * command is written, which is now, and its `AbortSignal` costs more than the rest of the command.
 */
const CONNECTED: NodeRedisCommandOptions = { typeMapping: TYPE_MAPPING, timeout: undefined }
const CONNECTED_TEXT: NodeRedisCommandOptions = { typeMapping: TEXT_TYPE_MAPPING, timeout: undefined }
/** While not, it is what ends the wait. */
const NOT_CONNECTED: NodeRedisCommandOptions = { typeMapping: TYPE_MAPPING }

/** What a node says that does not own the slot, or no longer all of it. */
const REDIRECTION = /^(?:MOVED|ASK) /

/** Commands given in one turn of the event loop leave in one write: node-redis sees to that by itself. */
function call(client: NodeRedisClient, command: Command, asText = false): Promise<Reply> {
  const connected = asText ? CONNECTED_TEXT : CONNECTED
  return client.sendCommand(command, client.isReady ? connected : NOT_CONNECTED) as Promise<Reply>
}

/** A port over `createClient()`. */
export function nodeRedisPort(client: NodeRedisClient): RedisPort {
  const source: ConnectionSource = {
    isOpen: () => client.isOpen,
    onEnd: (act) => onEnd(client, 'end', act),
    open: async (hear) => nodeRedisSubscriber(client, hear),
  }
  return {
    send: (_key, commands, asText) => commands.map((command) => call(client, command, asText)),
    listen: (listener) => new ReconnectingSubscription(source, listener),
  }
}

/**
 * A port over `createCluster()`.
 *
 * Commands go straight to the client of the master: the cluster's own `sendCommand` sends one without a key to any node
 * (node-redis 6), and spends several promises a command. It is asked only to follow a redirection.
 */
export function nodeRedisClusterPort(cluster: NodeRedisCluster): RedisPort {
  // Not the shared options: node-redis 5 writes into those a cluster is given.
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
      // Not connected: the error is the cluster's to tell.
      if (master === undefined) return commands.map((command) => byCluster(key, command))
      if (master.client !== undefined) return sendTo(master.client, key, commands, asText)
      return later(
        commands,
        cluster.nodeClient(master).then((client) => sendTo(client, key, commands, asText)),
      )
    },
    listen: (listener) =>
      new ReconnectingSubscription(
        {
          isOpen: () => cluster.isOpen,
          onEnd: (act) => onEnd(cluster, 'disconnect', act),
          open: (hear) => openAtSomeMaster(cluster, hear),
        },
        listener,
      ),
  }
}

/** The nodes pass messages on to each other, so any of them hears all. */
async function openAtSomeMaster(
  cluster: NodeRedisCluster,
  hear: MessageListener['message'],
): Promise<Subscriber> {
  const ready = cluster.masters.filter(({ client }) => client?.isReady)
  const among = ready.length > 0 ? ready : cluster.masters
  const master = among[Math.floor(Math.random() * among.length)]
  if (master === undefined) throw new StoreError('The cluster knows no master.')
  const client = master.client ?? (await withinTimeout(cluster.nodeClient(master)))
  return { ...nodeRedisSubscriber(client, hear), isOfUse: () => cluster.masters.includes(master) }
}

/** A port over `createClientPool()`. */
export function nodeRedisPoolPort(pool: NodeRedisPool): RedisPort {
  return leasingPort((task) => pool.execute(task), {
    isOpen: () => pool.isOpen,
    onEnd: () => () => {}, // it does not tell
  })
}

/**
 * A port over `createSentinel()`.
 *
 * Its `sendCommand` takes a lease on a connection for every command, one after the other; its `use()` makes a class for
 * every lease (40 ms). `_execute` is what both rest on; should a version come without it, there is the slow way.
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
 * What is sent while a lease is being waited for, shares it. Replies are given out when all of the lease have come, for
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
        // A sentinel looks for the new master, then lets the task run again.
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
    listen: (listener) =>
      new ReconnectingSubscription({ ...owner, open: (hear) => openBesideLease(lease, hear) }, listener),
  }
}

/** Beside one of the connections that are lent out: of a sentinel, that is to the present master. */
async function openBesideLease(lease: Lease, hear: MessageListener['message']): Promise<Subscriber> {
  let lent: NodeRedisClient | undefined
  await withinTimeout(
    lease(async (client) => {
      lent = client
    }),
  )
  return nodeRedisSubscriber(lent as unknown as NodeRedisClient, hear)
}

/** Whether the connection is to blame: gone, or to a master that no longer is one. */
function isLost(client: NodeRedisClient, error: unknown): boolean {
  return !client.isReady || messageOf(error).startsWith('READONLY')
}

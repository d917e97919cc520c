/**
 * What a server answers. Bulk strings arrive as buffers unless they were asked for as text, integers as numbers, an absent value as `null`.
 *
 * Three kinds of replies differ between clients, and between RESP2 and RESP3. A status such as `OK` is a string or a buffer, so
 * its content is not used. A score is a number or its text, so it is read by `toNumber`. A map has many shapes, so no command
 * or script may return one (`HMGET`, `HSCAN` and `ZMSCORE` are used instead of `HGETALL` and `WITHSCORES`).
 */
export type Reply = Buffer | string | number | null | readonly Reply[]

/** One command with its arguments. Only strings and buffers, since clients convert other types in different ways. */
export type Command = readonly [name: string, ...args: (string | Buffer)[]]

/** All that the library needs of a Redis client. */
export interface RedisPort {
  /**
   * Sends commands in order to the master of the slot of `key`, in one write if the client can do that. All their keys are in
   * that slot. A command without a key, such as `TIME`, is sent to the same node.
   *
   * It returns one promise for each command, which rejects only if that command fails. The caller handles the rejection of
   * each. When one reply has arrived, all commands of the same send are executed before those of the next send.
   *
   * In a cluster whose slots move, commands that are sent together may be executed twice: they only read.
   *
   * @param asText Whether bulk strings may arrive as strings, decoded as UTF-8, instead of as buffers; default no. This is
   *   faster. Some clients cannot do it: their bulk strings arrive as buffers all the same.
   */
  send(key: string, commands: readonly Command[], asText?: boolean): Promise<Reply>[]

  /**
   * Receives messages over a connection of its own. Nothing is opened before the first subscription, and nothing keeps the
   * process alive. Missing for a client that cannot receive messages, or does not report that some were missed.
   */
  listen?(listener: MessageListener): Subscription

  /**
   * Whether the servers are a cluster; default no. There scripts publish by `SPUBLISH`, where it is known: such a message stays
   * on the node of its channel, while one of `PUBLISH` goes to all nodes.
   */
  readonly isCluster?: boolean

  /**
   * Whether the client may execute a command of a send after those behind it, where a slot of a cluster moves; default no.
   */
  readonly mayReorder?: boolean

  /**
   * Whether commands are written only at the end of the turn of the event loop in which they were sent; default no.
   */
  readonly writesAtEndOfTurn?: boolean
}

/** Receives messages, and learns when some may be missing. */
export interface MessageListener {
  /** Called with a message on a subscribed channel. The same message may arrive twice. */
  message(channel: string, message: Buffer): void
  /**
   * Called when a connection was lost: messages are missed from now on. Not called again for a channel before {@link restored}.
   * @param channels Those that are concerned; `undefined` for all.
   */
  lost(channels?: readonly string[]): void
  /**
   * Called when channels are subscribed to again. Messages that were published in between were missed.
   * @param channels `undefined` for all.
   */
  restored(channels?: readonly string[]): void
}

/** Subscriptions to channels. A lost connection is opened again as long as the user's client is open. */
export interface Subscription {
  /**
   * Subscribes to a channel. Resolves when the server has confirmed it: every message published later is received, or
   * {@link MessageListener.lost} is called. Costs nothing if the channel is subscribed to already.
   *
   * @param channel The name of a key. A script that gets this key by the same client publishes to the channel of this name.
   * @throws {StoreError} or the error of the client, if the subscription fails now. It may be tried again.
   */
  subscribe(channel: string): Promise<void>
  /** Unsubscribes from a channel. It must not be called while a subscription to that channel is under way. Never throws. */
  unsubscribe(channel: string): void
  /** Ends the connection. Idempotent; never rejects. */
  close(): Promise<void>
}

/** A client that the library supports, described by the members that are used, so that no client package is needed. */
export type RedisClient =
  | NodeRedisClient
  | NodeRedisCluster
  | NodeRedisPool
  | NodeRedisSentinel
  | IoredisClient
  | IoredisCluster
  | GlideClient

/** Options of a node-redis command. */
export interface NodeRedisCommandOptions {
  readonly typeMapping?: object
  readonly timeout?: number | undefined
}

/** What `duplicate()` of a node-redis client returns: a second connection. */
export interface NodeRedisDuplicate {
  connect(): Promise<unknown>
  destroy(): void
  on(event: string, listener: () => void): unknown
  sendCommand(args: readonly string[]): Promise<unknown>
  sSubscribe(
    channels: string[],
    listener: (message: Buffer, channel: Buffer) => void,
    asBuffers: true,
  ): Promise<unknown>
  sUnsubscribe(
    channels: string[],
    listener: (message: Buffer, channel: Buffer) => void,
    asBuffers: true,
  ): Promise<unknown>
  subscribe(
    channels: string[],
    listener: (message: Buffer, channel: Buffer) => void,
    asBuffers: true,
  ): Promise<unknown>
  unsubscribe(
    channels: string[],
    listener: (message: Buffer, channel: Buffer) => void,
    asBuffers: true,
  ): Promise<unknown>
  unref(): void
}

/** `createClient()` of node-redis 5 or 6. */
export interface NodeRedisClient {
  readonly isOpen: boolean
  readonly isReady: boolean
  readonly options?: { readonly socket?: object; readonly readonly?: boolean } | undefined
  duplicate(overrides?: object): NodeRedisDuplicate
  on(event: string, listener: () => void): unknown
  sendCommand(args: readonly (string | Buffer)[], options?: NodeRedisCommandOptions): Promise<unknown>
  withTypeMapping(typeMapping: never): unknown
}

/** A node of a cluster as node-redis knows it. */
export interface NodeRedisNode {
  readonly client?: NodeRedisClient
}

/** `createCluster()` of node-redis 5 or 6. */
export interface NodeRedisCluster {
  readonly isOpen: boolean
  readonly masters: readonly NodeRedisNode[]
  /** Empty until connected. */
  readonly slots: readonly { readonly master: NodeRedisNode }[]
  on(event: string, listener: () => void): unknown
  nodeClient(node: object): Promise<NodeRedisClient>
  sendCommand(
    firstKey: string,
    isReadonly: boolean,
    args: readonly (string | Buffer)[],
    options?: NodeRedisCommandOptions,
  ): Promise<unknown>
  withTypeMapping(typeMapping: never): unknown
}

/** `createClientPool()` of node-redis 5 or 6. */
export interface NodeRedisPool {
  readonly isOpen: boolean
  execute(task: (client: NodeRedisClient) => Promise<unknown>): Promise<unknown>
  withTypeMapping(typeMapping: never): unknown
}

/** `createSentinel()` of node-redis 5 or 6. */
export interface NodeRedisSentinel {
  readonly isOpen: boolean
  on(event: string, listener: () => void): unknown
  acquire(): Promise<unknown>
  sendCommand(
    isReadonly: boolean,
    args: readonly (string | Buffer)[],
    options?: NodeRedisCommandOptions,
  ): Promise<unknown>
  withTypeMapping(typeMapping: never): unknown
}

/** A pipeline of ioredis: commands that are collected and sent at once. */
export interface IoredisPipeline {
  callBuffer(name: string, ...args: (string | Buffer)[]): unknown
  exec(): Promise<[error: Error | null, reply: unknown][] | null>
}

/** `new Redis()` of ioredis 5 or 6 or of iovalkey, to one server or by sentinels. */
export interface IoredisClient {
  readonly isCluster: boolean
  readonly status: string
  readonly options: object
  /** `undefined` before the first connection, although the types of ioredis do not say so. */
  readonly stream: { cork(): void; uncork(): void; unref(): unknown; readonly writableLength: number }
  call(name: string, ...args: (string | Buffer)[]): Promise<unknown>
  callBuffer(name: string, ...args: (string | Buffer)[]): Promise<unknown>
  connect(): Promise<unknown>
  disconnect(): void
  duplicate(overrides?: object): IoredisClient
  on(event: string, listener: (...args: Buffer[]) => void): unknown
  ping(): Promise<unknown>
  pipeline(): IoredisPipeline
  ssubscribe(...channels: string[]): Promise<unknown>
  subscribe(...channels: string[]): Promise<unknown>
  sunsubscribe(...channels: string[]): Promise<unknown>
  unsubscribe(...channels: string[]): Promise<unknown>
}

/** `new Cluster()` of ioredis 5 or 6 or of iovalkey. */
export interface IoredisCluster {
  readonly isCluster: boolean
  readonly status: string
  readonly options: object
  /** The nodes of each slot as `host:port`, its master first. Empty until connected. */
  readonly slots: readonly (readonly string[])[]
  nodes(role: 'all' | 'master'): IoredisClient[]
  on(event: string, listener: () => void): unknown
  callBuffer(name: string, ...args: (string | Buffer)[]): Promise<unknown>
  pipeline(): IoredisPipeline
}

/** Options of a valkey-glide command. */
export interface GlideCommandOptions {
  readonly decoder?: number
  readonly route?: unknown
}

/** `GlideClient` or `GlideClusterClient` of valkey-glide. */
export interface GlideClient {
  customCommand(args: (string | Buffer)[], options?: GlideCommandOptions): Promise<unknown>
  exec(batch: never, raiseOnError: boolean, options?: GlideCommandOptions): Promise<unknown[] | null>
}

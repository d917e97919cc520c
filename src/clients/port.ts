/**
 * What a server answers. Bulk strings arrive as buffers unless they were asked for as text, integers as numbers, an absent value as `null`.
 *
 * Three kinds differ from client to client and from RESP2 to RESP3: a status such as `OK` is a string or a buffer, so
 * never look into it; a score is a number or its text, so read it by `toNumber`; a map has many shapes, so ask for none
 * (`HMGET`, `HSCAN` and `ZMSCORE` instead of `HGETALL` and `WITHSCORES`), nor let a script return one.
 */
export type Reply = Buffer | string | number | null | readonly Reply[]

/** One command with its arguments. Only strings and buffers: what else clients make of other types differs. */
export type Command = readonly [name: string, ...args: (string | Buffer)[]]

/** All that the library needs of a Redis client. */
export interface RedisPort {
  /**
   * Sends commands in order and, where the client allows, in one write, to the master of the slot of `key`. All their
   * keys live in that slot; a command without a key, such as `TIME`, goes to the same node.
   *
   * @param asText Whether bulk strings may arrive as strings, decoded as UTF-8, instead of as buffers; default no. It is
   *   faster, and some clients have no such way: then they arrive as buffers all the same.
   *
   * One promise a command: an error is that of its own command alone. The caller gives each of them a handler. When one
   * reply has come, the next send finds all commands of the earlier send executed.
   */
  send(key: string, commands: readonly Command[], asText?: boolean): Promise<Reply>[]

  /**
   * Receives messages over a connection of its own. Nothing is opened before the first subscription, and nothing keeps the
   * process alive. Missing for a client that cannot receive messages, or does not report that some were missed.
   */
  listen?(listener: MessageListener): Subscription
}

/** Is called with messages. */
export interface MessageListener {
  /** A message came on a channel that is subscribed to. A message may come twice. */
  message(channel: string, message: Buffer): void
  /** The connection was lost: messages are missed from now on. Not called again before {@link restored}. */
  lost(): void
  /** All channels are subscribed to again. What was published in between was missed. */
  restored(): void
}

/** Subscriptions to channels. A lost connection is opened again as long as the user's client is open. */
export interface Subscription {
  /**
   * Resolves when the server has confirmed it: every message published later is received, or {@link MessageListener.lost} is
   * called. Costs nothing for a channel that is subscribed to already.
   *
   * @param channel Named by a key: the channel a script publishes to that is given this key by the same client.
   * @throws {StoreError} or what the client throws, if the subscription fails now. It may be tried again.
   */
  subscribe(channel: string): Promise<void>
  /** Unsubscribes from a channel. Not while a subscription to it is under way. Never throws. */
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

/** A connection of its own that `createClient()` of node-redis duplicates itself to. */
export interface NodeRedisDuplicate {
  connect(): Promise<unknown>
  destroy(): void
  on(event: string, listener: () => void): unknown
  sendCommand(args: readonly string[]): Promise<unknown>
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
  readonly options?: { readonly socket?: object } | undefined
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

/** What ioredis lets one collect and send at once. */
export interface IoredisPipeline {
  callBuffer(name: string, ...args: (string | Buffer)[]): unknown
  exec(): Promise<[error: Error | null, reply: unknown][] | null>
}

/** `new Redis()` of ioredis 5 or 6 or of iovalkey, to one server or by sentinels. */
export interface IoredisClient {
  readonly isCluster: boolean
  readonly status: string
  readonly options: object
  /** Not there before the first connection, though the types of ioredis say so. */
  readonly stream: { cork(): void; uncork(): void; unref(): unknown; readonly writableLength: number }
  call(name: string, ...args: (string | Buffer)[]): Promise<unknown>
  callBuffer(name: string, ...args: (string | Buffer)[]): Promise<unknown>
  connect(): Promise<unknown>
  disconnect(): void
  duplicate(overrides?: object): IoredisClient
  on(event: string, listener: (...args: Buffer[]) => void): unknown
  ping(): Promise<unknown>
  pipeline(): IoredisPipeline
  subscribe(...channels: string[]): Promise<unknown>
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

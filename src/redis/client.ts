/**
 * What a server answers. Bulk strings arrive as buffers, integers as numbers, an absent value as `null`.
 *
 * Three kinds differ from client to client and from RESP2 to RESP3: a status such as `OK` is a string or a buffer, so
 * never look into it; a score is a number or its text, so read it by `toNumber`; a map has many shapes, so ask for none
 * (`HMGET`, `HSCAN` and `ZMSCORE` instead of `HGETALL` and `WITHSCORES`), nor let a script return one.
 */
export type Reply = Buffer | string | number | null | readonly Reply[]

/** One command with its arguments. Only strings and buffers: what else clients make of other types differs. */
export type Command = readonly [name: string, ...args: (string | Buffer)[]]

/** The whole of what the library asks of a Redis client. */
export interface RedisPort {
  /**
   * Sends commands in order and, where the client allows, in one write, to the master of the slot of `key`. All their
   * keys live in that slot; a command without a key, such as `TIME`, goes to the same node.
   *
   * One promise a command: an error is that of its own command alone. The caller gives each of them a handler. Whoever
   * has heard one reply finds, with what he sends next, all the commands of the earlier send done.
   */
  send(key: string, commands: readonly Command[]): Promise<Reply>[]
}

/** A client the library can work with. Described by what is asked of it, so that none needs to be installed. */
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

/** `createClient()` of node-redis 5 or 6. */
export interface NodeRedisClient {
  readonly isReady: boolean
  sendCommand(args: readonly (string | Buffer)[], options?: NodeRedisCommandOptions): Promise<unknown>
  withTypeMapping(typeMapping: never): unknown
}

/** `createCluster()` of node-redis 5 or 6. */
export interface NodeRedisCluster {
  /** Empty until connected. */
  readonly slots: readonly { readonly master: { readonly client?: NodeRedisClient } }[]
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
  execute(task: (client: NodeRedisClient) => Promise<unknown>): Promise<unknown>
  withTypeMapping(typeMapping: never): unknown
}

/** `createSentinel()` of node-redis 5 or 6. */
export interface NodeRedisSentinel {
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
  readonly stream: { cork(): void; uncork(): void; readonly writableLength: number }
  callBuffer(name: string, ...args: (string | Buffer)[]): Promise<unknown>
  pipeline(): IoredisPipeline
}

/** `new Cluster()` of ioredis 5 or 6 or of iovalkey. */
export interface IoredisCluster {
  readonly isCluster: boolean
  readonly status: string
  readonly options: object
  /** The nodes of each slot as `host:port`, its master first. Empty until connected. */
  readonly slots: readonly (readonly string[])[]
  nodes(role: 'master'): IoredisClient[]
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

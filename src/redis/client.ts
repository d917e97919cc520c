/** What a server answers. Bulk strings arrive as buffers, integers as numbers, an absent value as `null`. */
export type Reply = Buffer | string | number | null | readonly Reply[]

/** One command with its arguments. Only strings and buffers: what else clients make of other types differs. */
export type Command = readonly [name: string, ...args: (string | Buffer)[]]

/** The whole of what the library asks of a Redis client. */
export interface RedisPort {
  /**
   * Sends commands in order and, where the client allows, in one write. All their keys live in the slot of `key`.
   *
   * One promise a command, settled as its own reply arrives. None may be left without a handler.
   */
  send(key: string, commands: readonly Command[]): Promise<Reply>[]
}

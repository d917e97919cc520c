import type { Command, RedisClient, Reply } from '../../clients/port.ts'
import { runScript, type Script } from '../../clients/script.ts'
import type { Verb } from '../../lua/compose.ts'
import { isError } from '../../realms/native.ts'
import { cureFor } from '../../warnings/cures.ts'
import type { KeySpace, Store } from '../store.ts'
import { inStepPort, type InStepPort, newNonce, unwrapped, warnOfStep } from './in-step.ts'
import type { PartitionKeys } from './keys.ts'
import { isOutOfStep } from './replies.ts'
import { storeError } from './store-error.ts'

/** Sends the commands of a store to its server. What fails is a {@link StoreError}. */
export class Commands {
  readonly #client: () => RedisClient
  /** Scripts that were sent by their text. */
  readonly #sent = new WeakSet<Script>()

  constructor(client: () => RedisClient) {
    this.#client = client
  }

  get client(): RedisClient {
    return this.#client()
  }

  get port(): InStepPort {
    return inStepPort(this.#client())
  }

  /**
   * Sends commands together.
   *
   * @param optional Which of them may meet a key of a wrong type: its reply is `null` then.
   */
  async send(
    what: keyof Store,
    key: string,
    commands: readonly Command[],
    asText: boolean = false,
    optional?: number,
  ): Promise<Reply[]> {
    try {
      const replies = this.port.send(key, commands, asText)
      if (optional !== undefined) {
        replies[optional] = (replies[optional] as Promise<Reply>).catch(nullIfWrongType)
      }
      return replies.length === 1 ? [await (replies[0] as Promise<Reply>)] : await Promise.all(replies)
    } catch (cause) {
      throw storeError(what, cause)
    }
  }

  /** Runs the script of a policy. */
  async run(
    { policy }: KeySpace,
    keys: PartitionKeys,
    verb: Verb,
    args: readonly (string | Buffer)[],
  ): Promise<Reply> {
    const nonce = newNonce()
    let reply: Reply
    try {
      const script = policy.luaScripts[verb]
      const isNew = !this.#sent.has(script)
      this.#sent.add(script)
      const publishing = this.port.isCluster ? 'SPUBLISH' : 'PUBLISH'
      reply = await runScript(this.port, script, keys.all, [...args, publishing, nonce], isNew)
    } catch (cause) {
      throw storeError(verb, cause)
    }
    return this.checked(keys.index, verb, () => unwrapped(reply, nonce, verb))
  }

  /** Runs a short script that is seldom needed: by its text, so that it is one round trip on every node of a cluster. */
  runText(
    what: keyof Store,
    text: string,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    return this.send(what, keys[0] as string, [['EVAL', text, String(keys.length), ...keys, ...args]])
  }

  /**
   * Reads replies. After one that belongs to another command, the client is not used until it is in step again.
   *
   * @param key A key of the command.
   */
  checked<T>(key: string, command: string, read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw this.refused(key, command, error)
    }
  }

  /** An error that reading a reply has caused: the same, once it is known what it says of the client. */
  refused(key: string, command: string, error: unknown): unknown {
    if (isOutOfStep(error)) {
      warnOfStep(command)
      this.port.suspect(key)
    }
    return error
  }
}

function nullIfWrongType(error: unknown): null {
  if (isError(error) && cureFor(error).kind === 'wrong-type') return null
  throw error
}

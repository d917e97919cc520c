import { createHash } from 'node:crypto'
import { isError } from '../realms/native.ts'
import type { Command, RedisPort, Reply } from './port.ts'

/** A Lua script, and the digest by which a server knows it. */
export class Script {
  readonly source: string
  /** SHA-1 of the source, in hex. */
  readonly sha1: string

  constructor(source: string) {
    this.source = source
    this.sha1 = createHash('sha1').update(source).digest('hex')
  }
}

/** Makes the command that runs a script by its SHA-1. The server has to know the script. */
export function evalsha(
  script: Script,
  keys: readonly string[],
  args: readonly (string | Buffer)[],
): Command {
  return ['EVALSHA', script.sha1, String(keys.length), ...keys, ...args]
}

/** Makes the command that runs a script by its source. The server knows the script afterwards. */
export function evalFull(
  script: Script,
  keys: readonly string[],
  args: readonly (string | Buffer)[],
): Command {
  return ['EVAL', script.source, String(keys.length), ...keys, ...args]
}

/** The error `NOSCRIPT`, as servers write it and as valkey-glide writes it. */
const NO_SCRIPT = /^(?:NOSCRIPT|(?:An error was signalled by the server: - )?NoScriptError)\b/

/** Whether a script was refused because the server does not know it. Nothing was executed then. */
export function isNoScript(error: unknown): boolean {
  return isError(error) && NO_SCRIPT.test(error.message)
}

/**
 * Runs a script by its SHA-1. If the server does not know the script, it is sent once more with its source.
 *
 * A server forgets its scripts when it restarts or fails over, and each node of a cluster has its own. `SCRIPT LOAD` is
 * never sent, since some hosts forbid it.
 *
 * @param keys At least one key; all of them in one slot.
 * @param isNew Whether to send the source at once. Commands that are sent after it are then executed after it in any case.
 */
export async function runScript(
  port: RedisPort,
  script: Script,
  keys: readonly string[],
  args: readonly (string | Buffer)[],
  isNew: boolean = false,
): Promise<Reply> {
  const send = (command: Command) => port.send(keys[0] as string, [command])[0] as Promise<Reply>
  if (isNew) return send(evalFull(script, keys, args))
  try {
    return await send(evalsha(script, keys, args))
  } catch (error) {
    if (!isNoScript(error)) throw error
    return send(evalFull(script, keys, args))
  }
}

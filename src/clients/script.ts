import { createHash } from 'node:crypto'
import { isError } from '../realms/native.ts'
import type { Command, RedisPort, Reply } from './port.ts'

/** A Lua script and what a server knows it by. */
export class Script {
  readonly source: string
  /** SHA-1 of the source, in hex. */
  readonly sha1: string

  constructor(source: string) {
    this.source = source
    this.sha1 = createHash('sha1').update(source).digest('hex')
  }
}

/** Runs a script that the server knows. */
export function evalsha(
  script: Script,
  keys: readonly string[],
  args: readonly (string | Buffer)[],
): Command {
  return ['EVALSHA', script.sha1, String(keys.length), ...keys, ...args]
}

/** Runs a script and makes it known to the server. */
export function evalFull(
  script: Script,
  keys: readonly string[],
  args: readonly (string | Buffer)[],
): Command {
  return ['EVAL', script.source, String(keys.length), ...keys, ...args]
}

/** `NOSCRIPT` as servers say it, and as valkey-glide spells that. */
const NO_SCRIPT = /^(?:NOSCRIPT|(?:An error was signalled by the server: - )?NoScriptError)\b/

/** Whether a script was refused because the server does not know it. Nothing was executed then. */
export function isNoScript(error: unknown): boolean {
  return isError(error) && NO_SCRIPT.test(error.message)
}

/**
 * Runs a script by its SHA-1, and if the server does not know it, once by its text.
 *
 * A server forgets its scripts when it restarts or fails over, and a cluster knows them node by node. `SCRIPT LOAD` is
 * never sent: some hosts forbid it.
 *
 * @param keys At least one; all in one slot.
 * @param isNew Whether to send the text at once: what is sent behind is then executed behind it in any case.
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

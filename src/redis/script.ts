import { createHash } from 'node:crypto'
import type { Command, RedisPort, Reply } from './client.ts'
export class Script { readonly source: string; readonly sha1: string; constructor(s: string) { this.source = s; this.sha1 = createHash('sha1').update(s).digest('hex') } }
export const evalsha = (s: Script, keys: readonly string[], args: readonly (string|Buffer)[]): Command => ['EVALSHA', s.sha1, String(keys.length), ...keys, ...args]
export const isNoScript = (e: unknown): boolean => /^(NOSCRIPT|NoScriptError)/.test(String((e as Error)?.cause instanceof Error ? ((e as Error).cause as Error).message : (e as Error)?.message))
export async function runScript(port: RedisPort, s: Script, keys: readonly string[], args: readonly (string|Buffer)[]): Promise<Reply> {
  try { return await port.send(keys[0]!, [evalsha(s, keys, args)])[0]! } catch (e) { if (!isNoScript(e)) throw e; return await port.send(keys[0]!, [['EVAL', s.source, String(keys.length), ...keys, ...args]])[0]! }
}

import type { Command, RedisPort, Reply } from './client.ts'
export type RedisClient = any
export function toPort(c: any): RedisPort {
  const o = { typeMapping: { 36: Buffer }, timeout: undefined }
  const one = typeof c.slots === 'object' ? (k: string, a: any) => c.sendCommand(k, false, a, o) : (_k: string, a: any) => c.sendCommand(a, o)
  return { send: (key, commands: readonly Command[]) => commands.map((a) => { const p = one(key, a) as Promise<Reply>; p.catch(() => {}); return p }) }
}
export const toNumber = (r: Reply): number | null => (r === null ? null : Number(String(r)))

import { MAX_SIZE } from '../load.ts'
import { CACHE_KEYS } from '../cache-keys.ts'
import type { ServerWorld } from '../worlds.ts'

/** Each key on a line, with its time to live and how much is in it. */
const LIST = `EVAL "local lines = {} for _, key in ipairs(redis.call('KEYS', '*')) do local kind = redis.call('TYPE', key).ok local count = kind == 'hash' and redis.call('HLEN', key) or kind == 'zset' and redis.call('ZCARD', key) or kind lines[#lines + 1] = key .. ' ' .. redis.call('PTTL', key) .. ' ' .. count end return table.concat(lines, '|')" 0`

/** What is in the server besides the keys of the cache, never ends, or is more than the cache may hold. */
export async function strangeKeys(ask: ServerWorld['ask']): Promise<string[]> {
  const text = await ask(LIST)
  const keys = new Map(
    text
      .split('|')
      .filter((line) => line !== '')
      .map((line) => {
        const [key = '', ttlMs, count] = line.split(' ')
        return [key, { line, ttlMs: Number(ttlMs), count: Number(count) }] as const
      }),
  )
  const [index, values, expiry] = CACHE_KEYS.map((key) => keys.get(key)?.count ?? 0)
  return [
    ...[...keys]
      .filter(([key, { ttlMs }]) => !CACHE_KEYS.includes(key) || ttlMs <= 0)
      .map(([, { line }]) => line),
    // A lost index of ends is made anew by the puts that follow, and knows only their entries.
    ...(index === values && (expiry ?? 0) <= (index ?? 0) && (index ?? 0) <= MAX_SIZE
      ? []
      : [`index ${index}, values ${values}, expiry ${expiry}`]),
  ]
}

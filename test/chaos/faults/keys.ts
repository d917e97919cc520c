// Keys that are evicted, lost, or used for something else.
import type { Fault } from '../fault.ts'
import { repeat } from '../fault.ts'
import { CACHE_KEYS } from '../cache-keys.ts'
import { onServer, type ServerWorld } from '../worlds.ts'

const EACH_MS = 250
/** What others may use before the server is full, and what they add each time. */
const ROOM_BYTES = 2_000_000
const FILL = `EVAL "for i = 1, 20 do redis.call('SET', 'other:' .. math.random(1, 1e9), string.rep('x', 2000), 'EX', 1000) end return 1" 0`

const REMOVE_OTHERS = `EVAL "for _, key in ipairs(redis.call('KEYS', 'other:*')) do redis.call('UNLINK', key) end return 1" 0`

/** The server is full, and others go on writing: it evicts keys, ours too. */
const evicting = (policy: string): Fault =>
  onServer({
    name: policy,
    title: `full, with \`${policy}\``,
    losesInvalidations: 'the fence can be evicted',
    begin: async ({ ask }) => {
      const used = Number(/^used_memory:(\d+)/m.exec(await ask('INFO memory'))?.[1])
      await ask(`CONFIG SET maxmemory-policy ${policy}`)
      await ask(`CONFIG SET maxmemory ${used + ROOM_BYTES}`)
      const end = repeat(5, () => ask(FILL))
      return async () => {
        await end()
        await ask('CONFIG SET maxmemory 0')
        await ask('CONFIG SET maxmemory-policy noeviction')
        await ask(REMOVE_OTHERS)
      }
    },
  })

export const KEY_FAULTS: readonly Fault[] = [
  onServer({
    name: 'noeviction',
    title: '`OOM`: full, with `noeviction`',
    begin: async ({ ask }) => {
      await ask('CONFIG SET maxmemory 1')
      return async () => void (await ask('CONFIG SET maxmemory 0'))
    },
  }),
  ...['allkeys-lru', 'allkeys-random', 'volatile-ttl'].map(evicting),
  onServer({
    name: 'lost-keys',
    title: 'each of our keys lost',
    losesInvalidations: 'the fence is lost',
    begin: async ({ ask }) => repeat(20, (round) => ask(`DEL ${CACHE_KEYS[round % CACHE_KEYS.length]}`)),
  }),
  onServer({
    name: 'wrong-type',
    title: 'wrong type at each of our keys',
    losesInvalidations: 'the fence is lost',
    begin: async ({ ask }) => {
      const end = repeat(EACH_MS, (round) => replace(ask, round))
      return async () => {
        await end()
        for (const key of CACHE_KEYS) await ask(`DEL ${key}`)
      }
    },
  }),
]

/** A text where a sorted set or a hash was, at one key after the other. */
async function replace(ask: ServerWorld['ask'], round: number): Promise<void> {
  await ask(`DEL ${CACHE_KEYS[(round + CACHE_KEYS.length - 1) % CACHE_KEYS.length]}`)
  await ask(`SET ${CACHE_KEYS[round % CACHE_KEYS.length]} text`)
}

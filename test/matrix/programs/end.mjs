// What a cache holds open must not keep the process alive: end.mjs <client> <close | both | unref>
import process from 'node:process'
import { LruTPolicy, MemoryStore, RedisFuncCache } from 'redis-func-cache'
import { CLIENTS } from './clients.mjs'

const [name, how] = process.argv.slice(2)
const PROMPT_MS = 500

const { client, close } = name === 'memory' ? {} : await CLIENTS[name]()
const where = client ? { client } : { store: new MemoryStore() }
const cache = new RedisFuncCache(`matrix-end-${process.pid}`, new LruTPolicy(), {
  ...where,
  onError: 'throw',
})
const options = { singleFlight: 'global', staleWhileRevalidate: '1m', ttl: '1m', earlyRefresh: true }
const get = cache.wrap(async (n) => n, { name: 'get', timeout: '1m', ...options })

// The first call opens what is needed to hear of other processes; the last one leaves a touch to be told.
await Promise.all([get(1), get(2)])
await get(1)
await cache.purge()
// A lease that nobody gives back. (A call with a `timeout` would be waited for, since it has an end to tell.)
void cache
  .wrap(() => new Promise(() => {}), { name: 'never', ...options })()
  .catch(() => {})
for (const n of [3, 4, 4]) await get(n)

// Whoever closes both has done all that can be asked of him, and hears of the function that never returns, of nothing else.
const expected = /close\(\) waited 100ms, and work of the cache is still under way/
let isTold = how !== 'both'
process.on('warning', (warning) => {
  if (how !== 'both' || warning.name !== 'FuncCacheWarning') return
  isTold ||= expected.test(warning.message)
  if (expected.test(warning.message)) return
  console.log(`a warning at the end: ${warning.message}`)
  process.exitCode = 1
})
if (how === 'both') await cache.close({ timeout: '100ms' })
if (how === 'unref') client?.unref()
else await close?.()
const endedMs = performance.now()
process.on('exit', () => {
  const ms = Math.round(performance.now() - endedMs)
  console.log(`${name} ${how}: ended by itself${ms < PROMPT_MS ? '' : `, but only after ${ms} ms`}`)
  if (ms >= PROMPT_MS || (client && !isTold)) process.exitCode = 1
})

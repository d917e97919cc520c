// Two processes, of which one computes, and the other waits for it and is woken.
import { spawn } from 'node:child_process'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { LruTPolicy, RedisFuncCache } from 'redis-func-cache'
import { CLIENTS } from './clients.mjs'

const [given] = process.argv.slice(2)
const name = given ?? `matrix-pair-${process.pid}-${process.hrtime.bigint()}`
const { client, close } = await CLIENTS.redis()
const cache = new RedisFuncCache(name, new LruTPolicy(), { client, onError: 'throw', serializer: 'v8' })
const options = { name: 'get', singleFlight: 'global', source: false, ttl: '1m' }

if (given === undefined) {
  const get = cache.wrap(async () => await whenTheOtherWaits(), options)
  const { value, status } = await get.detailed()
  const said = await value.said
  console.log(`first: ${status}; second: ${said}`)
  if (status !== 'miss' || said !== 'waited 2001') process.exitCode = 1
  await cache.purge()
} else {
  cache.on('wait', () => console.log('waiting'))
  const { value, status } = await cache.wrap(async () => ({ at: new Date(0) }), options).detailed()
  console.log(`${status} ${value.at.getUTCFullYear()}`)
}
await close()

/** Starts the other process, and comes to its end when that one waits. What it says last is no part of the result. */
async function whenTheOtherWaits() {
  const args = [...JSON.parse(process.env.RUNTIME_ARGS || '[]'), import.meta.filename, name]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  const result = { at: new Date(Date.UTC(2001)) }
  const said = lines.next().then(({ value }) => value)
  return Object.defineProperty(result, 'said', { value: said })
}

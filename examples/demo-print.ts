import { createClient } from 'redis'
import type { MemoryStore, RedisFuncCache } from '../src/index.ts'
import type { Tally, Times } from './demo-visits.ts'
import { CITY_COUNT } from './nearest-cities.ts'
import { countPoints, VISITORS } from './points.ts'
import { asRedisCli } from './redis-cli.ts'

const BAR_WIDTH = 20
const WIDTH = 100

interface Head {
  readonly cacheName: string
  readonly maxSize: number
  readonly nearSize: number
  readonly processes: number
  readonly description: string
}

export function printHead({ cacheName, maxSize, nearSize, processes, description }: Head): void {
  const by =
    processes === 1 ? 'one process (only a server can be shared)' : `${processes} processes at the same time`
  print('')
  fact(
    'function',
    `nearestCities(latitude, longitude) computes the distance to each of ${whole(CITY_COUNT)} cities`,
  )
  fact(
    'called by',
    `${by}, for ${whole(VISITORS)} visitors at ${whole(countPoints())} points; some visitors come often`,
  )
  fact('cache', `'${cacheName}', policy LRU-T, at most ${whole(maxSize)} entries`)
  fact(
    'near',
    `each process holds up to ${whole(nearSize)} of them in its memory, and serves no outdated one for longer than 1 s`,
  )
  fact('store', description)
}

export function printTableHead(): void {
  print('')
  print(
    row(
      'time',
      'calls',
      'hit ratio in this second',
      'near',
      'server',
      'joined',
      'computed',
      'evicted',
      'entries',
    ),
  )
}

/** One second: the difference between two tallies. */
export function printRow(second: number, now: Tally, before: Tally, entries: number): void {
  const asked = now.asked - before.asked
  const [near, server] = [now.near - before.near, now.server - before.server]
  const runs = now.computed - before.computed
  const ratio = (near + server) / (near + server + runs || 1)
  const bar = '█'.repeat(Math.round(ratio * BAR_WIDTH)).padEnd(BAR_WIDTH, '·')
  const counts = [near, server, now.joined - before.joined, runs, now.evicted - before.evicted, entries]
  print(row(`${second} s`, whole(asked), `${percent(ratio)} ${bar}`, ...counts.map(whole)))
}

export function printSummary(tally: Tally, times: Times, seconds: number, processes: number): void {
  const { asked, near, server, fromOther, joined, computed, evicted } = tally
  const [nearMs, serverMs, computedMs] = [median(times.near), median(times.server), median(times.computed)]
  const savedMs = (near + server + joined) * computedMs - near * nearMs - server * serverMs
  const share = (count: number): string => `${whole(count).padStart(7)}  ${percent(count / asked)}`
  const others =
    processes === 1 ? '' : `; ${whole(fromOther)} of these results only the other process had computed`
  print('')
  fact('calls', whole(asked).padStart(7))
  fact(
    'near hits',
    `${share(near)}   median ${nearMs.toFixed(2)} ms; from the memory of the process, nothing is sent`,
  )
  fact('server hits', `${share(server)}   median ${serverMs.toFixed(2)} ms${others}`)
  fact('joined', `${share(joined)}   an equal call was in flight in the same process`)
  fact('computed', `${share(computed)}   median ${computedMs.toFixed(2)} ms`)
  fact('evicted', whole(evicted).padStart(7))
  fact(
    'saved',
    `${(savedMs / 1_000).toFixed(1).padStart(7)}  seconds of computation, in a run of ${seconds} seconds`,
  )
  print('')
}

/** Shows the keys of the cache in the server, as redis-cli does. */
export async function printKeys({ policy }: RedisFuncCache, url: string): Promise<void> {
  const client = createClient({ url, RESP: 2 }) // the protocol that redis-cli speaks by default
  client.on('error', (error: Error) => print(`  ${error.message}`))
  await client.connect()
  const ask = async (...command: string[]): Promise<unknown> => {
    print(`  > ${command.map((word) => (/[{}\s]/.test(word) ? `"${word}"` : word)).join(' ')}`)
    const reply: unknown = await client.sendCommand(command).catch((error: unknown) => error)
    for (const line of asRedisCli(reply)) print(`  ${shortened(line)}`)
    return reply
  }
  try {
    const [index, values] = policy.calcKeys()
    print('  The index is a sorted set: one member an entry, in the order of eviction.')
    print(
      '  Its scores are the times of the last use, in microseconds since 1970, by the clock of the server.',
    )
    await ask('ZCARD', index)
    const next = await ask('ZRANGE', index, '0', '2', 'WITHSCORES')
    print(`  These three entries would be evicted next. They were last used ${agesOf(next)} ago.`)
    await ask('ZRANGE', index, '0', '1', 'REV', 'WITHSCORES')
    print('  These two entries were used last. The values are in a hash:')
    await ask('HLEN', values)
    const stored = await ask('HGET', values, String((next as unknown[])[0]))
    print(`  The last line of a stored value is its metadata: ${String(stored).split('\n').at(-1)}`)
    await ask('MEMORY', 'USAGE', index, 'SAMPLES', '0')
    await ask('MEMORY', 'USAGE', values, 'SAMPLES', '0')
    await ask('TTL', values)
    print(
      '  MEMORY USAGE is in bytes, TTL in seconds; use of the cache renews the TTL. The demo now removes its keys.',
    )
    print('')
  } finally {
    client.destroy()
  }
}

/** Shows the entries of a store in this process. */
export async function printEntries({ policy, maxSize }: RedisFuncCache, store: MemoryStore): Promise<void> {
  const limits = { maxSize, idleTtlMs: undefined }
  const entries = [...store.entriesOf({ policy, keys: policy.calcKeys(), limits, ext: [] })]
  print(`  ${whole(entries.length)} entries in this process, call hash → result:`)
  for (const [hash, value] of entries.slice(0, 3)) print(shortened(`  ${hash}  ${value.toString()}`))
  print('')
}

/** The time that has passed since each score of a reply `WITHSCORES`, as text. */
function agesOf(reply: unknown): string {
  const scores = (reply as string[]).filter((_, i) => i % 2 === 1)
  return scores.map((score) => `${((Date.now() * 1_000 - Number(score)) / 1e6).toFixed(1)} s`).join(', ')
}

const row = (time: string, asked: string, ratio: string, ...rest: string[]): string =>
  `${time.padStart(6)}${asked.padStart(8)}   ${ratio.padEnd(BAR_WIDTH + 6)}${rest.map((cell) => cell.padStart(9)).join('')}`

const fact = (name: string, text: string): void => print(`  ${name.padEnd(12)}${text}`)
const whole = (count: number): string => count.toLocaleString('en')
const percent = (ratio: number): string => `${Math.round(ratio * 100)} %`.padStart(5)
const shortened = (line: string): string => (line.length <= WIDTH ? line : `${line.slice(0, WIDTH - 1)}…`)
const print = (line: string): void => console.log(line)

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0
}

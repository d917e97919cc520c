// The process of one cell: it calls cached functions through one client while its parent makes the server fail.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { LruTPolicy, RedisFuncCache } from '../../src/index.ts'
import { OPEN } from './clients.ts'
import { Load, MAX_SIZE } from './load.ts'
import type { CellOrder, FromCell, Seen, ToCell } from './protocol.ts'

const CONNECT_MS = 2_000
/** As many kinds of errors as are worth reading. */
const MAX_KINDS = 12

const order = JSON.parse(process.argv[2] as string) as CellOrder
const said: Record<string, number> = {}
let unhandled = 0

/** Counts what was said; numbers in it do not make it something else. */
function note(what: string): void {
  const kind = what.replaceAll(/\d+/g, '#').slice(0, 240)
  if (kind in said || Object.keys(said).length < MAX_KINDS) said[kind] = (said[kind] ?? 0) + 1
}
function noteUnhandled(error: unknown): void {
  unhandled++
  const stack = error instanceof Error ? error.stack : undefined
  note(`unhandled: ${(stack ?? String(error)).split('\n', 3).join(' ')}`)
}
process.on('unhandledRejection', noteUnhandled)
process.on('uncaughtException', noteUnhandled)
process.on('warning', ({ name, message }) => note(`${name}: ${message}`))

/** Resolves when the message has left: one that is long is lost where the channel is closed before. */
const tell = (message: FromCell): Promise<unknown> =>
  new Promise((resolve) => process.send?.(message, resolve))
const delays = monitorEventLoopDelay({ resolution: 10 })

const opened = await Promise.all(
  Array.from({ length: order.caches }, () => OPEN[order.client](order.place, order.user, order.form)),
)
for (const { connected } of opened) connected.catch((error: unknown) => note(`connect: ${String(error)}`))
await Promise.race([Promise.allSettled(opened.map(({ connected }) => connected)), sleep(CONNECT_MS)])

let endedMs: number | undefined
let recoveryMs: number | undefined
const caches = opened.map(({ client }, index) => {
  const cache = new RedisFuncCache(`chaos-${index}`, new LruTPolicy({ shards: order.shards }), {
    client,
    prefix: 'chaos:',
    maxSize: MAX_SIZE,
  })
  cache.on('error', ({ during, error }) => note(`event ${during}: ${error.message}`))
  cache.on('hit', () => {
    if (endedMs !== undefined) recoveryMs ??= performance.now() - endedMs
  })
  return cache
})

const load = new Load(caches, note)
const heapBytes: number[] = []
const measuring =
  order.measureEveryMs === undefined ? undefined : setInterval(measureHeap, order.measureEveryMs)
delays.enable()
void load.run(order.callsPerSecond)
process.on('message', (message: ToCell) => {
  if (message === 'ended') endedMs = performance.now()
  else void finish()
})
await tell({ state: 'ready' })

function measureHeap(): void {
  globalThis.gc?.()
  heapBytes.push(process.memoryUsage().heapUsed)
}

async function finish(): Promise<void> {
  clearInterval(measuring)
  await load.stop()
  const seen: Seen = {
    calls: load.calls,
    stats: caches.map((cache) => cache.stats()),
    errors: load.errors,
    wrong: load.wrong,
    old: load.old,
    longestWaitMs: load.longestWaitMs,
    longestLeasedWaitMs: load.longestLeasedWaitMs,
    invalidations: load.invalidations,
    recoveryMs,
    unhandled,
    longestBlockMs: delays.max / 1e6,
    heapBytes,
    said,
  }
  delays.disable()
  const startMs = performance.now()
  await Promise.all(caches.map((cache) => cache.close()))
  const closeMs = performance.now() - startMs
  for (const { close } of opened) await close()
  // What comes after this is what keeps the process from its end.
  setTimeout(() => console.error('still open:', process.getActiveResourcesInfo()), 2_000).unref()
  await tell({ state: 'closed', seen: { ...seen, unhandled, said }, closeMs })
  process.disconnect()
}

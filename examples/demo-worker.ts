// One process of the demo, started by demo.ts.
import { once } from 'node:events'
import { openCache, serveVisitors, type Tally, type Times } from './demo-visits.ts'
import { connectTo } from './open-store.ts'

/** The first message of the demo to a worker. The second one is `'go'`. */
export interface Task {
  readonly url: string
  readonly cacheName: string
  readonly seed: number
  readonly durationMs: number
}

/** The messages of a worker to the demo, in this order; `tally` comes many times. */
export type Report = { readonly ready: true } | { readonly tally: Tally } | { readonly times: Times }

const tell = (report: Report): void => void process.send?.(report)

process.on('disconnect', () => process.exit()) // the demo has ended
process.on('SIGINT', () => {}) // Ctrl-C reaches the demo too, which ends its workers

const [task] = (await once(process, 'message')) as [Task]
const client = await connectTo(task.url)
const cache = openCache(task.cacheName, { client })
const start = once(process, 'message')
tell({ ready: true })
await start
const times = await serveVisitors(cache, task.seed, task.durationMs, (tally) => tell({ tally }))
client.destroy()
process.send?.({ times } satisfies Report, () => process.disconnect())
